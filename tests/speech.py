"""The project's own recordings: short synthesised clips that the practice model is known to understand."""

from __future__ import annotations

import csv
import functools
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import soundfile

from models.audio_file import read

SPEECH = Path(__file__).parent / "data" / "speech"
RATE_HZ = 16_000


@dataclass(frozen=True)
class Clip:
    """One recording. ``pcm`` is int16 16 kHz mono."""

    file: Path
    text: str

    @property
    def pcm(self) -> bytes:
        """Its audio."""
        return read(self.file).pcm

    @property
    def words(self) -> int:
        """How many words it has."""
        return len(self.text.split())


@functools.cache
def clips() -> tuple[Clip, ...]:
    """All of them, the one with the fewest words first."""
    with (SPEECH / "transcripts.tsv").open(encoding="utf-8", newline="") as table:
        rows = [row for row in csv.reader(table, delimiter="\t") if row and row[0].endswith(".flac")]
    return tuple(sorted((Clip(SPEECH / row[0], row[1]) for row in rows), key=lambda clip: (clip.words, clip.file.name)))


def silence(seconds: float) -> bytes:
    """Digital silence."""
    return bytes(2 * round(seconds * RATE_HZ))


def noise(seconds: float, level_dbfs: float) -> bytes:
    """White noise."""
    samples = np.random.default_rng(1).standard_normal(round(seconds * RATE_HZ)) * 10 ** (level_dbfs / 20)
    return (samples.clip(-1, 1) * 32767).astype("<i2").tobytes()


def write(file: Path, pcm: bytes) -> Path:
    """Write int16 16 kHz mono PCM as a WAV file."""
    soundfile.write(file, np.frombuffer(pcm, "<i2"), RATE_HZ)
    return file


def word_errors(reference: str, heard: str) -> tuple[int, int]:
    """The edit distance in words, and how many words the reference has."""
    wanted, got = reference.split(), heard.split()
    row = list(range(len(got) + 1))
    for number, word in enumerate(wanted, start=1):
        diagonal, row[0] = row[0], number
        for column, other in enumerate(got, start=1):
            diagonal, row[column] = row[column], min(row[column] + 1, row[column - 1] + 1, diagonal + (word != other))
    return row[-1], len(wanted)
