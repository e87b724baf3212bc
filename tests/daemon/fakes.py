"""Working stand-ins for the parts around the data path: they behave, and remember what they were asked."""

import asyncio
import itertools
from collections.abc import AsyncGenerator

from daemon.engine.recogniser import Recognition
from daemon.errors import WorkerError
from daemon.messages import FRAME_BYTES, FRAME_MS, Frame, Insertion, Outcome, Target
from models.recogniser import Transcript

VOICED = b"\x01\x10" * (FRAME_BYTES // 2)
SILENT = bytes(FRAME_BYTES)


class FakeDetector:
    """Frames that are not all zero are speech."""

    def __init__(self, _aggressiveness: int) -> None:
        pass

    async def decide(self, pcm: bytes) -> bool:
        return any(pcm)


class FakeRecogniser:
    """Says "words 1", "words 2", ... ; refuses while ``fault`` is set and waits until ``go`` is."""

    stops = busy = False
    pace_ms = 1.0

    def __init__(self) -> None:
        self.asked = 0
        self.heard: list[bytes] = []
        self.fault: str | None = None
        self.texts = (f"words {number}" for number in itertools.count(1))
        self.go = asyncio.Event()
        self.go.set()

    async def recognise(self, pcm: bytes) -> Recognition:
        self.asked += 1
        await self.go.wait()
        if self.fault is not None:
            raise WorkerError(self.fault)
        self.heard.append(pcm)
        await asyncio.sleep(0.001)
        transcript = Transcript(text=next(self.texts), tokens=("wo", "rds"), features_ms=1.0, decode_ms=2.0)
        return Recognition(
            transcript=transcript,
            queue_ms=0.0,
            recognise_ms=4.0,
            engine_ms=3.0,
            model="fake",
            provider="cpu",
            attempts=1,
        )


class FakeInserter:
    """One window that takes every text, until ``answer`` says otherwise."""

    name = "fake"
    undoable = False
    notice = None

    def __init__(self) -> None:
        self.inserted: list[str] = []
        self.unsure: str | None = None  # why nothing can be taken back
        self.answer = Insertion(Outcome.CONFIRMED, None, 2.0)
        self.prepared = 0

    async def start(self) -> None:
        pass

    async def stop(self) -> None:
        pass

    async def prepare(self) -> None:
        self.prepared += 1

    async def ask(self) -> str | None:
        return None

    async def focus(self) -> Target | None:
        return Target(1)

    async def undo(self) -> str | None:
        if self.unsure is None:
            self.inserted.pop()
        return self.unsure

    async def insert(self, text: str, target: Target | None) -> Insertion:
        assert target == Target(1)
        if self.answer.outcome is Outcome.CONFIRMED:
            self.inserted.append(text)
        return self.answer


async def frames(pattern: str, *, began_s: float = 0.0, pace_s: float = 0.0) -> AsyncGenerator[Frame, None]:
    """A frame for each character: ``#`` is speech, ``.`` silence."""
    for number, character in enumerate(pattern, start=1):
        await asyncio.sleep(pace_s)
        yield Frame(began_s + number * FRAME_MS / 1000, VOICED if character == "#" else SILENT)
