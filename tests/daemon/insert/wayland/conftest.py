"""A Wayland desktop, its clipboard as a user has it, and the desktop class under test."""

import contextlib

import psutil
import pytest

from daemon.insert.wayland.desktop import WlrootsDesktop, WlrootsWindows
from tests.desktop import wait_until
from tests.sway import SwayDesktop


class Clipboard:
    """The selections as other programs see them, by wl-clipboard."""

    def __init__(self, desktop):
        self._desktop = desktop

    def copy(self, data, mime="text/plain;charset=utf-8", *, primary=False):
        self._desktop.run("wl-copy", *_which(primary), "-t", mime, data=data)
        wait_until("wl-copy to own it", lambda: self.read(mime, primary=primary) == data, 10)

    def read(self, mime="text/plain;charset=utf-8", *, primary=False):
        """The content; None if it is not offered."""
        if mime not in self.types(primary=primary):
            return None
        return self._desktop.run("wl-paste", "-n", *_which(primary), "-t", mime)

    def types(self, *, primary=False):
        return self._desktop.run("wl-paste", "-l", *_which(primary)).decode().split("\n")[:-1]

    def clear(self):
        for primary in (False, True):
            self._desktop.run("wl-copy", "-c", *_which(primary))
        wait_until("no content", lambda: self.types() == self.types(primary=True) == [], 10)


def _which(primary):
    return ["-p"] if primary else []


@pytest.fixture(scope="module")
def desktop(tmp_path_factory):
    with SwayDesktop(tmp_path_factory.mktemp("sway")) as desktop:
        yield desktop
    wait_until("no worker is left", lambda: not workers(desktop), 10)


@pytest.fixture
def clipboard(desktop):
    clipboard = Clipboard(desktop)
    clipboard.clear()
    return clipboard


@pytest.fixture
async def inserter(desktop, clipboard, monkeypatch):
    monkeypatch.setenv("SWAYSOCK", desktop.environment["SWAYSOCK"])
    async with running(desktop) as inserter:
        yield inserter


@contextlib.asynccontextmanager
async def running(desktop, **settings):
    """The desktop class with its worker."""
    inserter = WlrootsDesktop(WlrootsWindows(desktop.environment["WAYLAND_DISPLAY"], **settings), None)
    await inserter.start()
    await inserter.wait_ready(30)
    yield inserter
    await inserter.stop()


@pytest.fixture
def foot(desktop):
    foot = desktop.foot()
    yield foot
    foot.close()


@pytest.fixture
def deaf(desktop):
    """A terminal that has no paste keys."""
    unbound = ("clipboard-paste", "primary-paste")
    foot = desktop.foot(*(f"--override=key-bindings.{name}=none" for name in unbound))
    yield foot
    foot.close()


@contextlib.contextmanager
def watcher(desktop, file):
    """A clipboard manager that writes everything copied into ``file``."""
    command = ("wl-paste", "-t", "text", "--watch", "sh", "-c", f"cat >> '{file}'; echo >> '{file}'")
    process = desktop.spawn(*command)
    try:
        yield
    finally:
        process.terminate()
        process.wait()


def workers(desktop):
    """The process ids of the insertion workers, or what is left of them, on this desktop."""
    found = []
    for process in psutil.process_iter():
        with contextlib.suppress(psutil.Error):
            if process.cmdline()[-2:] == ["_insert_wayland", desktop.environment["WAYLAND_DISPLAY"]]:
                found.append(process.pid)
    return found
