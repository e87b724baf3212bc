"""What a history of utterances says of their cost: stages, lines, spread and shares. Pure; all times in ms."""

from __future__ import annotations

import dataclasses
import itertools
import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from daemon.history import Entry
from daemon.latency import WAITED, percentile, summarise
from models.bench.stats import fit
from models.bench.stats import summarise as spread_of

Json = dict[str, Any]

PHASES = ("features", "encode", "decode", "engine")  # engine: the whole of its work, which the others are parts of
BUCKETS_S = (0.0, 1.0, 2.0, 4.0, 8.0, 16.0, math.inf)  # of audio: within one, an utterance's length explains little
WAITS = ("capture_open", *WAITED, "felt")

_SIGMAS = 2.576  # of a normal distribution, for 99 %: how sure it is that a median lies between its low and its high
_INTERVAL_LEAST = 8  # of fewer, none is so sure


@dataclass(frozen=True, slots=True)
class Spread:
    """Some measurements of one thing. ``sd`` is the sample's, None of a single one.

    ``low`` to ``high`` holds the median that very many of them would have, with a probability of 99 % and whatever
    their distribution; both are None of fewer than eight.
    """

    count: int
    mean: float
    sd: float | None
    p50: float
    p95: float
    low: float | None
    high: float | None


def analysed(entries: Sequence[Entry]) -> Json:
    """The whole report: every stage, each mode's waits, and each engine's lines, shares and spread by length."""
    return {
        "format": 1,
        "utterances": len(entries),
        "stages": [dataclasses.asdict(stage) for stage in summarise(entry.timings for entry in entries)],
        "modes": [
            {"mode": str(mode), "utterances": len(some), "stages": _spreads(WAITS, some, _stage)}
            for mode, some in _groups(entries, lambda entry: entry.mode)
        ],
        "engines": [
            {"model": model, "provider": provider, **_engine(some)}
            for (model, provider), some in _groups(
                [entry for entry in entries if entry.model is not None], lambda entry: (entry.model, entry.provider)
            )
        ],
    }


def points(entries: Iterable[Entry]) -> Json:
    """For plots: of each utterance that was recognised its seconds of audio, its tokens and what the engine took."""
    return {
        f"{model} on {provider}": [
            {"seconds": one.audio_s, "tokens": one.timings.tokens, "engine_ms": _phase(one, "engine")} for one in some
        ]
        for (model, provider), some in _groups(
            [entry for entry in entries if entry.model is not None], lambda entry: (entry.model, entry.provider)
        )
    }


def spread(values: Sequence[float]) -> Spread | None:
    """What is to be said of some measurements, or None if there are none."""
    about = spread_of(values)
    if about is None:
        return None
    ordered = sorted(values)
    low, high = _interval(len(ordered))
    return Spread(
        count=about.count,
        mean=about.mean,
        sd=about.sd,
        p50=percentile(ordered, 0.5),
        p95=percentile(ordered, 0.95),
        low=None if low is None else ordered[low],
        high=None if high is None else ordered[high],
    )


def _interval(count: int) -> tuple[int | None, int | None]:
    """Between which places of so many ordered values their true median lies: each is above it or below it by a toss."""
    away = _SIGMAS * math.sqrt(count) / 2
    low = max(0, math.floor(count / 2 - away))
    return (low, count - 1 - low) if count >= _INTERVAL_LEAST else (None, None)


def _engine(entries: Sequence[Entry]) -> Json:
    return {
        "utterances": len(entries),
        "shares": _shares(entries),
        "fits": {phase: _fits(entries, phase) for phase in PHASES},
        "buckets": [
            {
                "from_s": low,
                "to_s": None if math.isinf(high) else high,
                "utterances": len(some),
                "phases": _spreads((*PHASES, "recognise"), some, _phase),
                "per_second": _spreads((*PHASES, "recognise"), some, _per_second),
            }
            for low, high in itertools.pairwise(BUCKETS_S)
            if (some := [entry for entry in entries if low <= entry.audio_s < high])
        ],
    }


def _shares(entries: Sequence[Entry]) -> dict[str, float | None]:
    """Of the engine's time, what each phase took; None of a phase that it cannot split."""
    shares: dict[str, float | None] = {}
    for phase in PHASES:
        both = [(part, whole) for one in entries if (part := _phase(one, phase)) and (whole := _phase(one, "engine"))]
        shares[phase] = math.fsum(part for part, _ in both) / math.fsum(whole for _, whole in both) if both else None
    return shares


def _fits(entries: Sequence[Entry], phase: str) -> Json:
    """The lines of a phase against seconds of audio and against tokens."""
    timed = [(one, value) for one in entries if (value := _phase(one, phase)) is not None]
    lines = {
        "seconds": fit([(one.audio_s, value) for one, value in timed]),
        "tokens": fit([(one.timings.tokens, value) for one, value in timed if one.timings.tokens is not None]),
    }
    return {against: dataclasses.asdict(line) if line is not None else None for against, line in lines.items()}


def _spreads(
    names: Iterable[str], entries: Sequence[Entry], value: Callable[[Entry, str], float | None]
) -> dict[str, Json | None]:
    spreads = {name: spread([v for entry in entries if (v := value(entry, name)) is not None]) for name in names}
    return {name: dataclasses.asdict(one) if one is not None else None for name, one in spreads.items()}


def _stage(entry: Entry, stage: str) -> float | None:
    value: float | None = getattr(entry.timings, stage)
    return value


def _phase(entry: Entry, phase: str) -> float | None:
    if phase == "engine":
        return None if entry.timings.rtf is None else entry.timings.rtf * entry.audio_s * 1000
    return _stage(entry, phase)


def _per_second(entry: Entry, phase: str) -> float | None:
    """Within a range of lengths it scatters far less than the time itself."""
    value = _phase(entry, phase)
    return value / entry.audio_s if value is not None and entry.audio_s else None


def _groups(entries: Sequence[Entry], key: Callable[[Entry], Any]) -> list[tuple[Any, list[Entry]]]:
    """The entries by key, the one with most of them first."""
    groups: dict[Any, list[Entry]] = {}
    for entry in entries:
        groups.setdefault(key(entry), []).append(entry)
    return sorted(groups.items(), key=lambda group: -len(group[1]))
