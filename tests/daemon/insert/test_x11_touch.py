"""Which events of the X protocol touch a program."""

import struct

import pytest
from Xlib import X

from daemon.insert.x11_touch import OTHER, touch

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
