"""The report of ``swictation stats`` as a picture: cost against length and tokens, spread, and what the wait is."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from daemon.latency import WAITED
from daemon.stats.compare import length
from models.bench import plots

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

Json = Mapping[str, Any]
Points = Sequence[Mapping[str, float | None]]

_MOST = 4  # engines in one picture, those that were used most


def writer(file: Path, points: Mapping[str, Points]) -> plots.Writer:
    """What writes the report into ``file``, given ``analysis.points``; see ``models.bench.plots.writer``."""
    return plots.writer(file, lambda result: _figure(result, points), "swictation stats")


def _figure(result: Json, points: Mapping[str, Points]) -> Figure:
    from matplotlib.figure import Figure

    figure = Figure(figsize=(12.5, 8.4), dpi=120, layout="constrained")
    figure.suptitle(f"{result['utterances']} utterances", fontsize=10)
    axes = figure.subplots(2, 2)
    shown = dict(list(points.items())[:_MOST])
    _scatter(axes[0][0], shown, result["engines"], "seconds")
    axes[0][0].set_title("engine, ms, against seconds of audio")
    _scatter(axes[0][1], shown, result["engines"], "tokens")
    axes[0][1].set_title("engine, ms, against tokens")
    _spread(axes[1][0], result["engines"][:_MOST])
    axes[1][0].set_title("engine within a range of lengths, ms: median, and to p95")
    _waits(axes[1][1], result["modes"])
    axes[1][1].set_title("what the wait is made of, mean ms")
    handles, names = axes[0][0].get_legend_handles_labels()
    if handles:
        figure.legend(handles, names, loc="outside lower center", ncols=2, frameon=False, fontsize=9)
    return figure


def _scatter(axes: Axes, points: Mapping[str, Points], engines: Sequence[Json], against: str) -> None:
    for number, ((name, some), engine) in enumerate(zip(points.items(), engines, strict=False)):
        known = [(x, y) for one in some if (x := one[against]) is not None and (y := one["engine_ms"]) is not None]
        colour = plots.COLOURS[number]
        axes.scatter([x for x, _ in known], [y for _, y in known], s=7, alpha=0.45, color=colour, label=name)
        line = engine["fits"]["engine"][against]
        if line is not None and known:
            ends = [min(x for x, _ in known), max(x for x, _ in known)]
            axes.plot(ends, [line["intercept"] + line["slope"] * x for x in ends], color=colour, linewidth=1.2)
    axes.set_xlabel("audio, s" if against == "seconds" else "tokens")
    axes.set_ylim(bottom=0)
    axes.grid(alpha=0.25)


def _spread(axes: Axes, engines: Sequence[Json]) -> None:
    buckets = sorted(
        (bucket for engine in engines for bucket in engine["buckets"]), key=lambda one: float(one["from_s"])
    )
    names = list(dict.fromkeys(length(bucket) for bucket in buckets))
    for number, engine in enumerate(engines):
        for bucket in engine["buckets"]:
            if (spread := bucket["phases"]["engine"]) is None:
                continue
            place = names.index(length(bucket)) + 0.12 * (number - (len(engines) - 1) / 2)
            colour = plots.COLOURS[number]
            axes.vlines(place, spread["p50"], spread["p95"], color=colour, linewidth=2, alpha=0.5)
            axes.plot([place], [spread["p50"]], marker="o", color=colour, markersize=5)
    axes.set_xticks(range(len(names)), names, fontsize=8)
    axes.set_ylim(bottom=0)
    axes.grid(axis="y", alpha=0.25)


def _waits(axes: Axes, modes: Sequence[Json]) -> None:
    ends = [0.0] * len(modes)
    for stage, colour in zip(WAITED, plots.COLOURS, strict=False):
        widths = [float(mode["stages"][stage]["mean"]) if mode["stages"][stage] else 0.0 for mode in modes]
        axes.barh(range(len(modes)), widths, left=ends, color=colour, label=stage.replace("_", " "), height=0.6)
        ends = [end + width for end, width in zip(ends, widths, strict=True)]
    for place, end in enumerate(ends):
        axes.annotate(f"{end:.0f}", (end, place), xytext=(3, 0), textcoords="offset points", va="center", fontsize=8)
    axes.set_yticks(range(len(modes)), [mode["mode"].replace("_", "-") for mode in modes])
    axes.set_ylim(max(len(modes), 3) - 0.5, -0.5)
    axes.margins(x=0.1)
    axes.grid(axis="x", alpha=0.25)
    plots.legend_below(axes)
