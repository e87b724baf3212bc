"""Texts into a real window on a real Mutter: what that does with keys and clipboards, the fake only pretends to do."""

import asyncio
import shutil
import subprocess
import sys

import pytest

from daemon.insert.portal import clipboard, receipt
from daemon.insert.portal.desktop import PortalDesktop
from daemon.insert.portal.session import RemoteSession
from daemon.limits import WAYS
from daemon.messages import Outcome
from tests.end2end.running import ROOT
from tests.portal.bus import private_bus
from tests.portal.compositor import TEXT
from tests.portal.frontend import Frontend
from tests.portal.mutter import MutterRemote, User, headless
from tests.portal.test_insertion import HERE, LONG, until

pytestmark = [
    pytest.mark.display,
    pytest.mark.skipif(
        shutil.which("mutter") is None or shutil.which("dbus-daemon") is None, reason="needs mutter and dbus"
    ),
]
MINE = {TEXT: b"mine", "text/html": b"<b>mine</b>", "image/png": bytes(range(256)) * 500}


@pytest.fixture
def gnome(tmp_path):
    """The environment of its programs."""
    with private_bus(tmp_path) as address, headless(tmp_path, address) as environment:
        yield environment


@pytest.fixture
async def remote(gnome):
    frontend = Frontend(gnome["DBUS_SESSION_BUS_ADDRESS"])
    await frontend.start()
    remote = MutterRemote(frontend)
    yield remote
    await remote.stop()
    await frontend.stop()
    assert frontend.violations == []


@pytest.fixture
async def user(gnome, remote):
    user = User(gnome["DBUS_SESSION_BUS_ADDRESS"])
    await user.start()
    yield user
    await user.stop()


@pytest.fixture
async def desktop(gnome, remote, user, tmp_path, monkeypatch):
    monkeypatch.setattr(clipboard, "_IDLE_S", 0.5)
    session = RemoteSession(gnome["DBUS_SESSION_BUS_ADDRESS"])
    desktop = PortalDesktop(session, tmp_path / "token", receipt_s=1.5, late_s=1.0)
    yield desktop
    await desktop.stop()


@pytest.fixture
def window(gnome, tmp_path):
    """What stands in a Qt window."""
    file = tmp_path / "line.txt"
    command = [sys.executable, "-m", "tests.qt_lines", str(file), "plain"]
    environment = {**gnome, "QT_QPA_PLATFORM": "wayland", "PYTHONPATH": str(ROOT)}
    with subprocess.Popen(command, env=environment, stderr=subprocess.DEVNULL) as program:
        yield lambda: file.read_text(encoding="utf-8") if file.exists() else ""
        program.terminate()


async def comes_back(desktop, user):
    """Wait until the user finds on the clipboard what was there before."""
    await until(lambda: not desktop._clipboard.lent)
    async with asyncio.timeout(5):
        while {media_type: await user.paste(media_type) for media_type in MINE} != MINE:
            await asyncio.sleep(0.05)


async def test_texts_arrive_and_the_clipboard_comes_back(desktop, user, window):
    await user.copy(MINE)
    result = await desktop.insert("click ", HERE, WAYS)
    async with asyncio.timeout(30):
        while not window():  # it is still being drawn, or has not got the keyboard yet
            await until(lambda: not desktop._clipboard.lent)  # until then it could be taken twice
            result = await desktop.insert("click ", HERE, WAYS)
    assert result.outcome is Outcome.SENT
    await until(lambda: desktop._clipboard._idle)  # nobody else may look meanwhile
    await comes_back(desktop, user)
    before = window()
    for _ in range(3):
        await desktop.prepare()
        result = await desktop.insert(LONG, HERE, WAYS)
        assert (result.outcome, result.reason) == (Outcome.CONFIRMED, None)
    await until(lambda: window() == before + LONG * 3)
    await comes_back(desktop, user)
    await desktop.stop()
    async with asyncio.timeout(5):
        while await user.paste(TEXT) != b"mine":  # Mutter keeps one form of what an owner leaves behind
            await asyncio.sleep(0.05)


async def test_what_is_read_by_mutter_alone_is_never_confirmed(desktop, remote, user, monkeypatch):
    monkeypatch.setattr(receipt, "_SETTLE_S", 1.0)  # a slow Mutter reads before the keys, too
    monkeypatch.setattr(receipt, "_QUIET_S", 0.5)
    await user.copy(MINE)
    for _ in range(3):
        assert (await desktop.insert("hello", HERE, WAYS)).outcome is Outcome.HELD
        await until(lambda: not desktop._clipboard.lent)
    assert remote.reads >= 3
    await comes_back(desktop, user)


async def test_what_the_user_copies_meanwhile_stays(desktop, user):
    await user.copy(MINE)
    await desktop.insert("hello", HERE, WAYS)
    await user.copy({TEXT: b"newer"})
    await asyncio.sleep(2)
    assert user.owns
