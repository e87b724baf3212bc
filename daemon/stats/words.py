"""The report of ``swictation stats`` in words. Pure: from the JSON values to lines of at most 120 columns."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from daemon.stats.analysis import PHASES
from daemon.stats.compare import Change, length

Json = dict[str, Any]


def stats_in_words(stats: Json) -> str:
    """The tables: stages, and for each engine its lines and its spread within a range of lengths."""
    if not stats["stages"]:
        return "no utterance has been measured yet"
    parts = [_stages(stats), *(_engine(engine) for engine in stats["engines"])]
    return "\n\n".join("\n".join(part) for part in parts)


def changes_in_words(changes: Sequence[Change], file: str) -> str:
    """What became slower or faster since the baseline in ``file``."""
    named = [change for change in changes if change.verdict in {"slower", "faster"}]
    lines = [
        f"{change.verdict:<8}{change.what}: {change.before_ms:.1f} -> {change.now_ms:.1f} ms{_share(change)}"
        f" ({change.before_count} and {change.now_count} utterances)"
        for change in named
    ]
    few = sum(change.verdict == "too few" for change in changes)
    same = len(changes) - few - len(named)
    counted = f"against {file}: {len(named)} of {len(changes)} changed, {same} did not"
    if few:
        counted += f", {few} have too few utterances to say"
    return "\n".join([counted, *lines])


def _share(change: Change) -> str:
    return "" if change.share is None else f", {change.share * 100:+.0f} %"


def _stages(stats: Json) -> list[str]:
    lines = [f"{stats['utterances']} utterances; times in ms; share of what the user waited (felt)"]
    lines.append(f"{'stage':<14}{'count':>7}{'p50':>10}{'p95':>10}{'share':>8}")
    for stage in stats["stages"]:
        share = f"{stage['share'] * 100:.0f} %" if stage["share"] is not None else ""
        lines.append(
            f"{stage['stage']:<14}{stage['count']:>7}{stage['p50_ms']:>10.1f}{stage['p95_ms']:>10.1f}{share:>8}"
        )
    return lines


def _engine(engine: Json) -> list[str]:
    lines = [f"{engine['model']} on {engine['provider']}, {engine['utterances']} utterances: straight lines"]
    head = f"{'ms/s':>10}{'+ ms':>10}{'R2':>8}{'ms/token':>13}{'+ ms':>10}{'R2':>8}{'share':>8}"
    lines.append(f"{'phase':<16}{head}")
    for phase in PHASES:
        if (share := engine["shares"][phase]) is not None:
            fits = engine["fits"][phase]
            both = f"{_line(fits['seconds'], 10)}{_line(fits['tokens'], 13)}"
            lines.append(f"{_named(phase, engine):<16}{both}{share * 100:>6.0f} %")
    lines += [
        "",
        f"{'of audio':<16}{'phase':<10}{'count':>7}{'mean':>10}{'sd':>10}{'sd/mean':>9}{'p50':>10}{'p95':>10}",
    ]
    for bucket in engine["buckets"]:
        for phase in (*PHASES, "recognise"):
            if (spread := bucket["phases"][phase]) is not None:
                lines.append(
                    f"{length(bucket):<16}{_named(phase, engine):<10}{spread['count']:>7}{spread['mean']:>10.1f}"
                    f"{_number(spread['sd'], 10)}{_scatter(spread):>9}{spread['p50']:>10.1f}{spread['p95']:>10.1f}"
                )
    return lines


def _named(phase: str, engine: Json) -> str:
    """sherpa-onnx gives one time for encoder and decoder, which must not look like the decoder's."""
    return "enc+dec" if phase == "decode" and engine["shares"]["encode"] is None else phase


def _scatter(spread: Json) -> str:
    return f"{spread['sd'] / spread['mean'] * 100:.0f} %" if spread["sd"] is not None and spread["mean"] else "-"


def _line(line: Json | None, width: int) -> str:
    if line is None:
        return " " * (width + 18)
    return f"{line['slope']:>{width}.2f}{line['intercept']:>10.2f}{_number(line['r_squared'], 8, 3)}"


def _number(value: float | None, width: int, digits: int = 1) -> str:
    return f"{'-' if value is None else format(value, f'.{digits}f'):>{width}}"
