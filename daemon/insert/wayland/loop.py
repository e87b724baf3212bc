"""The worker's one Wayland connection, and the one loop in which everything it does happens.

Nothing here has a deadline against the compositor itself: a frozen one freezes this process, and the daemon ends it.
"""

from __future__ import annotations

import selectors
import time
from collections.abc import Callable, Hashable
from typing import TypeVar

from daemon.insert.wayland import protocol
from daemon.insert.wayland.protocol import Interface
from daemon.insert.wayland.wire import Connection, Proxy

T = TypeVar("T")


class Loop:
    """Events, files and timers, handled while somebody waits. Raises OSError if nobody listens at ``path``.

    TimeoutError, too, if what the compositor offers is not known within ``limit_s``; nothing later has a limit.
    """

    def __init__(self, path: str, limit_s: float | None = None) -> None:
        self.connection = Connection(path)
        self._selector = selectors.DefaultSelector()
        self._selector.register(self.connection, selectors.EVENT_READ, lambda: None)
        self._timers: dict[Hashable, tuple[float, Callable[[], None]]] = {}
        self.offered: dict[str, tuple[int, int]] = {}  # number and version by interface
        self._registry = self.connection.new(protocol.REGISTRY)
        self._registry.on["global"] = self._notice_global
        self.connection.display.send("get_registry", self._registry)
        if not self.wait(self.asked(), limit_s):
            self.close()
            raise TimeoutError("the compositor does not answer")

    def close(self) -> None:
        """End the connection."""
        self._selector.close()
        self.connection.close()

    def has(self, interface: Interface, version: int = 1) -> bool:
        """Whether the compositor offers the interface, at least of this version."""
        return self.offered.get(interface.name, (0, 0))[1] >= version

    def bind(self, interface: Interface, version: int = 1) -> Proxy:
        """The compositor's object of this interface, which it must have."""
        number, _ = self.offered[interface.name]
        proxy = self.connection.new(interface)
        self._registry.send("bind", number, interface.name, version, proxy)
        return proxy

    def sync(self) -> None:
        """Wait until the compositor has handled every request so far; all events before its answer are handled."""
        self.wait(self.asked())

    def asked(self) -> Callable[[], bool]:
        """Tells whether the compositor has handled every request so far."""
        answers: list[int] = []
        callback = self.connection.new(protocol.CALLBACK)
        callback.on["done"] = answers.append
        self.connection.display.send("sync", callback)
        return lambda: bool(answers)

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
            self.connection.dispatch()
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

    def _notice_global(self, number: int, interface: str, version: int) -> None:
        self.offered[interface] = (number, version)

    def _run_timers(self, now_s: float) -> None:
        for key, (when_s, action) in list(self._timers.items()):
            if when_s <= now_s and self._timers.get(key) == (when_s, action):
                del self._timers[key]
                action()
