"""The microphone on trial: its level, and what is heard in one utterance. Nothing is inserted, recorded or kept."""

from __future__ import annotations

import asyncio
import contextlib
import dataclasses
import time
from collections import deque
from collections.abc import AsyncGenerator, Awaitable, Callable, Iterable
from typing import Any

from daemon.endpoint import Endpoint, Endpointer, EndpointSettings, Segment
from daemon.errors import RequestRefused
from daemon.messages import FRAME_MS, Frame, Insertion, Mode, Outcome
from daemon.second_chance import Recogniser
from daemon.utterance import Utterance, timings_of
from daemon.voice import Detector, VoiceDetector, level_db

_LIMIT_S = 60.0
_REPORT_S = 1 / 15
_LEVEL_FRAMES = 100 // FRAME_MS

Report = Callable[[dict[str, Any]], Awaitable[None]]


class MicrophoneTrial:
    """At most one trial at a time: the next one, and every dictation, ends it.

    ``open_microphone`` gives the frames of a device, ``settings`` says when an utterance ends.
    """

    def __init__(
        self,
        open_microphone: Callable[[str], AsyncGenerator[Frame, None]],
        recogniser: Recogniser,
        *,
        settings: Callable[[], EndpointSettings],
        rewrite: Callable[[Iterable[str]], str],
        detector: Callable[[int], Detector] = VoiceDetector,
    ) -> None:
        self._open_microphone = open_microphone
        self._recogniser = recogniser
        self._settings = settings
        self._rewrite = rewrite
        self._new_detector = detector
        self._recent: deque[bytes] = deque(maxlen=_LEVEL_FRAMES)
        self._speech = False
        self._listening: asyncio.Task[Segment] | None = None

    async def run(self, device: str, report: Report, *, listen: bool) -> Segment:
        """Report the level of ``device`` some 15 times a second; if ``listen``, only until the first utterance ends.

        Raises MicrophoneError, and RequestRefused when another one, or a dictation, takes the microphone, or after a
        minute.
        """
        while self._listening is not None:  # another one may be waiting for the same
            await self.end()
        self._recent.clear()
        listening = self._listening = asyncio.create_task(
            self._listen(device, listen=listen), name="try the microphone"
        )
        try:
            until_s = time.monotonic() + _LIMIT_S
            while not listening.done() and time.monotonic() < until_s:
                await asyncio.wait({listening}, timeout=_REPORT_S)
                if self._recent and not listening.done():
                    await report({"level_dbfs": round(level_db(b"".join(self._recent)), 1), "speech": self._speech})
            if not listening.done():
                raise RequestRefused(f"the microphone was closed after {_LIMIT_S:.0f} s: try again")
            if listening.cancelled():
                raise RequestRefused("the trial of the microphone ended: something else needs the microphone")
            return listening.result()
        finally:
            await _ended(listening)

    async def recognise(self, segment: Segment) -> dict[str, Any]:
        """What was heard in an utterance and what it cost. Raises WorkerError."""
        committed_s = time.monotonic()
        heard = await self._recogniser.recognise(segment.pcm)
        began_s = time.monotonic()
        text = self._rewrite([heard.transcript.text])
        utterance = Utterance(Mode.HANDS_FREE, pieces=[segment], heard=[heard], committed_s=committed_s)
        utterance.decode_began_s = began_s - heard.recognise_ms / 1000
        now_s = time.monotonic()
        timings = timings_of(utterance, began_s, now_s, now_s, Insertion(Outcome.NOTHING))
        return {"text": text, "timings_ms": dataclasses.asdict(timings), "audio_s": utterance.audio_s}

    async def end(self) -> None:
        """End the trial that runs, if one does; its microphone is closed then."""
        if (listening := self._listening) is not None:
            await _ended(listening)
            if self._listening is listening:
                self._listening = None

    async def _listen(self, device: str, *, listen: bool) -> Segment:
        settings = self._settings()
        endpointer, detector = Endpointer(settings), self._new_detector(settings.aggressiveness)
        async with contextlib.aclosing(self._open_microphone(device)) as frames:
            async for frame in frames:
                self._speech = await detector.decide(frame.pcm)
                self._recent.append(frame.pcm)
                for event in endpointer.push(frame, self._speech):
                    if listen and isinstance(event, Endpoint):
                        return event.segment
        raise RequestRefused("the microphone ended")


async def _ended(task: asyncio.Task[Any]) -> None:
    task.cancel()
    await asyncio.wait({task})
