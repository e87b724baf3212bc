"""The run: all candidates in turn over each clip, so that whatever else the machine does meets all of them alike.

Every candidate gets a fresh process for each clip: its first decode is the cold one, and its memory is that of this
clip alone. The second decode is thrown away, and what is kept after it is warm.
"""

from __future__ import annotations

import contextlib
import dataclasses
import os
import random
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from models import wire
from models.bench.audio import Clip
from models.bench.process import BenchProcess, Candidate, RowFailed
from models.bench.stats import Line, Summary, fit, ratio, summarise

PHASES = ("features", "encode", "decode", "whole", "processor")
_MEMORY_SHARE = 0.5  # of the machine's, for all the processes that run at once
_MEMORY_OF_FILES = 2.5  # a process against the files of its model: 1.2 GB of the 477 MB of the 110M, rounded up


@dataclass(frozen=True, slots=True)
class Measured:
    """One candidate on one clip, all times in milliseconds.

    ``phases`` are the warm decodes; ``processor`` among them is the processor time of the whole. A phase that the
    engine cannot split is None; sherpa-onnx's ``decode`` is encoder and decoder together, its ``encode`` None.
    ``shares`` are parts of ``whole``. ``ratios`` holds the time of the whole against that of every candidate of the
    same model, by ``engine/provider``; ``agrees`` says whether it heard the same text as the first of them.
    """

    clip: str
    seconds: float
    start_ms: float
    load_ms: float
    cold_ms: float
    tokens: int
    steps: int | None
    phases: Mapping[str, Summary | None]
    shares: Mapping[str, float | None]
    real_time_factor: float
    ms_per_token: float | None
    rss_mb: float | None
    ratios: Mapping[str, float | None]
    agrees: bool


@dataclass(frozen=True, slots=True)
class Row:
    """All that is known of a candidate.

    ``fault`` says why it was not measured, or no further; ``quality`` is the self-test's. ``fits`` holds for each phase
    the line against ``seconds`` of audio and against ``tokens``; ``gpu_speed_up``, by clip, how many times faster it is
    on a GPU than the fastest of the same model on the CPU.
    """

    model: str
    directory: str
    engine: str
    provider: str
    int8: bool | None
    fault: str | None
    quality: Mapping[str, Any] | None
    lengths: tuple[Measured, ...]
    fits: Mapping[str, Mapping[str, Line | None]]
    gpu_speed_up: Mapping[str, float] = field(default_factory=dict)


@dataclass(slots=True)
class _Series:
    """What was measured of one candidate on one clip, in the order in which it was."""

    process: BenchProcess
    cold: wire.Head
    warm: list[wire.Head] = field(default_factory=list)

    def times_ms(self, phase: str) -> list[float]:
        return [head["phases_ms"][phase] for head in self.warm if head["phases_ms"][phase] is not None]


@dataclass(slots=True)
class _Course:
    """A candidate on its way through the clips."""

    candidate: Candidate
    ready: wire.Head | None = None
    fault: str | None = None
    quality: wire.Head | None = None
    series: list[tuple[Clip, _Series]] = field(default_factory=list)


async def run(
    candidates: Sequence[Candidate],
    clips: Sequence[Clip],
    *,
    command: Sequence[str],
    threads: int,
    repeats: int,
    progress: Callable[[str], None],
) -> list[Row]:
    """Measure every candidate on every clip ``repeats`` times. ``command`` begins a bench worker's command line."""
    courses = [_Course(candidate) for candidate in candidates]
    for together in groups([_model_bytes(candidate.directory) for candidate in candidates], candidates):
        going = [courses[place] for place in together]
        for clip in clips:
            names = ", ".join(dict.fromkeys(course.candidate.directory.name for course in going))
            progress(f"{clip.name}: {names}")
            await _measure(going, clip, command, threads, repeats)
    return _with_speed_up([_row(course, _of_model(course, courses)) for course in courses])


def groups(sizes: Sequence[int], candidates: Sequence[Candidate], memory: int | None = None) -> list[list[int]]:
    """The places of the candidates that run at once: all if they fit into memory, else model by model.

    ``sizes`` are the bytes of their files, ``memory`` those of the machine (None: ask it).
    """
    room = _machine_bytes() if memory is None else memory
    if room is None or sum(sizes) * _MEMORY_OF_FILES <= room * _MEMORY_SHARE:
        return [list(range(len(candidates)))]
    models = dict.fromkeys(candidate.directory for candidate in candidates)
    return [[place for place, one in enumerate(candidates) if one.directory == model] for model in models]


async def _measure(going: Sequence[_Course], clip: Clip, command: Sequence[str], threads: int, repeats: int) -> None:
    async with contextlib.AsyncExitStack() as stack:
        running: list[tuple[_Course, _Series]] = []
        for course in (one for one in going if one.fault is None):
            with _noting(course):
                process = await BenchProcess.start([*command, *course.candidate.command(threads)])
                stack.push_async_callback(process.stop)
                course.ready = process.ready
                asked, got = course.candidate.provider, process.ready["provider"]
                if asked != got:
                    raise RowFailed(f"asked for {asked}, it runs on {got}")
                cold = await process.ask("decode", clip.pcm, clip.seconds)
                running.append((course, _Series(process, cold)))
        order = random.Random(1)  # noqa: S311 - so that none always follows the same other
        for repeat in range(-1, repeats):  # the one before the first settles what the cold one allocated
            for course, series in order.sample(running, len(running)):
                if course.fault is not None:
                    continue
                with _noting(course):
                    head = await series.process.ask("decode", clip.pcm, clip.seconds)
                    if repeat >= 0:
                        series.warm.append(head)
        for course, series in running:
            if course.fault is None:
                course.series.append((clip, series))
                if course.quality is None:
                    with _noting(course):
                        course.quality = await series.process.ask("selftest", seconds=10.0)


@contextlib.contextmanager
def _noting(course: _Course) -> Iterator[None]:
    """What goes wrong ends this course only."""
    try:
        yield
    except RowFailed as error:
        course.fault = str(error)


def _row(course: _Course, siblings: Sequence[_Course]) -> Row:
    ready = course.ready or {}
    measured = tuple(
        _measured(clip, series, {other.candidate.name: _same_clip(other, clip) for other in siblings})
        for clip, series in course.series
    )
    return Row(
        model=ready.get("model", course.candidate.directory.name),
        directory=str(course.candidate.directory),
        engine=course.candidate.engine,
        provider=course.candidate.provider,
        int8=ready.get("int8"),
        fault=course.fault,
        quality={key: value for key, value in course.quality.items() if key != "kind"} if course.quality else None,
        lengths=measured,
        fits={phase: _fits(course, phase) for phase in PHASES},
    )


def _measured(clip: Clip, series: _Series, others: Mapping[str, _Series | None]) -> Measured:
    """``others`` are the candidates of the same model on this clip, the first of them the one to agree with."""
    first = next(iter(others.values()))
    phases = {phase: summarise(series.times_ms(phase)) for phase in PHASES}
    whole = phases["whole"]
    assert whole is not None
    tokens, rss = series.warm[-1]["tokens"], series.warm[-1]["rss_bytes"]
    return Measured(
        clip=clip.name,
        seconds=clip.seconds,
        start_ms=series.process.start_ms,
        load_ms=series.process.ready["load_ms"],
        cold_ms=series.cold["phases_ms"]["whole"],
        tokens=tokens,
        steps=series.warm[-1]["steps"],
        phases=phases,
        shares={phase: summary.mean / whole.mean if summary else None for phase, summary in phases.items()},
        real_time_factor=whole.p50 / 1000 / clip.seconds,
        ms_per_token=whole.p50 / tokens if tokens else None,
        rss_mb=rss / 1e6 if rss is not None else None,
        ratios={
            name: ratio(series.times_ms("whole"), other.times_ms("whole")) if other else None
            for name, other in others.items()
        },
        agrees=first is not None and {head["heard"] for head in series.warm} == {head["heard"] for head in first.warm},
    )


def _fits(course: _Course, phase: str) -> dict[str, Line | None]:
    times = [(clip, series.warm[-1]["tokens"], series.times_ms(phase)) for clip, series in course.series]
    return {
        "seconds": fit([(clip.seconds, value) for clip, _tokens, values in times for value in values]),
        "tokens": fit([(float(tokens), value) for _clip, tokens, values in times for value in values]),
    }


def _of_model(course: _Course, courses: Sequence[_Course]) -> list[_Course]:
    """The candidates of the same model, the one that the others must agree with first."""
    return [other for other in courses if other.candidate.directory == course.candidate.directory]


def _same_clip(course: _Course, clip: Clip) -> _Series | None:
    return next((series for other, series in course.series if other is clip), None)


def _with_speed_up(rows: Sequence[Row]) -> list[Row]:
    return [
        row if row.provider == "cpu" else dataclasses.replace(row, gpu_speed_up=_speed_up(row, rows)) for row in rows
    ]


def _speed_up(row: Row, rows: Sequence[Row]) -> dict[str, float]:
    found = {}
    for one in row.lengths:
        on_cpu = [
            length.phases["whole"].p50
            for other in rows
            if other.directory == row.directory and other.provider == "cpu" and not other.engine.startswith("peer:")
            for length in other.lengths
            if length.clip == one.clip and length.phases["whole"]
        ]
        if on_cpu and one.phases["whole"]:
            found[one.clip] = min(on_cpu) / one.phases["whole"].p50
    return found


def _model_bytes(directory: Path) -> int:
    return sum(file.stat().st_size for file in directory.glob("*") if file.is_file())


def _machine_bytes() -> int | None:
    if not hasattr(os, "sysconf") or "SC_PHYS_PAGES" not in os.sysconf_names:
        return None
    return os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
