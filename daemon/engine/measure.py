"""How fast a backend is against the reference, and whether it hears the same: two processes that decode in turn.

What slows the machine for a while meets both of them alike, so their ratio holds under load. No process holds two
engines: two CUDA runtimes in one would crash. What needs arrays is done in them: the daemon holds no numpy.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import statistics
from collections.abc import Awaitable, Sequence
from pathlib import Path
from typing import TypeVar

from daemon.errors import SwictationError
from models import bundle
from models.bench.process import BenchProcess, Candidate, RowFailed
from models.choice import REFERENCE, Backend, Measured
from models.verdict import Verdict

_T = TypeVar("_T")

_SECONDS = 2.8  # of speech: a usual utterance
_SETTLE, _ROUNDS = 2, 15  # the first decodes of a process are slow, and not counted
_SELF_TEST_S = 30.0  # its deadline is that of so much audio
_MEMORY_OF_FILES = 2.5  # a process against the files of its model: 1.2 GB of the 477 MB of the 110M, rounded up
_MEMORY_SHARE = 0.5  # of what is free


class NotMeasured(SwictationError):
    """Nothing can be measured now: there is too little memory, or the reference itself does not decode."""


class _Unfit(SwictationError):
    """What is measured cannot be used, whatever its speed."""


async def measure(directory: Path, backend: Backend, *, command: Sequence[str]) -> list[Measured]:
    """The rows of ``backend`` and of the reference, for the model in ``directory``.

    ``command`` begins a bench worker's command line. Cancelled, it ends its processes at once. Raises NotMeasured.
    """
    try:
        await asyncio.to_thread(_check, directory)
        async with contextlib.AsyncExitStack() as stack:
            reference = await _start(stack, command, directory, REFERENCE)
            try:
                other = await _fit(_start(stack, command, directory, backend))
                return await _compare(reference, other, backend)
            except _Unfit as error:
                return [Measured(backend, fault=str(error))]
    except SwictationError as error:
        raise NotMeasured(f"{directory.name} cannot be measured: {error}") from None


def crowded() -> bool:
    """Whether more wants to run than there are cores: what is measured then says nothing of another hour."""
    return hasattr(os, "getloadavg") and os.getloadavg()[0] > (os.cpu_count() or 1)


def needed_bytes(directory: Path) -> int:
    """The memory that two processes with this model take."""
    files = sum(file.stat().st_size for file in directory.iterdir() if file.is_file())
    return round(2 * files * _MEMORY_OF_FILES)


def free_bytes(meminfo: Path = Path("/proc/meminfo")) -> int | None:
    """The memory that can be had without swapping; None where the system does not say."""
    try:
        lines = meminfo.read_text("utf-8").splitlines()
    except OSError:
        return None
    return next((int(line.split()[1]) * 1024 for line in lines if line.startswith("MemAvailable:")), None)


def _check(directory: Path) -> None:
    """Raises SwictationError if the model cannot be measured, for want of memory too."""
    bundle.find(directory)
    needed, free = needed_bytes(directory), free_bytes()
    if free is not None and needed > free * _MEMORY_SHARE:
        raise NotMeasured(f"it takes {needed / 1e9:.1f} GB of memory and {free / 1e9:.1f} GB are free")


async def _start(
    stack: contextlib.AsyncExitStack, command: Sequence[str], directory: Path, backend: Backend
) -> BenchProcess:
    candidate = Candidate(directory, backend.engine, backend.provider)
    process = await BenchProcess.start([*command, *candidate.command(backend.threads)])
    stack.push_async_callback(process.end)
    if process.ready["provider"] != backend.provider:
        raise RowFailed(f"asked for {backend.provider}, it runs on {process.ready['provider']}")
    return process


async def _compare(reference: BenchProcess, other: BenchProcess, backend: Backend) -> list[Measured]:
    heard: tuple[set[str], set[str]] = (set(), set())
    times: tuple[list[float], list[float]] = ([], [])
    for number in range(_SETTLE + _ROUNDS):
        for side, process in enumerate((reference, other)):
            asking = process.ask("reference", seconds=_SECONDS)
            head = await (_fit(asking) if process is other else asking)
            heard[side].add(head["heard"])
            if number >= _SETTLE:
                times[side].append(head["phases_ms"]["whole"])
    fault = await _self_test_fault(reference.ask("selftest", seconds=_SELF_TEST_S))
    first = Measured(REFERENCE, round(statistics.median(times[0]), 3), 1.0, fault)
    if heard[0] != heard[1]:
        return [first, Measured(backend, fault="it hears another text than sherpa on the CPU")]
    fault = await _self_test_fault(_fit(other.ask("selftest", seconds=_SELF_TEST_S)))
    return [first, Measured(backend, round(statistics.median(times[1]), 3), steady_ratio(times[1], times[0]), fault)]


def steady_ratio(times: Sequence[float], of_reference: Sequence[float]) -> float:
    """How many times as long as the reference a backend took, or less, in three of four pairs.

    Not at the median: with 2 cores and a load of 3.5, two threads were faster there (0.52 to 0.99), as they get more of
    busy cores than one, and took 1.12 to 1.17 times as long in every fourth pair. On a quiet machine both are the same.
    """
    pairs = [time / other for time, other in zip(times, of_reference, strict=True)]
    return round(statistics.quantiles(pairs, n=4, method="inclusive")[2], 4)


async def _self_test_fault(asking: Awaitable[dict[str, object]]) -> str | None:
    judged = await asking
    return f"it failed the self-test: {judged['reason']}" if judged["verdict"] == Verdict.BROKEN else None


async def _fit(asking: Awaitable[_T]) -> _T:
    """What is asked of the backend that is measured, whose failure is its own."""
    try:
        return await asking
    except RowFailed as error:
        raise _Unfit(str(error)) from None
