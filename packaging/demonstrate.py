"""Dictate the bundled recording through the real daemon into a real window, and print what arrived and what it cost.

Runs on the display in DISPLAY (run.sh gives it a virtual one), with directories of its own that are gone afterwards.
``--program`` takes an installed or frozen swictation instead of the checkout's; ``--picture`` starts the tray too and
writes a picture of the screen.
"""

from __future__ import annotations

import argparse
import json
import os
import shlex
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from Xlib.display import Display

from daemon.words import timings_in_words
from gui import first_run_memory
from gui.first_run_steps import Proved
from models.bundle import default_directory

_START_LIMIT_S = 60.0
_HAND_ON_S = 5.0
_CHECKOUT = [sys.executable, "-m", "daemon"]


def main() -> int:
    """Show it; the exit status says whether the text arrived."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--program", type=shlex.split, default=_CHECKOUT, metavar="COMMAND", help="how to start it")
    parser.add_argument("--picture", type=Path, metavar="FILE", help="start the tray and write a picture of the screen")
    asked = parser.parse_args()
    with ExitStack() as stack:
        private_directories(stack)
        return dictate(stack, asked.program, asked.picture)


def dictate(stack: ExitStack, program: list[str], picture: Path | None) -> int:
    """Dictate the recording with ``program``; what is started is ended with ``stack``. 0 if the text arrived."""
    arrived = Path(os.environ["XDG_DATA_HOME"]) / "arrived.txt"
    started(stack, "openbox")
    wait("the window manager", managed)  # a window that is there before it would not get the keyboard
    # cbreak: the terminal hands every byte on as it comes, so that the file shows what the window took
    started(stack, "xterm", "-T", "a text window", "-e", "sh", "-c", f"stty -icanon -echo; tee '{arrived}'")
    started(stack, *program, "daemon")
    wait("a window", lambda: arrived.exists() and focused())
    status = ready(program)
    print(f"model: {status['model']} on {status['provider']}")
    if status["notice"]:
        print(status["notice"])
    if picture is not None:
        _show_tray(stack, program)
    recording = shutil.copy(default_directory() / "recording.flac", arrived.parent)  # where every program sees it
    expected = (default_directory() / "recording.txt").read_text(encoding="utf-8").split()
    _dictate(program, Path(recording))
    text = _text_in(arrived, len(expected))
    print(f"the window has: {text}")
    if picture is not None:
        subprocess.run(["import", "-window", "root", str(picture)], check=True)
        print(f"the screen: {picture}")
    if text.split() != expected:
        print(f"that is not what was said: {' '.join(expected)}", file=sys.stderr)
        return 1
    return 0


def private_directories(stack: ExitStack) -> None:
    """Point the program at directories of its own until ``stack`` ends."""
    home = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="swictation-")))
    for variable, name in {"XDG_RUNTIME_DIR": "run", "XDG_CONFIG_HOME": "config", "XDG_DATA_HOME": "data"}.items():
        (home / name).mkdir(mode=0o700)
        os.environ[variable] = str(home / name)


def started(stack: ExitStack, *command: str) -> subprocess.Popen[bytes]:
    """A program that runs until ``stack`` ends."""
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

    def end() -> None:
        process.terminate()
        process.wait(timeout=10)

    stack.callback(end)
    return process


def panel(stack: ExitStack) -> None:
    """A panel with room for tray icons, in the lower right corner."""
    started(stack, "trayer", "--edge", "bottom", "--align", "right", "--widthtype", "request", "--height", "32")


def ready(program: list[str]) -> dict[str, Any]:
    """The status of the daemon, once it can be dictated with."""
    wait("the daemon", lambda: _status(program).get("state") == "idle")
    return _status(program)


def _dictate(program: list[str], recording: Path) -> None:
    print(f"dictating {recording.name} in real time ...", flush=True)
    command = [*program, "dictate", "--json", "--from", str(recording)]
    said = subprocess.run(command, capture_output=True, text=True, check=False)
    if said.stderr:
        print(said.stderr.strip(), file=sys.stderr)
    for entry in json.loads(said.stdout) if said.stdout else []:
        print(f"{entry['outcome']}: {entry['reason'] or ''}{timings_in_words(entry['timings_ms'])} (ms)")


def _text_in(arrived: Path, words: int) -> str:
    """What the window took, once it is ``words`` long: the terminal hands on what it has confirmed a little later."""
    limit_s = time.monotonic() + _HAND_ON_S
    while len((text := arrived.read_text(encoding="utf-8")).split()) < words and time.monotonic() < limit_s:
        time.sleep(0.05)
    return text.strip()


def _show_tray(stack: ExitStack, program: list[str]) -> None:
    panel(stack)
    first_run_memory.keep(Proved(hidden=True))  # its window would come to the front, and take the text
    tray = started(stack, *program, "tray")
    wait("the tray's icon", lambda: icon_shown() or tray.poll() is not None)
    if tray.poll() is not None:
        raise SystemExit(f"the tray ended with status {tray.returncode}: see `{shlex.join(program)} tray`")


def _status(program: list[str]) -> dict[str, Any]:
    answer = subprocess.run([*program, "status", "--json"], capture_output=True, text=True, check=False)
    return dict(json.loads(answer.stdout)) if answer.returncode == 0 else {}


def managed() -> bool:
    """Whether a window manager runs."""
    display = Display()
    try:
        return display.screen().root.get_full_property(display.intern_atom("_NET_SUPPORTING_WM_CHECK"), 0) is not None
    finally:
        display.close()


def focused() -> bool:
    """Whether a window has the keyboard."""
    display = Display()
    try:
        return bool(display.screen().root.get_full_property(display.intern_atom("_NET_ACTIVE_WINDOW"), 0).value[0])
    finally:
        display.close()


def icon_shown() -> bool:
    """Whether a window of swictation's is on the screen: the icon is its only one."""
    display = Display()
    try:
        return any("swictation" in (window.get_wm_class() or ()) for window in _visible(display.screen().root))
    finally:
        display.close()


def _visible(window: Any) -> Iterator[Any]:
    for child in window.query_tree().children:
        if child.get_attributes().map_state:
            yield child
            yield from _visible(child)


def wait(what: str, there: Callable[[], bool]) -> None:
    """Wait until ``what`` is there, or end the program with a line that says that it is not."""
    limit_s = time.monotonic() + _START_LIMIT_S
    while not there():
        if time.monotonic() > limit_s:
            raise SystemExit(f"{what} did not come up within {_START_LIMIT_S:.0f} s")
        time.sleep(0.1)


if __name__ == "__main__":
    sys.exit(main())
