"""Slicing, resampling and the clock of samples, without a device."""

from __future__ import annotations

import numpy as np
import pytest

from daemon.messages import FRAME_BYTES, FRAME_MS, RATE_HZ
from daemon.microphone.framing import Framer, SampleClock

BLOCK_S = FRAME_MS / 1000


def observe(late_ms, rate_hz=RATE_HZ):
    """A clock that has seen a block of 20 ms for each lateness, and what it found missing in milliseconds."""
    clock = SampleClock(rate_hz)
    missing = [
        clock.observe((number + 1) * rate_hz * FRAME_MS // 1000, 100 + (number + 1) * BLOCK_S + late / 1000)
        for number, late in enumerate(late_ms)
    ]
    return clock, [round(lost * 1000, 3) for lost in missing if lost]


@pytest.mark.parametrize(
    ("late_ms", "expected"),
    [
        pytest.param([0] * 100, [], id="on time"),
        pytest.param([0, 12, 3, 40, 7] * 40, [], id="jitter"),
        pytest.param([30, 20, 10] + [0] * 50, [], id="the first ones late"),
        pytest.param([0] * 50 + [3000 - 20 * n for n in range(150)] + [0] * 50, [], id="a stall that is caught up"),
        pytest.param([0] * 50 + [400] * 50, [400.0], id="lost audio"),
        pytest.param([0] * 50 + [400, 412] * 25 + [900] * 50, [400.0, 500.0], id="lost twice"),
        pytest.param([0] * 50 + [400] * 20, [], id="not proven yet"),
        pytest.param([n * 0.004 for n in range(10_000)], [], id="a card that is 200 ppm slow"),
        pytest.param([-n * 0.004 for n in range(10_000)], [], id="a card that is 200 ppm fast"),
    ],
)
def test_missing_audio_is_told_from_late_audio(late_ms, expected):
    _clock, missing = observe(late_ms)
    assert missing == pytest.approx(expected, abs=5)


def test_jitter_is_taken_out_of_the_times():
    clock, _missing = observe([0, 12, 3, 40, 7] * 40)
    assert clock.time_s(200 * 320) == pytest.approx(104.0, abs=0.003)


@pytest.mark.parametrize("late_ms", [4.0 * n / 1000 for n in (-1, 1)])
def test_a_slow_or_fast_card_is_followed(late_ms):
    clock, _missing = observe([n * late_ms for n in range(10_000)])
    assert clock.time_s(10_000 * 320) == pytest.approx(300 + late_ms * 10, abs=0.005)


def framed(samples, rate_hz, channels, block_ms=20):
    framer = Framer(rate_hz, channels)
    size = rate_hz * block_ms // 1000
    frames = []
    for start in range(0, len(samples), size):
        block = samples[start : start + size]
        frames += framer.push(block.tobytes(), 50 + (start + len(block)) / rate_hz)
    return frames


@pytest.mark.parametrize("block_ms", [5, 10, 20, 25, 130])
def test_mono_at_16_khz_passes_unchanged(block_ms):
    samples = np.random.default_rng(3).integers(-20_000, 20_000, (RATE_HZ, 1)).astype("<i2")
    frames = framed(samples, RATE_HZ, 1, block_ms)
    assert len(frames) == 50
    assert all(len(frame.pcm) == FRAME_BYTES for frame in frames)
    assert b"".join(frame.pcm for frame in frames) == samples.tobytes()
    assert [frame.captured_s for frame in frames] == pytest.approx(
        [50 + (n + 1) * BLOCK_S for n in range(50)], abs=1e-4
    )


@pytest.mark.parametrize("rate_hz", [8_000, 22_050, 44_100, 48_000, 96_000])
@pytest.mark.parametrize("channels", [1, 2, 6])
def test_other_formats_become_16_khz_mono_in_place(rate_hz, channels):
    at = np.arange(2 * rate_hz) / rate_hz
    tone = np.rint(8000 * np.sin(2 * np.pi * 440 * at))
    frames = framed(np.repeat(tone[:, None], channels, axis=1).astype("<i2"), rate_hz, channels)
    heard = np.frombuffer(b"".join(frame.pcm for frame in frames), "<i2")
    wanted = 8000 * np.sin(2 * np.pi * 440 * np.arange(len(heard)) / RATE_HZ)
    assert len(heard) > 1.9 * RATE_HZ
    inside = slice(400, -400)
    assert np.abs(heard[inside] - wanted[inside]).max() < 40  # 0.5 %
    assert frames[50].captured_s == pytest.approx(50 + 51 * BLOCK_S, abs=0.002)


def test_channels_are_mixed_by_their_mean():
    left_and_right = np.array([[1000, 3000]] * 320, "<i2")
    (frame,) = framed(left_and_right, RATE_HZ, 2)
    assert np.frombuffer(frame.pcm, "<i2").tolist() == [2000] * 320


def test_times_never_go_back():
    framer = Framer(RATE_HZ, 1)
    block = bytes(FRAME_BYTES)
    times = [frame.captured_s for at_s in (5.30, 5.30, 5.30, 5.31, 5.33) for frame in framer.push(block, at_s)]
    assert times == sorted(times)
    assert times[0] == pytest.approx(5.30)
