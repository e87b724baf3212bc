"""When a sample was in the microphone, by counting samples in pieces that come late by chance."""

import random

import numpy as np
import pytest

from daemon.path_bench.ear import Track, trimmed


def _pcm(*samples):
    return np.array(samples, "<i2").tobytes()


def test_quiet_at_the_ends_is_cut_off_and_quiet_in_the_midst_stays():
    assert trimmed(_pcm(0, 3, -5, 900, 0, 2, -1000, 4, 0)) == _pcm(900, 0, 2, -1000)
    assert trimmed(_pcm(0, 0, 0)) == b""
    assert trimmed(b"") == b""


@pytest.mark.parametrize("seed", range(5))
def test_the_time_of_a_sample_is_known_to_the_least_lag_of_the_pieces(seed):
    late = random.Random(seed)  # noqa: S311
    track = Track()
    sound = np.zeros(16_000, np.int16)
    sound[4_000:12_000] = 100
    began_s = 50.0
    for start in range(0, 16_000, 160):
        piece = sound[start : start + 160]
        track.take(piece, began_s + (start + 160) / 16_000 + late.uniform(0, 0.03))
    assert (track.first, track.last) == (4_000, 11_999)
    assert track.time_s(11_999) == pytest.approx(began_s + 12_000 / 16_000, abs=0.003)


def test_what_is_to_come_can_be_foretold():
    track = Track()
    track.take(np.full(160, 7, np.int16), 10.01)
    assert track.time_s(16_000 - 1) == pytest.approx(11.0)
