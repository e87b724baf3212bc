"""The decisions of the portal's parts, as tables: receipts, waits, keys, tokens, and which desktop is used."""

import asyncio
import stat

import pytest

from daemon.insert.portal import token
from daemon.insert.portal.desktop import PortalDesktop
from daemon.insert.portal.keys import keys_of, typed, way_of
from daemon.insert.portal.or_x11 import PortalOrX11
from daemon.insert.portal.receipt import Reads, others, settle_s, verdict
from daemon.insert.portal.session import RemoteSession
from daemon.limits import WAYS
from daemon.messages import Insertion, Outcome, Target
from tests.portal.frontend import Frontend
from tests.portal.remote import CLIPBOARD, Remote

CONFIRMED, SENT, HELD = Outcome.CONFIRMED, Outcome.SENT, Outcome.HELD


@pytest.mark.parametrize(("idle", "known"), [([], None), ([0], 0), ([1, 1, 1], 1), ([1, 3, 1], 3), ([3, 1, 1, 1], 1)])
def test_how_many_others_read(idle, known):
    assert others(idle) == known


@pytest.mark.parametrize(
    ("known", "all_", "pasted", "so_far", "in_the_end"),
    [
        (None, 0, 0, None, HELD),
        (None, 5, 0, None, HELD),  # all of them before the keys
        (None, 1, 1, SENT, SENT),  # a window, or a manager that was slow
        (0, 1, 1, CONFIRMED, CONFIRMED),
        (1, 1, 1, None, SENT),  # a manager that was slow, and the window is slower or silent
        (1, 1, 0, None, HELD),
        (1, 2, 1, CONFIRMED, CONFIRMED),
        (1, 2, 2, CONFIRMED, CONFIRMED),
        (2, 2, 1, None, SENT),
        (1, 3, 0, None, HELD),  # a new manager
    ],
)
def test_what_reads_prove(known, all_, pasted, so_far, in_the_end):
    reads = Reads(all_, pasted, pressed=True)
    assert (verdict(known, reads, over=False), verdict(known, reads, over=True)) == (so_far, in_the_end)


def test_only_a_text_that_was_read_after_the_keys_may_be_the_windows():
    reads = Reads()
    reads.note(text=True, pressed=False)
    reads.note(text=False, pressed=True)
    assert (reads.all, reads.pasted) == (2, 0)
    reads.note(text=True, pressed=True)
    assert (reads.all, reads.pasted) == (3, 1)


@pytest.mark.parametrize(
    ("known", "all_", "offered_s", "last_s", "wait_s"),
    [
        (0, 0, 0.0, 0.0, 0.0),  # nobody else ever reads
        (1, 1, 0.01, 0.0, 0.0),
        (1, 0, 0.01, 0.01, 0.14),
        (1, 0, 0.15, 0.15, 0.0),
        (None, 0, 0.0, 0.0, 0.05),
        (None, 1, 0.04, 0.01, 0.04),
        (None, 9, 0.14, 0.0, 0.01),
        (None, 0, 0.05, 0.05, 0.0),
    ],
)
def test_how_long_the_others_are_waited_for(known, all_, offered_s, last_s, wait_s):
    assert settle_s(known, Reads(all_), offered_s=offered_s, last_s=last_s) == pytest.approx(wait_s)


@pytest.mark.parametrize("way", [way for way in WAYS if way != "type"])
def test_every_key_that_goes_down_comes_up(way):
    keys = keys_of(way)
    pressed = [key for key, down in keys if down]
    assert [key for key, down in keys if not down] == pressed[::-1]
    assert [down for _key, down in keys] == sorted((down for _key, down in keys), reverse=True)


def test_what_can_be_typed():
    assert typed("A\t\n") == ((65, True), (65, False), (0xFF09, True), (0xFF09, False), (0xFF0D, True), (0xFF0D, False))
    assert typed("Grüße") is typed("\x1b[2J") is None


@pytest.mark.parametrize(
    ("ways", "application", "way"),
    [
        (WAYS, "", "shift+insert"),
        (WAYS, "org.gnome.TextEditor", "shift+insert"),
        (WAYS, "gnome-terminal-server", "ctrl+shift+v"),
        (WAYS, "Ptyxis", "ctrl+shift+v"),
        (("shift+insert",), "ptyxis", "shift+insert"),  # the user's rule
        (("ctrl+v", "ctrl+shift+v"), "ptyxis", "ctrl+v"),
        (WAYS, "konsole", "shift+insert"),
    ],
)
def test_which_way(ways, application, way):
    assert way_of(ways, application) == way


def test_a_token(tmp_path):
    file = tmp_path / "data" / "token"
    assert token.load(file) is None
    token.keep(file, "one")
    token.keep(file, "two")
    assert token.load(file) == "two"
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert [*file.parent.iterdir()] == [file]
    token.keep(file, None)
    token.keep(file, None)
    assert token.load(file) is None
    file.write_bytes(b"\xff")
    assert token.load(file) is None


class OldX11:
    name, ways, undoable, notice = "x11", ("shift+insert",), True, None

    def __init__(self):
        self.started = 0

    async def start(self):
        self.started += 1

    async def stop(self):
        self.started -= 1

    async def focus(self):
        return Target(3)

    async def prepare(self):
        pass

    async def ask(self):
        return None

    async def undo(self):
        return None

    async def insert(self, text, target, ways):
        return Insertion(CONFIRMED)


@pytest.mark.parametrize(
    ("there", "used"),
    [("all", "portal"), ("no clipboard", "x11"), ("no portal", "x11"), ("no bus", "x11"), ("no answer", "portal")],
)
async def test_x11_is_used_where_the_portal_cannot(bus, tmp_path, there, used):
    fake = Frontend(bus)
    Remote(fake)
    if there == "no clipboard":
        del fake.versions[CLIPBOARD]
    if there == "no answer":
        fake.hangs.add("Get")
    if there != "no portal":
        await fake.start()
    address = f"unix:path={tmp_path}/none" if there == "no bus" else bus
    changes = []
    x11 = OldX11()
    session = RemoteSession(address, call_s=0.3 if there == "no answer" else 3.0)
    portal = PortalDesktop(session, tmp_path / "token")
    desktop = PortalOrX11(portal, x11, changed=lambda: changes.append(1))
    await desktop.start()
    target = await desktop.focus()
    assert (desktop.name, target.kind, x11.started) == (used, used, used == "x11")
    assert changes
    if used == "x11":
        assert (await desktop.insert("hello", target, WAYS)).outcome is CONFIRMED
        assert (desktop.undoable, desktop.ways, await desktop.ask(), await desktop.undo()) == (
            True,
            x11.ways,
            None,
            None,
        )
    else:
        assert "permission" in desktop.notice
    await desktop.prepare()
    async with asyncio.timeout(5):
        await desktop.stop()
    assert x11.started == 0
    if fake.bus is not None:
        await fake.stop()
