"""The hotkey on a real X server, with keys pressed by XTest and a terminal that must not see them."""

import asyncio
import ctypes
import logging
import os
import signal
import threading
import time

import pytest
from Xlib.display import Display

from daemon.errors import HotkeyError, KeyTaken
from daemon.hotkey import press
from daemon.hotkey.keys import parse
from daemon.hotkey.x11 import X11Hotkey
from tests.desktop import wait_until

pytestmark = pytest.mark.display


def keys(desktop, *command):
    return asyncio.to_thread(desktop.keys, *command)


async def test_holding_the_key_is_one_press_and_one_release_that_the_application_never_sees(desktop, ear, bind, typing):
    await bind("F9")
    await keys(desktop, "keydown", "F9")
    await ear.until(1)
    await asyncio.sleep(1.5)  # auto-repeat sends some twenty pairs
    assert ear.order == ["press"]
    before_s = time.monotonic()
    await keys(desktop, "keyup", "F9")
    await ear.until(2)
    await ear.quiet()
    assert ear.order == ["press", "release"]
    (_, pressed_s), (_, released_s) = ear.heard
    assert pressed_s + 1.5 <= before_s <= released_s <= time.monotonic()
    assert await typing.settled() == b""


async def test_without_the_hotkey_the_terminal_sees_the_key(desktop, typing):
    await keys(desktop, "key", "F9")
    assert await typing.settled() == b"\x1b[20~"


async def test_after_stop_the_key_belongs_to_the_applications_again(desktop, ear, bind, typing):
    hotkey = await bind("F9")
    await hotkey.stop()
    await keys(desktop, "key", "F9")
    assert await typing.settled() == b"\x1b[20~"
    assert ear.heard == []


@pytest.mark.parametrize("locks", [["Caps_Lock"], ["Num_Lock"], ["Caps_Lock", "Num_Lock"]])
async def test_locks_make_no_difference(desktop, ear, bind, typing, locks):
    await bind("F9")
    await keys(desktop, "key", *locks)
    try:
        await keys(desktop, "key", "F9")
        await ear.until(2)
    finally:
        await keys(desktop, "key", *locks)
    assert ear.order == ["press", "release"]
    assert await typing.settled() == b""


async def test_two_quick_taps_are_two(desktop, ear, bind, typing):
    await bind("F9")
    await keys(desktop, "key", "--delay", "240", "F9", "F9")
    await ear.until(4)
    await ear.quiet()
    assert ear.order == ["press", "release"] * 2
    assert await typing.settled() == b""


async def test_a_bounce_within_the_grace_is_no_release(desktop, ear, bind, monkeypatch):
    monkeypatch.setattr(press, "_SETTLED_S", 1.0)
    await bind("F9", grace_s=1.0)
    await keys(desktop, "keydown", "F9", "keyup", "F9", "keydown", "F9")
    await ear.until(1)
    await ear.quiet(1.5)
    assert ear.order == ["press"]
    await keys(desktop, "keyup", "F9")
    await ear.until(2)
    assert ear.order == ["press", "release"]


async def test_a_release_after_a_hold_does_not_wait_for_the_grace(desktop, ear):
    hotkey = X11Hotkey(parse("F9"), ear.listener, display=desktop.name, release_grace_s=3600)
    await hotkey.start()
    try:
        await keys(desktop, "keydown", "F9")
        await asyncio.sleep(1.0)  # in the midst of auto-repeat
        await keys(desktop, "keyup", "F9")
        await ear.until(2)
        assert ear.order == ["press", "release"]
    finally:
        await hotkey.stop()


async def test_a_key_that_bounced_in_a_hold_is_given_the_grace_from_then_on(desktop, ear, bind):
    await bind("F9", grace_s=0.3)
    for _ in range(2):
        await keys(
            desktop, "keydown", "F9", "sleep", "0.6", "keyup", "F9", "keydown", "F9", "sleep", "0.6", "keyup", "F9"
        )
        await ear.quiet(0.7)
    assert ear.order == ["press", "release"] * 3


async def test_rapid_taps_end_balanced(desktop, ear, bind, typing):
    await bind("F9")
    await keys(desktop, "key", "--delay", "8", *["F9"] * 200)
    await ear.until(2)
    await ear.quiet()
    presses, releases = ear.order.count("press"), ear.order.count("release")
    assert presses == releases
    assert ear.order == ["press", "release"] * presses
    assert await typing.settled() == b""


async def test_a_key_that_is_taken_is_named(bind, taken):
    taken("F8")
    with pytest.raises(KeyTaken, match=r"the key F8 is taken .* `swictation config set hotkey\.key KEY`"):
        await bind("F8")


async def test_a_key_that_the_layout_lacks_is_named(bind):
    with pytest.raises(HotkeyError, match="this keyboard layout has no key F24"):
        await bind("F24")


async def test_a_refusal_leaves_no_thread_behind(bind, taken):
    taken("F7")
    with pytest.raises(KeyTaken):
        await bind("F7")
    wait_until("the end of the thread", lambda: "hotkey" not in [thread.name for thread in threading.enumerate()])


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")  # python-xlib leaves sockets to the GC
async def test_no_such_display_is_an_error_that_names_it(ear):
    hotkey = X11Hotkey(parse("F9"), ear.listener, display=":4095", release_grace_s=0.05)
    with pytest.raises(HotkeyError, match="the display :4095 cannot be opened"):
        await hotkey.start()


async def test_modifiers_and_a_key(desktop, ear, bind, typing):
    await bind("ctrl+alt+space")
    await keys(desktop, "key", "space")
    await keys(desktop, "keydown", "ctrl", "keydown", "alt", "keydown", "space")
    await ear.until(1)
    await asyncio.sleep(0.9)  # auto-repeat
    await keys(desktop, "keyup", "alt", "keyup", "ctrl")
    await asyncio.sleep(0.3)
    await keys(desktop, "keyup", "space")
    await ear.until(2)
    await ear.quiet()
    assert ear.order == ["press", "release"]
    assert await typing.settled() == b" "


async def test_a_modifier_alone(desktop, ear, bind, typing):
    await bind("Right Ctrl")
    right_ctrl = "105"  # by its code: for the name xdotool holds the left one as well
    await keys(desktop, "keydown", right_ctrl)
    await ear.until(1)
    await keys(desktop, "key", "c")  # it remains a modifier meanwhile
    await keys(desktop, "keyup", right_ctrl)
    await ear.until(2)
    await ear.quiet()
    assert ear.order == ["press", "release"]
    assert await typing.settled() == b"\x03"


async def test_other_keys_reach_the_application_while_the_hotkey_is_held(desktop, ear, bind, typing):
    await bind("F9")
    await keys(desktop, "keydown", "F9")
    await ear.until(1)
    await asyncio.sleep(0.8)  # in the midst of auto-repeat
    text = "The quick BROWN fox, JUMPS over 13 (lazy) DOGS! " * 4
    await keys(desktop, "type", "--delay", "3", text)
    await keys(desktop, "key", "ctrl+v", "F5", "shift+F3")
    await keys(desktop, "keyup", "F9")
    await ear.until(2)
    await ear.quiet()
    assert ear.order == ["press", "release"]
    assert await typing.settled("y") == text.encode() + b"\x16\x1b[15~\x1b[1;2R"


async def test_a_paste_chord_arrives_while_auto_repeat_runs(desktop, ear, bind, typing):
    """A chord only of modifiers does not end auto-repeat, so each round meets it in full flow."""
    await bind("F9")
    for _ in range(5):
        await keys(desktop, "keydown", "F9")
        await asyncio.sleep(0.8)
        for _ in range(10):
            await keys(desktop, "key", "shift")
        await keys(desktop, "key", "shift+b")
        await keys(desktop, "keyup", "F9")
        await asyncio.sleep(0.1)
    await ear.until(10)
    assert ear.order == ["press", "release"] * 5
    assert await typing.settled() == b"BBBBB"


async def test_escape_cancels_only_while_it_is_wanted(desktop, ear, bind, typing):
    hotkey = await bind("F9")
    await keys(desktop, "key", "Escape")
    assert await typing.settled() == b"\x1b"
    hotkey.cancel_key(True)
    await keys(desktop, "key", "z")
    await keys(desktop, "keydown", "Escape")
    await ear.until(1)
    await asyncio.sleep(0.8)  # its auto-repeat is not another cancel
    await keys(desktop, "keyup", "Escape")
    hotkey.cancel_key(False)
    await ear.quiet()
    assert ear.order == ["cancel"]
    await keys(desktop, "key", "Escape")
    assert await typing.settled() == b"\x1bzz\x1b"
    assert ear.order == ["cancel"]


async def test_escape_cancels_while_the_hotkey_is_held(desktop, ear, bind, typing):
    hotkey = await bind("F9")
    await keys(desktop, "keydown", "F9")
    await ear.until(1)
    hotkey.cancel_key(True)
    await keys(desktop, "key", "a", "Escape", "b")
    await ear.until(2)
    hotkey.cancel_key(False)
    await keys(desktop, "keyup", "F9")
    await ear.until(3)
    assert ear.order == ["press", "cancel", "release"]
    assert await typing.settled() == b"ab"


async def test_a_taken_escape_is_no_error_and_said_once(desktop, ear, bind, taken, caplog):
    taken("Escape")
    hotkey = await bind("F9")
    with caplog.at_level(logging.WARNING):
        for _ in range(3):
            hotkey.cancel_key(True)
            hotkey.cancel_key(False)
        hotkey.cancel_key(True)
        await keys(desktop, "key", "F9")
        await ear.until(2)
        hotkey.cancel_key(False)
        await keys(desktop, "key", "F9")
        await ear.until(4)
    assert [record.getMessage()[:15] for record in caplog.records] == ["Escape is taken"]


def second_layout(display_name):
    """Switch to the second layout as the desktop's switcher does, and say which one is in force."""
    x11 = ctypes.CDLL("libX11.so.6")
    x11.XOpenDisplay.restype = ctypes.c_void_p
    display = ctypes.c_void_p(x11.XOpenDisplay(display_name.encode()))
    x11.XkbLockGroup(display, 0x100, 1)
    x11.XSync(display, 0)
    x11.XCloseDisplay(display)
    connection = Display(display_name)
    state = connection.screen().root.query_pointer().mask
    connection.close()
    return state >> 13 & 3


async def press_with_ctrl_alt(desktop, code):
    await keys(desktop, "keydown", "37", "keydown", "64", "key", code, "keyup", "64", "keyup", "37")


async def test_a_second_layout_keeps_the_physical_key(fresh_desktop, ear, bind):
    fresh_desktop.run("setxkbmap", "us,ru")
    await bind("ctrl+alt+d", on=fresh_desktop)
    physical_d = "40"
    await press_with_ctrl_alt(fresh_desktop, physical_d)
    await ear.until(2)
    assert second_layout(fresh_desktop.name) == 1
    await press_with_ctrl_alt(fresh_desktop, physical_d)
    await ear.until(4)
    assert ear.order == ["press", "release"] * 2


async def test_a_new_keyboard_map_is_followed(fresh_desktop, ear, bind):
    await bind("ctrl+alt+y", on=fresh_desktop)
    fresh_desktop.run("setxkbmap", "de")  # y and z change places
    await asyncio.sleep(1)

    await press_with_ctrl_alt(fresh_desktop, "29")
    await ear.quiet()
    assert ear.order == []
    await press_with_ctrl_alt(fresh_desktop, "52")
    await ear.until(2)
    fresh_desktop.run("setxkbmap", "ru")  # has no y: the physical key stays
    await asyncio.sleep(1)
    await press_with_ctrl_alt(fresh_desktop, "52")
    await ear.until(4)
    assert ear.order == ["press", "release"] * 2


async def test_a_server_that_dies_is_told_once(fresh_desktop, ear, bind):
    hotkey = await bind("F9", on=fresh_desktop)
    os.kill(fresh_desktop.server_pid, signal.SIGKILL)
    await ear.until(1)
    await ear.quiet()
    assert ear.heard == [("lost", "the X server closed the connection")]
    hotkey.cancel_key(True)  # harmless
    await hotkey.stop()


async def test_a_server_that_dies_while_the_key_is_held(fresh_desktop, ear, bind):
    await bind("F9", on=fresh_desktop)
    await keys(fresh_desktop, "keydown", "F9")
    await ear.until(1)
    os.kill(fresh_desktop.server_pid, signal.SIGKILL)
    await ear.until(2)
    assert ear.order == ["press", "lost"]


async def test_a_frozen_server_delays_nothing(fresh_desktop, ear, bind):
    hotkey = await bind("F9", on=fresh_desktop)
    await keys(fresh_desktop, "keydown", "F9")
    await ear.until(1)
    os.kill(fresh_desktop.server_pid, signal.SIGSTOP)
    try:
        await asyncio.sleep(0.6)  # the thread is by now in its look at the keyboard
        hotkey.cancel_key(True)
        async with asyncio.timeout(5):
            await hotkey.stop()
    finally:
        os.kill(fresh_desktop.server_pid, signal.SIGCONT)
    assert ear.order == ["press"]


async def test_stopping_twice_or_unstarted_is_harmless(desktop, ear, bind):
    hotkey = X11Hotkey(parse("F9"), ear.listener, display=desktop.name, release_grace_s=0.05)
    await hotkey.stop()
    await hotkey.start()
    await hotkey.stop()
    await hotkey.stop()
    await hotkey.start()  # and it can be started anew
    await keys(desktop, "key", "F9")
    await ear.until(2)
    await hotkey.stop()
    assert ear.order == ["press", "release"]
