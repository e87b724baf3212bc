"""Which engine decodes, where, and with how many threads: rules over what was measured. Pure.

Everything is told against REFERENCE, which every installation has: what is not clearly faster than it does not take its
place, and what hears another text than it is not used at all.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

# How much faster than the reference, and than one thread, as a share of the time. A gain below these is within what a
# busy machine shows from one measurement to the next, and several threads suffer most where others want the cores: on a
# 2-core machine two threads went from 90 to 562 ms under load, one from 159 to 211 ms.
_GAIN, _GAIN_OF_THREADS = 0.10, 0.15


@dataclass(frozen=True, slots=True)
class Backend:
    """What decodes: ``engine`` is ``sherpa`` or ``ort``, ``provider`` ``cpu`` or ``cuda``."""

    engine: str
    provider: str
    threads: int

    def __str__(self) -> str:
        threads = "1 thread" if self.threads == 1 else f"{self.threads} threads"
        return f"{self.engine} on {self.provider}" + (f", {threads}" if self.provider == "cpu" else "")


REFERENCE = Backend("sherpa", "cpu", 1)


@dataclass(frozen=True, slots=True)
class Wish:
    """What the configuration asks for: ``auto`` (and 0 threads) leave it to the measurement."""

    engine: str = "auto"
    provider: str = "auto"
    threads: int = 0


@dataclass(frozen=True, slots=True)
class Machine:
    """What there is to choose from.

    ``cores`` are physical ones; ``ort`` says that onnxruntime is installed, ``gpu`` that an NVIDIA driver has a GPU;
    ``cuda`` holds the engines whose installed packages can use it.
    """

    cores: int = 1
    ort: bool = False
    gpu: bool = False
    cuda: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Measured:
    """How long a backend takes for some seconds of speech.

    ``ratio`` is its time against the reference's, measured in turn with it, that three of four decodes keep to;
    ``median_ms`` is its own. ``fault`` says why it does not count: it did not load, runs elsewhere, failed its
    self-test or hears another text.
    """

    backend: Backend
    median_ms: float | None = None
    ratio: float | None = None
    fault: str | None = None


def candidates(wish: Wish, machine: Machine, *, int8: bool) -> list[Backend]:
    """The backends that the wish leaves open and the machine has, those on the GPU first.

    A wish for the GPU keeps one of them even where it cannot work: the worker that is asked says why. ``int8`` weights
    are for the CPU.
    """
    engines = [name for name in ("ort", "sherpa") if wish.engine in {"auto", name}]
    present = [name for name in engines if name == "sherpa" or machine.ort] or engines
    on_gpu: list[str] = []
    if wish.provider == "cuda" or (wish.provider == "auto" and machine.gpu and not int8):
        on_gpu = [name for name in present if name in machine.cuda] or engines[:1]
    threads = [wish.threads] if wish.threads else sorted({1, machine.cores})
    on_cpu = [Backend(name, "cpu", count) for count in threads for name in reversed(present)]
    gpu = [Backend(name, "cuda", wish.threads or 1) for name in on_gpu]
    return gpu if wish.provider == "cuda" else gpu + on_cpu


def on_cpu(wish: Wish, machine: Machine, rows: Sequence[Measured]) -> Backend:
    """What decodes where the GPU cannot be had."""
    open_to_it = candidates(Wish(wish.engine, "cpu", wish.threads), machine, int8=True)
    return fastest(rows, open_to_it) or open_to_it[0]


def unmeasured(among: Sequence[Backend], rows: Sequence[Measured]) -> list[Backend]:
    """What is still to be measured before one can be chosen; nothing where there is no choice."""
    known = {row.backend for row in rows}
    return [backend for backend in among if backend not in known | {REFERENCE}] if len(among) > 1 else []


def best(wish: Wish, machine: Machine, rows: Sequence[Measured], *, int8: bool) -> Backend:
    """What is to decode, given what has been measured so far.

    Before that, the reference where it may be; on a machine with a GPU, the GPU.
    """
    among = candidates(wish, machine, int8=int8)
    if unmeasured(among, rows):
        return next((one for one in among if one.provider == "cuda" and not _fault(one, rows)), None) or on_cpu(
            wish, machine, rows
        )
    return fastest(rows, among) or among[0]


def fastest(rows: Sequence[Measured], among: Sequence[Backend]) -> Backend | None:
    """The fastest backend that counts, or None: clearly faster than the reference, and than itself on one thread."""
    times = {
        row.backend: row.ratio for row in rows if row.fault is None and row.ratio is not None and row.backend in among
    }
    finalists = [backend for backend in times if _worth_its_threads(backend, times)]
    if not finalists:
        return None
    first = min(finalists, key=times.__getitem__)
    return REFERENCE if REFERENCE in times and times[first] > times[REFERENCE] * (1 - _GAIN) else first


def gpu_fault(among: Sequence[Backend], rows: Sequence[Measured]) -> str | None:
    """Why no backend among these that is for the GPU counts, as it was measured; None if one does, or there is none."""
    on_gpu = [backend for backend in among if backend.provider == "cuda"]
    faults = [_fault(backend, rows) for backend in on_gpu]
    return faults[0] if faults and all(faults) else None


def _worth_its_threads(backend: Backend, times: dict[Backend, float]) -> bool:
    fewer = [
        time
        for other, time in times.items()
        if (other.engine, other.provider) == (backend.engine, backend.provider) and other.threads < backend.threads
    ]
    return all(times[backend] <= time * (1 - _GAIN_OF_THREADS) for time in fewer)


def _fault(backend: Backend, rows: Sequence[Measured]) -> str | None:
    return next((row.fault for row in rows if row.backend == backend), None)
