"""A screen, a terminal and a keyboard of the test's own."""

import asyncio
import subprocess
import sys

import pytest

from daemon.hotkey.contract import Listener
from daemon.hotkey.keys import parse
from daemon.hotkey.x11 import X11Hotkey
from tests.desktop import Desktop, wait_until

PATIENCE_S = 20  # the cores may be busy


class KeyDesktop(Desktop):
    """A desktop with a terminal in raw mode that writes every byte it is given to a file."""

    def start(self):
        super().start()
        self.name = self.environment["DISPLAY"]
        self.typed = self.directory / "typed"
        shell = f"stty raw -echo; touch {self.directory}/open; exec cat > {self.typed}"
        self.others = [self.spawn("xterm", "-fn", "fixed", "-e", "sh", "-c", shell)]
        wait_until("a terminal", (self.directory / "open").exists)
        found = wait_until("its window", lambda: self.xdotool("search", "--onlyvisible", "--class", "xterm").split())
        self.keys("windowfocus", "--sync", found[0])
        wait_until("a key in the terminal", lambda: self.keys("key", "q") or self.bytes())

    def stop(self):
        for process in self.others:
            process.terminate()
            process.wait(10)
        super().stop()

    def keys(self, *command):
        """Press keys by XTest, as a keyboard would: the terminal cannot tell the difference."""
        subprocess.run(["xdotool", *command], env=self.environment, timeout=PATIENCE_S, check=True)

    def bytes(self):
        return self.typed.read_bytes() if self.typed.exists() else b""


@pytest.fixture(scope="module")
def desktop(tmp_path_factory):
    with KeyDesktop(tmp_path_factory.mktemp("desktop")) as desktop:
        yield desktop


@pytest.fixture
def fresh_desktop(tmp_path):
    """For the tests that change the keyboard map or end the server."""
    with KeyDesktop(tmp_path) as desktop:
        yield desktop


class Ear:
    """Writes down what the hotkey tells: (what, time or reason)."""

    def __init__(self):
        self.heard = []
        self.listener = Listener(*(self._writer(what) for what in ("press", "release", "cancel", "lost")))

    def _writer(self, what):
        return lambda value: self.heard.append((what, value))

    @property
    def order(self):
        return [what for what, _value in self.heard]

    async def until(self, count):
        async with asyncio.timeout(PATIENCE_S):
            while len(self.heard) < count:
                await asyncio.sleep(0.01)

    async def quiet(self, seconds=0.4):
        """Everything that could still come has come."""
        count = -1
        while count != len(self.heard):
            count = len(self.heard)
            await asyncio.sleep(seconds)


@pytest.fixture
def ear():
    return Ear()


@pytest.fixture
async def bind(desktop, ear):
    """Bind a key on the shared desktop; it is given back at the end."""
    made = []

    async def make(key, on=desktop, grace_s=0.05):
        hotkey = X11Hotkey(parse(key), ear.listener, display=on.name, release_grace_s=grace_s)
        made.append(hotkey)
        await hotkey.start()
        return hotkey

    yield make
    for hotkey in made:
        await hotkey.stop()


@pytest.fixture
def typing(desktop):
    """What the terminal has been given since the test began."""
    return Typing(desktop)


class Typing:
    def __init__(self, desktop):
        self._desktop = desktop
        self._start = len(desktop.bytes())

    def since(self):
        return self._desktop.bytes()[self._start :]

    async def settled(self, mark="z"):
        """Everything typed before ``mark``: it has gone the whole way, so nothing can come after it."""
        count = self.since().count(mark.encode())
        await asyncio.to_thread(self._desktop.keys, "key", mark)
        async with asyncio.timeout(PATIENCE_S):
            while self.since().count(mark.encode()) == count:
                await asyncio.sleep(0.02)
        return self.since().removesuffix(mark.encode())


GRABBER = """
import sys
from Xlib import X, XK, display
d = display.Display(sys.argv[1])
code = d.keysym_to_keycode(XK.string_to_keysym(sys.argv[2]))
d.screen().root.grab_key(code, 0, False, X.GrabModeAsync, X.GrabModeAsync)
d.sync()
print("grabbed", flush=True)
sys.stdin.read()
"""


@pytest.fixture
def taken(desktop):
    """Another program that takes a key, until the test ends."""
    processes = []

    def take(keysym):
        process = subprocess.Popen(
            [sys.executable, "-c", GRABBER, desktop.name, keysym], stdin=subprocess.PIPE, stdout=subprocess.PIPE
        )
        processes.append(process)
        assert process.stdout.readline() == b"grabbed\n"

    yield take
    for process in processes:
        process.communicate(timeout=PATIENCE_S)
