"""The last insertion taken back in real programs, and everything after which it must not be."""

import asyncio

import pytest

from daemon.insert.backspaces import presses
from daemon.messages import Outcome
from tests.desktop import wait_until

pytestmark = pytest.mark.display

TEXT = "Žluťoučký “kůň” … naïve café; 漢字かな 한국어 🎉 done. "


async def insert(inserter, text=TEXT):
    result = await inserter.insert(text, await inserter.focus())
    assert result.outcome is Outcome.CONFIRMED, result.reason
    return result


@pytest.fixture(params=["shell", "mousepad", "featherpad"])
def target(request, desktop):
    """A shell's prompt, which edits its line itself, and two editors."""
    application = getattr(desktop, request.param)()
    yield application
    application.close()


@pytest.mark.parametrize("text", [TEXT, "".join(f"word {number:03} " for number in range(120))], ids=["mixed", "long"])
async def test_exactly_the_text_is_taken_back(desktop, clipboard, inserter, target, text):
    desktop.xdotool("type", "--delay", "20", "before")
    await asyncio.sleep(0.5)
    await insert(inserter, text)
    assert inserter.undoable
    assert presses(text) == len(text)
    await asyncio.sleep(0.5)
    assert await inserter.undo() is None
    assert not inserter.undoable
    await asyncio.sleep(0.5)
    assert await inserter.undo() == "it was taken back already"
    desktop.xdotool("type", "--delay", "20", "after")
    wait_until("the rest", lambda: target.text().removesuffix("\n") == "beforeafter", 10)


async def test_of_two_insertions_only_the_last_is_taken_back(terminal, clipboard, inserter):
    await insert(inserter, "one ")
    await insert(inserter, "two ")
    assert await inserter.undo() is None
    wait_until("the keys", lambda: terminal.text() == "one two " + "\x7f" * 4, 10)
    assert await inserter.undo() is not None


@pytest.mark.parametrize("program", ["terminal", "mousepad", "featherpad"])
@pytest.mark.parametrize(
    "touch", [("key", "x"), ("key", "Left"), ("click", "1"), ("click", "2"), ("key", "ctrl+z")], ids=" ".join
)
async def test_whatever_touches_the_window_ends_it(desktop, clipboard, inserter, program, touch):
    application = getattr(desktop, program)()
    try:
        await insert(inserter)
        assert inserter.undoable
        desktop.xdotool("mousemove", "--window", application.window, "60", "80", *touch)
        await wait_for(lambda: not inserter.undoable)
        assert "used since" in await inserter.undo()
    finally:
        application.close()


async def test_nothing_is_taken_from_another_window(desktop, terminal, clipboard, inserter):
    await insert(inserter)
    other = desktop.terminal("other")
    try:
        desktop.xdotool("type", "--delay", "20", "mine")
        assert "another window has the focus" in await inserter.undo()
        wait_until("the user's own keys", lambda: other.text() == "mine", 10)
        wait_until("the text alone", lambda: terminal.text() == TEXT, 10)
        terminal.focus()
        assert await inserter.undo() is None
    finally:
        other.close()
    wait_until("the keys", lambda: terminal.text() == TEXT + "\x7f" * len(TEXT), 10)


async def test_what_goes_to_other_programs_does_not_touch_it(desktop, terminal, clipboard, inserter):
    await insert(inserter)
    desktop.xdotool("mousemove", "1270", "790")  # the desktop, as a panel's menu would be
    desktop.xdotool("keydown", "Shift_L", "keyup", "Shift_L")
    await asyncio.sleep(0.3)
    assert inserter.undoable
    assert await inserter.undo() is None


async def test_a_shortcut_of_the_desktop_may_be_what_asks_for_it(desktop, terminal, clipboard, inserter):
    """Such as a key that is bound to `swictation undo`, which the desktop takes with a grab."""
    from Xlib import XK, X
    from Xlib.display import Display

    binding = Display(desktop.environment["DISPLAY"])
    code = binding.keysym_to_keycode(XK.XK_F7)
    binding.screen().root.grab_key(code, X.Mod4Mask, False, X.GrabModeAsync, X.GrabModeAsync)
    binding.sync()
    try:
        await insert(inserter)
        desktop.key_down("Super_L")
        desktop.key_down("F7")
        undoing = asyncio.create_task(inserter.undo())
        await asyncio.sleep(0.3)
        assert not undoing.done()
        desktop.key_up("F7")
        desktop.key_up("Super_L")
        assert await undoing is None
    finally:
        binding.close()
    wait_until("the keys", lambda: terminal.text() == TEXT + "\x7f" * len(TEXT), 10)


async def test_a_key_that_stays_down_keeps_it(desktop, terminal, clipboard, inserter):
    await insert(inserter)
    desktop.key_down("Shift_L")
    try:
        assert "held down" in await inserter.undo()
    finally:
        desktop.key_up("Shift_L")
    assert await inserter.undo() is None


async def test_a_text_that_replaced_a_marked_one_is_not_taken_back(desktop, clipboard, inserter):
    """Where the program shows that something is marked; Qt does not for a mark that was made by keys."""
    application = desktop.mousepad()
    try:
        desktop.xdotool("type", "--delay", "20", "mine")
        desktop.xdotool("key", "ctrl+a")
        wait_until("the mark", lambda: clipboard.owners()[1], 10)
        await insert(inserter)
        assert not inserter.undoable
        assert "replaced" in await inserter.undo()
    finally:
        application.close()


async def test_a_text_that_programs_disagree_about_is_not_taken_back(terminal, clipboard, inserter):
    await insert(inserter, "👩\u200d🚀 up")
    assert not inserter.undoable
    assert "in ways of their own" in await inserter.undo()


async def test_before_the_first_and_after_the_worker_died_there_is_nothing(terminal, clipboard, inserter):
    assert await inserter.undo() == "nothing was inserted yet"
    await insert(inserter)
    assert inserter.undoable
    inserter.desktop._worker.kill()
    await wait_for(lambda: not inserter.undoable)


async def wait_for(probe):
    async with asyncio.timeout(10):
        while not probe():
            await asyncio.sleep(0.02)
