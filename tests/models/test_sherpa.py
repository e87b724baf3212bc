"""SherpaRecogniser against sherpa-onnx itself."""

import numpy as np
import pytest
import sherpa_onnx

from models import audio_file, bundle, sherpa
from models.recogniser import Transcript
from models.sherpa import SherpaRecogniser
from tests import recordings


def _direct(found, pcm):
    """What sherpa-onnx gives without anything of ours around it."""
    recogniser = sherpa_onnx.OfflineRecognizer.from_transducer(
        str(found.encoder), str(found.decoder), str(found.joiner), str(found.tokens), model_type="nemo_transducer"
    )
    stream = recogniser.create_stream()
    stream.accept_waveform(16_000, np.frombuffer(pcm, "<i2").astype(np.float32) / 32768)
    recogniser.decode_stream(stream)
    return stream.result


def _assert_same(found, pcm):
    heard, direct = SherpaRecogniser(found).recognise(pcm), _direct(found, pcm)
    assert heard.tokens == tuple(direct.tokens)
    assert heard.text == direct.text.strip()
    assert heard.timestamps_s == pytest.approx(direct.timestamps, abs=1e-3)
    assert heard.durations_s == pytest.approx(direct.durations, abs=1e-3)
    assert heard.log_probs == pytest.approx(direct.ys_log_probs, abs=1e-3)
    return heard


@pytest.mark.human
@pytest.mark.parametrize("folder", ["librispeech-test-other", "vctk", "an4-test"])
@recordings.needs_human
def test_human_speech_token_for_token(folder):
    found = bundle.find(recordings.human_model())
    heard = [_assert_same(found, audio_file.read(clip).pcm) for clip in recordings.human_clips(folder, 4)]

    assert sum(len(transcript.tokens) for transcript in heard) > 20


@pytest.mark.skipif(not recordings.practice_model() or not recordings.practice_clips(), reason="no practice model")
def test_synthesised_speech_token_for_token():
    found = bundle.find(recordings.practice_model())
    heard = [_assert_same(found, audio_file.read(clip).pcm) for clip in recordings.practice_clips()]

    assert all(transcript.text for transcript in heard)


@recordings.needs_model
@pytest.mark.parametrize("samples", [0, 1, 79, 80, 160, 399, 400, 401, 640, 1600])
def test_audio_of_hardly_any_length_is_an_empty_transcript(samples):
    noise = np.random.default_rng(1).normal(0, 300, samples).astype("<i2").tobytes()

    assert SherpaRecogniser(bundle.find(recordings.any_model())).recognise(noise).text == ""


@recordings.needs_model
def test_half_a_sample_at_the_end_is_left_out():
    recogniser = SherpaRecogniser(bundle.find(recordings.any_model()))

    assert recogniser.recognise(bytes(32_001)).text == ""


@recordings.needs_model
def test_two_threads_hear_the_same():
    found = bundle.find(recordings.any_model())
    tone = (8000 * np.sin(np.arange(32_000) / 20)).astype("<i2").tobytes()

    assert SherpaRecogniser(found, threads=2).recognise(tone).tokens == SherpaRecogniser(found).recognise(tone).tokens


class _ShortTable:
    """A sherpa-onnx recogniser whose model has positions for 12 s only, and says where each stream began and ended."""

    def __init__(self):
        self.longest_s = 12
        self.lengths_s = []

    def create_stream(self):
        return _Stream()

    def decode_stream(self, stream):
        if stream.length_s > self.longest_s:
            raise RuntimeError("broadcast an axis\nby 1")
        self.lengths_s.append(stream.length_s)


class _Stream:
    def accept_waveform(self, rate, samples):
        self.length_s = len(samples) / rate
        self.result = type("Result", (), {"text": " word", "tokens": [" word"], "timestamps": [0.5]})()
        self.result.durations, self.result.ys_log_probs = [0.08], [-0.1]


def _with_short_table():
    recogniser = SherpaRecogniser.__new__(SherpaRecogniser)
    recogniser._recogniser = _ShortTable()
    return recogniser


def test_audio_longer_than_the_position_table_is_cut_at_its_pauses_and_joined():
    audio = np.random.default_rng(1).normal(0, 3000, 40 * 16_000)
    for pause_s in (9.0, 19.0, 29.0):
        audio[int(pause_s * 16_000) : int((pause_s + 0.1) * 16_000)] = 0
    recogniser = _with_short_table()

    heard = recogniser.recognise(audio.astype("<i2").tobytes())

    lengths_s = recogniser._recogniser.lengths_s
    starts_s = np.cumsum([0, *lengths_s])
    assert sum(lengths_s) == pytest.approx(40)
    assert [any(pause <= cut <= pause + 0.1 for cut in starts_s) for pause in (9.0, 19.0, 29.0)] == [True] * 3
    assert heard.text == " ".join(["word"] * len(lengths_s))
    assert heard.timestamps_s == pytest.approx([start + 0.5 for start in starts_s[:-1]], abs=2e-3)
    assert len(heard.tokens) == len(heard.durations_s) == len(heard.log_probs) == len(lengths_s)
    assert heard.encode_ms is None
    assert heard.decode_ms > 0


def test_a_failure_that_is_not_one_of_length_is_one_line():
    recogniser = _with_short_table()
    recogniser._recogniser.longest_s = 0

    with pytest.raises(sherpa.RecognitionError, match=r"^the engine failed on 2.0 s of audio: broadcast an axis by 1$"):
        recogniser.recognise(bytes(64_000))


@pytest.mark.skipif(recordings.practice_model() is None, reason="the practice model is not in this checkout")
def test_four_minutes_through_the_practice_model():
    pcm = b"".join(audio_file.read(clip).pcm + bytes(32_000) for clip in recordings.practice_clips())
    if not pcm:
        pytest.skip("no practice clips")
    pcm *= 1 + 240 * 32_000 // len(pcm)

    heard = SherpaRecogniser(bundle.find(recordings.practice_model())).recognise(pcm)

    assert heard.timestamps_s[-1] > 230
    assert list(heard.timestamps_s) == sorted(heard.timestamps_s)


def test_a_transcript_survives_the_wire():
    transcript = Transcript("a b", ("a", " b"), (0.0, 0.5), (0.08, 0.16), (-0.1, -0.2), 1.5, None, 20.25, None)

    fields = {name: getattr(transcript, name) for name in Transcript.__slots__}

    assert Transcript.of({**fields, "tokens": list(fields["tokens"]), "engine_ms": 3.0, "id": 7}) == transcript
