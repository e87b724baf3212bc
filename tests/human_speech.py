"""Human recordings with their transcripts, where they are there, and the word error rate of a direct decode of them."""

from __future__ import annotations

import csv
import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from models import audio_file, bundle
from models.sherpa import SherpaRecogniser
from tests.recordings import human_data, human_model
from tests.speech import word_errors


@dataclass(frozen=True)
class Recording:
    """One human recording and what was said in it, in plain lower-case words."""

    file: Path
    seconds: float
    words: str


def recordings(*folders: str, most_s: float = 60.0) -> list[Recording]:
    """The recordings of these folders that have a transcript and are no longer than ``most_s``."""
    data = human_data()
    assert data is not None
    with (data / "speech" / "manifest.tsv").open(encoding="utf-8", newline="") as table:
        rows = [row for row in csv.DictReader(table, delimiter="\t") if row["transcript"]]
    found = [Recording(data / row["file"], float(row["seconds"]), plain(row["transcript"])) for row in rows]
    return [one for one in found if one.file.parent.name in folders and one.seconds <= most_s]


def noises() -> list[Path]:
    """Recordings without speech."""
    data = human_data()
    assert data is not None
    return sorted(path for path in (data / "noise").glob("*/*") if path.suffix in {".ogg", ".wav", ".flac"})


def plain(text: str) -> str:
    """Lower case without punctuation, as word error rates are counted."""
    return " ".join(re.sub(r"[^a-z0-9' ]", " ", text.lower()).split())


def word_error_rate(pairs: Iterable[tuple[str, str]]) -> float:
    """The word error rate of (reference, heard) pairs, in percent."""
    counts = [word_errors(reference, plain(heard)) for reference, heard in pairs]
    return 100 * sum(errors for errors, _words in counts) / sum(words for _errors, words in counts)


def decode_directly(some: Iterable[Recording]) -> list[tuple[str, str]]:
    """What the model says to each whole recording, without anything of the program around it."""
    recogniser = SherpaRecogniser(bundle.find(human_model()))
    return [(one.words, recogniser.recognise(audio_file.read(one.file).pcm).text) for one in some]
