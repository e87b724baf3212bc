"""A Wayland desktop of a test's own: headless sway, and real applications that are not ours to dictate into."""

from __future__ import annotations

import contextlib
import json
import os
import pwd
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from daemon.insert.wayland.keyboard import Keyboard
from daemon.insert.wayland.loop import Loop
from daemon.path_bench.running import Running, end_all
from tests.desktop import save, settled, wait_until

_USER = "nobody"  # sway refuses to run as root
_ROOT = Path(__file__).parents[1]
_KEYS = {"ctrl+a": (29, 30), "ctrl+s": (29, 31), "ctrl+c": (29, 46)}
_HELD = {"shift": (42, 1), "ctrl": (29, 4), "f9": (67, 0)}  # with what each modifies
_LOCK = 2
_CONFIG = """
output HEADLESS-1 resolution 1280x800
focus_on_window_activation focus
"""


class SwayApplication:
    """A program with a window that has the keyboard focus once it is up. ``text`` is what it has taken so far."""

    def __init__(
        self, desktop: SwayDesktop, process: subprocess.Popen[bytes], window: int, file: Path, *, saves: bool
    ) -> None:
        self.window = window
        self.process = process
        self.file = file
        self._desktop = desktop
        self._saves = saves

    def focus(self) -> None:
        """Give it the keyboard."""
        self._desktop.message(f"[con_id={self.window}] focus")
        wait_until("focus", lambda: (self._desktop.focused() or {}).get("id") == self.window)

    def text(self) -> str:
        """What stands in it, once it has stopped changing: an editor is told to save first."""
        if self._saves:
            self.focus()
            save(self.file, lambda: self._desktop.key("ctrl+s"))
        return settled(self.file)

    def close(self) -> None:
        """End it, and wait until its window is gone."""
        self.process.kill()
        self.process.wait(timeout=10)
        wait_until("the window to go", lambda: self.window not in self._desktop.windows())


class SwayDesktop(Running):
    """Headless sway with files under ``directory``. ``environment`` leads programs to it."""

    def __init__(self, directory: Path, config: str = "", *, xwayland: bool = False) -> None:
        self.directory = directory
        self.environment: dict[str, str] = {}
        self._xwayland = xwayland
        self._config = f"xwayland {'enable' if xwayland else 'disable'}\n{_CONFIG}{config}"
        self._runtime: Path | None = None
        self._loop: Loop
        self._keyboard: Keyboard  # the user's
        self._processes: list[subprocess.Popen[bytes]] = []

    @property
    def compositor(self) -> subprocess.Popen[bytes]:
        """Sway."""
        return self._processes[0]

    @property
    def server_pid(self) -> int:
        """The process id of sway."""
        return self.compositor.pid

    def start(self) -> None:
        """Bring it up, as another user where we are root."""
        runtime = self._runtime = Path(tempfile.mkdtemp(prefix="sway-"))  # of its own: tests' directories are private
        (runtime / "config").write_text(self._config, encoding="utf-8")
        as_user: tuple[str, ...] = ()
        if os.geteuid() == 0:
            user = pwd.getpwnam(_USER)
            for path in (runtime, runtime / "config"):
                os.chown(path, user.pw_uid, user.pw_gid)
            as_user = ("setpriv", f"--reuid={user.pw_uid}", f"--regid={user.pw_gid}", "--clear-groups")
        own = {"XDG_RUNTIME_DIR": str(runtime), "HOME": str(runtime), "PATH": os.environ["PATH"], "LC_ALL": "C.UTF-8"}
        own |= {"WLR_BACKENDS": "headless", "WLR_LIBINPUT_NO_DEVICES": "1", "WLR_RENDERER": "pixman"}
        with (self.directory / "sway.log").open("wb") as log:
            command = (*as_user, "sway", "-c", str(runtime / "config"))
            self._processes.append(
                subprocess.Popen(command, env=own, cwd=runtime, stdin=subprocess.DEVNULL, stdout=log, stderr=log)
            )
        ipc = wait_until("sway", lambda: next(runtime.glob("sway-ipc.*.sock"), None))
        display = wait_until("sway's socket", lambda: next(runtime.glob("wayland-?"), None))
        self.environment = {"WAYLAND_DISPLAY": str(display), "SWAYSOCK": str(ipc), "HOME": str(self.directory)}
        self.environment |= {"XDG_CURRENT_DESKTOP": "sway", "XDG_SESSION_TYPE": "wayland", "LC_ALL": "C.UTF-8"}
        self.environment |= {"XDG_CONFIG_HOME": str(self.directory / "config"), "XDG_RUNTIME_DIR": str(self.directory)}
        wait_until("sway's answer", lambda: self.run("swaymsg", "-t", "get_version"))
        if self._xwayland:
            told = runtime / "display"
            self.message(f"exec sh -c 'xhost +local: && echo $DISPLAY > {told}'")  # we may be another user
            self.environment["DISPLAY"] = wait_until("XWayland", lambda: told.exists() and told.read_text().strip())
        self._loop = Loop(str(display))
        self._keyboard = Keyboard(self._loop)

    def stop(self) -> None:
        """End every program of it."""
        if self.environment:
            self._loop.close()
        end_all(self._processes)
        if self._runtime is not None:
            shutil.rmtree(self._runtime, ignore_errors=True)

    def all_environment(self) -> dict[str, str]:
        """Our environment with this desktop in it."""
        kept = {key: value for key, value in os.environ.items() if key not in {"DISPLAY", "XAUTHORITY"}}
        return {**kept, **self.environment, "DBUS_SESSION_BUS_ADDRESS": "disabled:"}

    def spawn(self, *command: str, **more: str) -> subprocess.Popen[bytes]:
        """Start a program on this desktop, which ends with it."""
        quiet = subprocess.DEVNULL
        environment = {**self.all_environment(), **more}
        with (self.directory / f"{Path(command[0]).name}.log").open("ab") as log:
            process = subprocess.Popen(command, env=environment, stdin=quiet, stdout=quiet, stderr=log)
        self._processes.append(process)
        return process

    def run(self, *command: str, data: bytes | None = None) -> bytes:
        """What a short program on this desktop prints."""
        environment = self.all_environment()
        done = subprocess.run(
            command,
            env=environment,
            input=data,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            check=False,
            timeout=60,
        )
        return done.stdout

    def message(self, command: str) -> Any:
        """What sway answers to a command of its configuration."""
        return json.loads(self.run("swaymsg", "-r", command))

    @contextlib.contextmanager
    def held(self, name: str) -> Iterator[None]:
        """The user holds a key down."""
        code, mask = _HELD[name]
        try:
            self._turn(code, 1, mask)
            yield
        finally:
            self._turn(code, 0, 0)

    def caps_lock(self) -> None:
        """The user turns Caps Lock on."""
        self._keyboard._keyboard.send("modifiers", 0, 0, _LOCK, 0)
        self._loop.sync()

    def _turn(self, code: int, state: int, mask: int) -> None:
        self._keyboard._key(code, state)
        self._keyboard._hold(mask)
        self._loop.sync()

    def key(self, name: str) -> None:
        """Press and let go a key as the user would."""
        self._keyboard.press(*_KEYS[name])
        self._loop.sync()

    def screenshot(self, file: Path) -> None:
        """The whole screen as a PNG."""
        self.run("grim", str(file))

    def windows(self) -> dict[int, dict[str, Any]]:
        """Every window by its number in sway."""
        return {
            node["id"]: node
            for node in _nodes(json.loads(self.run("swaymsg", "-r", "-t", "get_tree")))
            if node.get("pid")
        }

    def focused(self) -> dict[str, Any] | None:
        """The window that sway says has the focus."""
        return next((node for node in self.windows().values() if node["focused"]), None)

    def foot(self, *options: str) -> SwayApplication:
        """A terminal whose every byte lands in a file as it comes."""
        file = self._file("foot")
        return self.open(file, "foot", "-c", "/dev/null", *options, *_into(file))

    def xterm(self) -> SwayApplication:
        """The same on XWayland."""
        file = self._file("xterm")
        return self.open(file, "xterm", "-e", *_into(file), DISPLAY=self.environment["DISPLAY"])

    def mousepad(self) -> SwayApplication:
        """The GTK editor."""
        file = self._file("mousepad")
        return self.open(file, "mousepad", "--disable-server", str(file), saves=True, GDK_BACKEND="wayland")

    def qt(self) -> SwayApplication:
        """A Qt editor."""
        file = self._file("qt")
        command = (sys.executable, str(_ROOT / "tests" / "qt_field.py"), str(file))
        return self.open(file, *command, QT_QPA_PLATFORM="wayland", PYTHONPATH=str(_ROOT))

    def _file(self, name: str) -> Path:
        file = self.directory / f"{name}-{time.monotonic_ns()}.txt"
        file.touch()
        return file

    def open(self, file: Path, *command: str, saves: bool = False, **more: str) -> SwayApplication:
        """Start a program that writes what it holds into ``file``, and wait for its window."""
        before = self.windows().keys()
        process = self.spawn(*command, **more)
        window = wait_until(command[0], lambda: next(iter(self.windows().keys() - before), None))
        application = SwayApplication(self, process, window, file, saves=saves)
        application.focus()
        return application


def _into(file: Path) -> tuple[str, str, str]:
    return ("sh", "-c", f"stty -icanon -echo -icrnl; exec cat > '{file}'")


def _nodes(tree: dict[str, Any]) -> list[dict[str, Any]]:
    found = [tree]
    for child in (*tree["nodes"], *tree["floating_nodes"]):
        found += _nodes(child)
    return found
