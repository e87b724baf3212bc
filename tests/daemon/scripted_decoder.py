"""A decoder for the tests of speculation, whose text is a digest of what it was given."""

import asyncio
import hashlib

from daemon.engine.recogniser import Recognition
from daemon.errors import WorkerError
from models.recogniser import Transcript


class Decoder:
    """Says a digest of the audio, after a scripted number of turns of the loop; one at a time, or it fails.

    ``broken_off`` is what was cancelled, which only one that ``stops`` puts up with.
    """

    busy = False

    def __init__(self, turns=lambda: 0, pace_ms=lambda: 1.0, *, stops=False) -> None:
        self.stops = stops
        self.broken_off: list[bytes] = []
        self.decoded: list[bytes] = []
        self.fault: str | None = None
        self.go = asyncio.Event()
        self.go.set()
        self._turns, self._pace_ms = turns, pace_ms
        self._busy = False

    @property
    def pace_ms(self) -> float | None:
        return self._pace_ms()

    async def recognise(self, pcm: bytes) -> Recognition:
        assert not self._busy, "a second decode in flight"
        self._busy = True
        self.decoded.append(pcm)
        try:
            for _ in range(self._turns()):
                await asyncio.sleep(0)
            await self.go.wait()
        except asyncio.CancelledError:
            assert self.stops, "it cannot be stopped"
            self.broken_off.append(pcm)
            raise
        finally:
            self._busy = False
        if self.fault is not None:
            raise WorkerError(self.fault)
        transcript = Transcript(text=digest(pcm), tokens=("x",) * 1000)
        return Recognition(transcript, 0.0, 1.0, 1.0, "fake", "cpu", 1)


def digest(pcm: bytes) -> str:
    return "x" + hashlib.sha256(pcm).hexdigest()[:12]


async def turns(count=20):
    for _ in range(count):
        await asyncio.sleep(0)
