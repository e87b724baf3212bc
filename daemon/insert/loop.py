"""The one loop of an insertion worker, in which everything it does happens while somebody waits.

Nothing here has a deadline against the display server itself: a frozen one freezes the process, and the daemon ends it.
"""

from __future__ import annotations

import selectors
import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Hashable
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from _typeshed import FileDescriptorLike

T = TypeVar("T")


class BaseLoop(ABC):
    """Files, timers and what ``connection`` brings."""

    def __init__(self, connection: FileDescriptorLike) -> None:
        self._selector = selectors.DefaultSelector()
        self._selector.register(connection, selectors.EVENT_READ, lambda: None)
        self._timers: dict[Hashable, tuple[float, Callable[[], None]]] = {}

    @abstractmethod
    def dispatch(self) -> None:
        """Send what is queued and handle everything that has arrived on the connection."""

    def on_readable(self, file: int, handler: Callable[[], None]) -> None:
        """Call ``handler`` whenever the file descriptor can be read."""
        self._selector.register(file, selectors.EVENT_READ, handler)

    def on_writable(self, file: int, handler: Callable[[], None]) -> None:
        """Call ``handler`` whenever the file descriptor can be written to."""
        self._selector.register(file, selectors.EVENT_WRITE, handler)

    def forget_file(self, file: int) -> None:
        """Look at the file descriptor no longer."""
        if file in self._selector.get_map():
            self._selector.unregister(file)

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
            for key, _events in self._selector.select(max(0.0, min(due_s) - now_s) if due_s else None):
                if key.fd in self._selector.get_map():  # another's handler may have closed it
                    key.data()
            self._run_timers(time.monotonic())

    def _run_timers(self, now_s: float) -> None:
        for key, (when_s, action) in list(self._timers.items()):
            if when_s <= now_s and self._timers.get(key) == (when_s, action):
                del self._timers[key]
                action()
