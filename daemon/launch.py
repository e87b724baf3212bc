"""``swictation`` without a verb: the daemon in the background if none runs, and the tray where there is a screen."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

from daemon import paths
from daemon.client import ask
from daemon.errors import NoDaemon, SwictationError
from daemon.worker import program

_START_LIMIT_S = 15.0
_LOADING_LIMIT_S = 60.0  # the 110M takes 2.5 s from a warm disk


def command(*arguments: str) -> list[str]:
    """The command line that runs this program with ``arguments``, from a checkout, a wheel or a frozen bundle alike."""
    return [*program("daemon"), *arguments]


def everything() -> int:
    """Start what is not running, wait for the model, and say how to dictate. Raises SwictationError."""
    status = ensure_daemon()
    if _has_screen():
        _detached([*program("gui"), "tray"], "tray.log")
    if status["engine"]["phase"] == "loading":
        print(f"loading {status['model']} ...", flush=True)
        status = _loaded()
    if status["engine"]["phase"] != "ready":
        raise SwictationError(
            status["engine"]["message"] or f"{status['model']} is still loading: see `swictation status`"
        )
    hotkey = status["hotkey"]
    how = f"use `swictation toggle` ({hotkey['fault']})" if hotkey["fault"] else f"hold {hotkey['key']} and speak"
    print(f"ready: {how}; `swictation status` tells more")
    if status["engine"]["practice"]:
        print("the practice model understands little: get one for this machine with `swictation models pull`")
    return 0


def tray() -> int:
    """The tray in the foreground: where that can be, this process becomes it, so that what ends the one ends both."""
    command_line = [*program("gui"), "tray"]
    if sys.platform != "win32":
        os.execv(command_line[0], command_line)  # noqa: S606 -- no shell is wanted
    return subprocess.run(command_line, check=False).returncode


def _loaded() -> dict[str, Any]:
    """The status once the model is ready or broken, or after so long that the user should know."""
    limit_s = time.monotonic() + _LOADING_LIMIT_S
    while (status := dict(ask("status")))["engine"]["phase"] == "loading" and time.monotonic() < limit_s:
        time.sleep(0.05)
    return status


def ensure_daemon() -> dict[str, Any]:
    """The status of the running daemon, which is started first if there is none. Raises SwictationError."""
    try:
        return dict(ask("status"))
    except NoDaemon:
        daemon, log = _detached([*program("daemon"), "daemon"], "daemon.log")
    limit_s = time.monotonic() + _START_LIMIT_S
    while time.monotonic() < limit_s:
        try:
            return dict(ask("status"))
        except NoDaemon:
            if daemon.poll():  # it refused to start and said why
                raise SwictationError(_last_line(log)) from None
            time.sleep(0.05)
    raise SwictationError(f"the daemon did not start within {_START_LIMIT_S:.0f} s: see {log}")


def _has_screen() -> bool:
    return sys.platform in {"darwin", "win32"} or bool(os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY"))


def _last_line(log: Path) -> str:
    lines = log.read_text(encoding="utf-8", errors="replace").splitlines() or [f"the daemon did not start: see {log}"]
    return lines[-1].removeprefix("swictation: ")


def _detached(command: list[str], log_name: str) -> tuple[subprocess.Popen[bytes], Path]:
    """Start a program that outlives us, its messages in a file of the data directory; the process and that file."""
    log = paths.private(paths.data_directory()) / log_name
    with log.open("wb") as messages:
        process = subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=messages, stderr=messages, start_new_session=True
        )
    return process, log
