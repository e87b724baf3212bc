"""Giving up a decode from another thread."""

from __future__ import annotations

from collections.abc import Callable

from models.errors import SwictationError


class Stopped(SwictationError):
    """Nobody wants what was being decoded any more."""

    def __init__(self) -> None:
        super().__init__("the decode was stopped")


class Stop:
    """Whether a decode is to be given up. Its thread checks between two stages; any other thread may ask."""

    def __init__(self) -> None:
        self._asked = False
        self._at_once: list[Callable[[], None]] = []

    def ask(self) -> None:
        """Have the decode given up."""
        self._asked = True  # before the calls, and in the other order in ``tell``: none is missed between the two
        for call in self._at_once:
            call()

    def tell(self, call: Callable[[], None]) -> None:
        """Call ``call`` when it is asked for, in the thread that asks; at once if it was already."""
        self._at_once.append(call)
        if self._asked:
            call()

    def check(self) -> None:
        """Raises Stopped if it was asked for."""
        if self._asked:
            raise Stopped
