"""What goes wrong with a portal: every text is held with a line that says what to do, and the next one arrives."""

import asyncio
import time

import pytest

from daemon.insert.contract import LATER
from daemon.insert.portal import clipboard
from daemon.insert.portal.desktop import PortalDesktop
from daemon.insert.portal.session import RemoteSession
from daemon.limits import WAYS
from daemon.messages import Outcome
from daemon.paths import APP_ID
from tests.portal.compositor import HINT, TEXT
from tests.portal.remote import CLIPBOARD, REMOTE
from tests.portal.test_insertion import HERE, desktop, given_back, known, until

__all__ = ["desktop"]


@pytest.fixture
async def new(bus, remote, tmp_path):
    """What the daemon has on its first day."""
    desktop = PortalDesktop(RemoteSession(bus, call_s=0.5), tmp_path / "token", receipt_s=0.5, late_s=0.5)
    await desktop.start()
    yield desktop
    await desktop.stop()


async def insert(desktop, text="hello"):
    return await desktop.insert(text, HERE, WAYS)


async def test_nobody_is_asked_before_there_is_a_text(new, portal):
    await new.prepare()
    await asyncio.sleep(0.1)
    assert portal.questions == []
    assert "will need your permission" in new.notice


async def test_the_first_text_waits_for_the_permission_and_is_not_typed_into_the_question(new, portal, remote):
    portal.consent = "hang"
    result = await insert(new)
    assert (result.outcome, remote.window.text) == (Outcome.HELD, "")
    assert "the desktop asks whether" in result.reason
    assert result.reason == new.notice
    assert portal.questions == ["keyboard"]
    assert "asks whether" in (await insert(new)).reason
    assert portal.questions == ["keyboard"]


async def test_after_the_permission_texts_arrive_and_nobody_is_asked_again(new, portal, remote, bus, tmp_path):
    while (await insert(new)).outcome is Outcome.HELD:
        await asyncio.sleep(0.05)
    assert (remote.window.text, new.notice) == ("hello", None)
    await new.stop()
    again = PortalDesktop(RemoteSession(bus), tmp_path / "token")
    await again.start()
    try:
        assert (await insert(again)).outcome is not Outcome.HELD
    finally:
        await again.stop()
    assert portal.questions == ["keyboard"]


async def test_no_means_no_until_the_user_acts(new, portal, remote):
    portal.consent = "refuse"
    first = await insert(new)
    assert first.outcome is Outcome.HELD
    assert "not allowed" in first.reason
    for _ in range(3):
        await new.prepare()
        assert (await insert(new)).reason == first.reason == new.notice
    assert portal.questions == ["keyboard"]
    portal.consent = "grant"
    assert await new.ask() is None
    assert (await insert(new)).outcome is Outcome.SENT
    assert (portal.questions, remote.window.text) == (["keyboard"] * 2, "hello")


@pytest.mark.parametrize("kept", ["not a token", "11111111-1111-4111-8111-111111111111"])
async def test_a_token_that_is_lost_costs_one_question(bus, portal, remote, tmp_path, kept):
    (tmp_path / "token").write_text(kept)
    desktop = PortalDesktop(RemoteSession(bus), tmp_path / "token")
    await desktop.start()
    try:
        assert (await insert(desktop)).outcome is Outcome.SENT
        assert (portal.questions, remote.window.text) == (["keyboard"], "hello")
        assert {(tmp_path / "token").read_text()} == remote.tokens
    finally:
        await desktop.stop()


async def test_a_session_that_ends_before_the_text_is_opened_anew(desktop, portal, remote):
    portal.close_session(remote.session)
    await asyncio.sleep(0.05)
    await desktop.prepare()
    assert (await insert(desktop)).outcome is Outcome.SENT
    assert (remote.window.text, portal.questions) == ("hello", [])


async def test_a_session_that_ends_after_the_keys_is_held_and_the_clipboard_comes_back(
    desktop, portal, remote, monkeypatch
):
    monkeypatch.setattr("daemon.insert.portal.desktop._LATE_BURST_S", 2.0)  # begins as the compositor reads
    await known(desktop, remote)
    before = dict(remote.content)
    remote.window.delay_s = 1.2  # there is a new session by then
    desktop._late_s = 2.0
    inserting = asyncio.create_task(insert(desktop, "lost"))
    await until(lambda: len(remote.offers) == 3)
    await asyncio.sleep(0.1)
    portal.close_session(remote.session)
    result = await inserting
    assert result.outcome is Outcome.HELD
    assert "ended the session" in result.reason
    await asyncio.sleep(1.4)
    assert remote.window.text == "", "what was on its way has found nothing to paste"
    remote.window = type(remote.window)()
    assert await given_back(remote) == before
    assert (await insert(desktop)).outcome is not Outcome.HELD
    assert (remote.window.text, portal.questions) == ("hello", [])


async def test_what_was_copied_while_there_was_no_session_stays(desktop, portal, remote):
    await insert(desktop)
    portal.close_session(remote.session)
    remote.copy({TEXT: b"newer"})
    await until(lambda: remote.session)
    await asyncio.sleep(0.5)
    assert await remote.clipboard() == {TEXT: b"newer"}


async def test_a_portal_that_is_started_anew_is_told_who_we_are_and_nobody_is_asked(desktop, portal, remote):
    await portal.restart()
    await asyncio.sleep(0.05)
    await desktop.prepare()
    result = await insert(desktop)
    assert (result.outcome, remote.window.text, portal.questions) == (Outcome.SENT, "hello", [])


async def test_a_portal_that_ends_in_mid_insertion(desktop, portal, remote):
    before = dict(remote.content)
    remote.window.chords = ()
    inserting = asyncio.create_task(insert(desktop))
    await until(lambda: remote.offers)
    await asyncio.sleep(0.1)
    await portal.restart()
    assert (await inserting).outcome is Outcome.HELD
    remote.window = type(remote.window)()
    await until(lambda: remote.session)
    assert (await insert(desktop)).outcome is not Outcome.HELD
    assert remote.window.text == "hello"
    assert await given_back(remote) == before


@pytest.mark.parametrize("call", ["CreateSession", "Start", "SetSelection", "NotifyKeyboardKeysym", "SelectionRead"])
async def test_a_call_that_is_never_answered_is_given_up_in_time(desktop, portal, remote, call):
    if call in {"CreateSession", "Start"}:
        portal.close_session(remote.session)
        await asyncio.sleep(0.05)
    portal.hangs.add(call)
    began_s = time.monotonic()
    result = await insert(desktop)
    assert (result.outcome, remote.window.text) == (Outcome.HELD, "")
    assert time.monotonic() - began_s < 8
    assert result.reason.endswith("`swictation last --insert`")
    portal.hangs.clear()
    async with asyncio.timeout(5):
        while (await insert(desktop)).outcome is Outcome.HELD:
            await asyncio.sleep(0.05)
    assert remote.window.text == "hello"
    for session in portal.sessions.values():
        session.down.clear()  # the compositor lets the keys of a session go that ended


async def test_a_portal_without_a_clipboard_can_only_type(bus, portal, remote, tmp_path):
    remote.lends = False
    del portal.versions[CLIPBOARD]
    desktop = PortalDesktop(RemoteSession(bus), tmp_path / "token")
    assert not await desktop.usable()
    try:
        result = await insert(desktop)
        assert "lends no clipboard" in result.reason
        assert (await desktop.insert("plain", HERE, ("type",))).outcome is Outcome.SENT
        assert remote.window.text == "plain"
    finally:
        await desktop.stop()


async def test_an_older_portal_knows_no_ids(bus, portal, remote, tmp_path):
    portal.strict = False
    del portal.calls["org.freedesktop.host.portal.Registry", "Register"]
    desktop = PortalDesktop(RemoteSession(bus), tmp_path / "token")
    assert await desktop.usable()
    assert (await insert(desktop)).outcome is Outcome.SENT
    await desktop.stop()


async def test_a_program_that_was_not_installed_makes_itself_known(bus, portal, remote, tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    entry = tmp_path / "data" / "applications" / f"{APP_ID}.desktop"
    portal.installed = entry.exists
    desktop = PortalDesktop(RemoteSession(bus), tmp_path / "token")
    assert (await insert(desktop)).outcome is Outcome.SENT
    assert "Exec=" in entry.read_text()
    await desktop.stop()


async def test_no_portal_and_no_bus(bus, tmp_path):
    for address, said in ((bus, "has no portal"), (f"unix:path={tmp_path}/none", "cannot be reached")):
        desktop = PortalDesktop(RemoteSession(address), tmp_path / "token")
        assert not await desktop.usable()
        result = await insert(desktop)
        assert result.outcome is Outcome.HELD
        assert said in result.reason
        await desktop.stop()


async def test_answers_that_overtake_the_reply(bus, portal, remote, tmp_path):
    portal.answers_first = True
    desktop = PortalDesktop(RemoteSession(bus), tmp_path / "token")
    assert (await insert(desktop)).outcome is Outcome.SENT
    await desktop.stop()


async def test_a_question_that_is_taken_back_closes_its_window(new, portal):
    portal.consent = "hang"
    await insert(new)
    await new.stop()
    await until(lambda: portal.withdrawn)


async def test_no_text_is_logged(desktop, portal, remote, caplog):
    caplog.set_level("DEBUG")
    await insert(desktop, "canaryword")
    remote.window.chords = ()
    await insert(desktop, "canaryword")
    portal.close_session(remote.session)
    await insert(desktop, "canaryword")
    await given_back(remote)
    assert "canaryword" not in caplog.text
    assert "mine" not in caplog.text


async def closes_unanswered(desktop, portal, remote):
    """A text that nothing takes before the session ends."""
    remote.window.chords = ()
    inserting = asyncio.create_task(insert(desktop, "lost"))
    await until(lambda: desktop._clipboard.pressed)
    portal.close_session(remote.session)
    assert (await inserting).outcome is Outcome.HELD


async def time_over(desktop):
    """The clipboard is to be given back, for which a session was asked for in vain."""
    await until(lambda: desktop._timer is None and desktop._access._opening is None)


async def test_the_clipboard_comes_back_also_with_a_session_that_comes_too_late(desktop, portal, remote):
    before = dict(remote.content)
    create = portal.calls.pop((REMOTE, "CreateSession"))
    await closes_unanswered(desktop, portal, remote)
    await time_over(desktop)
    portal.calls[REMOTE, "CreateSession"] = create
    await desktop.prepare()
    await until(lambda: HINT not in remote.offers[-1])
    assert await remote.clipboard() == before


async def test_a_text_that_was_not_taken_refuses_no_other_once_its_time_was_over(desktop, portal, remote):
    await known(desktop, remote)
    remote.window.chords = ()
    assert (await insert(desktop)).silent
    create = portal.calls.pop((REMOTE, "CreateSession"))
    portal.close_session(remote.session)
    await time_over(desktop)
    portal.calls[REMOTE, "CreateSession"] = create
    remote.window = type(remote.window)()
    assert (await insert(desktop, "next")).outcome is not Outcome.HELD
    assert remote.window.text == "next"


async def test_the_clipboard_comes_back_where_its_turn_comes_while_a_new_session_is_looked_at(
    desktop, portal, remote, monkeypatch
):
    monkeypatch.setattr(clipboard, "_READ_S", 5.0)
    before = dict(remote.content)
    await known(desktop, remote)
    remote.slow_owner_s = 1.0
    await closes_unanswered(desktop, portal, remote)
    await until(lambda: len(remote.offers) > 3 and HINT not in remote.offers[-1])
    assert await remote.clipboard() == before


async def test_what_is_copied_while_a_new_session_is_looked_at_stays(desktop, portal, remote):
    read = remote._read

    async def and_copy(*arguments):
        reply = await read(*arguments)
        remote.copy({TEXT: b"newer"})
        return reply

    await insert(desktop)
    portal.calls[CLIPBOARD, "SelectionRead"] = ("os", and_copy)
    portal.close_session(remote.session)
    await until(lambda: remote.session and desktop._access.is_open)
    assert await remote.clipboard() == {TEXT: b"newer"}


async def test_a_session_that_ends_as_it_begins(desktop, portal, remote, monkeypatch):
    portal.close_session(remote.session)
    await until(lambda: not desktop._session.alive)
    with monkeypatch.context() as ending:
        ending.setattr(remote, "_tell", lambda _media_types: portal.close_session(remote.session))
        result = await insert(desktop)
    assert (result.outcome, result.reason) == (Outcome.HELD, f"the desktop ended the session: {LATER}")
    assert (await insert(desktop)).outcome is Outcome.SENT
    assert (remote.window.text, portal.questions) == ("hello", [])
