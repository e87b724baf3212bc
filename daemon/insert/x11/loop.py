"""The worker's one X connection, and the one loop in which everything it does happens.

Nothing here has a deadline against the X server itself: a frozen server freezes this process, and the daemon ends it.
"""

from __future__ import annotations

import select
import time
from collections.abc import Callable, Hashable
from typing import Any, TypeVar

from Xlib import X, Xatom
from Xlib.display import Display
from Xlib.error import XError

T = TypeVar("T")

_PIECE_WORDS = 1 << 16  # 256 KiB of a property in one reply


class Loop:
    """Events, readable files and timers, handled while somebody waits.

    ``window`` is ours: never mapped, the owner of our selections and the place where others put theirs.
    Raises Xlib.error.DisplayError if ``name`` cannot be opened; anything may raise Xlib.error.ConnectionClosedError.
    """

    def __init__(self, name: str) -> None:
        self.display = Display(name)
        self.display.set_error_handler(lambda _error, _request: None)  # windows vanish; python-xlib would print that
        self.root = self.display.screen().root
        self.window = self.root.create_window(-10, -10, 1, 1, 0, X.CopyFromParent, event_mask=X.PropertyChangeMask)
        self._atoms: dict[str, int] = {}
        self._handlers: dict[str, list[Callable[[Any], None]]] = {}
        self._files: dict[int, Callable[[], None]] = {}
        self._timers: dict[Hashable, tuple[float, Callable[[], None]]] = {}
        self._stamp_ms = 0
        self.on_event("PropertyNotify", self._notice_time)

    def atom(self, name: str) -> int:
        """The server's number for ``name``."""
        if name not in self._atoms:
            self._atoms[name] = self.display.intern_atom(name)
        return self._atoms[name]

    def on_event(self, kind: str, handler: Callable[[Any], None]) -> None:
        """Call ``handler`` with every event of the python-xlib class of this name.

        By name, as python-xlib makes a class of its own out of each event class of an extension.
        """
        self._handlers.setdefault(kind, []).append(handler)

    def on_readable(self, file: int, handler: Callable[[], None]) -> None:
        """Call ``handler`` whenever the file descriptor can be read."""
        self._files[file] = handler

    def forget_file(self, file: int) -> None:
        """Look at the file descriptor no longer."""
        self._files.pop(file, None)

    def at(self, when_s: float, key: Hashable, action: Callable[[], None]) -> None:
        """Do ``action`` once at ``when_s`` of ``time.monotonic()``; it takes the place of an earlier one of ``key``."""
        self._timers[key] = (when_s, action)

    def cancel(self, key: Hashable) -> None:
        """Forget the timer ``key``."""
        self._timers.pop(key, None)

    def wait(self, done: Callable[[], T], limit_s: float | None = None) -> T:
        """Handle what comes until ``done()`` is true or ``limit_s`` is over; gives back the last ``done()``."""
        until_s = None if limit_s is None else time.monotonic() + limit_s
        while True:
            self.dispatch()
            if result := done():
                return result
            now_s = time.monotonic()
            if until_s is not None and now_s >= until_s:
                return result
            due_s = [when_s for when_s, _ in self._timers.values()] + ([] if until_s is None else [until_s])
            pause_s = max(0.0, min(due_s) - now_s) if due_s else None
            readable, _, _ = select.select([self.display.fileno(), *self._files], [], [], pause_s)
            for file in readable:
                if file in self._files:
                    self._files[file]()
            self._run_timers(time.monotonic())

    def dispatch(self) -> None:
        """Send what is queued and handle every X event that has arrived."""
        while True:
            while self.display.pending_events():
                event = self.display.next_event()
                for handler in self._handlers.get(type(event).__name__, ()):
                    handler(event)
            if not self._unsent():
                return
            self.display.flush()  # one call sends only what fits into the socket

    def timestamp_ms(self) -> int:
        """The server's time, as ICCCM wants it for every claim; all events before it have been handled afterwards."""
        self.window.change_property(self.atom("_SWICTATION_TIME"), Xatom.STRING, 8, b"", X.PropModeAppend)
        self.display.sync()
        self.dispatch()
        return self._stamp_ms

    def property(self, window: Any, name: int, *, delete: bool = False) -> tuple[int, int, bytes] | None:
        """Type, format (8, 16 or 32) and value of a window's property; None if the property or the window is gone."""
        value = b""
        try:
            while True:
                part = window.get_property(name, X.AnyPropertyType, len(value) // 4, _PIECE_WORDS, delete=delete)
                if part is None:
                    return None
                value += part.value if isinstance(part.value, bytes) else part.value.tobytes()
                if not part.bytes_after:  # and only now has the server deleted it
                    return part.property_type, part.format, value
        except XError:
            return None

    def _unsent(self) -> bool:
        return bool(self.display.display.request_queue or self.display.display.data_send)

    def _notice_time(self, event: Any) -> None:
        if event.window == self.window:
            self._stamp_ms = event.time

    def _run_timers(self, now_s: float) -> None:
        for key, (when_s, action) in list(self._timers.items()):
            if when_s <= now_s and self._timers.get(key) == (when_s, action):
                del self._timers[key]
                action()
