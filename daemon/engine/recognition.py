"""What was recognised, and what it cost."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from daemon.engine.worker import EngineState
from models.recogniser import Transcript
from models.wire import Head


@dataclass(frozen=True, slots=True)
class Recognition:
    """A transcript with what it cost.

    ``queue_ms`` is the wait for earlier requests, for a model that is still loading and for failed attempts;
    ``recognise_ms`` the round trip to the worker that answered, ``engine_ms`` the part of it spent inside the engine.
    Of a batch these two are its share by length.
    """

    transcript: Transcript
    queue_ms: float
    recognise_ms: float
    engine_ms: float
    model: str
    provider: str
    attempts: int


def heard(
    answer: Head, pcms: Sequence[bytes], *, queue_ms: float, round_trip_ms: float, state: EngineState, attempts: int
) -> list[Recognition]:
    """What the engine worker's answer to a request for ``pcms`` says."""
    transcripts = answer["transcripts"] if len(pcms) > 1 else [answer]
    return [
        Recognition(
            transcript=Transcript.of(fields),
            queue_ms=queue_ms,
            recognise_ms=round_trip_ms * share,
            engine_ms=answer["engine_ms"] * share,
            model=state.model,
            provider=state.provider or "",
            attempts=attempts,
        )
        for fields, share in zip(transcripts, _shares(pcms), strict=True)
    ]


def _shares(pcms: Sequence[bytes]) -> list[float]:
    """The part of the whole that each is by its length."""
    whole = sum(map(len, pcms))
    return [len(pcm) / whole if whole else 1 / len(pcms) for pcm in pcms]
