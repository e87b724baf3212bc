"""The stages of an utterance's latency, and what their distribution says. All times are milliseconds.

``felt`` is what the user waited: from the end of speech or the key's release, whichever was later, to the moment the
target had the text. It is the sum of ``WAITED``. The engine's own stages lie within ``recognise`` where the user
waited for them; a piece that was decoded while the user still spoke costs engine time and no waiting.
A stage that an engine cannot split is None, never 0.
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

WAITED = ("endpoint_wait", "queue", "recognise", "text", "insert")


@dataclass(frozen=True, slots=True)
class Timings:
    """What one utterance cost, in milliseconds.

    ``capture_open`` from the key to the first captured sample; ``speech`` from the first voiced sample to the last;
    ``endpoint_wait`` from the end of speech (or the release) to the decision that the utterance is over; ``queue``
    until its last piece reached the engine; ``recognise`` until its text was there; ``text`` for rules and sanitising;
    ``insert`` until the target took it; ``features``, ``encode`` and ``decode`` the engine's own work (``decode`` holds
    the encoder too where ``encode`` is None); ``tokens`` and ``steps`` of the decoder; ``rtf`` engine per audio time.
    """

    capture_open: float | None = None
    speech: float | None = None
    endpoint_wait: float | None = None
    queue: float | None = None
    recognise: float | None = None
    features: float | None = None
    encode: float | None = None
    decode: float | None = None
    text: float | None = None
    insert: float | None = None
    felt: float | None = None
    tokens: int | None = None
    steps: int | None = None
    rtf: float | None = None


FIELDS = tuple(f.name for f in dataclasses.fields(Timings))
STAGES = tuple(name for name in FIELDS if name not in {"tokens", "steps", "rtf"})


@dataclass(frozen=True, slots=True)
class StageSummary:
    """One stage over many utterances: how many had it, percentiles in ms, and its share of the felt latency.

    ``share`` is None for a stage that is not part of the wait.
    """

    stage: str
    count: int
    p50_ms: float
    p95_ms: float
    share: float | None


def percentile(values: Sequence[float], fraction: float) -> float:
    """The value below which ``fraction`` (0 to 1) of ``values`` lie, linear between neighbours (numpy's default)."""
    return _percentile(sorted(values), fraction)


def _percentile(ordered: Sequence[float], fraction: float) -> float:
    position = fraction * (len(ordered) - 1)
    low = math.floor(position)
    high = min(low + 1, len(ordered) - 1)
    return ordered[low] + (ordered[high] - ordered[low]) * (position - low)


def summarise(timings: Iterable[Timings]) -> list[StageSummary]:
    """A summary of every stage that any utterance had, in the order of ``STAGES``."""
    return summarise_rows([[getattr(one, stage) for stage in STAGES] for one in timings])


def summarise_rows(rows: Sequence[Sequence[float | None]]) -> list[StageSummary]:
    """The same of rows with a number or None for each of ``STAGES``."""
    columns = dict(zip(STAGES, zip(*rows, strict=True), strict=True)) if rows else {}
    felt = columns.get("felt", ())
    felt_ms = math.fsum(value for value in felt if value is not None)
    summaries = []
    for stage, column in columns.items():
        values = sorted(value for value in column if value is not None)
        if not values:
            continue
        share = None
        if stage in (*WAITED, "felt") and felt_ms:
            share = math.fsum(value for value, whole in zip(column, felt, strict=True) if value and whole) / felt_ms
        summaries.append(StageSummary(stage, len(values), _percentile(values, 0.5), _percentile(values, 0.95), share))
    return summaries


def sum_known(values: Iterable[float | None]) -> float | None:
    """The sum, or None if any part of it is unknown."""
    total = 0.0
    for value in values:
        if value is None:
            return None
        total += value
    return total
