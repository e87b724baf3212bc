"""Listening to one take: its frames become pieces of speech, each with its decode, as they end.

The last piece is decoded at its pause, before it is known that it has ended: see ``daemon.speculation``. While somebody
watches, what is still being said is decoded for the eye: see ``daemon.preview``.
"""

from __future__ import annotations

import asyncio
import contextlib
import functools
import time
from collections.abc import AsyncGenerator, Callable, Iterable
from dataclasses import dataclass

from daemon.endpoint import Dropped, Endpoint, Endpointer, EndpointSettings, Event, Onset, Pause, Segment, Speech
from daemon.engine.recogniser import Recognition
from daemon.errors import MicrophoneError
from daemon.hangover import wait_ms
from daemon.messages import FRAME_MS, Frame, Mode
from daemon.preview import Growing, Preview, Watchers
from daemon.speculation import Decode, Speculation
from daemon.spool import Spool
from daemon.utterance import Take, Utterance
from daemon.voice import Detector

# How long a decode in a pause may take where a key ends the recording, at any moment: if speech goes on and then ends
# sooner than that, the text waits for a decode that was in vain. Few words are said and the key let go in less.
_ROOM_MS = 300.0
# A source that is only just waking (a headset that changes its profile) gives zeros, and so does one that is muted.
_WAKING_FRAMES = 500 // FRAME_MS
# After the key's release the block in flight still has to come: one of 20 ms, and the sound server's own buffer. Two
# looks in a row must find that nothing has: after the first we may have stood still, and what came not been seen.
_TAIL_LOOK_S, _TAIL_QUIET_LOOKS = 0.125, 2
_TAIL_LIMIT_S = 2.0


@dataclass(frozen=True, slots=True)
class Sink:
    """What becomes of what was heard: a ``piece`` of an utterance has ended; the utterance is ``over``."""

    piece: Callable[[Utterance, Decode], None]
    over: Callable[[Take, Utterance], None]
    changed: Callable[[], None]  # something that ``status`` shows


class Listener:
    """Listens to take after take. ``new_detector`` makes what tells speech; it learns the noise of the room."""

    def __init__(
        self,
        speculation: Speculation,
        watchers: Watchers,
        spool: Spool,
        sink: Sink,
        *,
        new_detector: Callable[[int], Detector],
        clock: Callable[[], float],
    ) -> None:
        self.new_detector = new_detector
        self._speculation = speculation
        self._watchers = watchers
        self._spool = spool
        self._sink = sink
        self._clock = clock
        self._tasks: set[asyncio.Task[None]] = set()
        self._detector: tuple[int, Detector] | None = None  # with its aggressiveness; kept from take to take

    @property
    def busy(self) -> bool:
        """Whether a take is being heard, perhaps only its tail."""
        return any(not task.done() for task in self._tasks)

    def begin(self, take: Take, frames: AsyncGenerator[Frame, None], settings: EndpointSettings) -> None:
        """Listen to ``frames`` until they end or the take does; what is open then is committed, or dropped with it."""
        take.listening = asyncio.create_task(self._listen(take, frames, settings), name="listen")
        self._tasks.add(take.listening)
        take.listening.add_done_callback(self._tasks.discard)

    async def hear_out(self, take: Take) -> None:
        """Stop once nothing more comes; what has come, and waits to be told from noise, is not lost."""
        assert take.listening is not None
        quiet, end_s = 0, time.monotonic() + _TAIL_LIMIT_S
        while quiet < _TAIL_QUIET_LOOKS and time.monotonic() < end_s and not take.listening.done():
            frames = take.frames
            await asyncio.wait({take.listening}, timeout=_TAIL_LOOK_S)
            quiet = 0 if take.deciding or take.frames != frames else quiet + 1
        self.stop(take)

    def stop(self, take: Take) -> None:
        """Hear no more of it."""
        if take.listening is not None:
            take.listening.cancel()

    async def _listen(self, take: Take, frames: AsyncGenerator[Frame, None], settings: EndpointSettings) -> None:
        if self._detector is None or self._detector[0] != settings.aggressiveness:
            self._detector = settings.aggressiveness, self.new_detector(settings.aggressiveness)
        listening = _Listening(
            take,
            settings,
            detector=self._detector[1],
            speculation=self._speculation,
            preview=Preview(self._speculation, self._watchers, self._clock),
            spool=self._spool,
            sink=self._sink,
        )
        await listening.run(frames)


class _Listening:
    """Follows one take. Its audio is in ``spool`` before anything else is done with it."""

    def __init__(
        self,
        take: Take,
        settings: EndpointSettings,
        *,
        detector: Detector,
        speculation: Speculation,
        preview: Preview,
        spool: Spool,
        sink: Sink,
    ) -> None:
        self._take = take
        self._settings = settings
        self._detector = detector
        self._speculation = speculation
        self._preview = preview
        self._spool = spool
        self._sink = sink
        self._endpointer = Endpointer(settings)
        self._dropped = 0  # how many onsets came to nothing

    async def run(self, frames: AsyncGenerator[Frame, None]) -> None:
        take = self._take
        try:
            async with contextlib.aclosing(frames):
                async for frame in frames:
                    self._note(frame)
                    take.deciding = True
                    voiced = await self._detector.decide(frame.pcm)
                    take.deciding = False
                    self._follow(self._endpointer.push(frame, voiced))
                    self._show(voiced=voiced)
                    if take.stop_s is not None and frame.captured_s >= take.stop_s:
                        break
        except MicrophoneError as error:
            take.fault = str(error)
        except asyncio.CancelledError:
            if take.stop_s is None and not take.abandoned:
                raise  # the daemon is stopping: the audio stays in the spool for the next one
        self._end()

    def _note(self, frame: Frame) -> None:
        take = self._take
        take.frames += 1
        take.recent.append(frame.pcm)
        if take.frames == 1:
            take.capture_open_ms = max(0.0, (frame.captured_s - take.began_s) * 1000 - FRAME_MS)
        if not take.ready and (any(frame.pcm) or take.frames >= _WAKING_FRAMES):
            take.ready = True
            self._sink.changed()

    def _follow(self, events: Iterable[Event]) -> None:
        for event in events:
            utterance = self._current()
            number = len(utterance.pieces)
            match event:
                case Onset(frames=frames) | Speech(frames=frames):
                    self._speculation.drop()
                    self._spool.append(utterance.id, number, b"".join(frame.pcm for frame in frames))
                case Pause(segment):
                    self._guess(utterance, segment)
                case Dropped():
                    self._speculation.hide()  # or it would tell what a knock sounded like
                    self._dropped += 1
                    utterance.growing.pop(number, None)
                    self._spool.drop_piece(utterance.id, number)
                case Endpoint(segment):
                    self._end_piece(utterance, segment)

    def _end_piece(self, utterance: Utterance, segment: Segment) -> None:
        if segment.cause == "cap":  # the file holds what went on into the next piece, too
            self._spool.replace(utterance.id, len(utterance.pieces), segment.pcm)
        utterance.pieces.append(segment)
        utterance.decodes.append(self._speculation.commit(segment))
        self._sink.piece(utterance, utterance.decodes[-1])
        if self._take.mode is Mode.HANDS_FREE:
            self._commit()

    def _guess(self, utterance: Utterance, segment: Segment) -> None:
        """Decode what is committed if no more speech comes; its text says how long to wait for more."""
        take, settings = self._take, self._settings
        grow = functools.partial(self._grow, utterance, len(utterance.pieces))

        def heard(recognition: Recognition) -> None:
            grow(recognition.transcript.text)
            if take.mode is Mode.HANDS_FREE and not take.abandoned:
                enough_ms = wait_ms(recognition.transcript, segment.length_s, settings)
                self._follow(self._endpointer.settle(segment, enough_ms))

        room_ms = settings.hangover_ms - settings.tail_ms if take.mode is Mode.HANDS_FREE else _ROOM_MS
        if (decode := self._speculation.guess(segment, room_ms)) is not None:
            self._preview.seen(segment.length_s)
            decode.tell(heard)

    # -- the text so far ---------------------------------------------------------------------------------------------

    def _show(self, *, voiced: bool) -> None:
        """Have the open utterance decoded for the eye, if somebody watches and it is time."""
        if not self._endpointer.speaking:
            self._preview.rest()
            return
        # How long before somebody may wait for the engine: where a key can end the recording, no time at all.
        room_ms = self._settings.tail_ms if self._take.mode is Mode.HANDS_FREE and voiced else 0.0
        if self._preview.due(self._endpointer.length_s, room_ms):
            utterance = self._current()
            grow, dropped = functools.partial(self._grow, utterance, len(utterance.pieces)), self._dropped
            # An engine that cannot be stopped answers even when what it was given was dropped as no speech.
            self._preview.decode(
                self._endpointer.so_far(), lambda text: grow(text) if dropped == self._dropped else None
            )

    def _grow(self, utterance: Utterance, number: int, text: str) -> None:
        utterance.growing[number] = utterance.growing.get(number, Growing()).grown(text)
        self._sink.changed()

    # -- utterances --------------------------------------------------------------------------------------------------

    def _current(self) -> Utterance:
        take = self._take
        if take.utterance is None:
            take.utterance = Utterance(take.mode, capture_open_ms=take.capture_open_ms)
            take.capture_open_ms = None
            take.pending.append(take.utterance)
        return take.utterance

    def _end(self) -> None:
        take = self._take
        self._speculation.hide()
        if take.abandoned:
            self._speculation.abandon()
            if take.utterance is not None:
                self._commit()
        else:
            self._follow(self._endpointer.finish())
            if take.mode is not Mode.HANDS_FREE:
                self._current().released_s = take.stop_s
                self._commit()
            elif take.utterance is not None:  # an onset that came to nothing
                take.utterance.abandon()
                self._commit()
        if not take.pending:
            take.settled.set()
        self._sink.changed()

    def _commit(self) -> None:
        take, utterance = self._take, self._current()
        take.utterance = None
        utterance.mode = take.mode
        self._sink.over(take, utterance)
