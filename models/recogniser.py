"""What every engine gives: one utterance of PCM in, one transcript out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from models.stopping import Stop

RATE_HZ = 16_000
SAMPLE_BYTES = 2  # int16, mono


@dataclass(frozen=True, slots=True)
class Transcript:
    """One recognised utterance.

    ``tokens``, ``timestamps_s``, ``durations_s`` and ``log_probs`` are parallel; times are seconds from the first
    sample, and ``log_probs`` is the log probability of each chosen token among all tokens. A stage that the engine
    cannot split is None, never 0: see the engine for what its ``features_ms``, ``encode_ms`` and ``decode_ms`` hold.
    ``steps`` counts the calls of the joiner.
    """

    text: str
    tokens: tuple[str, ...] = ()
    timestamps_s: tuple[float, ...] = ()
    durations_s: tuple[float, ...] = ()
    log_probs: tuple[float, ...] = ()
    features_ms: float | None = None
    encode_ms: float | None = None
    decode_ms: float | None = None
    steps: int | None = None

    @classmethod
    def of(cls, fields: Mapping[str, Any]) -> Transcript:
        """The transcript in the head of a ``transcript`` message; other keys are ignored."""
        return cls(
            text=str(fields["text"]),
            tokens=tuple(fields["tokens"]),
            timestamps_s=tuple(fields["timestamps_s"]),
            durations_s=tuple(fields["durations_s"]),
            log_probs=tuple(fields["log_probs"]),
            features_ms=fields["features_ms"],
            encode_ms=fields["encode_ms"],
            decode_ms=fields["decode_ms"],
            steps=fields["steps"],
        )


class Recogniser(Protocol):
    """A loaded model. ``provider`` is the one that really runs, not the one that was asked for."""

    @property
    def model(self) -> str:
        """The name of the model."""

    @property
    def provider(self) -> str:
        """Where it runs: ``cpu`` or ``cuda``."""

    def recognise(self, pcm: bytes) -> Transcript:
        """The transcript of int16 little-endian mono PCM at ``RATE_HZ``."""


class BatchRecogniser(Recogniser, Protocol):
    """A loaded model that also takes several utterances at once, and may be stopped."""

    @property
    def stops(self) -> bool:
        """Whether a decode that is asked to stop does so within a few milliseconds."""

    def recognise(self, pcm: bytes, stop: Stop | None = None) -> Transcript:
        """As in Recogniser. Raises Stopped where ``stop`` is seen to have been asked for."""

    def recognise_many(self, pcms: Sequence[bytes], stop: Stop | None = None) -> list[Transcript]:
        """Their transcripts, each the same as ``recognise`` gives. Raises Stopped as ``recognise`` does."""
