"""The features that sherpa-onnx 2.0 computes for a `nemo_transducer`, in PyTorch; a model must be trained on the same.

25 ms frames every 10 ms, mirrored at the edges, pre-emphasis 0.97 within the frame, the "povey" window, 512-point
power spectrum, 80 Slaney mel bins from 0 to 7600 Hz with Slaney's normalisation, log(e + 2^-24), then per bin zero
mean and unit (biased) deviation over the utterance. Measured on the wheel, by a probe model that hands its input
back; equal to it within 1.3e-4.
"""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

RATE_HZ = 16_000
FRAME, SHIFT, SPECTRUM, MEL_BINS, TOP_HZ = 400, 160, 512, 80, 7600.0
LOG_GUARD = 2.0**-24
PRE_EMPHASIS = 0.97
EDGE = (FRAME - SHIFT) // 2


def features(samples: np.ndarray) -> Tensor:
    """Turn samples in [-1, 1] at 16 kHz into (T, 80) with T = (samples + 80) // 160."""
    count = (len(samples) + SHIFT // 2) // SHIFT
    missing = max(0, SHIFT * (count - 1) - EDGE + FRAME - len(samples))
    mirrored = torch.from_numpy(np.pad(np.asarray(samples, np.float32), (EDGE, missing), mode="symmetric"))
    frames = mirrored.unfold(0, FRAME, SHIFT)[:count]
    emphasised = torch.empty(count, FRAME)
    torch.sub(frames[:, 1:], frames[:, :-1], alpha=PRE_EMPHASIS, out=emphasised[:, 1:])
    emphasised[:, 0] = frames[:, 0] * (1 - PRE_EMPHASIS)
    power = torch.view_as_real(torch.fft.rfft(emphasised.mul_(_WINDOW), SPECTRUM)).square_().sum(-1)
    logs = (power @ _MEL_BANK).add_(LOG_GUARD).log_()
    mean = logs.mean(0)
    variance = (logs.square().mean(0) - mean.square()).clamp_(min=0)
    return (logs - mean) / (variance.sqrt() + 1e-5)


def _povey_window() -> Tensor:
    phase = 2 * np.pi * np.arange(FRAME) / (FRAME - 1)
    return torch.from_numpy(((0.5 - 0.5 * np.cos(phase)) ** 0.85).astype(np.float32))


def _slaney_mel_bank() -> Tensor:
    """(257, 80): triangles of equal area, linear below 1 kHz, logarithmic above (Slaney, Auditory Toolbox, 1998)."""
    edges_hz = _hz(np.linspace(_mel(np.array(0.0)), _mel(np.array(TOP_HZ)), MEL_BINS + 2))
    bins_hz = np.arange(SPECTRUM // 2 + 1) * RATE_HZ / SPECTRUM
    low, middle, high = edges_hz[:-2, None], edges_hz[1:-1, None], edges_hz[2:, None]
    rising, falling = (bins_hz - low) / (middle - low), (high - bins_hz) / (high - middle)
    bank = np.maximum(0, np.minimum(rising, falling)) * (2 / (high - low))
    return torch.from_numpy(bank.T.astype(np.float32).copy())


_BREAK_HZ, _BREAK_MEL, _LOG_STEP = 1000.0, 15.0, np.log(6.4) / 27


def _mel(hz: np.ndarray) -> np.ndarray:
    return np.where(hz < _BREAK_HZ, hz * 3 / 200, _BREAK_MEL + np.log(np.maximum(hz, 1e-9) / _BREAK_HZ) / _LOG_STEP)


def _hz(mel: np.ndarray) -> np.ndarray:
    return np.where(mel < _BREAK_MEL, mel * 200 / 3, _BREAK_HZ * np.exp(_LOG_STEP * (mel - _BREAK_MEL)))


_WINDOW = _povey_window()
_MEL_BANK = _slaney_mel_bank()
