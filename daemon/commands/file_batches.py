"""Audio files as utterances in batches: what ``swictation transcribe`` gives the recogniser at once."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from daemon.endpoint import EndpointSettings, Segment, segments
from daemon.errors import AudioFileError
from models import audio_file

# What the ort engine runs at once (models.ort). On a CPU 20 s and 120 s differed from it by less than two runs did
# (tests.benchmarks.transcribe); the longer one lets the first text wait longer.
BATCH_S = 60.0


@dataclass(frozen=True, slots=True)
class Spoken:
    """One utterance of a file."""

    file: Path
    segment: Segment


@dataclass(frozen=True, slots=True)
class FileEnd:
    """All utterances of ``file`` have come.

    ``note`` says what is wrong with one that could be read, ``fault`` why one could not.
    """

    file: Path
    audio_s: float = 0.0
    read_ms: float = 0.0
    endpointing_ms: float = 0.0
    note: str | None = None
    fault: str | None = None


Batch = list[Spoken | FileEnd]


def batches(files: Iterable[Path], settings: EndpointSettings, batch_s: float = BATCH_S) -> Iterator[Batch]:
    """The utterances of ``files`` in their order, with the end of each file, in parts of about ``batch_s``.

    A part is given away before it would grow beyond that; a longer utterance is a part of its own. Only the file that
    is being cut is in memory. Blocks while it reads and cuts.
    """
    batch: Batch = []
    held_s = 0.0
    for item in _items(files, settings):
        if isinstance(item, Spoken):
            length_s = item.segment.ended_s - item.segment.started_s
            if batch and held_s + length_s > batch_s:
                yield batch
                batch, held_s = [], 0.0
            held_s += length_s
        batch.append(item)
    if batch:
        yield batch


def _items(files: Iterable[Path], settings: EndpointSettings) -> Iterator[Spoken | FileEnd]:
    for file in files:
        began_s = time.perf_counter()
        try:
            audio = audio_file.read(file)
        except AudioFileError as error:
            yield FileEnd(file, fault=str(error))
            continue
        read_s = time.perf_counter() - began_s
        cutting_s = 0.0
        cut = segments(audio.pcm, settings)
        while True:
            began_s = time.perf_counter()
            segment = next(cut, None)
            cutting_s += time.perf_counter() - began_s
            if segment is None:
                break
            yield Spoken(file, segment)
        yield FileEnd(file, audio.duration_s, read_s * 1000, cutting_s * 1000, audio.note)
