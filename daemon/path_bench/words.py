"""The report of ``swictation bench --path`` in words. Pure: from the JSON values to lines of at most 120 columns."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence
from typing import Any

from daemon.latency import WAITED

Json = dict[str, Any]

_WIDTH = 120
_BUSY = 0.75  # of the cores, before the run
_VERDICTS = {True: "met", False: "MISSED", None: "not judged"}


def path_in_words(result: Json) -> str:
    """The report: what it was measured on, and for each model its rows, stages and bars."""
    parts = [_machine(result)]
    for model in result["models"]:
        parts += [_rows(model), _stages(model["rows"]), _bars(model["bars"])]
    return "\n\n".join("\n".join(part) for part in parts if part)


def _machine(result: Json) -> list[str]:
    machine = result["machine"]
    lines = [
        f"{machine['processor']}, {machine['cores']} cores; {machine['system']}",
        f"{result['repeats']} of each, with and without speculation in turn, into an xterm; p50 and p95 in ms",
        "felt: from the last voiced sample, or the key's release if that is later, until the target took the text",
        "rest: felt less insertion, and hands-free less the endpoint's wait, too",
        "seen: from the recording's last sample, or the release, until the text came out of the window",
        "gap: from the last sample to the release; right: every word was (the practice model gets some wrong)",
    ]
    if (machine["load"] or 0) > _BUSY * machine["cores"]:
        lines.append(f"load {machine['load']}: other work was running; trust differences within this run, not the rest")
    return [part for line in lines for part in textwrap.wrap(line, _WIDTH, subsequent_indent="    ")]


def _rows(model: Json) -> list[str]:
    lines = [
        f"{model['model']}, {model['engine']} on {model['provider']}, {model['threads']} thread(s)",
        f"{'case':<20}{'speculation':>12}{'count':>7}{'arrived':>9}{'right':>7}"
        + "".join(f"{head:>16}" for head in ("felt", "rest", "seen"))
        + f"{'gap':>8}{'engine':>9}",
    ]
    for row in model["rows"]:
        right = "-" if row["right"] is None else row["right"]
        lines.append(
            f"{row['case']:<20}{_on(row):>12}{row['count']:>7}{row['arrived']:>9}{right:>7}"
            + "".join(_both(row[name], 16) for name in ("felt", "rest", "seen"))
            + f"{_middle(row['gap'], 8)}{_middle(row['engine'], 9)}"
        )
    if model["spoiled"]:
        lines.append(f"{model['spoiled']} trials were made again: the sound server had not played them without a gap")
    return lines


def _stages(rows: Sequence[Json]) -> list[str]:
    lines = [f"{'what the wait is made of':<20}{'':>8}" + "".join(f"{stage:>16}" for stage in WAITED)]
    return lines + [
        f"{row['case']:<20}{_on(row):>8}" + "".join(_both(row["stages"][stage], 16) for stage in WAITED) for row in rows
    ]


def _bars(bars: Sequence[Json]) -> list[str]:
    lines = []
    for bar in bars:
        told = f"{_VERDICTS[bar['met']]:<11}{bar['bar']}"
        if bar["p50_ms"] is not None:
            told += f": {bar['p50_ms']:.1f} ms, p95 {bar['p95_ms']:.1f}"
        if bar.get("limit_ms") is not None:
            told += f"; at most {bar['limit_ms']:.0f} ms wanted, {bar['within']} of {bar['count']} within"
        else:
            told += f"; at least {bar['least_ms']:.1f} expected"
        lines.append(f"{told} ({bar['why']})" if bar["why"] else told)
    return [part for line in lines for part in textwrap.wrap(line, _WIDTH, subsequent_indent=" " * 11)]


def _on(row: Json) -> str:
    return "on" if row["speculate"] else "off"


def _both(summary: Json | None, width: int) -> str:
    told = "-" if summary is None else f"{summary['p50']:.1f} {summary['p95']:.1f}"
    return f"{told:>{width}}"


def _middle(summary: Json | None, width: int) -> str:
    return f"{'-' if summary is None else format(summary['p50'], '.1f'):>{width}}"
