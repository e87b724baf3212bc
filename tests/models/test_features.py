"""The features against those that sherpa-onnx gives to an encoder."""

import numpy as np
import pytest

from models import audio_file, features
from tests import recordings
from tests.models import probe

_RESOLUTION = 1.5e-3  # float32 energies summed in another order, in bins that hardly change


def _speech(seconds):
    """Something like speech: tones that come and go over faint noise."""
    rng = np.random.default_rng(7)
    times = np.arange(round(seconds * 16_000)) / 16_000
    tones = sum(np.sin(2 * np.pi * hz * times * (1 + 0.1 * np.sin(3 * times))) / hz for hz in (120, 600, 1800, 5000))
    return (20 * tones * (1 + np.sin(9 * times)) + 1e-3 * rng.standard_normal(times.size)).astype(np.float32)


@pytest.fixture(scope="module")
def probes(tmp_path_factory):
    return {kind: probe.write(tmp_path_factory.mktemp(kind), kind) for kind in ("per_feature", "NA")}


@pytest.mark.parametrize("kind", ["per_feature", "NA"])
@pytest.mark.parametrize("samples", [4000, 4079, 4080, 4081, 16_000, 16_159, 31_337, 44_800])
def test_they_are_those_of_sherpa_onnx(probes, kind, samples):
    audio = _speech(3)[:samples]

    mine = features.log_mel(audio, 80, normalise=kind == "per_feature")
    theirs = probe.features(probes[kind], kind, audio)

    assert mine.shape == theirs.shape == (80, features.frame_count(samples))
    np.testing.assert_allclose(mine, theirs, atol=_RESOLUTION)


@pytest.mark.parametrize("kind", ["per_feature", "NA"])
def test_with_digital_silence_inside(probes, kind):
    audio = _speech(2)
    audio[:3000] = 0
    audio[14_000:22_000] = 0

    mine = features.log_mel(audio, 80, normalise=kind == "per_feature")

    np.testing.assert_allclose(mine, probe.features(probes[kind], kind, audio), atol=_RESOLUTION)


@pytest.mark.skipif(not recordings.practice_clips(), reason="no recordings")
def test_of_recorded_speech(probes):
    for clip in recordings.practice_clips()[:4]:
        audio = np.frombuffer(audio_file.read(clip).pcm, "<i2").astype(np.float32) / 32768
        theirs = probe.features(probes["per_feature"], "per_feature", audio)
        np.testing.assert_allclose(features.log_mel(audio, 80, normalise=True), theirs, atol=_RESOLUTION)


@pytest.mark.human
@recordings.needs_human
def test_of_human_speech(probes):
    for clip in recordings.human_clips("vctk", 4):
        audio = np.frombuffer(audio_file.read(clip).pcm, "<i2").astype(np.float32) / 32768
        theirs = probe.features(probes["per_feature"], "per_feature", audio)
        np.testing.assert_allclose(features.log_mel(audio, 80, normalise=True), theirs, atol=_RESOLUTION)


def test_of_another_number_of_bins(tmp_path):
    audio = _speech(1)
    written = probe.write(tmp_path, "per_feature", bins=128)

    theirs = probe.features(written, "per_feature", audio, bins=128)

    np.testing.assert_allclose(features.log_mel(audio, 128, normalise=True), theirs, atol=_RESOLUTION)


@pytest.mark.parametrize(("samples", "frames"), [(0, 0), (79, 0), (80, 1), (239, 1), (240, 2), (400, 3)])
def test_hardly_any_audio(samples, frames):
    mel = features.log_mel(_speech(1)[:samples], 80, normalise=True)

    assert mel.shape == (80, frames)
    assert np.isfinite(mel).all()


def test_long_audio_is_the_same_as_in_one_piece(monkeypatch):
    audio = _speech(12)
    blocks = features.log_mel(audio, 80, normalise=True)
    monkeypatch.setattr(features, "_BLOCK", 10_000)

    np.testing.assert_allclose(blocks, features.log_mel(audio, 80, normalise=True), atol=1e-5)


def test_silence_alone_is_finite():
    mel = features.log_mel(np.zeros(16_000, np.float32), 80, normalise=True)

    assert np.isfinite(mel).all()
