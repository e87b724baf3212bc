"""A desktop, its clipboard as a user has it, and the inserter under test."""

import asyncio
import contextlib
import subprocess

import psutil
import pytest
from Xlib.display import Display

from daemon.insert.ladder import Ladder
from daemon.insert.x11.desktop import X11Desktop
from tests.desktop import Desktop, wait_until

TEXTS = {
    "ascii": "The quick brown fox: jumps (over) 13 lazy dogs; $HOME `id` \\n 'quoted' \"twice\"!",
    "unicode": "Žluťoučký “kůň” – naïve café … Łódź; Съешь ещё этих булок; 漢字かな交じり文; 한국어; 🎉👩‍🚀 ẞ",  # noqa: RUF001 - what a careful writer's text holds
    "long": "".join(f"word {number:03} é漢🎉 " for number in range(63))[:1000],
}


class Clipboard:
    """The selections as other programs see them, by xclip."""

    def __init__(self, desktop):
        self._desktop = desktop

    def copy(self, data, selection="clipboard", target="UTF8_STRING"):
        command = ("xclip", "-selection", selection, "-t", target, "-i")
        quiet = subprocess.DEVNULL
        environment = self._desktop.all_environment()
        subprocess.run(command, env=environment, input=data, stdout=quiet, stderr=quiet, check=True, timeout=20)
        wait_until("xclip to own it", lambda: self.read(selection, target) == data, 10)

    def read(self, selection="clipboard", target="UTF8_STRING"):
        """The content; None if it is not offered."""
        command = ("xclip", "-selection", selection, "-t", target, "-o")
        done = subprocess.run(
            command, env=self._desktop.all_environment(), capture_output=True, check=False, timeout=20
        )
        return done.stdout if done.returncode == 0 else None

    def clear(self):
        """Leave both selections without an owner."""
        display = Display(self._desktop.environment["DISPLAY"])
        window = display.screen().root.create_window(0, 0, 1, 1, 0, 0)
        for name in ("CLIPBOARD", "PRIMARY"):
            window.set_selection_owner(display.intern_atom(name), 0)
        display.sync()
        display.close()
        wait_until("no owner", lambda: self.owners() == [0, 0], 10)

    def owners(self):
        """The owner windows of CLIPBOARD and PRIMARY; 0 for none."""
        display = Display(self._desktop.environment["DISPLAY"])
        try:
            found = [display.get_selection_owner(display.intern_atom(name)) for name in ("CLIPBOARD", "PRIMARY")]
        finally:
            display.close()
        return [getattr(owner, "id", owner) for owner in found]


@pytest.fixture(scope="module")
def desktop(tmp_path_factory):
    with Desktop(tmp_path_factory.mktemp("desktop")) as desktop:
        yield desktop
    wait_until("no worker is left", lambda: not workers(desktop), 10)


@pytest.fixture
def clipboard(desktop):
    clipboard = Clipboard(desktop)
    clipboard.clear()
    return clipboard


@pytest.fixture
async def inserter(desktop, clipboard):
    inserter = Ladder(X11Desktop(desktop.environment["DISPLAY"]))
    await inserter.start()
    await inserter.desktop.wait_ready(30)
    yield inserter
    await inserter.stop()


@pytest.fixture
def terminal(desktop):
    terminal = desktop.terminal()
    yield terminal
    terminal.close()


async def comes_back(clipboard, data, **form):
    """Wait until the user's content is there again: each look at the lent text puts that off by 0.2 s."""
    async with asyncio.timeout(10):
        await asyncio.sleep(0.5)
        while clipboard.read(**form) != data:
            await asyncio.sleep(0.5)


async def lent(clipboard, text, *where):
    """Wait until the dictated text is on the clipboard, from which it may be gone 3 s later."""
    await asyncio.to_thread(wait_until, "the dictated text", lambda: clipboard.read(*where) == text, 10)


def workers(desktop):
    """The process ids of the insertion workers, or what is left of them, on this desktop."""
    found = []
    for process in psutil.process_iter():
        with contextlib.suppress(psutil.Error):
            if process.cmdline()[-2:] == ["_insert", desktop.environment["DISPLAY"]]:
                found.append(process.pid)
    return found
