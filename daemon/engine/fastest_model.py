"""Which of the installed models suits this machine: on a GPU the float32 one, on a CPU the fastest that works here."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from daemon.worker import program
from models import audio_file, catalogue
from models.bench import audio, measure
from models.bench.process import Candidate
from models.bench.trial import SECONDS
from models.bundle import default_directory
from models.errors import StoreError
from models.verdict import Verdict

_REPEATS = 7


@dataclass(frozen=True, slots=True)
class Pace:
    """What an installed model takes for SECONDS of speech on the CPU, a median in ms; ``fault`` if it does not work."""

    name: str
    ms: float | None
    fault: str | None = None

    def as_json(self) -> dict[str, Any]:
        """As plain values."""
        return asdict(self)


def for_gpu(names: Sequence[str], nvidia_gpu: str | None) -> tuple[str, str] | None:
    """The model for this machine's GPU and why, or None where there is no GPU or no such model is installed."""
    if nvidia_gpu is None:
        return None
    name, why = catalogue.suitable(nvidia_gpu)
    return (name, why) if name in names else None


def fastest(paces: Sequence[Pace]) -> tuple[str, str]:
    """The fastest model and why it is taken. Raises StoreError if none works."""
    working = sorted((one.ms, one.name) for one in paces if one.fault is None and one.ms is not None)
    if not working:
        faults = "; ".join(f"{one.name}: {one.fault}" for one in paces)
        raise StoreError(f"no installed model works here ({faults}); get another with `swictation models pull`")
    ms, name = working[0]
    others = ", ".join(f"{other} {other_ms:.0f} ms" for other_ms, other in working[1:])
    why = f"{ms:.0f} ms for {SECONDS} s of speech on this CPU"
    return name, f"{why}, the fastest of those that work ({others})" if others else f"{why}, the only one that works"


def measured(directories: Sequence[Path], *, engine: str, threads: int, progress: Callable[[str], None]) -> list[Pace]:
    """Measure the models in turn, each in a process of its own, and let each pass its self-test."""
    pcm = audio_file.read(default_directory() / "recording.flac").pcm
    rows = asyncio.run(
        measure.run(
            [Candidate(directory, engine, "cpu") for directory in directories],
            [audio.of_length(pcm, SECONDS)],
            command=[*program("daemon"), "_bench"],
            threads=threads,
            repeats=_REPEATS,
            progress=progress,
        )
    )
    return [_pace(directory.name, row) for directory, row in zip(directories, rows, strict=True)]


def _pace(name: str, row: measure.Row) -> Pace:
    whole = row.lengths[0].phases["whole"] if row.lengths else None
    fault = row.fault
    if row.quality is not None and row.quality["verdict"] == Verdict.BROKEN:
        fault = f"the self-test finds it broken: {row.quality['reason']}"
    return Pace(name, whole.p50 if whole is not None else None, fault)
