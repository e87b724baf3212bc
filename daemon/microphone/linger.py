"""The microphone between dictations: closed, open for a while after one, or open all the time.

While it is open and nothing is dictated its worker keeps the last moments in memory, and nowhere else; see
``daemon.microphone.stream``.
"""

from __future__ import annotations

import asyncio
import math
from collections.abc import Awaitable, Callable

from daemon.config import MicrophoneConfig
from daemon.worker import Backoff

_MOST_PAUSE_S = 8.0  # between two attempts to have the microphone open
_TELLING = 4  # attempts in vain, 2 s: a sound server that is started again is no fault


def stays_s(wanted: MicrophoneConfig, device: str, *, dictated: bool, left_s: float) -> float:
    """How long ``device`` stays open from now on; ``left_s`` it would have stayed, had it not been used again.

    What was no dictation, but a trial, prolongs nothing, and no other microphone than the configured one stays.
    """
    if device != wanted.device:
        return 0.0
    if wanted.keep_open:
        return math.inf
    return float(wanted.linger_s) if dictated else min(left_s, wanted.linger_s)


class Linger:
    """The stream that is open though nothing is dictated, if there is one; ``close`` is called when its time is up."""

    def __init__(self, close: Callable[[], None]) -> None:
        self._close = close
        self._until_s: float | None = None
        self._timer: asyncio.TimerHandle | None = None

    @property
    def open(self) -> bool:
        """Whether there is one."""
        return self._until_s is not None

    @property
    def left_s(self) -> float:
        """How long it stays open; infinite where only something else ends it, 0 where there is none."""
        return 0.0 if self._until_s is None else max(0.0, self._until_s - _now_s())

    def begin(self, left_s: float) -> None:
        """A stream stays open for so long."""
        self.end()
        loop = asyncio.get_running_loop()
        self._until_s = loop.time() + left_s
        if left_s < math.inf:
            self._timer = loop.call_at(self._until_s, self._over)

    def end(self) -> float:
        """It is gone, or in use again; gives back how long it would have stayed."""
        left_s, self._until_s = self.left_s, None
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        return left_s

    def _over(self) -> None:
        self.end()
        self._close()


class KeptOpen:
    """Opens the microphone by ``stand`` whenever it is ``missing``; ``stand`` gives back why it cannot."""

    def __init__(
        self, missing: Callable[[], bool], stand: Callable[[], Awaitable[str | None]], changed: Callable[[], None]
    ) -> None:
        self._missing = missing
        self._stand = stand
        self._changed = changed
        self._moved = asyncio.Event()
        self._fault: str | None = None
        self._in_vain = 0  # attempts in a row

    @property
    def fault(self) -> str | None:
        """Why the microphone is not open, where it is to be."""
        return self._fault if self._missing() and self._in_vain >= _TELLING else None

    def look(self) -> None:
        """It may be missing now."""
        self._moved.set()

    async def run(self) -> None:
        """Do so; never returns."""
        pause, tried_s = Backoff(first_s=0.25, most_s=_MOST_PAUSE_S), -math.inf
        while True:
            self._moved.clear()
            if not self._missing():
                await self._moved.wait()
                continue
            await asyncio.sleep(pause.wait_s(_now_s() - tried_s))
            tried_s = _now_s()
            if self._missing():
                before = self.fault
                self._fault = await self._stand()
                self._in_vain = 0 if self._fault is None else self._in_vain + 1
                if self.fault != before:
                    self._changed()


def _now_s() -> float:
    return asyncio.get_running_loop().time()
