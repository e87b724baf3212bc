"""Texts into real programs, and what keeps them out."""

import asyncio
import os
import signal

import pytest

from daemon.messages import Outcome, Target
from tests.daemon.insert.conftest import TEXTS
from tests.desktop import wait_until

pytestmark = pytest.mark.display


async def arrives(application, text):
    """The text stands in the terminal, which may have read half a character of it so far."""
    wait_until("the text", lambda: application._file.read_bytes() == text.encode(), 10)
    await asyncio.sleep(0.3)
    assert application.text() == text


@pytest.mark.parametrize("program", ["terminal", "mousepad", "featherpad"])
async def test_every_text_arrives_exactly(desktop, clipboard, inserter, program):
    application = getattr(desktop, program)()
    try:
        so_far = ""
        for text in TEXTS.values():
            await inserter.prepare()
            target = await inserter.focus()
            result = await inserter.insert(text, target)
            assert result.outcome is Outcome.CONFIRMED, result.reason
            assert 0 < result.insert_ms < 3000
            so_far += text
        # featherpad saves a line's end of its own
        await asyncio.sleep(0.5)
        wait_until("the text", lambda: application.text().removesuffix("\n") == so_far, 10)
        await asyncio.sleep(0.5)
        assert application.text().removesuffix("\n") == so_far
        assert clipboard.owners() == [0, 0]
    finally:
        application.close()


@pytest.mark.parametrize("program", ["mousepad", "featherpad"])
async def test_a_text_replaces_what_is_marked(desktop, clipboard, inserter, program):
    application = getattr(desktop, program)()
    try:
        target = await inserter.focus()
        for text in ("old", "new", "newest"):
            desktop.xdotool("key", "ctrl+a")
            await asyncio.sleep(0.3)
            assert (await inserter.insert(text, target)).outcome is Outcome.CONFIRMED
            await asyncio.sleep(0.5)
        wait_until("the text", lambda: application.text().removesuffix("\n") == "newest", 10)
    finally:
        application.close()


async def test_a_text_too_long_for_one_request_arrives_in_pieces(terminal, clipboard, inserter):
    text = "".join(f"{number:06} é漢 " for number in range(20_000))
    result = await inserter.insert(text, await inserter.focus())
    assert result.outcome is Outcome.CONFIRMED, result.reason
    wait_until("the text", lambda: terminal._file.read_bytes() == text.encode(), 30)


async def test_quick_ones_arrive_in_order_and_once(terminal, clipboard, inserter):
    clipboard.copy(b"mine")
    target = await inserter.focus()
    for number in range(10):
        assert (await inserter.insert(f"<{number}>", target)).outcome is Outcome.CONFIRMED
    await arrives(terminal, "".join(f"<{number}>" for number in range(10)))
    assert clipboard.read() == b"mine"


async def test_the_focus_is_the_window_that_the_user_knows(desktop, terminal, inserter):
    target = await inserter.focus()
    assert target == Target(int(terminal.window), '"terminal"')


async def test_nothing_goes_into_another_window(desktop, terminal, clipboard, inserter):
    clipboard.copy(b"mine")
    target = await inserter.focus()
    other = desktop.terminal("other")
    try:
        result = await inserter.insert("for the first", target)
        assert result.outcome is Outcome.HELD
        assert "window in front changed" in result.reason
        assert "swictation last --insert" in result.reason
        await asyncio.sleep(0.5)
        assert other.text() == terminal.text() == ""
        assert clipboard.read() == b"mine"
    finally:
        other.close()


async def test_without_a_focused_window_the_text_is_held(desktop, clipboard, inserter):
    terminal = desktop.terminal("closing")
    target = await inserter.focus()
    terminal.close()
    wait_until("the window to go", lambda: not desktop.xdotool("search", "--onlyvisible", "--name", "closing"))
    assert await inserter.focus() is None
    for gone in (None, target):
        result = await inserter.insert("for nobody", gone)
        assert result.outcome is Outcome.HELD
        assert "no window ha" in result.reason
    assert clipboard.owners() == [0, 0]


@pytest.mark.parametrize("key", ["Control_L", "Super_L", "Shift_R"])
async def test_a_modifier_that_stays_down_holds_the_text(desktop, terminal, clipboard, inserter, key):
    clipboard.copy(b"mine")
    target = await inserter.focus()
    desktop.key_down(key)
    try:
        result = await inserter.insert("send it", target)
        assert result.outcome is Outcome.HELD
        assert f"the {key[:-2]} key" in result.reason
    finally:
        desktop.key_up(key)
    await asyncio.sleep(0.5)
    assert terminal.text() == ""
    assert clipboard.read() == b"mine"


async def test_a_modifier_that_is_let_go_in_time_does_not(desktop, terminal, inserter):
    target = await inserter.focus()
    desktop.key_down("Control_L")
    task = asyncio.create_task(inserter.insert("send it", target))
    await asyncio.sleep(0.5)
    assert terminal.text() == ""
    desktop.key_up("Control_L")
    assert (await task).outcome is Outcome.CONFIRMED
    await arrives(terminal, "send it")


async def test_locks_are_no_obstacle(desktop, terminal, inserter):
    desktop.xdotool("key", "Caps_Lock", "Num_Lock")
    try:
        assert (await inserter.insert("Sent it", await inserter.focus())).outcome is Outcome.CONFIRMED
    finally:
        desktop.xdotool("key", "Caps_Lock", "Num_Lock")
    await arrives(terminal, "Sent it")


async def test_another_keyboard_layout_changes_nothing(desktop, terminal, inserter):
    target = await inserter.focus()
    so_far = ""
    try:
        for layout in ("de", "ru", "us,ru", "us"):
            desktop.run("setxkbmap", layout)
            assert (await inserter.insert(TEXTS["unicode"], target)).outcome is Outcome.CONFIRMED
            so_far += TEXTS["unicode"]
    finally:
        desktop.run("setxkbmap", "us")
    await arrives(terminal, so_far)


async def test_on_a_keyboard_without_an_insert_key_a_terminal_is_typed_into(desktop, terminal, clipboard, inserter):
    clipboard.copy(b"mine")
    desktop.run("xmodmap", "-e", "keysym Insert = NoSymbol")
    try:
        target = await inserter.focus()
        held = await inserter.insert("naïve", target)
        assert held.outcome is Outcome.HELD
        assert "no keys for shift+insert" in held.reason
        sent = await inserter.insert("text", target)
        assert (sent.outcome, sent.way, sent.silent) == (Outcome.SENT, "type", ())
    finally:
        desktop.run("setxkbmap", "us")
    await arrives(terminal, "text")
    assert clipboard.read() == b"mine"


@pytest.mark.parametrize("text", ["a\x03b", "\x1b[A", ""])
async def test_control_characters_never_leave(terminal, inserter, text):
    result = await inserter.insert(text, await inserter.focus())
    assert result.outcome is Outcome.HELD
    await asyncio.sleep(0.3)
    assert terminal.text() == ""


async def test_a_slow_program_gets_its_text(terminal, clipboard, inserter):
    clipboard.copy(b"mine")
    target = await inserter.focus()
    os.kill(terminal._process.pid, signal.SIGSTOP)
    task = asyncio.create_task(inserter.insert("at last", target))
    await asyncio.sleep(1.4)
    os.kill(terminal._process.pid, signal.SIGCONT)
    result = await task
    assert result.outcome is Outcome.CONFIRMED, result.reason
    assert result.insert_ms > 1200
    await arrives(terminal, "at last")
    assert clipboard.read() == b"mine"


@pytest.mark.parametrize("mine", [b"mine", None])
async def test_a_program_that_wakes_up_too_late_gets_nothing(terminal, clipboard, inserter, mine):
    if mine is not None:
        clipboard.copy(mine, "primary")
    target = await inserter.focus()
    os.kill(terminal._process.pid, signal.SIGSTOP)
    try:
        result = await inserter.insert("too late", target)
        assert result.outcome is Outcome.HELD
        assert '"terminal" did not take the text within 3 s' in result.reason
        again = await inserter.insert("and more", target)
        assert again.outcome is Outcome.HELD
        assert "has not answered the last paste" in again.reason
    finally:
        os.kill(terminal._process.pid, signal.SIGCONT)
    await asyncio.sleep(2)
    assert terminal.text() == ""
    assert clipboard.read("primary") == mine
    assert (await inserter.insert("now it is up", target)).outcome is Outcome.CONFIRMED
    await arrives(terminal, "now it is up")


async def test_a_program_that_never_pastes_is_not_taken_for_one_that_did(desktop, clipboard, inserter):
    deaf = desktop.spawn("xterm", "-T", "deaf", "-xrm", "*VT100.translations: #override Shift <Key>Insert: ignore()")
    greedy = desktop.spawn("sh", "-c", "while :; do xclip -o -selection clipboard; xclip -o; sleep 0.02; done")
    try:
        window = wait_until("deaf", lambda: desktop.xdotool("search", "--onlyvisible", "--name", "deaf").strip())
        desktop.xdotool("windowactivate", "--sync", window)
        clipboard.copy(b"mine")
        target = await inserter.focus()
        assert target.window == int(window)
        result = await inserter.insert("unheard", target)
        assert result.outcome is Outcome.HELD
        assert "did not take the text" in result.reason
        assert clipboard.read() == b"mine"
    finally:
        for process in (deaf, greedy):
            process.kill()
            process.wait()
