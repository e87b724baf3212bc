"""Decoding before it is known that the speech is over, so that the text is there when it is.

A pause is a guess that the utterance ends there. Its audio is decoded at once: if the utterance does end, that is the
decode of exactly what was committed; if speech goes on, it was in vain. A guess is used only for the very audio it was
made of, so what is committed never depends on one.

There is one decode at a time, in the order of speech. A guess that speech has overtaken is broken off if the engine can
be stopped; if it cannot, one that has begun goes on, and the next decode waits for it: there a guess that would take
too long, by the engine's pace, is not made. None is while the engine cannot decode, or its last decode failed, and over
all pieces of speech at most two guesses for each are in vain.

What is decoded for the eye (``preview``) comes after all others, and makes room for any of them.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Protocol

from daemon.endpoint import Segment
from daemon.engine.recogniser import Recognition
from daemon.errors import WorkerError
from daemon.messages import RATE_HZ

_VAIN_PER_PIECE = 2
# Pieces with few pauses leave something for one with many, up to this much. Of 251 segments of human speech (4.8 s,
# 1.7 pauses that were no end in each) 86 % then have a guess left for their end; with 2 it is 58 %.
_VAIN_MOST = 10

_Recognise = Callable[[bytes], Awaitable[Recognition]]


class Engine(Protocol):
    """What recognises one piece of speech at a time: ``daemon.engine.recogniser.EngineClient``."""

    async def recognise(self, pcm: bytes) -> Recognition:
        """The text of int16 16 kHz mono PCM. Raises WorkerError when it cannot be had."""

    @property
    def stops(self) -> bool:
        """Whether a decode ends when its task is cancelled; if not, one that is under way goes on."""

    @property
    def busy(self) -> bool:
        """Whether anybody waits for an answer."""

    @property
    def pace_ms(self) -> float | None:
        """What a decode takes for a second of audio; None while nothing can be decoded, or the last decode failed."""


@dataclass(frozen=True, slots=True)
class Counts:
    """What has been decoded, and how much of it on a guess; ``served`` are the guesses that came true.

    ``previews`` were decoded for the eye alone, beside these.
    """

    decodes: int = 0
    guesses: int = 0
    served: int = 0
    previews: int = 0


class Decode:
    """The decode of one segment, from when it waits for its turn."""

    def __init__(
        self, segment: Segment, turn: asyncio.Lock, recognise: _Recognise, *, stops: Callable[[], bool]
    ) -> None:
        self.segment = segment
        self.begun = False
        self._stops = stops
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

    def when_over(self, then: Callable[[], None]) -> None:
        """Call ``then`` once it has ended, however it did."""
        self._task.add_done_callback(lambda _task: then())

    def cancel(self) -> None:
        """Nobody needs it. Once begun, in an engine that cannot be stopped, it goes on and the next one waits."""
        if self._stops() or not self.begun:
            self._task.cancel()

    def withdraw(self) -> None:
        """Nor its text, whatever the engine can: what has not been sent to it is not decoded at all."""
        self._task.cancel()

    async def _run(self, turn: asyncio.Lock, recognise: _Recognise) -> Recognition:
        async with turn:
            self.begun = True
            return await recognise(self.segment.pcm)


class Speculation:
    """Decodes segments with ``engine``, some of them before they are committed."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._turn = asyncio.Lock()  # it is given in the order in which it was asked for
        self._guess: Decode | None = None  # what the open utterance is, if it ends now
        self._preview: Decode | None = None
        self._needed = 0  # how many decodes have not ended, previews apart
        self._decodes = self._guesses = self._served = self._previews = 0
        self._spare = _VAIN_PER_PIECE  # guesses that may still be in vain

    @property
    def counts(self) -> Counts:
        """What has been decoded so far."""
        return Counts(self._decodes, self._guesses, self._served, self._previews)

    def guess(self, segment: Segment, room_ms: float) -> Decode | None:
        """Decode ``segment``, which is committed next unless speech goes on.

        None where too many were in vain, or the engine cannot be stopped and would take over ``room_ms``.
        """
        self.drop()
        pace_ms = self._engine.pace_ms
        if self._spare <= 0 or pace_ms is None:
            return None
        if not self._engine.stops and pace_ms * _seconds(segment.pcm) > room_ms:
            return None
        self._spare -= 1
        self._guesses += 1
        self._guess = self._decode(segment)
        return self._guess

    def drop(self) -> None:
        """Speech went on, or nobody wants it any more: what was guessed was wrong."""
        guess, self._guess = self._guess, None
        if guess is None:
            return
        if not guess.begun:
            self._guesses -= 1
            self._spare += 1
        guess.cancel()

    def abandon(self) -> None:
        """What was said is wanted by nobody, and guesses that it made in vain are not missed by what comes next."""
        self.drop()
        self._spare = max(self._spare, _VAIN_PER_PIECE)

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
        return self._decode(segment)

    async def again(self, pcm: bytes) -> Recognition:
        """A further decode of a piece that is committed, once those before it are done. Raises WorkerError."""
        self._needed += 1
        self.hide()
        try:
            async with self._turn:
                return await self._counted(pcm)
        finally:
            self._needed -= 1

    # -- for the eye ---------------------------------------------------------------------------------------------------

    def free(self, length_s: float, room_ms: float) -> bool:
        """Whether so much audio may be decoded for the eye now: nobody else needs the engine, nor will too soon.

        An engine that cannot be stopped must be done, by its pace, in less than ``room_ms``.
        """
        pace_ms = self._engine.pace_ms
        if pace_ms is None or self._needed or self._turn.locked() or self._engine.busy:
            return False
        return self._engine.stops or pace_ms * length_s < room_ms

    def preview(self, segment: Segment) -> Decode:
        """Decode for the eye what has been said so far, unless anybody needs the engine first."""
        self._previews += 1
        self._preview = Decode(segment, self._turn, self._engine.recognise, stops=lambda: self._engine.stops)
        return self._preview

    def hide(self) -> None:
        """Somebody needs the engine, or nobody looks any more."""
        preview, self._preview = self._preview, None
        if preview is None:
            return
        if not preview.begun:
            self._previews -= 1
        preview.cancel()

    # -- the engine ----------------------------------------------------------------------------------------------------

    def _decode(self, segment: Segment) -> Decode:
        self.hide()
        self._needed += 1
        decode = Decode(segment, self._turn, self._counted, stops=lambda: self._engine.stops)
        decode.when_over(self._over)
        return decode

    def _over(self) -> None:
        self._needed -= 1

    async def _counted(self, pcm: bytes) -> Recognition:
        self._decodes += 1
        return await self._engine.recognise(pcm)


def _seconds(pcm: bytes) -> float:
    return len(pcm) / 2 / RATE_HZ
