"""A desktop of a test's own: Xvfb, openbox, and real applications that are not ours to dictate into."""

from __future__ import annotations

import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from daemon.path_bench.screen import PrivateScreen

T = TypeVar("T")

_START_LIMIT_S = 60.0
_SETTLED_S = 0.2


def wait_until(what: str, probe: Callable[[], T], limit_s: float = _START_LIMIT_S) -> T:
    """The first true value of ``probe``; an AssertionError after ``limit_s``."""
    value = soon(probe, limit_s)
    assert value, f"{what}: not within {limit_s:.0f} s"
    return value


def soon(probe: Callable[[], T], limit_s: float) -> T:
    """The first true value of ``probe``, or its last one after ``limit_s``."""
    deadline_s = time.monotonic() + limit_s
    while not (value := probe()) and time.monotonic() < deadline_s:
        time.sleep(0.02)
    return value


def save(file: Path, press: Callable[[], object]) -> None:
    """Press an editor's key that saves, and wait until it has begun to write ``file``."""
    before_ns = file.stat().st_mtime_ns
    press()
    soon(lambda: file.stat().st_mtime_ns != before_ns, 3)  # an editor with nothing new to save writes nothing


def settled(file: Path) -> str:
    """``file`` once it has stopped growing: what a terminal has taken passes a shell before it is there."""
    content, since_s = file.read_bytes(), time.monotonic()
    while time.monotonic() - since_s < _SETTLED_S:
        time.sleep(0.02)
        if (now := file.read_bytes()) != content:
            content, since_s = now, time.monotonic()
    return content.decode(errors="replace")  # the end of it may be half a character


class Application:
    """A program with a window that has the keyboard focus once it is up. ``text`` is what it has taken so far."""

    def __init__(
        self, desktop: Desktop, process: subprocess.Popen[bytes], window: str, file: Path, *, saves: bool
    ) -> None:
        self._desktop = desktop
        self._process = process
        self._file = file
        self._saves = saves
        self.window = window

    def focus(self) -> None:
        """Give it the keyboard."""
        self._desktop.xdotool("windowactivate", "--sync", self.window)
        wait_until("focus", lambda: self._desktop.xdotool("getactivewindow").strip() == self.window)

    def text(self) -> str:
        """What stands in it: an editor is told to save first."""
        if self._saves:
            self.focus()
            save(self._file, lambda: self._desktop.xdotool("key", "--clearmodifiers", "ctrl+s"))
        return settled(self._file)

    def close(self) -> None:
        """End it."""
        self._process.terminate()
        self._process.wait(timeout=10)


class Desktop(PrivateScreen):
    """A private screen with applications to dictate into."""

    @property
    def server_pid(self) -> int:
        """The process id of Xvfb."""
        return self._processes[0].pid

    def run(self, *command: str) -> str:
        """What a short program on this desktop prints."""
        done = subprocess.run(
            command, env=self.all_environment(), capture_output=True, text=True, check=False, timeout=60
        )
        return done.stdout

    def xdotool(self, *arguments: str) -> str:
        """What xdotool prints."""
        return self.run("xdotool", *arguments)

    def key_down(self, key: str) -> None:
        """Press a key, by XTest as a keyboard would."""
        self.xdotool("keydown", key)

    def key_up(self, key: str) -> None:
        """Let a key go."""
        self.xdotool("keyup", key)

    def screenshot(self, file: Path) -> None:
        """The whole screen as a PNG."""
        self.run("import", "-window", "root", str(file))

    def terminal(self, name: str = "terminal") -> Application:
        """A default xterm whose every byte lands in a file as it comes."""
        file = self.directory / f"{name}-{time.monotonic_ns()}.txt"
        command = f"stty -icanon -echo -icrnl; touch '{file}'; exec cat > '{file}'"
        application = self._open(name, file, "xterm", "-T", name, "-e", "sh", "-c", command, saves=False)
        wait_until("the terminal's shell", file.exists)
        return application

    def shell(self) -> Application:
        """An xterm at a prompt that edits its line as bash does; ``text`` is the line so far."""
        file = self.directory / f"shell-{time.monotonic_ns()}.txt"
        file.touch()
        line = f"show() {{ printf %s \"$READLINE_LINE\" > '{file}'; }}; bind -x '\"\\C-s\": show'; stty -ixon; PS1='$ '"
        rc = file.with_suffix(".rc")
        rc.write_text(line + "\n", encoding="utf-8")
        command = ("xterm", "-T", file.name, "-e", "bash", "--noprofile", "--rcfile", str(rc), "-i")
        return self._open(file.name, file, *command, saves=True)

    def mousepad(self) -> Application:
        """The GTK editor."""
        return self._editor("mousepad", "--disable-server")

    def featherpad(self) -> Application:
        """The Qt editor."""
        return self._editor("featherpad", "--standalone")

    def _editor(self, *command: str) -> Application:
        file = self.directory / f"{command[0]}-{time.monotonic_ns()}.txt"
        file.touch()
        return self._open(file.name, file, *command, str(file), saves=True)

    def _open(self, title: str, file: Path, *command: str, saves: bool) -> Application:
        process = self.spawn(*command, XDG_RUNTIME_DIR=str(self.directory), DBUS_SESSION_BUS_ADDRESS="disabled:")
        self._processes.append(process)
        found = wait_until(title, lambda: self.xdotool("search", "--onlyvisible", "--name", title).split())
        application = Application(self, process, found[-1], file, saves=saves)
        application.focus()
        return application
