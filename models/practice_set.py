"""The practice set: short synthesised sentences with their texts, to tell whether a model has become worse.

A model trained on people may understand little of them. That says nothing about it; a change in how much does.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from models import audio_file
from models.errors import AudioFileError
from models.recogniser import Recogniser
from models.selftest import word_errors, words

_PLACE = Path(__file__).parent / "practice" / "sentences"


@dataclass(frozen=True, slots=True)
class Sentence:
    """``pcm`` is int16 little-endian mono at 16 kHz, ``words`` what is said in it."""

    pcm: bytes
    words: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Count:
    """How many words of the set were wrong, and how many there are."""

    errors: int
    words: int


def read(place: Path = _PLACE) -> list[Sentence]:
    """The sentences in ``place``. Raises AudioFileError."""
    table = place / "texts.tsv"
    try:
        rows = [line.split("\t") for line in table.read_text("utf-8").splitlines()[1:]]
        return [Sentence(audio_file.read(place / file).pcm, tuple(words(text))) for file, text, _voice in rows]
    except (OSError, ValueError):
        raise AudioFileError(f"{table} cannot be read, which holds what the practice set says; install again") from None


def count(recogniser: Recogniser, sentences: Sequence[Sentence]) -> Count:
    """How a loaded model does on the set. Raises RecognitionError."""
    wrong = [word_errors(one.words, words(recogniser.recognise(one.pcm).text)) for one in sentences]
    return Count(sum(wrong), sum(len(one.words) for one in sentences))
