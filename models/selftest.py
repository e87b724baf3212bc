"""Whether a model understands anything: it decodes a reference recording, silence and noise, and is judged by it.

A model that loads is not one that works: a bad export answers speech with ``<unk>``, with nothing or with one token
over and over, and does so fast. A recording beside the model (``recording.flac`` with its words in ``recording.txt``)
is vouched for by whoever made the model, so a word error rate past the limit means that it is broken. Any other model
gets the recording of the practice model, which is synthesised: to hear it well is proof that the model works, to hear
it badly proves nothing about one that was trained on people or for another language. That verdict is ``unjudged``.
"""

from __future__ import annotations

import re
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import groupby
from math import isfinite

import numpy as np

from models import audio_file
from models.bundle import Bundle, default_directory
from models.errors import AudioFileError
from models.recogniser import RATE_HZ, Recogniser, Transcript
from models.sherpa import RecognitionError
from models.verdict import Verdict

WER_LIMIT = 0.25  # of the recording's words; the practice model makes 0.12 on sentences that it never saw
_QUIET_S = 3.0
_NOISE_RMS = 300.0  # of int16: -41 dBFS, a loud room
# Published Parakeet models say a word or two to noise now and then, and the endpointer keeps noise from them; a broken
# one talks without end.
_WORDS_FORGIVEN = 3
_REPEATED = 5  # the same token in a row: more often than in any sentence
_MOSTLY, _MOSTLY_OF = 0.5, 8  # a token that is more than half of at least so many
_TOO_MANY = 1.75  # times the words of the recording, which no other language needs for as many seconds
_UNKNOWN = "<unk>"


@dataclass(frozen=True, slots=True)
class Reference:
    """A recording (int16 little-endian mono ``pcm`` at 16 kHz) and its words; ``own`` if it was made for the model."""

    pcm: bytes
    words: str
    own: bool


@dataclass(frozen=True, slots=True)
class SelfTest:
    """What a model made of the reference.

    ``wer`` is a fraction, None where there was no text to count in. ``text_shown`` may be shown to the user and is
    never logged. ``reason`` is one line; ``decode_ms`` the time that the recording took.
    """

    verdict: Verdict
    wer: float | None
    text_shown: str = field(repr=False)
    reason: str
    decode_ms: float


def reference_for(bundle: Bundle) -> Reference:
    """The recording that lies beside the model, else that of the practice model.

    Raises AudioFileError if there is neither.
    """
    own = bundle.directory / "recording.flac"
    file = own if own.is_file() else default_directory() / "recording.flac"
    words = file.with_suffix(".txt")
    try:
        text = words.read_text("utf-8")
    except (OSError, UnicodeDecodeError):
        raise AudioFileError(f"{words} cannot be read, which holds what is said in {file.name}") from None
    return Reference(audio_file.read(file).pcm, text.strip(), own=file == own)


def run(recogniser: Recogniser, reference: Reference) -> SelfTest:
    """Let a loaded model hear the reference, silence and noise, and judge it."""
    started = time.perf_counter()
    try:
        heard = recogniser.recognise(reference.pcm)
        decode_ms = (time.perf_counter() - started) * 1000
        quiet = [recogniser.recognise(pcm) for pcm in (silence(), noise())]
    except RecognitionError as error:
        return SelfTest(Verdict.BROKEN, None, "", str(error), (time.perf_counter() - started) * 1000)
    verdict, wer, reason = judge(heard, quiet, reference)
    return SelfTest(verdict, wer, heard.text, reason, decode_ms)


def judge(heard: Transcript, quiet: Sequence[Transcript], reference: Reference) -> tuple[Verdict, float | None, str]:
    """The verdict, the word error rate and the reason, from what was heard in speech and in audio without any."""
    said = words(heard.text)
    wer = word_errors(words(reference.words), said) / len(words(reference.words)) if said else None
    invented = sum(len(words(transcript.text)) for transcript in quiet)
    if fault := _fault([heard, *quiet], heard) or _surplus(reference, said, invented):
        return Verdict.BROKEN, wer, fault
    assert wer is not None  # else the text was empty, which is a fault
    remark = f"; it also made {invented} words of silence and noise" if invented else ""
    if wer <= WER_LIMIT:
        return Verdict.PASSED, wer, f"it understood the recording, {wer:.0%} of the words wrong{remark}"
    if reference.own:
        return (
            Verdict.BROKEN,
            wer,
            f"it got {wer:.0%} of the words wrong in the recording that came with it; at most {WER_LIMIT:.0%} may be",
        )
    return (
        Verdict.UNJUDGED,
        wer,
        f"it got {wer:.0%} of the words wrong in a synthesised recording, which says little; try your voice{remark}",
    )


def silence() -> bytes:
    """Digital silence."""
    return bytes(2 * round(_QUIET_S * RATE_HZ))


def noise() -> bytes:
    """White noise, the same each time."""
    samples = np.random.default_rng(1).normal(0, _NOISE_RMS, round(_QUIET_S * RATE_HZ))
    return samples.astype("<i2").tobytes()


def words(text: str) -> list[str]:
    """The words of a text without case and punctuation, as word error rates are counted."""
    return re.sub(r"[^\w' ]", " ", text.casefold().replace(_UNKNOWN, " ")).split()


def word_errors(reference: Sequence[str], heard: Sequence[str]) -> int:
    """How many words must be changed, added or left out to make one of the other."""
    row = list(range(len(heard) + 1))
    for number, word in enumerate(reference, start=1):
        diagonal, row[0] = row[0], number
        for column, other in enumerate(heard, start=1):
            diagonal, row[column] = row[column], min(row[column] + 1, row[column - 1] + 1, diagonal + (word != other))
    return row[-1]


def _fault(everything: Sequence[Transcript], heard: Transcript) -> str | None:
    """What is wrong with a model that gave these, or None."""
    if not all(isfinite(value) for transcript in everything for value in transcript.log_probs):
        return "it computes values that are no numbers: its weights are damaged"
    tokens = [token.strip() for token in heard.tokens]
    runs = [(token, len(list(run))) for token, run in groupby(tokens)]
    if any(token == _UNKNOWN and length > 1 for token, length in runs):
        return f"it answers speech with {_UNKNOWN}: a bad export"
    if not words(heard.text):
        return "it answers speech with nothing"
    if (longest := max((length for _token, length in runs), default=0)) >= _REPEATED:
        return f"it answers speech with one token {longest} times in a row"
    if len(tokens) >= _MOSTLY_OF and Counter(tokens).most_common(1)[0][1] > _MOSTLY * len(tokens):
        return "it answers speech with hardly more than one token"
    return None


def _surplus(reference: Reference, said: Sequence[str], invented: int) -> str | None:
    if len(said) > _TOO_MANY * len(words(reference.words)):
        return f"it heard {len(said)} words where {len(words(reference.words))} were said"
    return f"it made {invented} words of silence and noise" if invented > _WORDS_FORGIVEN else None
