"""Decoding before it is known that the speech is over, so that the text is there when it is.

A pause is a guess that the utterance ends there. Its audio is decoded at once: if the utterance does end, that is the
decode of exactly what was committed; if speech goes on, it was in vain. A guess is used only for the very audio it was
made of, so what is committed never depends on one.

There is one decode at a time, in the order of speech. A guess that has not begun is dropped for a newer one; one that
has begun cannot be stopped, and the next decode waits for it. Hence two limits: a guess that would take too long, by
the pace of the decode before it, is not made, nor one before the engine has shown that it works; and at most two
guesses for each piece of speech are in vain.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from daemon.endpoint import Segment
from daemon.errors import WorkerError
from daemon.messages import RATE_HZ
from daemon.recogniser import Recognition

_VAIN_PER_PIECE = 2
# Pieces with few pauses leave something for one with many, up to this much. Of 251 segments of human speech (4.8 s,
# 1.7 pauses that were no end in each) 86 % then have a guess left for their end; with 2 it is 58 %.
_VAIN_MOST = 10

Recognise = Callable[[bytes], Awaitable[Recognition]]


@dataclass(frozen=True, slots=True)
class Counts:
    """What has been decoded, and how much of it on a guess; ``served`` are the guesses that came true."""

    decodes: int = 0
    guesses: int = 0
    served: int = 0


class Decode:
    """The decode of one segment, from when it waits for its turn."""

    def __init__(self, segment: Segment, turn: asyncio.Lock, recognise: Recognise) -> None:
        self.segment = segment
        self.begun = False
        self._task = asyncio.create_task(self._run(turn, recognise), name="decode")
        self._task.add_done_callback(lambda _task: self.failed)  # whose error nobody waits for is no news

    @property
    def failed(self) -> bool:
        """Whether it came to nothing."""
        return self._task.done() and (self._task.cancelled() or self._task.exception() is not None)

    async def result(self) -> Recognition:
        """What was recognised. Raises WorkerError, also if it was cancelled."""
        if not self._task.done():
            await asyncio.wait({self._task})
        if self._task.cancelled():
            raise WorkerError("this decode was cancelled")
        return self._task.result()

    def tell(self, hear: Callable[[Recognition], None]) -> None:
        """Call ``hear`` with what was recognised, if anything is."""
        self._task.add_done_callback(lambda task: None if self.failed else hear(task.result()))

    def cancel(self) -> None:
        """Nobody needs it. Once begun it goes on: no engine can be stopped in the middle, and the next one waits."""
        if not self.begun:
            self._task.cancel()

    async def _run(self, turn: asyncio.Lock, recognise: Recognise) -> Recognition:
        async with turn:
            self.begun = True
            return await recognise(self.segment.pcm)


class Speculation:
    """Decodes segments with ``recognise``, some of them before they are committed."""

    def __init__(self, recognise: Recognise) -> None:
        self._recognise = recognise
        self._turn = asyncio.Lock()  # it is given in the order in which it was asked for
        self._guess: Decode | None = None  # what the open utterance is, if it ends now
        self._decodes = self._guesses = self._served = 0
        self._spare = _VAIN_PER_PIECE  # guesses that may still be in vain
        self._pace: float | None = None  # milliseconds that the last decode took for a second of audio, if it was one

    @property
    def counts(self) -> Counts:
        """What has been decoded so far."""
        return Counts(self._decodes, self._guesses, self._served)

    def guess(self, segment: Segment, room_ms: float) -> Decode | None:
        """Decode ``segment``, which is committed next unless speech goes on; None if it would take over ``room_ms``."""
        self.drop()
        if self._spare <= 0 or self._pace is None or self._pace * _seconds(segment.pcm) > room_ms:
            return None
        self._spare -= 1
        self._guesses += 1
        self._guess = Decode(segment, self._turn, self._measured)
        return self._guess

    def drop(self) -> None:
        """Speech went on, or nobody wants it any more: what was guessed was wrong."""
        guess, self._guess = self._guess, None
        if guess is not None and not guess.begun:
            guess.cancel()
            self._guesses -= 1
            self._spare += 1

    def commit(self, segment: Segment) -> Decode:
        """The decode of ``segment``, which is a piece of speech: the guess that it was, or a fresh one."""
        self._spare = min(self._spare + _VAIN_PER_PIECE, _VAIN_MOST)
        guess = self._guess
        if guess is not None and guess.segment.pcm == segment.pcm and not guess.failed:
            self._guess = None
            self._spare += 1
            self._served += 1
            return guess
        self.drop()
        return Decode(segment, self._turn, self._measured)

    async def again(self, pcm: bytes) -> Recognition:
        """A further decode of a piece that is committed, once those before it are done. Raises WorkerError."""
        async with self._turn:
            self._decodes += 1
            return await self._recognise(pcm)

    async def _measured(self, pcm: bytes) -> Recognition:
        self._decodes += 1
        try:
            heard = await self._recognise(pcm)
        except WorkerError:
            self._pace = None
            raise
        self._pace = heard.recognise_ms / max(_seconds(pcm), 1e-3)
        return heard


def _seconds(pcm: bytes) -> float:
    return len(pcm) / 2 / RATE_HZ
