"""Speech of the lengths that are asked for, made of a recording."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from models import audio_file
from models.recogniser import RATE_HZ, SAMPLE_BYTES

_STEP_S = 0.1


@dataclass(frozen=True, slots=True)
class Clip:
    """Something to decode: int16 little-endian mono ``pcm`` at 16 kHz. ``name`` is a file's, or the length."""

    name: str
    seconds: float
    pcm: bytes


def of_length(pcm: bytes, seconds: float) -> Clip:
    """The part of ``pcm`` of this length in which most is said, or all of it over and over until it is as long."""
    wanted = round(seconds * RATE_HZ)
    samples = np.frombuffer(pcm, "<i2")
    if wanted >= samples.size:
        taken = np.resize(samples, wanted)  # which repeats
    else:
        energy = np.concatenate(([0.0], np.cumsum(np.square(samples, dtype=np.float64))))
        starts = np.arange(0, samples.size - wanted + 1, round(_STEP_S * RATE_HZ))
        start = int(starts[np.argmax(energy[starts + wanted] - energy[starts])])
        taken = samples[start : start + wanted]
    return Clip(f"{seconds:g} s", seconds, taken.tobytes())


def of_files(files: Sequence[Path]) -> list[Clip]:
    """Each file as it is. Raises AudioFileError for one that cannot be read."""
    read = [(file, audio_file.read(file).pcm) for file in files]
    return [Clip(file.name, len(pcm) / SAMPLE_BYTES / RATE_HZ, pcm) for file, pcm in read]
