"""The worker's one Wayland connection, in its loop."""

from __future__ import annotations

from collections.abc import Callable

from daemon.insert.loop import BaseLoop
from daemon.insert.wayland import protocol
from daemon.insert.wayland.protocol import Interface
from daemon.insert.wayland.wire import Connection, Proxy


class Loop(BaseLoop):
    """Events, files and timers, handled while somebody waits. Raises OSError if nobody listens at ``path``.

    TimeoutError, too, if what the compositor offers is not known within ``limit_s``; nothing later has a limit.
    """

    def __init__(self, path: str, limit_s: float | None = None) -> None:
        self.connection = Connection(path)
        super().__init__(self.connection)
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

    def dispatch(self) -> None:
        """Send what is queued and handle every event that has arrived."""
        self.connection.dispatch()

    def _notice_global(self, number: int, interface: str, version: int) -> None:
        self.offered[interface] = (number, version)
