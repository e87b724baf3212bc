"""The self-test: its judgement as a table, and what it says of real, foreign and damaged models."""

import math

import pytest

from models import bundle, selftest
from models.errors import AudioFileError
from models.ort import OrtRecogniser
from models.recogniser import Transcript
from models.selftest import Reference
from models.sherpa import RecognitionError, SherpaRecogniser
from models.verdict import Verdict
from tests import recordings
from tests.models import damage

WORDS = "please open the window because the night is hot"
NOTHING = Transcript("")
needs_practice = pytest.mark.skipif(recordings.practice_model() is None, reason="no practice model in this checkout")
ENGINES = {"sherpa": SherpaRecogniser, "ort": OrtRecogniser}


def _heard(text, tokens=None, log_probs=None):
    tokens = [f" {word}" for word in text.split()] if tokens is None else tokens
    return Transcript(text, tuple(tokens), log_probs=tuple(log_probs or [-0.1] * len(tokens)))


def _judge(heard, quiet=(NOTHING, NOTHING), *, own=True):
    return selftest.judge(heard, quiet, Reference(b"", WORDS, own))


@pytest.mark.parametrize(
    ("heard", "own", "verdict", "wer"),
    [
        (_heard(WORDS), True, Verdict.PASSED, 0.0),
        (_heard("Please, open the WINDOW! Because the night is hot."), True, Verdict.PASSED, 0.0),
        (_heard("please open the window because the night was hot"), True, Verdict.PASSED, 1 / 9),
        (_heard("please open a window cause the night was hot"), True, Verdict.BROKEN, 3 / 9),
        (_heard("please open a window cause the night was hot"), False, Verdict.UNJUDGED, 3 / 9),
        (_heard("ouvre la fenêtre parce que la nuit est chaude"), False, Verdict.UNJUDGED, 1.0),
        (_heard(WORDS), False, Verdict.PASSED, 0.0),
    ],
)
def test_a_word_error_rate_past_the_limit_breaks_only_a_model_that_the_recording_was_made_for(heard, own, verdict, wer):
    found, rate, reason = _judge(heard, own=own)

    assert (found, rate) == (verdict, pytest.approx(wer))
    assert f"{wer:.0%}" in reason


@pytest.mark.parametrize(
    ("heard", "said"),
    [
        (NOTHING, "nothing"),
        (_heard(", .", [",", "."]), "nothing"),
        (_heard("<unk><unk><unk>", ["<unk>"] * 3), "<unk>"),
        (_heard(f"{WORDS} <unk><unk>", [*WORDS.split(), "<unk>", "<unk>"]), "<unk>"),
        (_heard("the the the the the", [" the"] * 5), "5 times in a row"),
        (_heard("a b a a b a a c a b a", list("abaabaacaba")), "hardly more than one token"),
        (_heard(WORDS, log_probs=[-0.1] * 8 + [math.nan]), "no numbers"),
        (_heard(WORDS, log_probs=[-0.1] * 8 + [-math.inf]), "no numbers"),
        (_heard(" ".join(f"word{number}" for number in range(16))), "16 words where 9 were said"),
    ],
)
@pytest.mark.parametrize("own", [True, False])
def test_what_no_working_model_says_to_speech(heard, said, own):
    verdict, _wer, reason = _judge(heard, own=own)

    assert verdict is Verdict.BROKEN
    assert said in reason
    assert "\n" not in reason


def test_one_unknown_word_or_a_word_said_twice_is_no_fault():
    for text, tokens in [(WORDS, [*WORDS.split(), "<unk>"]), (f"the {WORDS}", [" the", *WORDS.split()])]:
        assert _judge(_heard(text, tokens))[0] is Verdict.PASSED


@pytest.mark.parametrize(
    ("quiet", "verdict"),
    [
        ((NOTHING, _heard("yeah")), Verdict.PASSED),
        ((_heard("mm"), _heard("mm hmm")), Verdict.PASSED),
        ((_heard("be a little bit"), NOTHING), Verdict.BROKEN),
        ((NOTHING, _heard("yeah", log_probs=[math.nan])), Verdict.BROKEN),
    ],
)
def test_text_made_of_silence_and_noise(quiet, verdict):
    found, wer, reason = _judge(_heard(WORDS), quiet)

    assert (found, wer) == (verdict, 0.0)
    assert "silence and noise" in reason or "no numbers" in reason


@pytest.mark.parametrize(
    ("reference", "heard", "errors"),
    [
        ("a b c", "a b c", 0),
        ("a b c", "", 3),
        ("", "a", 1),
        ("a b c", "a x c", 1),
        ("a b c", "b c", 1),
        ("a b c", "a b b c", 1),
        ("a b c d", "d c b a", 4),
    ],
)
def test_word_errors(reference, heard, errors):
    assert selftest.word_errors(reference.split(), heard.split()) == errors


def test_the_text_is_not_in_what_a_log_would_show():
    result = selftest.SelfTest(Verdict.PASSED, 0.0, "a secret", "it understood", 1.0)

    assert "secret" not in repr(result)


class _Failing:
    model, provider = "failing", "cpu"

    def recognise(self, _pcm):
        raise RecognitionError("the engine failed on 2.0 s of audio: out of memory")


def test_an_engine_that_fails_is_broken():
    result = selftest.run(_Failing(), Reference(bytes(64_000), WORDS, own=True))

    assert (result.verdict, result.reason) == (Verdict.BROKEN, "the engine failed on 2.0 s of audio: out of memory")


def _test(directory, engine="sherpa"):
    found = bundle.find(directory)
    bundle.validate(found)
    return selftest.run(ENGINES[engine](found), selftest.reference_for(found))


@needs_practice
@pytest.mark.parametrize("engine", ENGINES)
def test_the_practice_model_passes_on_its_own_recording(engine):
    result = _test(recordings.practice_model(), engine)

    assert result.verdict is Verdict.PASSED, result.reason
    assert result.decode_ms > 0
    assert selftest.reference_for(bundle.find(recordings.practice_model())).own


@pytest.mark.human
@recordings.needs_human
@needs_practice
@pytest.mark.parametrize("engine", ENGINES)
def test_a_model_trained_on_people_is_never_called_broken_for_a_synthesised_voice(engine):
    result = _test(recordings.human_model(), engine)

    assert result.verdict in {Verdict.PASSED, Verdict.UNJUDGED}
    assert result.wer is not None


@needs_practice
@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("own", [True, False])
@pytest.mark.parametrize(
    ("roles", "change"),
    [
        (["encoder"], damage.zeroed),
        (["joiner"], damage.zeroed),
        (["encoder", "decoder", "joiner"], damage.zeroed),
        (["encoder"], damage.not_numbers),
        (["encoder"], damage.one_not_a_number),
        (["joiner"], damage.not_numbers),
        (["encoder", "decoder", "joiner"], damage.shuffled),
    ],
    ids=lambda value: "+".join(value) if isinstance(value, list) else value.__name__,
)
def test_damaged_weights_that_load_are_found_out(tmp_path, engine, roles, change, own):
    directory = damage.copy(recordings.practice_model(), tmp_path / "damaged", roles, change)
    if not own:
        (directory / "recording.flac").unlink()

    result = _test(directory, engine)

    assert selftest.reference_for(bundle.find(directory)).own is own
    assert result.verdict is Verdict.BROKEN, result.reason


@needs_practice
def test_a_decoder_of_noise_is_broken_by_the_recording_that_came_with_it(tmp_path):
    result = _test(damage.copy(recordings.practice_model(), tmp_path / "m", ["decoder"], damage.not_numbers))

    assert result.verdict is Verdict.BROKEN
    assert result.wer > selftest.WER_LIMIT


@needs_practice
def test_a_recording_without_its_words_is_one_line(tmp_path):
    directory = damage.copy(recordings.practice_model(), tmp_path / "m", ["joiner"], lambda values: values)
    (directory / "recording.txt").unlink()

    with pytest.raises(AudioFileError, match=r"recording\.txt cannot be read"):
        selftest.reference_for(bundle.find(directory))
