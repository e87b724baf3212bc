"""A private X11 screen: Xvfb and openbox, a keyboard, and a terminal that hands on every byte it takes."""

from __future__ import annotations

import contextlib
import os
import subprocess
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

from daemon.errors import SwictationError
from daemon.path_bench.running import Running, end_all

PROGRAMS = ("Xvfb", "openbox", "xterm")
_START_LIMIT_S = 60.0
_LOOK_S = 0.02


class PrivateScreen(Running):
    """Xvfb with openbox on a free display, files under ``directory``. ``environment`` leads programs to it.

    Use it as a context manager, or call ``start`` and ``stop``.
    """

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self.environment: dict[str, str] = {}
        self._processes: list[subprocess.Popen[bytes]] = []

    def start(self) -> None:
        """Bring it up and wait for the window manager. Raises SwictationError."""
        read, write = os.pipe()
        server = ("Xvfb", "-displayfd", str(write), "-noreset", "-screen", "0", "1280x800x24", "-nolisten", "tcp")
        self._processes.append(
            subprocess.Popen(server, pass_fds=(write,), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        )
        os.close(write)
        with os.fdopen(read) as answer:
            number = answer.readline().strip()
        if not number:
            raise SwictationError("Xvfb finds no free display")
        self.environment = {
            "DISPLAY": f":{number}",
            "HOME": str(self.directory),
            "XDG_CONFIG_HOME": str(self.directory / "config"),
            "NO_AT_BRIDGE": "1",
            "LC_ALL": "C.UTF-8",
        }
        self._processes.append(self.spawn("openbox"))
        with self.display() as display:
            wait_for("openbox", lambda: _property(display, "_NET_SUPPORTING_WM_CHECK") is not None)

    def stop(self) -> None:
        """End every program of it."""
        end_all(self._processes)

    def all_environment(self, more: Mapping[str, str] | None = None) -> dict[str, str]:
        """Our environment with this desktop in it."""
        kept = {key: value for key, value in os.environ.items() if key not in {"WAYLAND_DISPLAY", "XAUTHORITY"}}
        return {**kept, **self.environment, **(more or {})}

    def spawn(self, *command: str, **more: str) -> subprocess.Popen[bytes]:
        """Start a program on this desktop; the caller ends it."""
        quiet = subprocess.DEVNULL
        return subprocess.Popen(command, env=self.all_environment(more), stdin=quiet, stdout=quiet, stderr=quiet)

    @contextlib.contextmanager
    def display(self) -> Iterator[Any]:
        """A connection of python-xlib to it."""
        from Xlib.display import Display

        display = Display(self.environment["DISPLAY"])
        try:
            yield display
        finally:
            display.close()

    @contextlib.contextmanager
    def window(self) -> Iterator[Window]:
        """An xterm that has the keyboard, and what it takes."""
        window = Window(self.directory / f"taken-{time.monotonic_ns()}")
        command = f"stty -icanon -echo -icrnl; exec cat > '{window.pipe}'"
        process = self.spawn("xterm", "-T", "bench", "-e", "sh", "-c", command)
        try:
            with self.display() as display:
                wait_for("a window", lambda: bool((_property(display, "_NET_ACTIVE_WINDOW") or [0])[0]))
            yield window
        finally:
            process.terminate()
            process.wait(timeout=10)
            window.close()


class Window:
    """What a program writes into ``pipe``, and when it came."""

    def __init__(self, pipe: Path) -> None:
        self.pipe = pipe
        os.mkfifo(pipe, 0o600)
        self._descriptor = os.open(
            pipe, os.O_RDWR
        )  # to write, too, so that opening waits for nobody and nothing ends it
        self._taken: list[tuple[float, bytes]] = []
        self._reading = threading.Thread(target=self._read, name="window", daemon=True)
        self._reading.start()

    @property
    def text(self) -> str:
        """Everything it has taken so far."""
        return b"".join(piece for _at_s, piece in self._taken).decode(errors="replace")

    def first_after(self, at_s: float) -> float | None:
        """When the first text came after ``at_s``, in seconds of the monotonic clock."""
        return next((taken_s for taken_s, _piece in self._taken if taken_s > at_s), None)

    def close(self) -> None:
        """Read no more."""
        os.write(self._descriptor, b"\0")  # no terminal hands that on
        self._reading.join()
        os.close(self._descriptor)

    def _read(self) -> None:
        while (piece := os.read(self._descriptor, 65_536)) and not piece.endswith(b"\0"):
            self._taken.append((time.monotonic(), piece))


class Keyboard:
    """One key, pressed and let go by XTest as a keyboard would."""

    def __init__(self, display: Any, name: str) -> None:
        from Xlib import XK

        self._display = display
        self._code = display.keysym_to_keycode(XK.string_to_keysym(name))

    def down(self) -> None:
        """Press it."""
        self._send(pressed=True)

    def up(self) -> None:
        """Let it go."""
        self._send(pressed=False)

    def _send(self, *, pressed: bool) -> None:
        from Xlib import X
        from Xlib.ext import xtest

        xtest.fake_input(self._display, X.KeyPress if pressed else X.KeyRelease, self._code)
        self._display.sync()


def wait_for(what: str, probe: Callable[[], bool], limit_s: float = _START_LIMIT_S) -> None:
    """Wait until ``probe`` is true. Raises SwictationError after ``limit_s``."""
    deadline_s = time.monotonic() + limit_s
    while not probe():
        if time.monotonic() > deadline_s:
            raise SwictationError(f"{what} did not come within {limit_s:.0f} s")
        time.sleep(_LOOK_S)


def _property(display: Any, name: str) -> Any:
    found = display.screen().root.get_full_property(display.intern_atom(name), 0)
    return None if found is None else found.value
