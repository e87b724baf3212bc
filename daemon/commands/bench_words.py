"""The report of ``swictation bench`` in words. Pure: from the JSON values to lines of at most 120 columns."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence
from typing import Any

Json = dict[str, Any]

_WIDTH = 120
_PEER = "peer:"
_CLIP_WIDTH = 12
_BUSY = 0.75  # of the cores, before the run


def bench_in_words(result: Json) -> str:
    """The report: what it was measured on, and a table each for the candidates, the whole, the phases and the fits."""
    rows = result["rows"]
    parts = [_machine(result), _candidates(rows), _whole(rows), _phases(rows), _fits(rows)]
    return "\n\n".join("\n".join(part) for part in parts if part)


def label(row: Json) -> str:
    """A candidate's name: model, engine and provider."""
    engine = row["engine"].removeprefix(_PEER) + (" direct" if row["engine"] == f"{_PEER}sherpa" else "")
    return f"{row['model']} {engine} {row['provider']}"


def _machine(result: Json) -> list[str]:
    machine = result["machine"]
    versions = ", ".join(f"{name} {version}" for name, version in machine["versions"].items())
    gpu = f", {machine['gpu']}" if machine.get("gpu") else ""
    lines = [
        f"{machine['processor']}, {machine['cores']} cores{gpu}; {machine['system']}",
        f"Python {machine['python']}, {versions}",
        f"{result['threads']} thread(s), {result['repeats']} warm decodes each, all candidates in turn; times in ms",
    ]
    if (machine["load"] or 0) > _BUSY * machine["cores"]:
        lines.append(f"load {machine['load']}: other work was running; trust ratios and processor times, not the rest")
    lines += [f"note: {note}" for note in result["notes"]]
    return [part for line in lines for part in textwrap.wrap(line, _WIDTH, subsequent_indent="    ")]


def _candidates(rows: Sequence[Json]) -> list[str]:
    room = 48
    lines = [f"{'model, engine, provider':<{room}}{'start':>9}{'load':>9}{'MB':>7}  self-test"]
    for row in rows:
        name, quality, lengths = _cut(label(row), room - 1), row["quality"], row["lengths"]
        if lengths:
            most = max((one["rss_mb"] for one in lengths if one["rss_mb"] is not None), default=None)
            figures = f"{_number(lengths[0]['start_ms'], 9)}{_number(lengths[0]['load_ms'], 9)}{_number(most, 7, 0)}"
        else:
            figures = " " * 25
        lines.append(f"{name:<{room}}{figures}  {_quality(quality)}".rstrip())
        if quality and quality["verdict"] != "passed":
            lines += _wrapped(quality["reason"])
        if row["fault"]:
            lines += _wrapped(f"fault: {row['fault']}")
    return lines


def _whole(rows: Sequence[Json]) -> list[str]:
    against = _references(rows)
    heads = [_cut("/" + name.removeprefix(_PEER).removesuffix("/cpu"), 9) for name in against]
    room = _WIDTH - _CLIP_WIDTH - 50 - 10 * len(against) - 6
    lines = [
        f"{'the whole':<{room}}{'audio':>{_CLIP_WIDTH}}"
        f"{'cold':>9}{'p50':>9}{'p95':>9}{'rtf':>7}{'tokens':>7}{'/token':>9}"
        + "".join(f"{head:>10}" for head in heads)
        + f"{'same':>6}"
    ]
    for row in rows:
        for one in row["lengths"]:
            whole = one["phases"]["whole"]
            lines.append(
                f"{_cut(label(row), room - 1):<{room}}{_cut(one['clip'], _CLIP_WIDTH - 1):>{_CLIP_WIDTH}}"
                f"{_number(one['cold_ms'], 9)}{_number(whole['p50'], 9)}{_number(whole['p95'], 9)}"
                f"{_number(one['real_time_factor'], 7, 3)}{one['tokens']:>7}{_number(one['ms_per_token'], 9, 2)}"
                + "".join(_number(one["ratios"].get(name), 10, 3) for name in against)
                + f"{'yes' if one['agrees'] else 'no':>6}"
            )
    if len(lines) == 1:
        return []
    lines.append("/NAME: the time of the whole against NAME's, median over the decodes in turn; same: the same text as")
    lines.append(
        "the first of the model; rtf: seconds for a second of audio; MB, above: the most memory of the process"
    )
    for row in rows:
        if row["gpu_speed_up"]:
            told = ", ".join(f"{clip} {times:.1f}" for clip, times in row["gpu_speed_up"].items())
            lines += textwrap.wrap(f"{label(row)}, times as fast as the fastest on the CPU: {told}", _WIDTH)
    return lines


def _phases(rows: Sequence[Json]) -> list[str]:
    room = _WIDTH - _CLIP_WIDTH - 11 - 9 * 6 - 8
    head = "".join(f"{name:>9}" for name in ("mean", "min", "max", "p50", "p95", "sd"))
    lines = [f"{'phases, warm':<{room}}{'audio':>{_CLIP_WIDTH}}  {'phase':<9}{head}{'share':>8}"]
    for row in rows:
        for one in row["lengths"]:
            for phase, summary in one["phases"].items():
                if summary is None:
                    continue
                figures = "".join(_number(summary[key], 9) for key in ("mean", "min", "max", "p50", "p95", "sd"))
                lines.append(
                    f"{_cut(label(row), room - 1):<{room}}{_cut(one['clip'], _CLIP_WIDTH - 1):>{_CLIP_WIDTH}}"
                    f"  {_phase_name(phase, one['phases']):<9}{figures}{one['shares'][phase] * 100:>6.0f} %"
                )
    return lines if len(lines) > 1 else []


def _phase_name(phase: str, phases: Json) -> str:
    """sherpa-onnx gives one time for encoder and decoder, which must not look like the decoder's."""
    return "enc+dec" if phase == "decode" and phases["encode"] is None else phase


def _fits(rows: Sequence[Json]) -> list[str]:
    room = 45
    head = f"{'ms/s':>10}{'+ ms':>10}{'R2':>8}{'ms/token':>13}{'+ ms':>10}{'R2':>8}"
    lines = [f"{'straight lines, warm':<{room}}{'phase':<10}{head}"]
    for row in rows:
        for phase, fits in row["fits"].items():
            if fits["seconds"] is not None or fits["tokens"] is not None:
                shown = _phase_name(phase, row["lengths"][0]["phases"])
                named = f"{_cut(label(row), room - 1):<{room}}{shown:<10}"
                lines.append(f"{named}{_line(fits['seconds'], 10)}{_line(fits['tokens'], 13)}".rstrip())
    return lines if len(lines) > 1 else []


def _line(line: Json | None, width: int) -> str:
    if line is None:
        return " " * (width + 18)
    return f"{_number(line['slope'], width, 3)}{_number(line['intercept'], 10, 2)}{_number(line['r_squared'], 8, 3)}"


def _references(rows: Sequence[Json]) -> list[str]:
    """What the times are held against: the peers, or without any the first candidate."""
    names = list(dict.fromkeys(f"{row['engine']}/{row['provider']}" for row in rows if row["lengths"]))
    return [name for name in names if name.startswith(_PEER)][:2] or names[:1]


def _quality(quality: Json | None) -> str:
    if quality is None:
        return ""
    wrong = "" if quality["wer"] is None else f", {quality['wer'] * 100:.0f} % of words wrong"
    return f"{quality['verdict']}{wrong}"


def _number(value: float | None, width: int, digits: int = 1) -> str:
    return f"{'-' if value is None else format(value, f'.{digits}f'):>{width}}"


def _cut(text: str, room: int) -> str:
    """``text`` in so many columns, its middle left out if need be."""
    if len(text) <= room:
        return text
    end = room // 2
    return text[: room - end - 1] + "\u2026" + text[-end:]


def _wrapped(text: str) -> list[str]:
    return textwrap.wrap(text, _WIDTH, initial_indent="    ", subsequent_indent="    ")
