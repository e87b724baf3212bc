"""What can be said of a paste through the portal, which tells that something read the clipboard, and not who. Pure.

The compositor and clipboard managers read whatever is offered, as a rule within some ms. How many reads come of an
offer that nobody pastes shows when the user's own clipboard is given back. More reads than that, at least one of them
of a text and after the keys, and the target was among the readers; else nobody knows.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from daemon.messages import Outcome

_SETTLE_S = 0.15  # for so long the others' reads are waited for before the keys
_QUIET_S = 0.05
_REMEMBERED = 3  # offers: the user may have pasted in the midst of one


@dataclass(slots=True)
class Reads:
    """The reads of one offer: ``all``, and those of a text after the paste keys were ``pressed``."""

    all: int = 0
    pasted: int = 0
    pressed: bool = False

    def note(self, *, text: bool, pressed: bool) -> None:
        """A read went through; ``text`` if it was of a text, ``pressed`` as it was when the read began."""
        self.all += 1
        self.pasted += pressed and text


def others(idle: Sequence[int]) -> int | None:
    """How many reads are not the target's, from those of the last offers that nobody pasted; None: not known yet."""
    return max(idle[-_REMEMBERED:], default=None)


def settle_s(others: int | None, reads: Reads, *, offered_s: float, last_s: float) -> float:
    """How long to wait yet before the keys, ``offered_s`` after the offer and ``last_s`` after its last read."""
    if others is not None and reads.all >= others:
        return 0.0
    left_s = max(0.0, _SETTLE_S - offered_s)
    return left_s if others is not None else min(left_s, max(0.0, _QUIET_S - min(last_s, offered_s)))


def verdict(others: int | None, reads: Reads, *, over: bool) -> Outcome | None:
    """What the paste came to; None: nothing can be said yet, which it must be once the time is ``over``."""
    if not reads.pasted:
        return Outcome.HELD if over else None
    if others is not None and reads.all > others:
        return Outcome.CONFIRMED
    return Outcome.SENT if over or others is None else None
