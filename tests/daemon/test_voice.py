"""The voice detector on made sounds; on recorded speech and noise where the test data is there."""

from __future__ import annotations

import csv
import os
from pathlib import Path

import numpy as np
import pytest
import soundfile
import soxr

from daemon.endpoint import EndpointSettings, segments
from daemon.messages import FRAME_BYTES, RATE_HZ
from daemon.voice import NoiseGate, VoiceDetector, level_db, power
from tests.daemon.test_endpoint import babble

DATA = Path(os.environ.get("SWICTATION_TEST_DATA", Path(__file__).parents[3] / "shared" / "data"))


def frames(pcm):
    return [pcm[at : at + FRAME_BYTES] for at in range(0, len(pcm) - FRAME_BYTES + 1, FRAME_BYTES)]


def voiced(pcm, detector=None):
    detector = detector or VoiceDetector(2)
    return np.array([detector.voiced(frame) for frame in frames(pcm)])


def white(seconds, db, seed=0):
    samples = np.random.default_rng(seed).standard_normal(round(seconds * RATE_HZ)) * 32768 * 10 ** (db / 20)
    return samples.clip(-32768, 32767).astype("<i2")


def test_the_level_of_a_sine_is_its_power():
    sine = (16384 * np.sin(2 * np.pi * 100 * np.arange(320) / RATE_HZ)).astype("<i2").tobytes()
    assert power(sine) == pytest.approx(0.125, rel=0.01)
    assert level_db(sine) == pytest.approx(-9.03, abs=0.05)
    assert level_db(bytes(640)) == -100
    assert level_db(np.full(320, 9000, "<i2").tobytes()) == -100  # an offset is no sound


@pytest.mark.parametrize("db", [-50, -40, -30, -20, -10])
def test_steady_noise_is_not_speech_for_longer_than_it_takes_to_tell(db):
    decisions = voiced(white(10.0, db).tobytes())
    assert decisions[:35].sum() <= 30
    assert not decisions[35:].any()


def test_speech_is_heard_from_the_first_frame():
    assert voiced(babble(1.0))[:10].sum() >= 6


def test_speech_over_steady_noise_is_heard():
    noise = white(6.0, -45)
    speech = np.frombuffer(babble(2.0), "<i2")
    noise[3 * RATE_HZ : 5 * RATE_HZ] += speech
    decisions = voiced(noise.tobytes())
    assert not decisions[50:145].any()
    assert decisions[150:250].mean() > 0.5


def test_a_gate_that_knows_a_loud_room_forgets_it_at_once_in_a_quiet_one():
    detector = VoiceDetector(2)
    voiced(white(5.0, -20).tobytes(), detector)
    quiet = (np.frombuffer(babble(1.0), "<i2") // 5).astype("<i2").tobytes()
    assert voiced(quiet, detector)[:15].sum() >= 3


def test_the_floor_follows_the_quietest_of_the_last_seconds():
    gate = NoiseGate()
    for level in [-60.0, -20.0, -30.0, -25.0] * 50:
        gate.stands_out(level)
    assert gate.floor_db == -60.0
    for level in [-20.0, -30.0, -25.0] * 50:
        gate.stands_out(level)
    assert gate.floor_db == -30.0


def recordings(kind):
    manifest = DATA / kind / "manifest.tsv"
    if not manifest.is_file():
        pytest.skip(f"no recordings at {manifest}: set SWICTATION_TEST_DATA")
    with manifest.open(newline="", encoding="utf-8") as lines:
        return [DATA / row["file"] for row in csv.DictReader(lines, delimiter="\t", quoting=csv.QUOTE_NONE)]


def read(path):
    samples, rate_hz = soundfile.read(path, dtype="float32", always_2d=True)
    mono = soxr.resample(samples.mean(axis=1), rate_hz, RATE_HZ)
    return (mono * 32768).clip(-32768, 32767).astype("<i2")


@pytest.mark.human
@pytest.mark.parametrize("gain_db", [0, -20])
def test_human_speech_is_inside_the_segments(gain_db):
    """Of the frames within 25 dB of a clip's loudest ones at most 1 % are outside, 3 % where the microphone is low."""
    outside = loud = 0
    for path in [path for path in recordings("speech") if "librispeech" in path.parent.name][:20]:
        samples = read(path)
        levels = np.array([level_db(frame) for frame in frames(samples.tobytes())])
        speech = levels > np.percentile(levels, 95) - 25
        quiet = (samples * 10 ** (gain_db / 20)).astype("<i2").tobytes()
        inside = np.zeros(len(levels), bool)
        for segment in segments(quiet, EndpointSettings()):
            inside[round(segment.started_s * 50) : round(segment.ended_s * 50)] = True
        outside += (speech & ~inside).sum()
        loud += speech.sum()
    assert outside / loud < (0.01 if gain_db == 0 else 0.03)


@pytest.mark.human
def test_rain_is_not_speech():
    for path in [path for path in recordings("noise") if "Rain" in path.name]:
        assert (
            sum(len(segment.pcm) for segment in segments(read(path).tobytes(), EndpointSettings())) < 1.0 * 2 * RATE_HZ
        )
