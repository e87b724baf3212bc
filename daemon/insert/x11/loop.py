"""The worker's one X connection, in its loop."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from Xlib import X, Xatom
from Xlib.display import Display
from Xlib.error import XError

from daemon.insert.loop import BaseLoop

_PIECE_WORDS = 1 << 16  # 256 KiB of a property in one reply


class Loop(BaseLoop):
    """X events, files and timers, handled while somebody waits.

    ``window`` is ours: never mapped, the owner of our selections and the place where others put theirs.
    Raises Xlib.error.DisplayError if ``name`` cannot be opened; anything may raise Xlib.error.ConnectionClosedError.
    """

    def __init__(self, name: str) -> None:
        self.display = Display(name)
        super().__init__(self.display)
        self.display.set_error_handler(lambda _error, _request: None)  # windows vanish; python-xlib would print that
        self.root = self.display.screen().root
        self.window = self.root.create_window(-10, -10, 1, 1, 0, X.CopyFromParent, event_mask=X.PropertyChangeMask)
        self._atoms: dict[str, int] = {}
        self._handlers: dict[str, list[Callable[[Any], None]]] = {}
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
