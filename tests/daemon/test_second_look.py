"""Decoding again where words are missing, with a scripted recogniser and with a real one."""

import itertools

import numpy as np
import pytest

from daemon.endpoint import EndpointSettings, Segment, segments
from daemon.engine.recogniser import Recognition
from daemon.errors import WorkerError
from daemon.messages import FRAME_BYTES, FRAME_MS
from daemon.second_look import look, missing, padded
from models import bundle
from models.recogniser import Transcript
from models.sherpa import SherpaRecogniser
from tests.recordings import needs_model, practice_model
from tests.speech import clips, silence


def segment(pattern):
    """A frame for each character, ``#`` voiced; the samples of frame n are n."""
    voiced = bytes(mark == "#" for mark in pattern)
    pcm = b"".join((n % 1000).to_bytes(2, "little") * (FRAME_BYTES // 2) for n in range(len(voiced)))
    length_s = len(pattern) * FRAME_MS / 1000
    return Segment(pcm, 0.0, 0.0, length_s, length_s, voiced.count(1) * FRAME_MS, "hangover", voiced=voiced)


def words(*at_s):
    return Transcript(
        " ".join(f"word{n}" for n in range(len(at_s))), ("w",) * len(at_s), tuple(at_s), (0.08,) * len(at_s)
    )


def recognition(transcript):
    return Recognition(transcript, 0.0, 10.0, 8.0, "fake", "cpu", 1)


class Scripted:
    """Gives one answer after the other, and remembers what it was given."""

    def __init__(self, *answers) -> None:
        self._answers = iter(answers)
        self.given = []

    async def recognise(self, pcm):
        self.given.append(pcm)
        answer = next(self._answers)
        if isinstance(answer, str):
            raise WorkerError(answer)
        return recognition(answer)


SECOND = segment("....." + "#" * 50 + "....")  # voiced from 0.1 to 1.1 s
LONG = segment("#" * 200)  # 4 s


@pytest.mark.parametrize(
    ("transcript", "piece", "expected"),
    [
        pytest.param(Transcript(""), SECOND, "no words in 1.0 s of voice", id="no tokens"),
        pytest.param(Transcript(""), segment("#" * 14), None, id="too little voice to say"),
        pytest.param(words(0.2), SECOND, None, id="one word in a second"),
        pytest.param(words(0.5, 1.0, 1.9, 2.8, 3.6), LONG, None, id="gaps below a second"),
        pytest.param(words(0.5, 2.5, 3.4), LONG, "no words in 2.0 s of voice within it", id="a gap"),
        pytest.param(words(2.5, 3.4), LONG, "no words in 2.5 s of voice within it", id="nothing at its beginning"),
        pytest.param(words(0.5, 1.4), LONG, "no words in 2.6 s of voice within it", id="nothing at its end"),
        pytest.param(words(0.1, 3.9), segment("#" * 10 + "." * 180 + "#" * 10), None, id="a gap that is a pause"),
        pytest.param(Transcript("x", ("x",)), LONG, None, id="an engine that tells no times"),
    ],
)
def test_where_words_are_missing(transcript, piece, expected):
    assert missing(transcript, piece) == expected


async def test_nothing_is_decoded_again_where_nothing_is_missing():
    scripted, heard = Scripted(), recognition(words(0.2, 0.9))
    seen = await look(SECOND, heard, scripted.recognise)
    assert seen.heard is heard
    assert seen.note is None
    assert scripted.given == []


async def test_what_two_decodes_agree_on_is_taken():
    scripted = Scripted(words(0.5, 0.9), words(0.7, 1.2))
    seen = await look(SECOND, recognition(Transcript("")), scripted.recognise)
    assert seen.heard.transcript.text == "word0 word1"
    assert seen.heard.recognise_ms == 30.0
    assert seen.note == "no words in 1.0 s of voice at first; two decodes with other silence around it agree on this"
    assert [len(pcm) - len(SECOND.pcm) for pcm in scripted.given] == [2 * 250 * 32, 2 * 500 * 32]


async def test_case_and_punctuation_are_no_disagreement():
    first, second = (Transcript(text, ("x",), (0.6,), (0.08,)) for text in ("Yes, I do.", "yes I do"))
    seen = await look(SECOND, recognition(Transcript("")), Scripted(first, second).recognise)
    assert seen.heard.transcript.text == "yes I do"


async def test_words_that_only_one_decode_finds_are_not_taken():
    found, other = words(0.6), Transcript("something else", ("x", "y"), (0.3, 0.5), (0.08, 0.08))
    scripted = Scripted(found, Transcript(""), other)
    seen = await look(SECOND, recognition(Transcript("")), scripted.recognise)
    assert seen.heard.transcript.text == ""
    assert seen.note == "no words in 1.0 s of voice, and other silence around it did not help"
    assert len(scripted.given) == 3


async def test_after_two_decodes_without_a_word_nothing_more_is_tried():
    scripted = Scripted(Transcript(""), Transcript(""))
    await look(SECOND, recognition(Transcript("")), scripted.recognise)
    assert len(scripted.given) == 2


async def test_a_gap_is_filled_only_by_what_has_none():
    first = words(0.5, 2.5, 3.4)
    with_pads = (words(0.75, 2.75, 3.65), words(1.0, 1.8, 2.4, 3.0, 3.9), words(0.5, 1.2, 1.9, 2.5, 3.4))
    seen = await look(LONG, recognition(first), Scripted(*with_pads).recognise)
    assert len(seen.heard.transcript.tokens) == 5


async def test_an_engine_that_fails_meanwhile_costs_nothing_that_was_heard():
    first = words(0.5, 2.5, 3.4)
    seen = await look(LONG, recognition(first), Scripted("the engine died").recognise)
    assert seen.heard.transcript == first


def test_the_pads():
    assert padded(SECOND, 0) == SECOND.pcm[5 * FRAME_BYTES : 55 * FRAME_BYTES]
    noisy = padded(SECOND, 250)
    assert noisy[8000:-8000] == SECOND.pcm
    noise = np.frombuffer(noisy[:8000], "<i2")
    assert -61 < 20 * np.log10(noise.std() / 32768) < -59
    assert padded(SECOND, 250) == noisy, "the same audio gives the same text"


@needs_model
async def test_a_real_model_that_hears_nothing_at_first_is_asked_again():
    """The first decode is of silence, as if the model had given up; the others are of the speech itself."""
    if practice_model() is None:
        pytest.skip("the practice model is not in this checkout")
    recogniser = SherpaRecogniser(bundle.find(practice_model()))
    clip = next(clip for clip in clips() if clip.file.name == "wednesday.flac")
    [piece] = segments(silence(0.5) + clip.pcm + silence(1.0), EndpointSettings())
    asked = itertools.count(1)

    async def recognise(pcm):
        next(asked)
        return recognition(recogniser.recognise(pcm))

    seen = await look(piece, recognition(recogniser.recognise(silence(2.0))), recognise)
    assert seen.heard.transcript.text == clip.text
    assert next(asked) == 3
