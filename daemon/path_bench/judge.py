"""What the trials say: a row for each case with speculation and without, and whether each bar is met. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any

from daemon.latency import STAGES, percentile
from daemon.path_bench.trials import Case, Trial
from models.selftest import words

Json = dict[str, Any]
Tried = tuple[Case, bool, Trial]  # with speculation or without

RELEASED_BAR_MS = 30.0  # of felt latency less insertion, where the decode fits between the last sample and the release
HANDS_FREE_BAR_MS = 10.0  # of felt latency less the endpoint's wait and insertion
BAR_GAP_MS = 150  # from which on the first of them counts
_CONTROL = 0.8  # of the engine's time: what one waits at least for the decode without speculation


def judged(trials: Sequence[Tried], *, tail_ms: float, practice: bool) -> Json:
    """``rows`` and ``bars``. A ``practice`` model is made for the clips, so what it heard can be checked."""
    keys = list(dict.fromkeys((case, on) for case, on, _trial in sorted(trials, key=_place)))
    rows = [_row(case, on, [t for c, o, t in trials if (c, o) == (case, on)], practice=practice) for case, on in keys]
    return {"rows": rows, "bars": [*_release_bars(rows, tail_ms), *_hands_free_bar(rows), *_control(rows)]}


def _place(tried: Tried) -> tuple[float, bool]:
    case, on, _trial = tried
    return (float("inf") if case.gap_ms is None else case.gap_ms, not on)


def _row(case: Case, on: bool, trials: Sequence[Trial], *, practice: bool) -> Json:
    entries = [trial.entry for trial in trials if trial.entry is not None]
    timings = [entry["timings_ms"] for entry in entries]
    each = [_one(case, trial.entry, trial.gap_ms) for trial in trials if trial.entry is not None]
    checkable = [trial for trial in trials if practice and trial.clip.words is not None]
    return {
        "case": case.name,
        "gap_ms": case.gap_ms,
        "speculate": on,
        "count": len(trials),
        "outcomes": dict(Counter(entry["outcome"] for entry in entries)),
        "arrived": sum(trial.arrived for trial in trials),
        "right": sum(_right(trial) for trial in checkable) if checkable else None,
        "felt": _of([one["felt"] for one in timings]),
        "rest": _of([one["rest_ms"] for one in each]),
        "seen": _of([trial.seen_ms for trial in trials]),
        "gap": _of([trial.gap_ms for trial in trials]),
        "engine": _of([one["engine_ms"] for one in each]),
        "stages": {stage: _of([one[stage] for one in timings]) for stage in STAGES},
        "each": each,
    }


def _one(case: Case, entry: Json, gap_ms: float | None) -> Json:
    """Of one utterance: what it took beyond insertion (and the endpoint's wait), its decode, and the time for that."""
    timings = entry["timings_ms"]
    waits = ("insert",) if case.gap_ms is not None else ("endpoint_wait", "insert")
    felt, rtf = timings["felt"], timings["rtf"]
    return {
        "rest_ms": None if felt is None else felt - sum(timings[wait] for wait in waits),
        "engine_ms": None if rtf is None else rtf * entry["audio_s"] * 1000,
        "gap_ms": gap_ms,
    }


def _right(trial: Trial) -> bool:
    return trial.entry is not None and tuple(words(trial.entry["text"] or "")) == trial.clip.words


def _of(values: Sequence[float | None]) -> Json | None:
    known = [value for value in values if value is not None]
    return {"p50": percentile(known, 0.5), "p95": percentile(known, 0.95)} if known else None


def _release_bars(rows: Sequence[Json], tail_ms: float) -> list[Json]:
    bars = []
    for row in rows:
        if row["speculate"] and row["gap_ms"] is not None and row["gap_ms"] >= BAR_GAP_MS:
            known = [one for one in row["each"] if one["rest_ms"] is not None]
            fit = [one["rest_ms"] for one in known if one["engine_ms"] + tail_ms <= one["gap_ms"]]
            slowest = max((one["engine_ms"] for one in known), default=0.0)
            why = (
                f"only decodes that fit are judged, {len(fit)} of {len(known)}: they begin after {tail_ms:.0f} ms of "
                f"silence and took up to {slowest:.0f} ms"
            )
            bars.append(
                _bar(f"{row['case']}: felt - insertion", fit, RELEASED_BAR_MS, why if len(fit) < len(known) else None)
            )
    return bars


def _hands_free_bar(rows: Sequence[Json]) -> list[Json]:
    return [
        _bar("hands-free: felt - endpoint wait - insertion", rests_ms, HANDS_FREE_BAR_MS, None)
        for row in rows
        if row["speculate"] and row["gap_ms"] is None
        if (rests_ms := [one["rest_ms"] for one in row["each"] if one["rest_ms"] is not None])
    ]


def _bar(name: str, rests_ms: Sequence[float], limit_ms: float, why: str | None) -> Json:
    """``met`` is about the median; None where there is nothing to judge. ``why`` says what was left out."""
    found = _of(rests_ms)
    return {
        "bar": name,
        "limit_ms": limit_ms,
        "p50_ms": found["p50"] if found else None,
        "p95_ms": found["p95"] if found else None,
        "within": sum(value <= limit_ms for value in rests_ms),
        "count": len(rests_ms),
        "met": found["p50"] <= limit_ms if found else None,
        "why": why,
    }


def _control(rows: Sequence[Json]) -> list[Json]:
    """That the measurement can tell: without speculation the wait holds the decode."""
    bars = []
    for row in rows:
        if row["speculate"] or not row["engine"] or not row["stages"]["recognise"]:
            continue
        least_ms = _CONTROL * row["engine"]["p50"]
        waited = row["stages"]["recognise"]
        bars.append(
            {
                "bar": f"{row['case']}, no speculation: the decode is waited for",
                "least_ms": least_ms,
                "p50_ms": waited["p50"],
                "p95_ms": waited["p95"],
                "within": None,
                "count": row["count"],
                "met": waited["p50"] >= least_ms,
                "why": None,
            }
        )
    return bars
