"""The text so far, for the eye: what is still being said is decoded again and again while somebody watches.

Nobody's final text waits for it: see ``Speculation.preview``, which says when a decode may begin and when it is broken
off. What is inserted is never made of it.
"""

from __future__ import annotations

import contextlib
import difflib
import itertools
import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from daemon.endpoint import Segment
from daemon.speculation import Speculation

_PAUSE_S = 0.3  # from the end of a decode to the next, and from the onset to the first
_REST = 2.0  # of what a decode took, so that a third of the engine's time is used for it at most


@dataclass(frozen=True, slots=True)
class Growing:
    """What two decodes in a row agree on from the beginning is settled, the rest of the newer one is not."""

    settled: tuple[str, ...] = ()  # words
    unsettled: tuple[str, ...] = ()

    def grown(self, text: str) -> Growing:
        """With the text of the next decode. What is settled stays, whatever that says."""
        words = text.split()
        rest = words[_after(self.settled, words) :]
        agreed = _agreement(self.unsettled, rest)
        return Growing((*self.settled, *rest[:agreed]), tuple(rest[agreed:]))


def _after(settled: Sequence[str], words: Sequence[str]) -> int:
    """How many of ``words`` say what is settled: up to the last place where both are the same, and then in step."""
    if settled == tuple(words[: len(settled)]):
        return len(settled)
    same = difflib.SequenceMatcher(None, settled, words, autojunk=False).get_matching_blocks()
    ends = [(block.a + block.size, block.b + block.size) for block in same if block.size]
    in_settled, in_words = ends[-1] if ends else (0, 0)
    return min(len(words), in_words + len(settled) - in_settled)


def _agreement(first: Sequence[str], second: Sequence[str]) -> int:
    """How many words both begin with."""
    both = zip(first, second, strict=False)
    return sum(1 for _ in itertools.takewhile(lambda pair: pair[0] == pair[1], both))


class Watchers:
    """How many are looking at the text so far."""

    def __init__(self) -> None:
        self.count = 0

    @contextlib.contextmanager
    def one_more(self) -> Iterator[None]:
        """Somebody looks."""
        self.count += 1
        try:
            yield
        finally:
            self.count -= 1


class Preview:
    """When the open utterance is decoded for the eye, by ``clock`` in seconds."""

    def __init__(self, speculation: Speculation, watchers: Watchers, clock: Callable[[], float]) -> None:
        self._speculation = speculation
        self._watchers = watchers
        self._clock = clock
        self._next_s: float | None = None  # None between utterances
        self._seen_s = 0.0  # how much of the open utterance was decoded last

    def rest(self) -> None:
        """No utterance is open."""
        self._next_s, self._seen_s = None, 0.0

    def seen(self, length_s: float) -> None:
        """So much of the open utterance is decoded anyway."""
        self._seen_s = length_s

    def due(self, length_s: float, room_ms: float) -> bool:
        """Whether it is time to decode the open utterance, which is news to somebody; see ``Speculation.free``."""
        if self._next_s is None:
            self._next_s = self._clock() + _PAUSE_S
        if self._watchers.count == 0 or self._clock() < self._next_s or length_s == self._seen_s:
            return False
        return self._speculation.free(length_s, room_ms)

    def decode(self, said: Segment, hear: Callable[[str], None]) -> None:
        """Have ``said`` decoded, and its text told to ``hear`` unless the decode is broken off."""
        began_s = self._clock()
        self._seen_s, self._next_s = said.length_s, math.inf  # not while it runs
        decode = self._speculation.preview(said)
        decode.tell(lambda recognition: hear(recognition.transcript.text))
        decode.when_over(lambda: self._ended(began_s))

    def _ended(self, began_s: float) -> None:
        now_s = self._clock()
        if self._next_s is not None:
            self._next_s = now_s + max(_PAUSE_S, _REST * (now_s - began_s))
