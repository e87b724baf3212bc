"""Texts through the portal: what arrives, what is said of it, and what is on the clipboard afterwards."""

import asyncio
import stat
import uuid

import pytest

from daemon.errors import PortalError
from daemon.insert.portal import clipboard
from daemon.insert.portal.desktop import PortalDesktop
from daemon.insert.portal.session import RemoteSession
from daemon.limits import WAYS
from daemon.messages import Outcome, Target
from tests.portal.compositor import CTRL, HINT, SHIFT, TEXT, Manager, V
from tests.portal.remote import CLIPBOARD

HERE = Target(0, kind="portal")
LONG = "Grüße, “naïveï” — Łódź Привет 你好 🎉 " * 30


@pytest.fixture
async def desktop(bus, remote, tmp_path, monkeypatch):
    """What the daemon has, with a token from an earlier time: no question comes."""
    monkeypatch.setattr(clipboard, "_IDLE_S", 0.6)
    remote.tokens.add(known := str(uuid.uuid4()))
    (tmp_path / "token").write_text(known)
    desktop = PortalDesktop(RemoteSession(bus, call_s=1.0), tmp_path / "token", receipt_s=1.0, late_s=0.6)
    await desktop.start()
    await until(lambda: desktop._access.is_open)  # the token is kept by then
    yield desktop
    await desktop.stop()


async def until(true, limit_s=5.0):
    async with asyncio.timeout(limit_s):
        while not true():
            await asyncio.sleep(0.01)


async def offered_again(remote):
    await until(lambda: remote.owner is None or HINT not in remote.offers[-1])


async def copied(desktop, remote, content):
    """The user copies something, and we have heard of it."""
    before = desktop._clipboard._theirs
    remote.copy(content)
    await until(lambda: desktop._clipboard._theirs is not before)


async def given_back(remote):
    await offered_again(remote)
    return await remote.clipboard()


async def known(desktop, remote):
    """One insertion, after which it is known how many others read the clipboard."""
    await desktop.insert("first. ", HERE, WAYS)
    await until(lambda: desktop._clipboard._idle)
    remote.window.text = ""


async def test_any_text_arrives_as_it_is(desktop, remote):
    await known(desktop, remote)
    result = await desktop.insert(LONG, HERE, WAYS)
    assert (result.outcome, result.reason, result.way) == (Outcome.CONFIRMED, None, "shift+insert")
    assert remote.window.text == LONG
    assert result.insert_ms < 900


async def test_the_first_text_is_not_confirmed_as_anybody_may_have_read_it(desktop, remote):
    result = await desktop.insert("hello", HERE, WAYS)
    assert (result.outcome, remote.window.text) == (Outcome.SENT, "hello")
    assert "does not tell" in result.reason


async def test_while_the_user_speaks_it_is_found_out_who_else_reads(desktop, remote):
    before = dict(remote.content)
    remote.managers = [Manager(0.1)]
    await desktop.prepare()
    await until(lambda: desktop._clipboard._idle)
    assert await remote.clipboard() == before
    result = await desktop.insert("hello", HERE, WAYS)
    assert (result.outcome, remote.window.text) == (Outcome.CONFIRMED, "hello")
    assert await given_back(remote) == before


async def test_the_clipboard_comes_back_in_all_its_forms(desktop, remote):
    before = dict(remote.content)
    await desktop.insert("hello", HERE, WAYS)
    assert await given_back(remote) == before
    await desktop.insert("again", HERE, WAYS)
    assert await given_back(remote) == before


async def test_every_form_is_copied_from_a_compositor_that_is_late(desktop, remote):
    remote.notices_late_s = 0.025
    before = {TEXT: b"mine", "text/html": b"<b>mine</b>", "image/png": bytes(range(256)) * 1000}
    await copied(desktop, remote, before)
    await desktop.insert("hello", HERE, WAYS)
    assert await given_back(remote) == before


async def test_an_empty_clipboard_is_empty_afterwards(desktop, remote):
    await copied(desktop, remote, {})
    await desktop.insert("hello", HERE, WAYS)
    await until(lambda: remote.owner is None)
    assert (remote.window.text, remote.offers[-1]) == ("hello", ())


async def test_a_second_text_at_once_does_not_bring_the_first_onto_the_clipboard(desktop, remote):
    before = dict(remote.content)
    await desktop.insert("one ", HERE, WAYS)
    await desktop.insert("two", HERE, WAYS)
    assert remote.window.text == "one two"
    assert await given_back(remote) == before


@pytest.mark.parametrize("delay_s", [0.0, 0.1, 0.3])
async def test_a_manager_that_reads_is_no_receipt(desktop, remote, delay_s):
    remote.managers = [Manager(delay_s, obeys=False)]
    await known(desktop, remote)
    remote.window.chords = ()  # it pastes at no keys at all
    result = await desktop.insert("hello", HERE, WAYS)
    assert (result.outcome, remote.window.text) != (Outcome.CONFIRMED, "")
    await until(lambda: len(desktop._clipboard._idle) == 2)  # the manager has read what was given back, too
    remote.window.chords = ((SHIFT, 0xFF63),)
    assert (await desktop.insert("hello", HERE, WAYS)).outcome is Outcome.CONFIRMED
    assert remote.window.text == "hello"


async def test_a_manager_that_can_be_told_keeps_no_dictation(desktop, remote):
    remote.managers = [Manager()]
    await known(desktop, remote)
    assert (await desktop.insert("hello", HERE, WAYS)).outcome is Outcome.CONFIRMED
    await given_back(remote)
    await asyncio.sleep(0.1)
    assert set(remote.managers[0].kept) == {b"mine"}


async def test_two_texts_at_the_same_time_arrive_one_after_the_other(desktop, remote):
    before = dict(remote.content)
    remote.slow_owner_s = 0.1
    await copied(desktop, remote, before)
    texts = [f"{number} " for number in range(3)]
    inserting = [asyncio.create_task(desktop.insert(text, HERE, WAYS)) for text in texts]
    await asyncio.sleep(0.05)
    await desktop.prepare()
    assert {(await one).outcome for one in inserting} == {Outcome.SENT}
    assert remote.window.text == "".join(texts)
    remote.slow_owner_s = 0.0
    assert await given_back(remote) == before


async def test_a_slow_window_gets_the_text_and_not_the_old_clipboard(desktop, remote):
    await known(desktop, remote)
    remote.window.delay_s = 0.7
    result = await desktop.insert("late", HERE, WAYS)
    assert (result.outcome, remote.window.text) == (Outcome.CONFIRMED, "late")


async def test_a_slow_window_gets_it_also_where_a_manager_was_taken_for_it(desktop, remote):
    remote.managers = [Manager(0.1, obeys=False)]
    remote.window.delay_s = 0.7
    assert (await desktop.insert("late", HERE, WAYS)).outcome is Outcome.SENT
    await given_back(remote)
    assert remote.window.text == "late"


async def test_a_window_that_takes_nothing_is_held_and_gets_nothing_later(desktop, remote):
    await known(desktop, remote)
    remote.window.delay_s = 1.3
    result = await desktop.insert("too late", HERE, WAYS)
    assert (result.outcome, result.silent) == (Outcome.HELD, ("shift+insert",))
    assert "took the text" in result.reason
    await asyncio.sleep(0.5)
    assert remote.window.text == ""
    assert TEXT in await given_back(remote)


async def test_a_window_that_has_not_answered_gets_no_second_text_that_it_could_take_twice(desktop, remote):
    await known(desktop, remote)
    remote.window.delay_s = 1.3
    await desktop.insert("too late", HERE, WAYS)
    second = await desktop.insert("second", HERE, WAYS)
    assert second.outcome is Outcome.HELD
    assert "may be taken twice" in second.reason
    await given_back(remote)
    remote.window.delay_s = 0.0
    assert (await desktop.insert("third", HERE, WAYS)).outcome is Outcome.CONFIRMED
    assert remote.window.text == "third"


async def test_a_clipboard_that_could_not_be_given_back_comes_back_after_the_next_text(desktop, remote, monkeypatch):
    before = dict(remote.content)
    await desktop.insert("one", HERE, WAYS)
    refused = asyncio.Event()

    async def offer(_media_types):
        refused.set()
        raise PortalError("the desktop's portal does not answer")

    with monkeypatch.context() as away:
        away.setattr(desktop._session, "offer", offer)
        await asyncio.wait_for(refused.wait(), 5)
    await desktop.insert("two", HERE, WAYS)
    assert await given_back(remote) == before


async def test_the_user_copies_meanwhile(desktop, remote):
    await desktop.insert("hello", HERE, WAYS)
    remote.copy({TEXT: b"newer"})
    await asyncio.sleep(1.2)
    assert await remote.clipboard() == {TEXT: b"newer"}
    await desktop.insert("again", HERE, WAYS)
    assert await given_back(remote) == {TEXT: b"newer"}


async def test_another_program_copies_in_the_moment_of_the_keys(desktop, remote):
    await known(desktop, remote)
    remote.copied_at_keys = {TEXT: b"theirs"}
    result = await desktop.insert("hello", HERE, WAYS)
    assert result.outcome is Outcome.HELD
    await asyncio.sleep(1)
    assert await remote.clipboard() == {TEXT: b"theirs"}


async def test_a_clipboard_that_cannot_be_copied_is_not_thrown_away(desktop, remote):
    remote.slow_owner_s = 5
    await copied(desktop, remote, {TEXT: b"precious"})
    result = await desktop.insert("hello", HERE, WAYS)
    assert (result.outcome, remote.window.text, remote.offers) == (Outcome.HELD, "", [])
    assert "does not answer" in result.reason


async def test_a_terminal_of_gnome_gets_the_chord_that_pastes_the_clipboard(desktop, remote):
    remote.window.chords = ((CTRL, SHIFT, V),)
    result = await desktop.insert("ls", Target(0, application="org.gnome.ptyxis", kind="portal"), WAYS)
    assert (result.way, remote.window.text) == ("ctrl+shift+v", "ls")


@pytest.mark.parametrize(
    ("windows", "arrives"), [((7, 7), True), ((7, 8), False), ((0, 8), True), ((7, 0), True), ((0, 0), True)]
)
async def test_another_window_than_the_one_that_was_spoken_into(bus, remote, tmp_path, windows, arrives):
    told = iter(windows)

    async def front():
        return next(told), "ptyxis"

    remote.window.chords = ((CTRL, SHIFT, V),)
    desktop = PortalDesktop(RemoteSession(bus), tmp_path / "token", front=front)
    target = await desktop.focus()
    assert (target.window, target.application, target.kind) == (windows[0], "ptyxis", "portal")
    result = await desktop.insert("hello", target, WAYS)
    assert (result.outcome is Outcome.SENT, remote.window.text) == (arrives, "hello" * arrives)
    await desktop.stop()


async def test_a_text_is_typed_where_a_rule_says_so(desktop, remote):
    assert (await desktop.insert("Tom & Jo\n", HERE, ("type",))).outcome is Outcome.SENT
    assert (await desktop.insert("Grüße", HERE, ("type",))).outcome is Outcome.HELD
    assert (remote.window.text, remote.offers) == ("Tom & Jo\n", [])


async def test_the_token_is_for_its_owner_alone_and_another_each_time(desktop, remote, tmp_path):
    file = tmp_path / "token"
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert {file.read_text()} == remote.tokens
    assert remote.portal.questions == []


async def test_what_is_copied_in_the_moment_of_the_offer_stays_and_is_not_pasted(desktop, portal, remote):
    async def and_copy(*arguments):
        await remote._set_selection(*arguments)
        remote.copy({TEXT: b"newer"})

    portal.calls[CLIPBOARD, "SetSelection"] = ("oa{sv}", and_copy)
    result = await desktop.insert("hello", HERE, WAYS)
    assert (result.outcome, remote.window.text, len(remote.offers)) == (Outcome.HELD, "", 1)
    assert "another program changed the clipboard" in result.reason
    assert await remote.clipboard() == {TEXT: b"newer"}


async def test_a_read_that_began_before_the_keys_is_not_the_windows(desktop, portal, remote, monkeypatch):
    reads = []

    async def late(*arguments):
        reads.append(desktop._clipboard._reads)
        await until(lambda: desktop._clipboard.pressed)
        return await remote._write(*arguments)

    remote.window.chords = ()
    with monkeypatch.context() as slow:
        slow.setitem(portal.calls, (CLIPBOARD, "SelectionWrite"), ("ou", late))
        result = await desktop.insert("hello", HERE, WAYS)
    assert result.outcome is Outcome.HELD
    await until(lambda: reads[0].all)
    assert reads[0].pasted == 0
