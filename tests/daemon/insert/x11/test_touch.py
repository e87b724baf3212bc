"""Which events of the X protocol touch a program."""

import struct

import pytest
from Xlib import XK, X
from Xlib.display import Display
from Xlib.ext import xtest

from daemon.insert.x11.loop import Loop
from daemon.insert.x11.touch import OTHER, TouchWatch, touch

DROP = 321


def core(kind, detail=0, *, sent=False):
    return struct.pack("=BBH", kind | (0x80 if sent else 0), detail, 1).ljust(32, b"\0")


def xinput(kind, detail):
    return struct.pack("=BBHIHHII", 35, 131, 1, 0, kind, 3, 0, detail).ljust(32, b"\0")


def message(atom):
    return struct.pack("=BBHII", X.ClientMessage, 32, 1, 99, atom).ljust(32, b"\0")


@pytest.mark.parametrize(
    ("event", "wanted"),
    [
        (core(X.KeyPress, 38), 38),
        (core(X.KeyPress, 38, sent=True), 38),
        (xinput(2, 38), 38),
        (core(X.ButtonPress, 1), OTHER),
        (xinput(4, 1), OTHER),
        (xinput(18, 0), OTHER),
        (message(DROP), OTHER),
        (core(X.KeyRelease, 38), None),
        (xinput(3, 38), None),
        (core(X.ButtonRelease, 1), None),
        (core(X.FocusOut), None),
        (xinput(10, 0), None),
        (xinput(6, 0), None),
        (core(X.PropertyNotify), None),
        (message(DROP + 1), None),
    ],
)
def test_only_keys_clicks_fingers_and_drops_do(event, wanted):
    assert touch(event, DROP) == wanted


@pytest.mark.display
def test_a_new_program_with_the_number_of_one_that_ended_is_watched_like_any_other(desktop):
    name = desktop.environment["DISPLAY"]
    loop = Loop(name)
    code = loop.display.keysym_to_keycode(XK.XK_v)
    watch = TouchWatch(loop, lambda: None)
    numbers = set()
    for _ in range(2):
        program = Display(name)
        window = program.screen().root.create_window(
            0, 0, 9, 9, 0, 0, override_redirect=True, event_mask=X.KeyPressMask
        )
        window.map()
        program.sync()
        window.set_input_focus(X.RevertToPointerRoot, X.CurrentTime)
        program.sync()
        numbers.add(window.id)
        assert watch.begin(window.id, {code: 1}, ())
        for kind in (X.KeyPress, X.KeyRelease):
            xtest.fake_input(loop.display, kind, code)
        assert not watch.missed(code)
        program.close()
        loop.display.sync()
    watch.close()
    loop.display.close()
    assert len(numbers) == 1, "what this test is about did not happen"
