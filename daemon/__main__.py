"""The program's one entry: workers by their hidden verbs, everything else through the command line."""

from __future__ import annotations

import os
import sys
from importlib import import_module

# Before anything can import onnxruntime, in this process or in a child of it: see models/__init__.py.
os.environ["ORT_DISABLE_TELEMETRY"] = "1"

_WORKERS = {
    "_engine": "models.engine",
    "_bench": "models.bench.worker",
    "_capture": "daemon.microphone.worker",
    "_insert": "daemon.insert.x11.worker",
    "_insert_wayland": "daemon.insert.wayland.worker",
    "_silero": "daemon.silero_worker",
}
_BOUND = {"toggle", "start", "stop", "cancel"}  # what keys are bound to, which has no time to parse arguments


def main() -> int:
    """Run what the command line asks for and give back the exit status."""
    arguments = sys.argv[1:]
    if arguments and arguments[0] in _WORKERS:
        return int(import_module(_WORKERS[arguments[0]]).main(arguments[1:]))
    if len(arguments) == 1 and arguments[0] in _BOUND:
        from daemon import binding

        return binding.run(arguments[0])
    from daemon.cli import run

    return run(arguments)


if __name__ == "__main__":
    sys.exit(main())
