"""Whether a program was given any key, click or drop since a moment, told by the server's RECORD extension.

What counts is what the server delivers to the program, not what is pressed: a shortcut of the desktop, a click into a
panel's menu and typing into another window change nothing in it, and neither does losing the focus for them.
"""

from __future__ import annotations

import struct
from collections import Counter
from collections.abc import Callable, Collection, Mapping
from typing import Any

from Xlib import X
from Xlib.display import Display
from Xlib.error import XError
from Xlib.ext import ge, record

from daemon.insert.x11.loop import Loop

_EVENT_BYTES = 32  # of a longer one only so much is recorded
_SENT = 0x80  # set in the type of an event that another program made up
_START_S = 1.0
_FROM_SERVER, _CLIENT_DIED, _START_OF_DATA, _END_OF_DATA = 0, 3, 4, 5
OTHER = 0  # no key has this code
# XInput 2 has numbers of its own for a key, a button and a finger.
_AS_CORE = {2: X.KeyPress, 4: X.ButtonPress, 18: X.ButtonPress}
_EVERYTHING = {
    "core_requests": (0, 0),
    "core_replies": (0, 0),
    "ext_requests": (0, 0, 0, 0),
    "ext_replies": (0, 0, 0, 0),
    "delivered_events": (X.KeyPress, ge.GenericEventCode),
    "device_events": (0, 0),
    "errors": (0, 0),
    "client_started": False,
    "client_died": True,  # a new program may get the same window's number
}


def touch(event: bytes, drop: int) -> int | None:
    """What an event does to the program that got it: the code of a pressed key, OTHER, or None for nothing.

    ``event`` is 32 bytes as on the wire, ``drop`` the atom XdndDrop.
    """
    kind, code = event[0] & ~_SENT, event[1]
    if kind == X.ClientMessage:
        return OTHER if struct.unpack_from("=I", event, 8)[0] == drop else None
    if kind == ge.GenericEventCode:
        kind, code = _AS_CORE.get(struct.unpack_from("=H", event, 8)[0], 0), struct.unpack_from("=I", event, 16)[0]
    if kind == X.KeyPress:
        return int(code)
    return OTHER if kind == X.ButtonPress else None


class TouchWatch:
    """Watches one program at a time, over a connection of its own. ``on_touch`` is called once, at the first touch."""

    def __init__(self, loop: Loop, on_touch: Callable[[], None]) -> None:
        self.watching = False
        self._loop = loop
        self._on_touch = on_touch
        self._drop = loop.atom("XdndDrop")
        self._window = 0
        self._context: int | None = None
        self._ours: Counter[int] = Counter()
        self._silent: Collection[int] = ()
        self._data: Display | None = None
        self._running = False  # the server records
        if loop.display.has_extension("RECORD"):
            self._data = Display(loop.display.get_display_name())
            loop.on_readable(self._data.fileno(), self._read)

    def begin(self, window: int, ours: Mapping[int, int], silent: Collection[int]) -> bool:
        """Watch the program of ``window`` from now on; whether that can be done. At once, if it is being watched.

        ``ours`` says how often we ourselves are about to press which key, ``silent`` which keys do nothing alone.
        """
        self._ours, self._silent = Counter(ours), silent
        if not (self._window == window and self.look()):
            self.stop()
            self.watching = self._start(window)
        return self.watching

    def _start(self, window: int) -> bool:
        if self._data is None or self._running:
            return False
        display = self._loop.display
        try:
            self._context = display.record_create_context(0, [window], [_EVERYTHING])
            display.sync()
        except XError:
            self._context = None
            return False
        connection = self._data.display
        record.EnableContext(
            callback=self._take,
            display=connection,
            opcode=connection.get_extension_major("RECORD"),
            context=self._context,
            defer=True,  # its answers come for as long as it records
        )
        self._data.flush()
        self._window = window
        return self._loop.wait(lambda: self._running, _START_S)

    def expect(self, code: int, times: int) -> None:
        """We ourselves are about to press a key so often."""
        self._ours[code] += times

    def missed(self, code: int) -> bool:
        """Whether the program did not get a key that we pressed, which the server tells; it is expected no more."""
        if not (self.look() and self._ours[code]):
            return False
        del self._ours[code]
        return True

    def look(self) -> bool:
        """Whether nothing has touched the program so far, which is asked of the server."""
        for _ in range(2):  # what is recorded leaves the server with, not before, the answer to the first
            self._loop.display.sync()
        self._read()
        return self.watching

    def stop(self) -> None:
        """Watch no longer."""
        self.watching = False
        if self._context is not None:
            self._loop.display.record_disable_context(self._context)
            self._loop.display.record_free_context(self._context)
            self._context = None
            self._loop.wait(lambda: not self._running, _START_S)

    def close(self) -> None:
        """Leave the second connection."""
        self.watching = False
        if self._data is not None:
            self._loop.forget_file(self._data.fileno())
            self._data.display.socket.close()
            self._data = None

    def _read(self) -> None:
        if self._data is not None:
            self._data.pending_events()

    def _take(self, answer: Any) -> None:
        if answer.category in {_START_OF_DATA, _END_OF_DATA}:
            self._running = answer.category == _START_OF_DATA
        if answer.category == _CLIENT_DIED and self.watching:
            self.watching = False
            self._on_touch()
        if answer.category != _FROM_SERVER or not self.watching:
            return
        events = bytes(answer.data)
        for start in range(0, len(events), _EVENT_BYTES):
            touched = touch(events[start : start + _EVENT_BYTES], self._drop)
            if touched is None or touched in self._silent:
                continue
            if self._ours[touched] == 0:
                self.watching = False
                self._on_touch()
                return
            self._ours[touched] -= 1
