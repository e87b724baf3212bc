"""A variant of a model against the model that it was made of: the same recordings through both, in turn, in one run."""

from __future__ import annotations

import contextlib
import statistics
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from models import bundle, selftest
from models.bench.audio import Clip, of_length
from models.bench.process import BenchProcess, Candidate
from models.bench.stats import ratio
from models.verdict import Verdict

SECONDS = 2.8  # of speech that is timed: a short sentence
_REPEATS = 15
_WORTH_IT = 0.95  # of the time; less of a gain is within what a busy machine shows from one run to the next


@dataclass(frozen=True, slots=True)
class Trial:
    """What a variant came to on one engine, on the CPU.

    ``before_ms`` and ``after_ms`` are medians of the whole decode of SECONDS of speech by the model and the variant,
    ``ratio`` that of the pairs. ``errors_before`` and ``errors_after`` count the wrong ones of the practice set's
    ``words``; ``same_text`` says whether both heard the same in the self-test's recording, ``fault`` why that test
    finds the variant broken.
    """

    engine: str
    before_ms: float
    after_ms: float
    ratio: float
    errors_before: int
    errors_after: int
    words: int
    same_text: bool
    fault: str | None = None


def objection(trials: Sequence[Trial]) -> str | None:
    """Why a variant is not to be taken, in one line, or None: what one engine finds counts for all."""
    for one in trials:
        if one.fault is not None:
            return f"on {one.engine} the self-test finds it broken: {one.fault}"
        if not one.same_text:
            return f"on {one.engine} it hears another text in the self-test's recording"
        if one.errors_after > one.errors_before:
            return (
                f"on {one.engine} it gets {one.errors_after} of the practice set's {one.words} words wrong, "
                f"the model itself {one.errors_before}"
            )
    for one in trials:
        if one.ratio > _WORTH_IT:
            return (
                f"on {one.engine} it is not clearly faster here: {one.after_ms:.1f} ms for {SECONDS} s of speech, "
                f"the model itself {one.before_ms:.1f} ms ({one.ratio:.2f} x)"
            )
    return None


async def run(
    before: Path, after: Path, engine: str, *, command: Sequence[str], threads: int = 1, repeats: int = _REPEATS
) -> Trial:
    """Try the variant in ``after``. ``command`` begins a bench worker's command line. Raises RowFailed."""
    reference = selftest.reference_for(bundle.find(before))
    clip = of_length(reference.pcm, SECONDS)
    sides = [Candidate(directory, engine, "cpu") for directory in (before, after)]
    async with contextlib.AsyncExitStack() as stack:
        processes: list[BenchProcess] = []
        for side in sides:
            process = await BenchProcess.start([*command, *side.command(threads)])
            stack.push_async_callback(process.stop)
            processes.append(process)
        heard = [(await process.ask("decode", reference.pcm, 30.0))["heard"] for process in processes]
        judged = await processes[1].ask("selftest", seconds=30.0)
        counts = [await process.ask("sentences", seconds=120.0) for process in processes]
        times = await _in_turn(processes, clip, repeats)
    by_pairs = ratio(times[1], times[0])
    assert by_pairs is not None  # a decode takes time
    return Trial(
        engine=engine,
        before_ms=statistics.median(times[0]),
        after_ms=statistics.median(times[1]),
        ratio=by_pairs,
        errors_before=counts[0]["errors"],
        errors_after=counts[1]["errors"],
        words=counts[0]["words"],
        same_text=heard[0] == heard[1],
        fault=judged["reason"] if judged["verdict"] == Verdict.BROKEN else None,
    )


async def _in_turn(processes: Sequence[BenchProcess], clip: Clip, repeats: int) -> list[list[float]]:
    """The times of the whole decode, in milliseconds, of each process; each goes first in every second repeat."""
    times: list[list[float]] = [[] for _process in processes]
    for repeat in range(-2, repeats):  # the first two warm up
        for place in sorted(range(len(processes)), reverse=repeat % 2 == 1):
            head = await processes[place].ask("decode", clip.pcm, clip.seconds)
            if repeat >= 0:
                times[place].append(head["phases_ms"]["whole"])
    return times
