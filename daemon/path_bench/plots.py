"""The report of ``swictation bench --path`` as a picture: what the wait is made of, and how far it scatters."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from daemon.latency import WAITED
from daemon.path_bench.judge import HANDS_FREE_BAR_MS, RELEASED_BAR_MS
from models.bench import plots

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

Json = Mapping[str, Any]


def writer(file: Path) -> plots.Writer:
    """What writes the report into ``file``; see ``models.bench.plots.writer``."""
    return plots.writer(file, _figure, "swictation bench --path")


def _figure(result: Json) -> Figure:
    from matplotlib.figure import Figure

    models = result["models"]
    figure = Figure(figsize=(12.5, 1.2 + 4.2 * len(models)), dpi=120, layout="constrained")
    machine = result["machine"]
    figure.suptitle(
        f"{machine['processor']}, {machine['cores']} cores; {result['repeats']} of each, with and without speculation "
        "in turn",
        fontsize=10,
    )
    grid = figure.subplots(len(models), 2, squeeze=False, width_ratios=(1.6, 1))
    for axes, model in zip(grid, models, strict=True):
        named = f"{model['model']}, {model['engine']} on {model['provider']}"
        _wait(axes[0], model["rows"])
        axes[0].set_title(f"{named}: what the wait is made of, median ms")
        _rest(axes[1], model["rows"])
        axes[1].set_title("the rest of it: median, and to p95, ms")
    handles, names = grid[0][0].get_legend_handles_labels()
    figure.legend(handles, names, loc="outside lower center", ncols=len(names), frameon=False, fontsize=9)
    return figure


def _wait(axes: Axes, rows: Sequence[Json]) -> None:
    ends = [0.0] * len(rows)
    for stage, colour in zip(WAITED, plots.COLOURS, strict=False):
        widths = [_p50(row["stages"][stage]) for row in rows]
        axes.barh(range(len(rows)), widths, left=ends, color=colour, label=stage.replace("_", " "), height=0.7)
        ends = [end + width for end, width in zip(ends, widths, strict=True)]
    for place, end in enumerate(ends):
        axes.annotate(f"{end:.0f}", (end, place), xytext=(3, 0), textcoords="offset points", va="center", fontsize=7)
    _label(axes, rows)


def _rest(axes: Axes, rows: Sequence[Json]) -> None:
    for place, row in enumerate(rows):
        if row["rest"] is None:
            continue
        colour = plots.COLOURS[2] if row["speculate"] else plots.COLOURS[1]
        axes.hlines(place, row["rest"]["p50"], row["rest"]["p95"], color=colour, linewidth=2, alpha=0.5)
        axes.plot([row["rest"]["p50"]], [place], marker="o", color=colour, markersize=5)
    axes.axvline(RELEASED_BAR_MS, color="#777777", linestyle="--", linewidth=1)
    axes.axvline(HANDS_FREE_BAR_MS, color="#bbbbbb", linestyle="--", linewidth=1)
    axes.set_xlim(left=0)
    _label(axes, rows)


def _label(axes: Axes, rows: Sequence[Json]) -> None:
    names = [f"{row['case']}, {'speculation' if row['speculate'] else 'without'}" for row in rows]
    axes.set_yticks(range(len(rows)), names, fontsize=8)
    axes.set_ylim(len(rows) - 0.5, -0.5)
    axes.margins(x=0.1)
    axes.grid(axis="x", alpha=0.25)


def _p50(summary: Json | None) -> float:
    return float(summary["p50"]) if summary is not None else 0.0
