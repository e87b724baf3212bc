"""Texts into real programs under a real compositor, and what keeps them out."""

import asyncio

import pytest

from daemon.insert.contract import CTRL_SHIFT_V, CTRL_V, SHIFT_INSERT, TYPE
from daemon.insert.wayland.loop import Loop
from daemon.insert.wayland.protocol import Interface
from daemon.messages import Outcome, Target
from tests.daemon.insert.conftest import TEXTS
from tests.daemon.insert.wayland.conftest import running
from tests.desktop import wait_until
from tests.sway import SwayDesktop

pytestmark = pytest.mark.display

WAYS = {
    "foot": (SHIFT_INSERT, CTRL_SHIFT_V, TYPE),
    "qt": (SHIFT_INSERT, CTRL_V, TYPE),
    "mousepad": (SHIFT_INSERT, CTRL_V, TYPE),
}


async def arrives(application, text):
    wait_until("the text", lambda: application.text().removesuffix("\n") == text)
    await asyncio.sleep(0.3)
    assert application.text().removesuffix("\n") == text


@pytest.mark.parametrize("program", WAYS)
async def test_every_text_arrives_exactly_by_each_way(desktop, clipboard, inserter, program):
    application = getattr(desktop, program)()
    try:
        so_far = ""
        for way in WAYS[program]:
            for text in TEXTS.values():
                await inserter.prepare()
                target = await inserter.focus()
                result = await inserter.insert(text, target, [way])
                assert result.outcome is (Outcome.SENT if way == TYPE else Outcome.CONFIRMED), result.reason
                assert result.way == way
                assert 0 < result.insert_ms < 3000
                so_far += text
            await arrives(application, so_far)
        assert clipboard.types() == clipboard.types(primary=True) == []
    finally:
        application.close()


@pytest.mark.parametrize("program", ["mousepad", "qt"])
async def test_a_text_replaces_what_is_marked(desktop, clipboard, inserter, program):
    application = getattr(desktop, program)()
    try:
        target = await inserter.focus()
        for text in ("old", "new", "newest"):
            desktop.key("ctrl+a")
            await asyncio.sleep(0.3)
            assert (await inserter.insert(text, target, [SHIFT_INSERT, CTRL_V])).outcome is Outcome.CONFIRMED
            await asyncio.sleep(0.5)
        await arrives(application, "newest")
    finally:
        application.close()


async def test_a_text_too_long_for_a_pipe_arrives_in_pieces(foot, clipboard, inserter):
    text = "".join(f"{number:06} é漢 " for number in range(20_000))
    result = await inserter.insert(text, await inserter.focus(), [SHIFT_INSERT])
    assert result.outcome is Outcome.CONFIRMED, result.reason
    wait_until("the text", lambda: foot.file.read_bytes() == text.encode(), 30)


@pytest.mark.parametrize("program", ["foot", "mousepad"])
async def test_quick_ones_arrive_in_order_and_once(desktop, clipboard, inserter, program):
    clipboard.copy(b"mine")
    application = getattr(desktop, program)()
    try:
        target = await inserter.focus()
        for number in range(8):
            result = await inserter.insert(f"<{number}>", target, [SHIFT_INSERT])
            assert result.outcome is Outcome.CONFIRMED, result.reason
        await arrives(application, "".join(f"<{number}>" for number in range(8)))
        assert clipboard.read() == b"mine"
    finally:
        application.close()


async def test_the_next_way_is_tried_where_one_is_ignored(desktop, clipboard, inserter):
    qt = desktop.qt()
    try:
        result = await inserter.insert("once", await inserter.focus(), [CTRL_SHIFT_V, SHIFT_INSERT])
        assert result.outcome is Outcome.CONFIRMED, result.reason
        assert (result.way, result.silent) == (SHIFT_INSERT, (CTRL_SHIFT_V,))
        await arrives(qt, "once")
    finally:
        qt.close()


async def test_after_chords_that_were_ignored_it_can_be_typed(deaf, clipboard, inserter):
    result = await inserter.insert("typed", await inserter.focus(), [SHIFT_INSERT, TYPE])
    assert result.outcome is Outcome.SENT
    assert (result.way, result.silent) == (TYPE, (SHIFT_INSERT,))
    wait_until("the text", lambda: deaf.text().endswith("typed"), 10)  # after what the key is for programs in it


async def test_a_long_text_is_not_typed(foot, clipboard, inserter):
    result = await inserter.insert("x" * 1001, await inserter.focus(), [TYPE])
    assert result.outcome is Outcome.HELD
    assert "1000 characters" in result.reason
    assert foot.text() == ""


async def test_the_focus_is_the_window_that_the_user_knows(desktop, foot, inserter):
    target = await inserter.focus()
    assert target == Target(foot.window, kind="wayland")
    assert (target.application, target.pid, target.title) == ("foot", foot.process.pid, '"foot"')


@pytest.mark.parametrize("says", ["sway", "the protocol"])
async def test_nothing_goes_into_another_window(desktop, foot, clipboard, monkeypatch, says):
    if says == "sway":
        monkeypatch.setenv("SWAYSOCK", desktop.environment["SWAYSOCK"])
    else:
        monkeypatch.delenv("SWAYSOCK", raising=False)
    clipboard.copy(b"mine")
    async with running(desktop) as inserter:
        target = await inserter.focus()
        other = desktop.foot()
        try:
            result = await inserter.insert("for the first", target, [SHIFT_INSERT])
            assert result.outcome is Outcome.HELD
            assert "window in front changed" in result.reason
            assert "swictation last --insert" in result.reason
            assert other.text() == foot.text() == ""
            assert clipboard.read() == b"mine"
        finally:
            other.close()


async def test_without_a_focused_window_the_text_is_held(desktop, clipboard, inserter):
    foot = desktop.foot()
    target = await inserter.focus()
    foot.close()
    assert await inserter.focus() is None
    result = await inserter.insert("for nobody", target, [SHIFT_INSERT])
    assert result.outcome is Outcome.HELD
    assert "no window has" in result.reason
    assert clipboard.types() == []


async def test_while_the_session_is_locked_the_text_is_held(desktop, foot, clipboard, inserter):
    target = await inserter.focus()
    locker = Loop(desktop.environment["WAYLAND_DISPLAY"])
    manager = locker.bind(Interface("zwlr_input_inhibit_manager_v1", {"get_inhibitor": "n"}, {}, {}))
    manager.send("get_inhibitor", locker.connection.new(Interface("zwlr_input_inhibitor_v1", {}, {}, {})))
    locker.sync()
    try:
        assert await inserter.focus() is None
        result = await inserter.insert("for nobody", target, [SHIFT_INSERT])
        assert result.outcome is Outcome.HELD
        assert "no window has" in result.reason
    finally:
        locker.close()
    foot.focus()
    assert (await inserter.insert("later", target, [SHIFT_INSERT])).outcome is Outcome.CONFIRMED
    await arrives(foot, "later")


async def test_keys_that_the_user_holds_are_no_obstacle(desktop, foot, clipboard, inserter):
    target = await inserter.focus()
    with desktop.held("ctrl"):
        assert (await inserter.insert("Sent it", target, [SHIFT_INSERT])).outcome is Outcome.CONFIRMED
        assert (await inserter.insert(" and typed", target, [TYPE])).outcome is Outcome.SENT
        await asyncio.sleep(0.3)
    await arrives(foot, "Sent it and typed")


async def test_layouts_caps_lock_and_shortcuts_of_the_user_change_nothing(tmp_path, monkeypatch):
    config = 'input * xkb_layout "ru,de"\ninput * xkb_options "ctrl:swapcaps"\nbindsym Shift+Insert nop\n'
    with SwayDesktop(tmp_path, config) as desktop:
        monkeypatch.setenv("SWAYSOCK", desktop.environment["SWAYSOCK"])
        async with running(desktop) as inserter:
            qt = desktop.qt()
            desktop.caps_lock()
            target = await inserter.focus()
            result = await inserter.insert("«Žluťoučký», ", target, [SHIFT_INSERT, CTRL_V])
            assert (result.outcome, result.way, result.silent) == (Outcome.CONFIRMED, CTRL_V, (SHIFT_INSERT,))
            desktop.message("input * xkb_switch_layout 1")
            assert (await inserter.insert("Zyß; ", target, [CTRL_V])).outcome is Outcome.CONFIRMED
            await arrives(qt, "«Žluťoučký», Zyß; ")
            assert (await inserter.insert("Typed: zy;ж", target, [TYPE])).outcome is Outcome.SENT
            await arrives(qt, "«Žluťoučký», Zyß; Typed: zy;ж")


async def test_what_could_run_something_is_refused(foot, inserter):
    for text in ("", "\x1b[2J", "a\rb"):
        assert (await inserter.insert(text, await inserter.focus(), [SHIFT_INSERT])).outcome is Outcome.HELD
    assert foot.text() == ""


async def test_it_cannot_be_taken_back_and_the_reason_says_so(foot, clipboard, inserter):
    assert (await inserter.insert("stays", await inserter.focus(), [SHIFT_INSERT])).outcome is Outcome.CONFIRMED
    assert not inserter.undoable
    assert "Wayland" in await inserter.undo()
