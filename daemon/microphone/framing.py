"""Blocks of a microphone, at any rate and with any channels, to frames of 20 ms at 16 kHz mono with capture times."""

from __future__ import annotations

import math

from daemon.messages import FRAME_BYTES, FRAME_SAMPLES, RATE_HZ, Frame

_GAP_S = 0.06  # blocks of 20 ms from a busy sound server come up to 50 ms late and catch up
_GAP_PROOF_S = 0.5  # a delay that has not been caught up by then is missing audio
_DRIFT = 0.002  # per block: follows a sound card that is 200 ppm slow at 2 ms, and takes jitter as 1 ms at most


class SampleClock:
    """When samples were captured, from when their blocks arrived.

    Blocks are late, never early, so the earliest arrival tells the time; a delay that stays is audio that is missing,
    which the sound server does not report.
    """

    def __init__(self, rate_hz: int) -> None:
        self._rate_hz = rate_hz
        self._origin_s = math.nan  # when sample 0 was captured
        self._late_since_s: float | None = None
        self._least_late_s = 0.0

    def observe(self, position: int, at_s: float) -> float:
        """Note that the sample before ``position`` was there ``at_s``; gives back the seconds found missing."""
        if math.isnan(self._origin_s):
            self._origin_s = at_s - position / self._rate_hz
        late_s = at_s - position / self._rate_hz - self._origin_s
        if late_s < _GAP_S:
            self._late_since_s = None
            self._origin_s += late_s if late_s < 0 else late_s * _DRIFT
            return 0.0
        if self._late_since_s is None:
            self._late_since_s, self._least_late_s = at_s, late_s
        self._least_late_s = min(self._least_late_s, late_s)
        if at_s - self._late_since_s < _GAP_PROOF_S:
            return 0.0
        self._late_since_s = None
        self._origin_s += self._least_late_s
        return self._least_late_s

    def time_s(self, position: float) -> float:
        """When the sample before ``position`` was captured; not a number before a block was observed."""
        return self._origin_s + position / self._rate_hz


class Framer:
    """Resamples, mixes to mono and slices; a frame's time is that of its last sample and never goes back."""

    def __init__(self, rate_hz: int, channels: int) -> None:
        self.lost_s = 0.0  # audio found missing so far
        self.gaps = 0
        self._rate_hz = rate_hz
        self._clock = SampleClock(rate_hz)
        self._received = 0  # samples per channel at the device's rate
        self._sliced = 0  # samples at 16 kHz that have left in frames
        self._rest = b""
        self._last_s = float("-inf")
        self._bytes_per_sample = 2 * channels
        self._convert = None if (rate_hz, channels) == (RATE_HZ, 1) else _Converter(rate_hz, channels)

    def push(self, block: bytes, at_s: float) -> list[Frame]:
        """The frames that ``block`` completes: interleaved int16 whose last sample was captured by ``at_s``."""
        self._received += len(block) // self._bytes_per_sample
        lost_s = self._clock.observe(self._received, at_s)
        self.lost_s += lost_s
        self.gaps += lost_s > 0
        self._rest += self._convert(block) if self._convert else block
        frames = []
        while len(self._rest) >= FRAME_BYTES:
            pcm, self._rest = self._rest[:FRAME_BYTES], self._rest[FRAME_BYTES:]
            self._sliced += FRAME_SAMPLES
            self._last_s = max(self._last_s, self._clock.time_s(self._sliced * self._rate_hz / RATE_HZ))
            frames.append(Frame(self._last_s, pcm))
        return frames


class _Converter:
    """Interleaved int16 at any rate to int16 mono at 16 kHz, with the state that joins blocks without a click."""

    def __init__(self, rate_hz: int, channels: int) -> None:
        import numpy as np  # only a device without 16 kHz mono needs these 25 MB
        import soxr

        self._numpy = np
        self._channels = channels
        self._resampler = None
        if rate_hz != RATE_HZ:
            self._resampler = soxr.ResampleStream(rate_hz, RATE_HZ, 1, dtype="float32", quality="HQ")

    def __call__(self, block: bytes) -> bytes:
        np = self._numpy
        mono = np.frombuffer(block, "<i2").reshape(-1, self._channels).mean(axis=1, dtype=np.float32)
        if self._resampler is not None:
            mono = self._resampler.resample_chunk(mono)
        return bytes(np.clip(np.rint(mono), -32768, 32767).astype("<i2").tobytes())
