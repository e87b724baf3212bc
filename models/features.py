"""The encoder's input as sherpa-onnx 2.0.1 computes it for NeMo models: log mel energies, normalised per bin.

What sherpa-onnx really computes was read back from it with a probe model (``tests/models/test_features.py``): frames
of 25 ms every 10 ms with mirrored edges, pre-emphasis per frame, the "povey" window, a 512-point power spectrum, mel
bins on Slaney's scale from 0 to 7600 Hz with Slaney's normalisation. The published models live with this although they
were trained on a Hann window up to 8000 Hz; tokens must agree with sherpa-onnx before they agree with NeMo.
"""

from __future__ import annotations

import functools

import numpy as np
from numpy.typing import NDArray

from models.recogniser import RATE_HZ

Floats = NDArray[np.float32]

_WINDOW, _SHIFT, _SPECTRUM = 400, 160, 512  # samples
_BEFORE = _WINDOW // 2 - _SHIFT // 2  # of the first frame lies before the first sample
_TOP_HZ = 7600.0
_PRE_EMPHASIS = np.float32(0.97)
_GUARD = np.float32(2.0**-24)  # added to an energy that is normalised per bin: NeMo's own, in sherpa-onnx from 2.0.0
_FLOOR = np.finfo(np.float32).eps  # the least energy where nothing is normalised
_BLOCK = 128  # frames at a time, which stay in the cache: 10 s take 2.6 ms, in blocks of 256 and more 5.5


def frame_count(samples: int) -> int:
    """How many frames come of so many samples at 16 kHz."""
    return (samples + _SHIFT // 2) // _SHIFT


def log_mel(samples: Floats, bins: int, normalise: bool) -> Floats:
    """The features of ``samples`` (float32 in [-1, 1] at 16 kHz), of shape (``bins``, frames).

    With ``normalise`` each bin has mean 0 and standard deviation 1 over the utterance. Less than half a frame shift of
    audio gives no frame.
    """
    count = frame_count(samples.size)
    energies = np.empty((bins, count), np.float32)
    if not count:
        return energies
    after = max(0, _SHIFT * (count - 1) - _BEFORE + _WINDOW - samples.size)
    frames = np.lib.stride_tricks.sliding_window_view(np.pad(samples, (_BEFORE, after), "symmetric"), _WINDOW)[::_SHIFT]
    for first in range(0, count, _BLOCK):
        block = frames[first : min(first + _BLOCK, count)]
        np.matmul(_filters(bins), _power(block).T, out=energies[:, first : first + len(block)])
    if not normalise:
        return np.log(np.maximum(energies, _FLOOR, out=energies), out=energies)
    energies += _GUARD
    np.log(energies, out=energies)
    return _normalised(energies)


def _power(frames: Floats) -> Floats:
    """The power spectrum of each frame, of shape (frames, 257)."""
    emphasised = np.empty(frames.shape, np.float32)
    np.multiply(frames[:, :-1], -_PRE_EMPHASIS, out=emphasised[:, 1:])
    emphasised[:, 1:] += frames[:, 1:]
    np.multiply(frames[:, 0], 1 - _PRE_EMPHASIS, out=emphasised[:, 0])
    emphasised *= _window()
    spectrum = np.fft.rfft(emphasised, _SPECTRUM)
    return np.square(spectrum.real) + np.square(spectrum.imag)


def _normalised(energies: Floats) -> Floats:
    mean = energies.mean(axis=1, keepdims=True)
    # by the same formula as sherpa-onnx: of a bin that never changes it leaves a rounding error, not 0
    variance = np.maximum(np.square(energies).mean(axis=1, keepdims=True) - np.square(mean), 0)
    energies -= mean
    energies /= np.sqrt(variance) + np.float32(1e-5)
    return energies


@functools.cache
def _window() -> Floats:
    """Kaldi's "povey" window: a Hann window to the power of 0.85."""
    return np.power(np.hanning(_WINDOW), 0.85).astype(np.float32)


@functools.cache
def _filters(bins: int) -> Floats:
    """Triangular mel filters of equal area, of shape (``bins``, 257)."""
    edges_hz = _hz(np.linspace(0, _mel(_TOP_HZ), bins + 2))
    low, centre, high = (edges_hz[start : start + bins, None] for start in range(3))
    spectrum_hz = np.arange(_SPECTRUM // 2 + 1) * RATE_HZ / _SPECTRUM
    rising, falling = (spectrum_hz - low) / (centre - low), (high - spectrum_hz) / (high - centre)
    return (np.maximum(0, np.minimum(rising, falling)) * 2 / (high - low)).astype(np.float32)


# Slaney's mel scale: linear up to 1000 Hz = 15 mel, then 27 mel for each factor of 6.4.


def _mel(hz: float) -> float:
    return hz * 15 / 1000 if hz < 1000 else 15 + float(np.log(hz / 1000)) * 27 / float(np.log(6.4))


def _hz(mel: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.where(mel < 15, mel * 1000 / 15, 1000 * 6.4 ** ((mel - 15) / 27))
