"""The decisions of the X11 way in, without a display."""

import itertools

import pytest
from Xlib import XK

from daemon.insert.content import fault, rank
from daemon.insert.x11.content import text_offer
from daemon.insert.x11.keys import first_down, modifier_keys
from daemon.insert.x11.serve import _not_before

SHIFT, CONTROL, ALT, ALT_GR, SUPER, CAPS, NUM, ORDINARY = 50, 37, 64, 108, 133, 66, 77, 24
SYMBOLS = {
    SHIFT: (XK.XK_Shift_L, 0),
    CONTROL: (XK.XK_Control_L, 0),
    ALT: (XK.XK_Alt_L, XK.XK_Meta_L),
    ALT_GR: (0xFE03, 0),
    SUPER: (XK.XK_Super_L, 0),
    CAPS: (XK.XK_Caps_Lock, 0),
    NUM: (XK.XK_Num_Lock, 0),
    ORDINARY: (XK.XK_q, XK.XK_Q),
}
MAP = [[SHIFT, 0], [CAPS, 0], [CONTROL, 0], [ALT, 0], [NUM, 0], [0, 0], [SUPER, 99], [ALT_GR, 0]]


def keymap(*down):
    bits = [0] * 32
    for code in down:
        bits[code // 8] |= 1 << (code % 8)
    return bits


@pytest.mark.parametrize(
    ("down", "name"),
    [
        ((), None),
        ((SHIFT,), "Shift"),
        ((CONTROL,), "Control"),
        ((ALT,), "Alt"),
        ((ALT_GR,), "AltGr"),
        ((SUPER,), "Super"),
        ((CAPS,), None),
        ((NUM, CAPS, ORDINARY), None),
        ((NUM, CONTROL), "Control"),
    ],
)
def test_only_real_modifiers_stand_in_the_way(down, name):
    assert first_down(modifier_keys(MAP, SYMBOLS), keymap(*down)) == name


@pytest.mark.parametrize("text", ["", "\x03", "a\x1b[31m", "a\rb", "\x7f", "\x85", "nul\0"])
def test_a_text_that_could_act_is_refused(text):
    assert fault(text) is not None


@pytest.mark.parametrize("text", [" ", "a\tb\nc", "é漢🎉👩‍🚀\N{NO-BREAK SPACE}"])
def test_a_text_that_only_reads_is_not(text):
    assert fault(text) is None


@pytest.mark.parametrize(("text", "latin"), [("café", b"caf\xe9"), ("漢", None)])
def test_the_offer_of_a_text(text, latin):
    numbers = itertools.count(1)
    atoms = {}
    offer = text_offer(text, lambda name: atoms.setdefault(name, next(numbers)))
    values = {name: offer[number].data for name, number in atoms.items() if number in offer}
    assert values.pop("x-kde-passwordManagerHint") == b"secret"
    assert values.pop("STRING", None) == latin
    assert set(values) == {"UTF8_STRING", "TEXT", "text/plain", "text/plain;charset=utf-8"}
    assert set(values.values()) == {text.encode()}


def test_plain_forms_are_copied_first():
    names = ["image/bmp", "text/html", "UTF8_STRING", "application/x-own", "image/png"]
    assert sorted(names, key=rank) == ["UTF8_STRING", "image/png", "text/html", "image/bmp", "application/x-own"]


@pytest.mark.parametrize(
    ("time_ms", "since_ms", "later"),
    [(5, 5, True), (6, 5, True), (5, 6, False), (3, 0xFFFFFFF0, True), (0xFFFFFFF0, 3, False)],
)
def test_server_times_are_compared_across_their_wrap(time_ms, since_ms, later):
    assert _not_before(time_ms, since_ms) is later
