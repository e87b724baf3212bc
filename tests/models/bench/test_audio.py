"""Clips of the lengths that are asked for."""

import numpy as np
import pytest

from models.bench import audio
from tests.speech import write

RATE_HZ = 16_000


def _pcm():
    """Three seconds: silence, a tone, silence."""
    tone = 8000 * np.sin(np.arange(RATE_HZ) / 10)
    return np.concatenate([np.zeros(RATE_HZ), tone, np.zeros(RATE_HZ)]).astype("<i2").tobytes()


@pytest.mark.parametrize("seconds", [0.1, 1, 2.8, 3, 5, 30])
def test_a_clip_has_the_length_that_was_asked_for(seconds):
    clip = audio.of_length(_pcm(), seconds)

    assert (clip.name, clip.seconds, len(clip.pcm)) == (f"{seconds:g} s", seconds, round(seconds * RATE_HZ) * 2)
    assert any(clip.pcm)


def test_a_short_clip_is_where_something_is_said():
    assert audio.of_length(_pcm(), 1.0).pcm == _pcm()[2 * RATE_HZ : 4 * RATE_HZ]


def test_a_long_clip_says_it_over_and_over():
    assert audio.of_length(_pcm(), 7.0).pcm == (_pcm() * 3)[: 14 * RATE_HZ]


def test_files_are_taken_as_they_are(tmp_path):
    clip = audio.of_files([write(tmp_path / "mine.wav", _pcm())])[0]

    assert (clip.name, clip.seconds, clip.pcm) == ("mine.wav", 3.0, _pcm())
