"""The desktops of the matrix and the programs on them."""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Protocol, TypeVar

from daemon.accessibility import Accessibility, choose
from daemon.insert.choose import choose_desktop
from daemon.insert.contract import Desktop as Insertion
from tests.accessible_desktop import AccessibleDesktop, start_bus
from tests.benchmarks.matrix_page import Page
from tests.desktop import Application
from tests.sway import SwayApplication, SwayDesktop

_ROOT = Path(__file__).parents[2]
_LOADED_S = 30.0
_CHROMIUM = ("chromium", "--no-sandbox", "--disable-gpu", "--no-first-run", "--password-store=basic")


T = TypeVar("T")


class Target(Protocol):
    """A program with a window; ``tests.desktop.Application`` or ``tests.sway.SwayApplication``."""

    def focus(self) -> None:
        """Give it the keyboard."""

    def text(self) -> str:
        """What it has taken."""

    def close(self) -> None:
        """End it."""


class Seat:
    """A desktop with targets. ``targets`` are those whose programs are installed, by their name in the table."""

    name: str
    method: str
    targets: dict[str, tuple[str, Callable[[], Target]]]  # with the program that each needs

    def __init__(self, desktop: AccessibleDesktop | AccessibleSway) -> None:
        self.desktop = desktop
        self._pages: list[Page] = []

    def stop(self) -> None:
        """End everything on it."""
        for page in self._pages:
            page.close()
        self.desktop.stop()

    def missing(self) -> dict[str, str]:
        """The targets whose program is not installed, and which it is."""
        return {name: program for name, (program, _open) in self.targets.items() if shutil.which(program) is None}

    def open(self, target: str) -> Target:
        """Start a target; it has the focus."""
        return self.targets[target][1]()

    def inserter(self) -> Insertion:
        """What the daemon would insert with here."""
        chosen = choose_desktop(self.method, "linux", self.desktop.environment)
        assert not isinstance(chosen, str), chosen
        return chosen

    def accessibility(self) -> Accessibility:
        """What follows the focus here."""
        return choose("linux", self.desktop.environment, on=True)

    def _new_file(self, name: str) -> Path:
        file = self.desktop.directory / f"{name}-{len(list(self.desktop.directory.iterdir()))}.txt"
        file.touch()
        return file

    def _window(self, kind: str) -> tuple[Path, tuple[str, ...]]:
        file = self._new_file(kind)
        return file, (sys.executable, "-m", "tests.benchmarks.matrix_window", str(file), kind)

    def _page(self) -> tuple[Path, tuple[str, ...]]:
        file = self._new_file("page")
        page = Page(file)
        self._pages.append(page)
        return file, (*_CHROMIUM, f"--user-data-dir={file}.profile", f"--app={page.address}")

    def _loaded(self, browser: T) -> T:
        assert self._pages[-1].loaded.wait(_LOADED_S), "the page does not load"
        return browser


class X11Seat(Seat):
    """Xvfb with openbox."""

    name = "X11"
    method = "x11"

    def __init__(self, directory: Path) -> None:
        self.x11 = AccessibleDesktop(directory)
        super().__init__(self.x11)
        self.x11.start()
        self.targets = {
            "xterm": ("xterm", self.x11.terminal),
            "GTK editor": ("mousepad", self.x11.mousepad),
            "Qt editor": ("featherpad", self.x11.featherpad),
            "Chromium text area": ("chromium", self._chromium),
            "slow target": (sys.executable, lambda: self._qt("slow")),
            "never reads": (sys.executable, lambda: self._qt("deaf")),
            "password field": (sys.executable, lambda: self._qt("password")),
        }

    def copy(self, text: str) -> None:
        """Put a text on the clipboard, as a person does."""
        subprocess.run(
            ("xclip", "-selection", "clipboard"), env=self.x11.all_environment(), input=text.encode(), check=True,
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        )  # fmt: skip

    def clipboard(self) -> str:
        """What is on it."""
        return self.x11.run("xclip", "-selection", "clipboard", "-o")

    def _qt(self, kind: str) -> Application:
        file, command = self._window(kind)
        return self.x11.opened(file, *command)

    def _chromium(self) -> Application:
        file, command = self._page()
        return self._loaded(self.x11.opened(file, *command))


class AccessibleSway(SwayDesktop):
    """Sway with a session bus and the accessibility bus."""

    def start(self) -> None:
        """Bring it up, then the buses."""
        super().start()
        self.environment |= {"NO_AT_BRIDGE": "0"}
        bus, self.environment["DBUS_SESSION_BUS_ADDRESS"] = start_bus(self.all_environment(), enabled=True)
        self._processes.append(bus)
        self.key("ctrl+c")  # the seat of a headless sway has no keyboard before the first key, and focuses nothing

    def all_environment(self) -> dict[str, str]:
        """Our environment with this desktop in it, and its bus."""
        return {**super().all_environment(), **self.environment}


class SwaySeat(Seat):
    """Headless sway."""

    name = "sway"
    method = "wayland"

    def __init__(self, directory: Path) -> None:
        self.sway = AccessibleSway(directory)
        super().__init__(self.sway)
        self.sway.start()
        self.targets = {
            "foot": ("foot", self.sway.foot),
            "GTK editor": ("mousepad", self.sway.mousepad),
            "Qt editor": (sys.executable, lambda: self._qt("edit")),
            "Chromium text area": ("chromium", self._chromium),
            "slow target": (sys.executable, lambda: self._qt("slow")),
            "never reads": (sys.executable, lambda: self._qt("deaf")),
            "password field": (sys.executable, lambda: self._qt("password")),
        }

    def copy(self, text: str) -> None:
        """Put a text on the clipboard, as a person does."""
        self.sway.run("wl-copy", text)

    def clipboard(self) -> str:
        """What is on it."""
        return self.sway.run("wl-paste", "-n").decode()

    def _qt(self, kind: str) -> SwayApplication:
        file, command = self._window(kind)
        return self.sway.open(file, *command, QT_QPA_PLATFORM="wayland", PYTHONPATH=str(_ROOT))

    def _chromium(self) -> SwayApplication:
        file, command = self._page()
        return self._loaded(self.sway.open(file, *command, "--ozone-platform=wayland"))
