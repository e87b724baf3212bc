"""Speech or not by webrtcvad and, where its model is installed, by Silero: webrtcvad is the gate, Silero decides.

webrtcvad with its noise gate is as good as Silero in a quiet room and takes 63 % of noise 10 dB below the speech for
speech, so that 43 % of utterances do not end; Silero takes 10 % and 2 % (tests/benchmarks/vad.py). Silero costs more,
runs native code, and hears nothing that webrtcvad does not suspect; hence the gate, and a process of its own.
"""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from pathlib import Path
from typing import Protocol

from daemon.errors import WorkerError
from daemon.messages import FRAME_MS
from daemon.silero_worker import model_file
from daemon.voice import VoiceDetector
from daemon.worker import Worker

log = logging.getLogger(__name__)

NAME = "silero-vad"  # in the catalogue and the store

_DEADLINE_S = 0.5  # for an answer that takes 1 ms; what is spoken meanwhile waits in the queue of frames
_BARREN_MOST = 3  # starts in vain before Silero is left alone until the next daemon
_HANGOVER_FRAMES = 300 // FRAME_MS  # how long the gate stays open after a frame that may be voice
_LEAD_FRAMES = 200 // FRAME_MS  # what Silero hears of the time before the gate opened
_FORGET_FRAMES = 1000 // FRAME_MS  # after so long behind the gate Silero begins afresh


class Voices:
    """Gives detectors, with Silero behind them as long as its model lies in ``directory`` and its worker answers."""

    def __init__(self, directory: Path) -> None:
        self.fault: str | None = None  # why a model that is installed is not used
        self._directory = directory
        self._worker = Worker("_silero", str(directory), on_end=self._ended)
        self._started = False
        self._stopping: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Have Silero stand by, if it is installed. Returns at once."""
        await self.look()

    async def stop(self) -> None:
        """End the worker."""
        await self._worker.stop()

    @property
    def active(self) -> str:
        """What decides now: ``silero``, or ``webrtc`` alone."""
        return "webrtc" if self._worker.ready is None else "silero"

    def detector(self, aggressiveness: int) -> SileroDetector:
        """A detector for one microphone; ``aggressiveness`` is that of webrtcvad."""
        return SileroDetector(VoiceDetector(aggressiveness), self._ask)

    async def look(self) -> None:
        """Start the worker once the model is there: it may be fetched while the daemon runs."""
        if not self._started and model_file(self._directory) is not None:
            self._started = True
            await self._worker.start()

    async def _ask(self, pcm: bytes, *, fresh: bool) -> bool | None:
        """Whether there is speech at the end of ``pcm``; None where Silero cannot say."""
        if self._worker.ready is None:
            return None
        try:
            head = {"kind": "listen", "fresh": fresh}
            answer, _body = await self._worker.request(head, pcm, deadline_s=_DEADLINE_S)
        except WorkerError as error:
            log.warning("webrtcvad decides alone: %s", error)
            return None
        return bool(answer["speech"])

    def _ended(self, reason: str) -> None:
        if self._worker.refused is not None or self._worker.barren >= _BARREN_MOST:
            self.fault = reason
            self._stopping = asyncio.create_task(self._worker.stop())


class Ask(Protocol):
    """Asks Silero."""

    async def __call__(self, pcm: bytes, *, fresh: bool) -> bool | None:
        """Whether there is speech at the end of ``pcm``, None if nobody can say; ``fresh``: it follows on nothing."""


class SileroDetector:
    """Decides frame by frame: by Silero while webrtcvad suspects a voice, by webrtcvad alone where Silero is silent."""

    def __init__(self, webrtc: VoiceDetector, silero: Ask) -> None:
        self._webrtc = webrtc
        self._silero = silero
        self._unheard: deque[bytes] = deque(maxlen=_LEAD_FRAMES)  # of Silero, since the gate closed
        self._unsuspected = _FORGET_FRAMES
        self._fresh = True

    async def decide(self, pcm: bytes) -> bool:
        """Whether the next frame (FRAME_BYTES of int16 mono) holds speech."""
        by_webrtc = self._webrtc.voiced(pcm)
        self._unsuspected = 0 if self._webrtc.suspected else self._unsuspected + 1
        self._unheard.append(pcm)
        if self._unsuspected > _HANGOVER_FRAMES:
            self._fresh |= self._unsuspected >= _FORGET_FRAMES
            return False
        unheard = b"".join(self._unheard)
        self._unheard.clear()
        speech = await self._silero(unheard, fresh=self._fresh)
        self._fresh = speech is None
        return by_webrtc if speech is None else speech
