"""What has become slower, or faster, since a baseline was saved with ``swictation stats --json``. Pure.

Like is held against like: the engine's phases of one model on one provider within one range of lengths, for each
second of audio, and what one waits for within one mode. A change is named only if so many utterances say so that it
cannot be chance (the intervals in which the two medians lie must not meet), and if it is one that could matter.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Literal

Json = dict[str, Any]

_ENOUGH = 20  # utterances on either side
_LEAST_MS, _LEAST_SHARE = 1.0, 0.05

Verdict = Literal["slower", "faster", "same", "too few"]


@dataclass(frozen=True, slots=True)
class Change:
    """One thing then and now: ``what`` names it, the medians are in milliseconds, the counts are utterances."""

    what: str
    verdict: Verdict
    before_ms: float
    now_ms: float
    before_count: int
    now_count: int

    @property
    def share(self) -> float | None:
        """By how much of what it was it changed."""
        return (self.now_ms - self.before_ms) / self.before_ms if self.before_ms else None


def changes(before: Json, now: Json) -> list[Change]:
    """Everything that both reports have, those that became slower first, each by how much."""
    then = dict(_things(before))
    found = [_change(what, then[what], spread) for what, spread in _things(now) if what in then]
    order: tuple[Verdict, ...] = ("slower", "faster", "same", "too few")
    return sorted(found, key=lambda change: (order.index(change.verdict), -abs(change.now_ms - change.before_ms)))


def _change(what: str, before: Json, now: Json) -> Change:
    counts = before["count"], now["count"]
    moved_ms = now["p50"] - before["p50"]
    verdict: Verdict = "same"
    if min(counts) < _ENOUGH:
        verdict = "too few"
    elif abs(moved_ms) >= max(_LEAST_MS, _LEAST_SHARE * before["p50"]):
        if now["low"] > before["high"]:
            verdict = "slower"
        elif now["high"] < before["low"]:
            verdict = "faster"
    return Change(what, verdict, before["p50"], now["p50"], *counts)


def _things(report: Json) -> Iterator[tuple[str, Json]]:
    """What can be compared, by name; how long one waits for a decode, too, only within a range of lengths."""
    for mode in report["modes"]:
        for stage, spread in mode["stages"].items():
            if spread is not None and stage != "recognise":
                yield f"{stage}, {mode['mode'].replace('_', '-')}", spread
    for engine in report["engines"]:
        for bucket in engine["buckets"]:
            for phase, spread in bucket["per_second"].items():
                if spread is not None:
                    yield f"{phase}, {engine['model']} on {engine['provider']}, of {length(bucket)}, per second", spread


def length(bucket: Json) -> str:
    """A range of lengths in words."""
    if bucket["to_s"] is None:
        return f"over {bucket['from_s']:g} s"
    return f"{bucket['from_s']:g} to {bucket['to_s']:g} s"
