"""A bench worker that behaves as the directory of its model is named; its times are made up, its messages are real."""

import argparse
import os
import signal
import sys
import time
from pathlib import Path

from models import wire

_TIMES_MS = {"sherpa": 40.0, "ort": 20.0, "peer:sherpa": 50.0}


def main():
    parser = argparse.ArgumentParser()
    for name in ("--model", "--engine", "--provider", "--threads"):
        parser.add_argument(name)
    options = parser.parse_args()
    manner = Path(options.model).name if options.engine == "ort" else "well"
    incoming, outgoing = wire.claim_stdio()
    if manner == "refuses":
        outgoing.write(wire.pack({"kind": "failed", "message": "no such model"}))
        return 3
    if manner == "hangs":
        time.sleep(600)
    provider = "cpu" if manner == "elsewhere" else options.provider
    outgoing.write(wire.pack({"kind": "ready", "model": "m", "provider": provider, "int8": False, "load_ms": 7.0}))
    count = 0
    while (message := wire.read(incoming)) is not None:
        head, _pcm = message
        if head["kind"] == "selftest":
            answer = {"kind": "judged", "verdict": "passed", "wer": 0.0, "reason": "fine", "decode_ms": 3.0}
        else:
            if manner == "dies" and count == 2:
                os.kill(os.getpid(), signal.SIGKILL)
            if manner == "garbles" and count == 2:
                os.write(outgoing.fileno(), b"\xff" * 64)
            if manner == "errs" and count == 2:
                outgoing.write(wire.pack({"kind": "error", "message": "out of memory"}))
                continue
            answer = _decoded(options, head["seconds"], count, manner)
            count += 1
        outgoing.write(wire.pack(answer))
    return 0


def _decoded(options, seconds, count, manner):
    whole = _TIMES_MS[options.engine] * seconds / (10 if options.provider == "cuda" else 1)
    whole *= 1000 if count < 2 else 1  # the cold decode and the one after it
    split = options.engine == "ort"
    phases = {"features": whole / 4, "encode": whole / 2 if split else None, "decode": whole / 4}
    return {
        "kind": "decoded",
        "phases_ms": {**phases, "whole": whole, "processor": whole / 2},
        "tokens": round(seconds * 4),
        "steps": None,
        "heard": "other" if manner == "mishears" else "same",
        "rss_bytes": 50_000_000,
    }


if __name__ == "__main__":
    sys.exit(main())
