"""What the daemon tells the service manager that started it: sd_notify(3), a datagram for each message."""

from __future__ import annotations

import asyncio
import logging
import os
import socket
from collections.abc import MutableMapping

log = logging.getLogger(__name__)

_FEEDS = 4  # in each interval of the watchdog: a loop that is late by one is not dead


class Service:
    """The manager behind ``address``, or nobody; ``watchdog_s`` is how long it waits for a sign of life, or None.

    The sign comes from the daemon's own loop: one that stands still gives none, and the manager starts another daemon.
    """

    def __init__(self, address: str | None = None, watchdog_s: float | None = None) -> None:
        self._address = address
        self._watchdog_s = watchdog_s

    @classmethod
    def taken_from(cls, environment: MutableMapping[str, str]) -> Service:
        """The manager that ``environment`` names, which is taken out of it: our workers are not to speak for us."""
        address = environment.pop("NOTIFY_SOCKET", None)
        interval_us = environment.pop("WATCHDOG_USEC", "")
        meant = environment.pop("WATCHDOG_PID", str(os.getpid())) == str(os.getpid())
        watched = meant and interval_us.isascii() and interval_us.isdigit() and int(interval_us) > 0
        return cls(address, int(interval_us) / 1e6 if watched else None)

    def ready(self) -> None:
        """Whoever asks is answered from now on."""
        self._tell("READY=1")

    def stopping(self) -> None:
        """The end has begun."""
        self._tell("STOPPING=1")

    async def feed(self) -> None:
        """Give signs of life for as long as it runs."""
        if self._address is None or self._watchdog_s is None:
            return
        while True:
            self._tell("WATCHDOG=1")
            await asyncio.sleep(self._watchdog_s / _FEEDS)

    def _tell(self, message: str) -> None:
        if self._address is None or not hasattr(socket, "AF_UNIX"):
            return
        place = "\0" + self._address[1:] if self._address.startswith("@") else self._address
        try:
            with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC | socket.SOCK_NONBLOCK) as end:
                end.sendto(message.encode(), place)
        except OSError as error:
            log.warning("the service manager cannot be told %s: %s", message, error)
