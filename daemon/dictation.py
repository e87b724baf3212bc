"""The one data path: frames to utterances to text at the cursor to a record of what it cost.

``_listen`` turns the frames of one take (one recording) into pieces of speech as they end; ``run`` takes these, of all
takes, strictly in the order they were spoken. Push to talk and toggle insert once, when the take ends, and by then the
earlier pieces have long been recognised; hands-free inserts at each endpoint.

Everything here runs on the daemon's loop and owns its own state. Audio lies in the spool until its outcome is recorded.
"""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import logging
import time
from collections.abc import AsyncGenerator, Awaitable, Callable, Iterable
from dataclasses import dataclass, replace
from typing import Protocol

from daemon.doubt import doubtful
from daemon.endpoint import Dropped, Endpoint, Endpointer, EndpointSettings, Onset, Segment, Speech, VoiceDetector
from daemon.errors import MicrophoneError, WorkerError
from daemon.history import Entry
from daemon.insert.contract import Inserter
from daemon.messages import FRAME_MS, Frame, Insertion, Mode, Outcome, Target
from daemon.recogniser import Recognition
from daemon.spool import Spool, Unsettled
from daemon.text.join import join
from daemon.text.sanitise import sanitise
from daemon.utterance import Take, Utterance, entry_of, timings_of

log = logging.getLogger(__name__)

# After the key's release the block in flight still has to come: one of 20 ms, and the sound server's own buffer.
_TAIL_LIMIT_S = 0.25
_SETTLE_LIMIT_S = 1.0  # a logout allows two
_CANCELLED = "cancelled"
_DOUBTED = "this was probably noise, not speech: if it was speech, insert it with `swictation last --insert`"


class Recogniser(Protocol):
    """What recognises one piece of speech at a time: ``daemon.recogniser.EngineClient``."""

    async def recognise(self, pcm: bytes) -> Recognition:
        """The text of int16 16 kHz mono PCM. Raises WorkerError when it cannot be had."""


class Detector(Protocol):
    """What tells speech from silence, frame by frame: ``daemon.voice.VoiceDetector``."""

    def voiced(self, pcm: bytes) -> bool:
        """Whether a frame of int16 16 kHz mono PCM holds speech."""


Record = Callable[[Entry], Awaitable[bool]]


@dataclass(frozen=True, slots=True)
class Settings:
    """What the configuration says about the data path."""

    endpoint: EndpointSettings
    append_space: bool = True
    newlines: bool = False
    keep_text: bool = True


@dataclass(frozen=True, slots=True)
class _Hear:
    utterance: Utterance
    piece: Segment


@dataclass(frozen=True, slots=True)
class _Deliver:
    take: Take
    utterance: Utterance
    focus: asyncio.Task[Target | None]


class Dictation:
    """The data path. ``changed`` is called whenever something that ``status`` shows has changed.

    ``record`` writes an entry to the history and says whether it could; ``kept`` holds audio that outlives the session:
    of utterances that could not be recognised, and of held ones whose text is not, or must not be, written down.
    """

    def __init__(
        self,
        *,
        recogniser: Recogniser,
        inserter: Inserter,
        record: Record,
        spool: Spool,
        kept: Spool,
        settings: Settings,
        changed: Callable[[], None],
        detector: Callable[[int], Detector] = VoiceDetector,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._settings = settings
        self.inserter = inserter
        self.last: Entry | None = None
        self.working: Utterance | None = None  # being recognised or inserted just now
        self._recogniser = recogniser
        self._record = record
        self._spool = spool
        self._kept = kept
        self._changed = changed
        self._new_detector = detector
        self._detector: Detector | None = None  # it has learned the noise of the room; kept from take to take
        self._clock = clock
        self._orders: asyncio.Queue[_Hear | _Deliver] = asyncio.Queue()
        self._side: set[asyncio.Task[None]] = set()
        self._left = spool.unsettled()  # by an earlier daemon: what comes into the spool from now on is ours

    @property
    def settings(self) -> Settings:
        """What the configuration says; a change counts from the next take on."""
        return self._settings

    @settings.setter
    def settings(self, settings: Settings) -> None:
        if settings.endpoint.aggressiveness != self._settings.endpoint.aggressiveness:
            self._detector = None
        self._settings = settings

    # -- a take begins and ends ------------------------------------------------------------------------------------

    def begin(self, frames: AsyncGenerator[Frame, None], mode: Mode, at_s: float) -> Take:
        """Listen to ``frames``, which a key or a command asked for at ``at_s``."""
        take = Take(mode, at_s)
        take.listening = asyncio.create_task(self._listen(take, frames), name="listen")
        self._aside(self.inserter.prepare())
        return take

    def finish(self, take: Take, at_s: float) -> None:
        """Deliver what was said until ``at_s``; frames captured later are not part of it."""
        take.stop_s = at_s
        asyncio.get_running_loop().call_later(_TAIL_LIMIT_S, self._stop_listening, take)

    def abandon(self, take: Take) -> None:
        """Drop what has not been inserted yet."""
        take.abandoned = True
        self._stop_listening(take)

    def _stop_listening(self, take: Take) -> None:
        if take.listening is not None and not take.listening.done():
            take.listening.cancel()

    # -- frames to pieces --------------------------------------------------------------------------------------------

    async def _listen(self, take: Take, frames: AsyncGenerator[Frame, None]) -> None:
        endpointer = Endpointer(self.settings.endpoint)
        detector = self._detector = self._detector or self._new_detector(self.settings.endpoint.aggressiveness)
        try:
            async with contextlib.aclosing(frames):
                async for frame in frames:
                    self._note_first(take, frame)
                    self._follow(take, endpointer.push(frame, detector.voiced(frame.pcm)))
                    if take.stop_s is not None and frame.captured_s >= take.stop_s:
                        break
        except MicrophoneError as error:
            take.fault = str(error)
        except asyncio.CancelledError:
            if take.stop_s is None and not take.abandoned:
                raise  # the daemon is stopping: the audio stays in the spool for the next one
        self._end(take, endpointer)

    def _note_first(self, take: Take, frame: Frame) -> None:
        take.frames += 1
        if take.frames == 1:
            take.capture_open_ms = max(0.0, (frame.captured_s - take.began_s) * 1000 - FRAME_MS)
            self._changed()

    def _follow(self, take: Take, events: Iterable[Onset | Speech | Endpoint | Dropped]) -> None:
        for event in events:
            utterance = self._current(take)
            number = len(utterance.pieces)
            match event:
                case Onset(frames=frames) | Speech(frames=frames):
                    self._spool.append(utterance.id, number, b"".join(frame.pcm for frame in frames))
                case Dropped():
                    self._spool.drop_piece(utterance.id, number)
                case Endpoint(segment):
                    if segment.cause == "cap":  # the file holds what went on into the next piece, too
                        self._spool.replace(utterance.id, number, segment.pcm)
                    utterance.pieces.append(segment)
                    self._orders.put_nowait(_Hear(utterance, segment))
                    if take.mode is Mode.HANDS_FREE:
                        self._commit(take)

    def _current(self, take: Take) -> Utterance:
        if take.utterance is None:
            take.utterance = Utterance(take.mode, capture_open_ms=take.capture_open_ms)
            take.pending += 1
        return take.utterance

    def _end(self, take: Take, endpointer: Endpointer) -> None:
        if take.abandoned:
            if take.utterance is not None:
                take.utterance.abandoned = True
                self._commit(take)
        else:
            self._follow(take, endpointer.finish())
            if take.mode is not Mode.HANDS_FREE:
                self._current(take).released_s = take.stop_s
                self._commit(take)
            elif take.utterance is not None:  # an onset that came to nothing
                take.utterance.abandoned = True
                self._commit(take)
        if not take.pending:
            take.settled.set()
        self._changed()

    def _commit(self, take: Take) -> None:
        utterance = self._current(take)
        take.utterance = None
        utterance.mode = take.mode
        utterance.committed_s = self._clock()
        focus = asyncio.create_task(self.inserter.focus(), name="focus")
        self._orders.put_nowait(_Deliver(take, utterance, focus))

    # -- pieces to text at the cursor --------------------------------------------------------------------------------

    async def run(self) -> None:
        """Recognise, insert and record, in the order of speech, for as long as the daemon lives."""
        while True:
            match await self._orders.get():
                case _Hear(utterance, piece):
                    await self._hear(utterance, piece)
                case _Deliver(take, utterance, focus):
                    await self._deliver(utterance, take, focus)

    @property
    def busy(self) -> bool:
        """Whether something that was said is not settled yet."""
        return self.working is not None or not self._orders.empty()

    async def _hear(self, utterance: Utterance, piece: Segment) -> None:
        if utterance.abandoned or utterance.failure is not None:
            return
        self._work_on(utterance)
        try:
            heard = await self._recogniser.recognise(piece.pcm)
        except WorkerError as error:
            utterance.failure = str(error)
        else:
            utterance.heard.append(heard)
            utterance.doubted &= not heard.transcript.text or doubtful(heard.transcript, piece.voiced_ms)
            utterance.decode_began_s = self._clock() - heard.recognise_ms / 1000

    async def _deliver(self, utterance: Utterance, take: Take, focus: asyncio.Task[Target | None]) -> None:
        self._work_on(utterance)
        target = await focus
        began_s = self._clock()
        text = self._rewrite(recognition.transcript.text for recognition in utterance.heard)
        rewritten_s = self._clock()
        if utterance.failure is not None:
            outcome = Insertion(Outcome.FAILED, utterance.failure)
        elif utterance.abandoned or not text:
            outcome = Insertion(Outcome.NOTHING, _CANCELLED if utterance.abandoned else take.fault)
        elif utterance.doubted:
            outcome = Insertion(Outcome.HELD, _DOUBTED)
        else:
            self._spool.mark_inserting(utterance.id)
            outcome = await self.inserter.insert(self._with_space(text), target)
        timings = timings_of(utterance, began_s, rewritten_s, self._clock(), outcome)
        entry = entry_of(utterance, text or None, outcome, timings)
        if utterance.abandoned:
            self._spool.settle(utterance.id)
        else:
            self.last = entry
            self._aside(self._settle(entry))
            take.entries.append(entry)
        self._work_on(None)
        take.pending -= 1
        if not take.pending and take.listening is not None and take.listening.done():
            take.settled.set()

    def _work_on(self, utterance: Utterance | None) -> None:
        if self.working is not utterance:
            self.working = utterance
            self._changed()

    def _rewrite(self, texts: Iterable[str]) -> str:
        return sanitise(join(list(texts)), newlines=self.settings.newlines)

    def _with_space(self, text: str) -> str:
        return text + " " if self.settings.append_space else text

    async def _settle(self, entry: Entry) -> None:
        written = await self._record(entry)
        lost_with_us = entry.outcome is Outcome.HELD and not (written and self.settings.keep_text)
        if entry.outcome is Outcome.FAILED or lost_with_us:
            self._spool.hand_over(entry.id, self._kept)
        else:
            self._spool.settle(entry.id)
            self._kept.settle(entry.id)
        self._changed()

    def _aside(self, work: Awaitable[None]) -> None:
        task = asyncio.ensure_future(work)
        self._side.add(task)
        task.add_done_callback(self._side.discard)

    async def settle_all(self) -> None:
        """Wait until the outcome of everything delivered so far is written down, or the disk has had its time."""
        if self._side:
            await asyncio.wait(self._side, timeout=_SETTLE_LIMIT_S)

    # -- a second chance ---------------------------------------------------------------------------------------------

    async def insert_again(self, entry: Entry) -> Entry:
        """Insert the text of an earlier entry into the window that has the focus now."""
        assert entry.text is not None
        result = await self.inserter.insert(self._with_space(entry.text), await self.inserter.focus())
        if entry.outcome is Outcome.HELD and result.outcome is not Outcome.HELD:
            entry = replace(entry, outcome=result.outcome, reason=result.reason)
            await self._settle(entry)
            if self.last is not None and self.last.id == entry.id:
                self.last = entry
            return entry
        return replace(entry, outcome=result.outcome, reason=result.reason)

    async def recover(self) -> int:
        """Recognise what an earlier daemon left or could not recognise, and hold it; gives back how many texts it was.

        Nothing of it is inserted by itself: the window it was meant for may be gone, or may have it already.
        """
        left, self._left = self._left, []
        recovered = 0
        for one in itertools.chain(left, self._kept.unsettled()):
            recovered += await self._recover_one(one)
        return recovered

    async def _recover_one(self, left: Unsettled) -> bool:
        try:
            heard = [await self._recogniser.recognise(piece) for piece in left.pieces]
        except WorkerError as error:
            log.warning("an utterance of an earlier run is kept but cannot be recognised yet: %s", error)
            self._spool.hand_over(left.utterance, self._kept)
            return False
        text = self._rewrite(recognition.transcript.text for recognition in heard)
        reason = "the daemon ended before this was inserted"
        if left.inserting:
            reason = "the daemon ended while this was inserted: it may stand there already"
        entry = Entry(
            id=left.utterance,
            at_s=time.time(),
            mode=Mode.HOLD,
            outcome=Outcome.HELD if text else Outcome.NOTHING,
            reason=f"{reason}; insert it with `swictation last --insert`" if text else None,
            text=text or None,
            model=heard[-1].model if heard else None,
            provider=heard[-1].provider if heard else None,
            audio_s=left.audio_s,
        )
        await self._settle(entry)
        if text:
            self.last = entry
        return bool(text)
