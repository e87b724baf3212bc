"""What the reads after a paste chord mean: which is the receipt, which is a paste too many, and which come too late."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from daemon.insert.contract import SHIFT_INSERT
from daemon.insert.x11.serve import Read

LATE_S = 30.0  # for so long a program that took nothing may still wake up and paste
_BURST_S = 1.0  # a refused program asks for other forms of the same thing

SameProgram = Callable[[int, int], bool]


@dataclass(frozen=True, slots=True)
class Chord:
    """Paste keys that were sent; ``serial`` is the request that pressed the last of them, ``code`` that key."""

    way: str
    code: int
    serial: int
    sent_s: float


@dataclass(slots=True)
class Sending:
    """The chords of one insertion into ``window``, and what its program has asked since.

    ``strict``: more than one chord may be waiting in the program, so it is given one paste and not more.
    """

    window: int
    strict: bool = False
    chords: list[Chord] = field(default_factory=list)
    asked: bool = False  # it asked for something, so that it has not ignored the chord
    given: int = 0  # texts
    surplus: int = 0  # pastes that were refused as they were too many
    awake: bool = False  # it has come to the last chord in its queue
    receipt_s: float | None = None

    def send(self, chord: Chord) -> None:
        """One more chord is sent."""
        self.strict |= bool(self.chords)
        self.chords.append(chord)
        self.asked = self.awake = False

    def concerns(self, read: Read, same_program: SameProgram) -> bool:
        """Whether the question was put after the chord, by the program of the window."""
        return (
            bool(self.chords)
            and (read.serial - self.chords[0].serial) & 0xFFFF < 0x8000
            and same_program(self.window, read.requestor)
        )

    def enough(self, read: Read) -> int:
        """How many texts one paste reads.

        Chromium, whose questions bear no time, reads for Ctrl+V twice: once in its own process, which proves nothing,
        and then for the page, which may hang.
        """
        return 2 if not read.dated and self.chords[-1].way != SHIFT_INSERT else 1

    def give(self, read: Read) -> bool:
        """Whether a text may be given to this question of the program."""
        if self.strict and self.given >= self.enough(read):
            self.surplus = 1
            return False
        self.given += 1
        return True

    def took(self, read: Read, now_s: float) -> None:
        """A text was given and has arrived."""
        if self.receipt_s is None and self.given >= self.enough(read):
            self.receipt_s = now_s

    @property
    def left(self) -> int:
        """How many chords the program may still come to."""
        return len(self.chords) - (0 if self.receipt_s is None else 1) - self.surplus


@dataclass(slots=True)
class Late:
    """A program that may still come to ``left`` chords: so many of its next pastes are refused.

    ``blocks``: it has taken nothing, so that another chord now might come to two pastes of the next text.
    """

    window: int
    process: int | None  # if it is known: the server gives the numbers of windows that are gone to new ones
    until_s: float
    left: int
    blocks: bool
    burst_s: float = 0.0  # until then its questions belong to the paste that was refused last

    @property
    def open(self) -> bool:
        """Whether a late paste is still to come."""
        return self.left > 0

    def refuse(self, now_s: float) -> None:
        """It asks for a text."""
        if now_s >= self.burst_s:
            self.left -= 1
            self.burst_s = now_s + _BURST_S
            if not self.left:
                self.until_s = self.burst_s
