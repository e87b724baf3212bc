"""Dictate the bundled recording through the real daemon into a real window, and print what arrived and what it cost.

Runs on the display in DISPLAY (run.sh gives it a virtual one), with directories of its own that are gone afterwards.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path

from Xlib.display import Display

from daemon.words import timings_in_words
from models.bundle import default_directory

_START_LIMIT_S = 60.0


def main() -> int:
    """Show it; the exit status says whether the text arrived."""
    recording = default_directory() / "recording.flac"
    with ExitStack() as stack:
        home = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="swictation-")))
        arrived = home / "arrived.txt"
        _private_directories(home)
        _started(stack, "openbox")
        _wait("the window manager", _managed)  # a window that is there before it would not get the keyboard
        # cbreak: the terminal hands every byte on as it comes, so that the file shows what the window took
        _started(stack, "xterm", "-T", "a text window", "-e", "sh", "-c", f"stty -icanon -echo; cat > '{arrived}'")
        _started(stack, *_swictation("daemon"))
        _wait("a window", lambda: arrived.exists() and _focused())
        _wait("the daemon", lambda: _status().get("state") == "idle")
        status = _status()
        print(f"model: {status['model']} on {status['provider']}")
        if status["notice"]:
            print(status["notice"])
        print(f"dictating {recording.name} in real time ...", flush=True)
        said = subprocess.run(
            [*_swictation("dictate"), "--json", "--from", str(recording)], capture_output=True, text=True, check=False
        )
        if said.stderr:
            print(said.stderr.strip(), file=sys.stderr)
        entries = json.loads(said.stdout) if said.stdout else []
        for entry in entries:
            print(f"{entry['outcome']}: {entry['reason'] or ''}{timings_in_words(entry['timings_ms'])} (ms)")
        text = arrived.read_text(encoding="utf-8").strip()
        print(f"the window has: {text}")
        expected = (default_directory() / "recording.txt").read_text(encoding="utf-8").split()
        if text.split() != expected:
            print(f"that is not what was said: {' '.join(expected)}", file=sys.stderr)
            return 1
    return 0


def _private_directories(home: Path) -> None:
    for variable, name in {"XDG_RUNTIME_DIR": "run", "XDG_CONFIG_HOME": "config", "XDG_DATA_HOME": "data"}.items():
        (home / name).mkdir(mode=0o700)
        os.environ[variable] = str(home / name)


def _swictation(*arguments: str) -> list[str]:
    return [sys.executable, "-m", "daemon", *arguments]


def _started(stack: ExitStack, *command: str) -> None:
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

    def end() -> None:
        process.terminate()
        process.wait(timeout=10)

    stack.callback(end)


def _status() -> dict[str, object]:
    answer = subprocess.run([*_swictation("status"), "--json"], capture_output=True, text=True, check=False)
    return dict(json.loads(answer.stdout)) if answer.returncode == 0 else {}


def _managed() -> bool:
    """Whether a window manager runs."""
    display = Display()
    try:
        return display.screen().root.get_full_property(display.intern_atom("_NET_SUPPORTING_WM_CHECK"), 0) is not None
    finally:
        display.close()


def _focused() -> bool:
    """Whether a window has the keyboard."""
    display = Display()
    try:
        return bool(display.screen().root.get_full_property(display.intern_atom("_NET_ACTIVE_WINDOW"), 0).value[0])
    finally:
        display.close()


def _wait(what: str, there: Callable[[], bool]) -> None:
    limit_s = time.monotonic() + _START_LIMIT_S
    while not there():
        if time.monotonic() > limit_s:
            raise SystemExit(f"{what} did not come up within {_START_LIMIT_S:.0f} s")
        time.sleep(0.1)


if __name__ == "__main__":
    sys.exit(main())
