"""The report of a bench as a picture, or as a page with the picture and the tables."""

from __future__ import annotations

import base64
import html
import io
from collections.abc import Callable, Mapping, Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

from models import installation
from models.errors import SwictationError

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

Json = Mapping[str, Any]
Writer = Callable[[Json, str], None]

_USUAL_S = 2.8  # the length of a usual utterance, at which phases are shown
_SPLIT = ("features", "encode", "decode")
_TOGETHER = "encode and decode"  # sherpa-onnx gives one time for both
# Okabe and Ito's colours, told apart by the colour-blind too
COLOURS = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9", "#000000", "#b8a000")
_MARKS = "osD^vPX*"
_PHASE_COLOURS = {
    "features": "#56b4e9",
    "encode": "#0072b2",
    "decode": "#e69f00",
    _TOGETHER: "#009e73",
    "not split": "#b0b0b0",
}


def writer(file: Path, draw: Callable[[Json], Figure] | None = None, title: str = "swictation bench") -> Writer:
    """What writes the report into ``file``, given the result and its tables as text; ``draw`` makes its plots.

    Raises SwictationError, before anything is measured, if it could not.
    """
    if file.suffix not in {".html", ".png"}:
        raise SwictationError(f"--report writes FILE.html or FILE.png, not {file.name}")
    if not file.parent.is_dir():
        raise SwictationError(f"there is no directory {file.parent} to write the report into")
    if find_spec("matplotlib") is None:
        raise SwictationError(f"--report needs the plots' packages; {installation.how_to_add('bench')}")

    def write(result: Json, tables: str) -> None:
        target = io.BytesIO()
        (draw or _engines)(result).savefig(target, format="png")
        picture = target.getvalue()
        try:
            file.write_bytes(picture if file.suffix == ".png" else _page(picture, tables, title))
        except OSError as error:
            raise SwictationError(f"the report {file} cannot be written: {error.strerror}") from None

    return write


def _page(picture: bytes, tables: str, title: str) -> bytes:
    encoded = base64.b64encode(picture).decode()
    return (
        f'<!doctype html>\n<html lang="en"><head><meta charset="utf-8"><title>{title}</title>\n'
        "<style>body{font-family:sans-serif;margin:2em auto;max-width:80em}img{max-width:100%}"
        "pre{font-size:12px;overflow-x:auto}</style></head>\n"
        f"<body><h1>{title}</h1>\n"
        f'<img alt="plots of the tables below" src="data:image/png;base64,{encoded}">\n'
        f"<pre>{html.escape(tables)}</pre></body></html>\n"
    ).encode()


def _engines(result: Json) -> Figure:
    from matplotlib.figure import Figure

    rows = [row for row in result["rows"] if row["lengths"]]
    figure = Figure(figsize=(12.5, 7.4 + 0.32 * len(rows)), dpi=120, layout="constrained")
    _title(figure, result)
    # the lower two hold a bar for each row, so they grow with their number
    axes = figure.subplots(2, 2, height_ratios=[4.0, 1.8 + 0.32 * len(rows)])
    _against_length(axes[0][0], rows, lambda one: float(one["phases"]["whole"]["p50"]), p95=True)
    axes[0][0].set_title("warm decode, ms: median, and up to the 95th percentile")
    _against_length(axes[0][1], rows, lambda one: one["ms_per_token"])
    axes[0][1].set_title("ms per token")
    _split(axes[1][0], rows)
    _cold(axes[1][1], rows)
    if rows:
        handles, names = axes[0][0].get_legend_handles_labels()
        figure.legend(handles, names, loc="outside lower center", ncols=min(4, len(rows)), frameon=False, fontsize=9)
    return figure


def _title(figure: Figure, result: Json) -> None:
    machine = result["machine"]
    versions = ", ".join(f"{name} {version}" for name, version in machine["versions"].items())
    gpu = f", {machine['gpu']}" if machine.get("gpu") else ""
    figure.suptitle(
        f"{machine['processor']}, {machine['cores']} cores{gpu}, {result['threads']} thread(s), "
        f"{result['repeats']} decodes each, in turn\n{versions}",
        fontsize=10,
    )


def _against_length(
    axes: Axes, rows: Sequence[Json], value: Callable[[Json], float | None], *, p95: bool = False
) -> None:
    lengths: set[float] = set()
    for number, row in enumerate(rows):
        known = sorted(row["lengths"], key=lambda one: float(one["seconds"]))
        points = [(float(one["seconds"]), height, one) for one in known if (height := value(one)) is not None]
        x, y = [seconds for seconds, _y, _one in points], [height for _x, height, _one in points]
        lengths |= set(x)
        colour, mark = COLOURS[number % len(COLOURS)], _MARKS[number % len(_MARKS)]
        dashed = "--" if row["engine"].startswith("peer:") else "-"
        axes.plot(x, y, color=colour, marker=mark, linestyle=dashed, label=_label(row), markersize=5)
        if p95:
            axes.vlines(x, y, [one["phases"]["whole"]["p95"] for *_xy, one in points], color=colour, alpha=0.5)
    _logarithmic(axes, sorted(lengths))
    axes.set_xlabel("audio, s")


def _logarithmic(axes: Axes, lengths: Sequence[float]) -> None:
    from matplotlib.ticker import FuncFormatter, NullFormatter

    plain = FuncFormatter(lambda value, _place: f"{value:g}")
    axes.set_xscale("log")
    axes.set_yscale("log")
    if 0 < len(lengths) <= 8:
        axes.set_xticks(lengths)
    axes.xaxis.set_major_formatter(plain)
    axes.xaxis.set_minor_formatter(NullFormatter())
    axes.yaxis.set_major_formatter(plain)
    low, high = axes.get_ylim()
    axes.yaxis.set_minor_formatter(plain if high / low < 20 else NullFormatter())
    axes.tick_params(axis="y", which="both", labelsize=8)
    axes.grid(axis="x", alpha=0.25)
    axes.grid(axis="y", which="both", alpha=0.25)


def _split(axes: Axes, rows: Sequence[Json]) -> None:
    """Where the time of a usual utterance goes, a bar for each row."""
    usual = [_usual(row) for row in rows]
    ends = [0.0] * len(rows)
    for phase, colour in _PHASE_COLOURS.items():
        widths = [_phase_ms(one, phase) for one in usual]
        axes.barh(range(len(rows)), widths, left=ends, color=colour, label=phase, height=0.6)
        ends = [end + width for end, width in zip(ends, widths, strict=True)]
    _bars(axes, rows, ends)
    axes.set_title(f"where it goes, {_lengths(usual)} of audio, mean ms")
    legend_below(axes)


def _cold(axes: Axes, rows: Sequence[Json]) -> None:
    """The first decode of a fresh process beside a warm one."""
    usual = [_usual(row) for row in rows]
    cold, warm = [one["cold_ms"] for one in usual], [one["phases"]["whole"]["p50"] for one in usual]
    above, below = [place - 0.2 for place in range(len(rows))], [place + 0.2 for place in range(len(rows))]
    axes.barh(above, cold, color="#999999", height=0.36, label="first decode of a process")
    axes.barh(below, warm, color="#009e73", height=0.36, label="warm, median")
    _bars(axes, rows, [])
    for place, (first, later) in enumerate(zip(cold, warm, strict=True)):
        for height, value in ((place - 0.2, first), (place + 0.2, later)):
            axes.annotate(
                f"{value:.1f}", (value, height), xytext=(3, 0), textcoords="offset points", va="center", fontsize=7
            )
    axes.set_title(f"cold and warm, {_lengths(usual)} of audio, ms")
    legend_below(axes)


def _bars(axes: Axes, rows: Sequence[Json], ends: Sequence[float]) -> None:
    axes.set_yticks(range(len(rows)), [_label(row) for row in rows], fontsize=8)
    axes.invert_yaxis()
    axes.margins(x=0.12)
    axes.grid(axis="x", alpha=0.25)
    for place, end in enumerate(ends):
        axes.annotate(f"{end:.1f}", (end, place), xytext=(3, 0), textcoords="offset points", va="center", fontsize=7)


def legend_below(axes: Axes) -> None:
    """What the colours are, under the plot."""
    from matplotlib.transforms import offset_copy

    under = offset_copy(axes.transAxes, fig=axes.get_figure(root=True), y=-18, units="points")
    axes.legend(loc="upper center", bbox_to_anchor=(0.5, 0), bbox_transform=under, ncols=5, frameon=False, fontsize=8)


def _usual(row: Json) -> Json:
    nearest: Json = min(row["lengths"], key=lambda one: abs(one["seconds"] - _USUAL_S))
    return nearest


def _phase_ms(one: Json, phase: str) -> float:
    known = {name: one["phases"][name]["mean"] for name in _SPLIT if one["phases"][name] is not None}
    if "decode" in known and "encode" not in known:
        known[_TOGETHER] = known.pop("decode")
    if phase == "not split":
        return float(max(0.0, one["phases"]["whole"]["mean"] - sum(known.values())))
    return float(known.get(phase, 0.0))


def _lengths(usual: Sequence[Json]) -> str:
    return ", ".join(dict.fromkeys(f"{one['seconds']:g} s" for one in usual)) or "nothing measured"


def _label(row: Json) -> str:
    if row["engine"].startswith("peer:"):
        return f"{row['model']}, {row['engine'].removeprefix('peer:')} itself"
    return f"{row['model']}, {row['engine']} on {row['provider']}"
