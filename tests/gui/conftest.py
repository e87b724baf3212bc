"""A desktop with a panel, a scripted daemon, and the real tray as a process of its own."""

import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from importlib.resources import files
from pathlib import Path

import pytest
from PySide6.QtGui import QColor, QImage
from PySide6.QtWidgets import QApplication

from daemon import paths
from gui.link import Link
from gui.present import view
from tests.desktop import Desktop, wait_until
from tests.gui.scripted_daemon import ScriptedDaemon, status
from tests.gui.spoken import Spoken

_ROOT = Path(__file__).parents[2]
_PANEL = ("trayer", "--edge", "bottom", "--align", "right", "--widthtype", "request", "--height", "32")
_CORNER = (400, 768)  # the panel's part of the screen, from here to the lower right
_ENOUGH_PIXELS = 12
_OTHER_WINDOWS = {"Welcome to swictation"}


def colour_of(icon):
    """The main colour of an icon's file."""
    svg = files("gui").joinpath("icons", f"{icon}.svg").read_text()
    return QColor(re.search(r'(?:fill|stroke)="(#[0-9a-f]{6})"', svg.split("</mask>")[-1]).group(1))


class Seat:
    """One person before one screen: panels and trays are started here, looked at and clicked."""

    def __init__(self, desktop):
        self.desktop = desktop
        self._processes = []

    def start(self):
        self.desktop.start()
        self.desktop.environment |= {
            "XDG_RUNTIME_DIR": os.environ["XDG_RUNTIME_DIR"],
            "XDG_DATA_HOME": str(self.desktop.directory / "data"),
            "DBUS_SESSION_BUS_ADDRESS": "disabled:",
        }

    def leave_all(self):
        """End what was started on the desktop."""
        for process in self._processes:
            self.end(process)

    def stop(self):
        self.leave_all()
        self.desktop.stop()

    def panel(self):
        process = self.desktop.spawn(*_PANEL)
        self._processes.append(process)
        return process

    def tray(self, **more):
        """The tray as a user's desktop starts it, with ``more`` environment. What it says goes to ``said``."""
        self.said = self.desktop.directory / "tray.txt"
        with self.said.open("ab") as said:
            process = subprocess.Popen(
                [sys.executable, "-m", "gui", "tray"],
                cwd=_ROOT, env=self.desktop.all_environment(more), stdin=subprocess.DEVNULL, stdout=said, stderr=said,
            )  # fmt: skip
        self._processes.append(process)
        return process

    def end(self, process):
        if process.poll() is None:
            process.kill()
        process.wait()

    def find(self, name, corner=_CORNER):
        """Where an icon (or the badge "practice") is in the panel, or from ``corner`` to the lower right; or None."""
        shot = self.desktop.directory / "panel.png"
        self.desktop.screenshot(shot)
        image, wanted = QImage(str(shot)), colour_of(name)
        left, top = corner
        found = [
            (x, y)
            for x in range(left, image.width())
            for y in range(top, image.height())
            if image.pixelColor(x, y) == wanted
        ]
        if len(found) < _ENOUGH_PIXELS:
            return None
        return sum(x for x, _ in found) // len(found), sum(y for _, y in found) // len(found)

    def see(self, name, limit_s=20, corner=_CORNER):
        """Wait until an icon is on the screen, and give back where."""
        return wait_until(f"icon {name}", lambda: self.find(name, corner), limit_s)

    def windows(self):
        """The icon's own: itself, its menu, a tooltip, a remark."""
        found = self.desktop.xdotool("search", "--onlyvisible", "--class", "swictation").split()
        return [one for one in found if self.desktop.xdotool("getwindowname", one).strip() not in _OTHER_WINDOWS]

    def window(self, title, limit_s=20):
        """Wait for a window of the tray's."""
        return wait_until(
            title, lambda: self.desktop.xdotool("search", "--onlyvisible", "--name", f"^{title}$").split(), limit_s
        )[0]

    def leave(self):
        """Take the pointer away, and see that neither a menu nor a tooltip is left.

        It takes half a second: two presses on one spot within 0.4 s are a double click, which opens no menu.
        """
        self.desktop.xdotool("mousemove", "20", "20")
        time.sleep(0.5)
        wait_until("only the icon", lambda: len(self.windows()) == 1, 20)

    def open_menu(self, name):
        """Open the menu at an icon by the right button."""
        x, y = self.see(name)
        self.leave()
        self.desktop.xdotool("mousemove", str(x), str(y), "click", "3")
        wait_until("the menu", lambda: len(self.windows()) == 2, 20)

    def choose(self, status, does, name):
        """Choose an entry by its letter on the keyboard."""
        self.open_menu(name)
        entry = next(entry for section in view(status).menu for entry in section if entry.does is does)
        self.desktop.xdotool("key", entry.text[entry.text.index("&") + 1].lower())


@pytest.fixture(scope="session")
def qt():
    """Qt in this process, without a screen; the trays under test are processes of their own."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("QT_QPA_PLATFORM", "offscreen")
        return QApplication.instance() or QApplication(["test"])


@pytest.fixture
def runtime(monkeypatch):
    """A private runtime directory, with a path short enough for a socket."""
    directory = Path(tempfile.mkdtemp(prefix="swt"))
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(directory))
    paths.private(paths.runtime_directory())
    yield directory
    shutil.rmtree(directory)


@pytest.fixture
def seat(runtime, tmp_path):
    seat = Seat(Desktop(tmp_path))
    try:
        seat.start()
        yield seat
    finally:
        seat.stop()


@pytest.fixture
def daemons(runtime):
    """Starts scripted daemons, one after the other."""
    started = []

    def start(*arguments, **more):
        daemon = ScriptedDaemon(*arguments, **more)
        daemon.start()
        started.append(daemon)
        return daemon

    yield start
    for daemon in started:
        if daemon.running:
            daemon.stop()


@pytest.fixture
def told(qt, daemons):
    """Starts a daemon that has a history, and gives it with a link that follows it."""
    links = []

    def start(entries):
        spoken = Spoken(entries)
        spoken.follow(daemons(status(history=spoken.status()), answers=spoken.answers))
        link = Link()
        link.open()
        links.append(link)
        return spoken, link

    yield start
    for link in links:
        link.close()
