"""What happens to clean synthetic speech before the network hears it: speed, room, tone, pauses, noise, gain."""

from __future__ import annotations

import numpy as np
from scipy.signal import fftconvolve, lfilter

RATE_HZ = 16_000


def joined(draw: np.random.Generator, clips: list[np.ndarray]) -> np.ndarray:
    """Utterances one after the other with pauses of 0.1 to 1.2 s."""
    parts: list[np.ndarray] = []
    for clip in clips[:-1]:
        parts += [clip, _silence(draw.uniform(0.1, 0.5) if draw.random() < 0.6 else draw.uniform(0.5, 1.2))]
    return np.concatenate([*parts, clips[-1]])


def augmented(draw: np.random.Generator, speech: np.ndarray, babble: np.ndarray, strength: float) -> np.ndarray:
    """Speech in [-1, 1] as a voice detector might hand it over. `babble` is other speech; strength 0 to 1."""
    if draw.random() < 0.5 * strength:
        speech = _faster(speech, draw.uniform(0.88, 1.14))
    if draw.random() < 0.3 * strength:
        speech = _in_a_room(draw, speech)
    if draw.random() < 0.5 * strength:
        speech = _tilted(speech, draw.uniform(-0.6, 0.6))
    level = float(np.sqrt(np.square(speech).mean()) + 1e-6)
    before = draw.uniform(0, 0.65) if draw.random() < 0.85 else 0.0
    after = draw.uniform(0.02, 0.7) if draw.random() < 0.9 else draw.uniform(0.7, 1.5)
    speech = np.concatenate([_silence(before), speech, _silence(after)])
    kind = draw.random()
    if kind < 0.15 + 0.3 * strength:
        snr_db = draw.uniform(8 if draw.random() < 0.5 * strength else 18, 45)
        other = np.resize(babble, len(speech)) if draw.random() < 0.2 * strength else 0.0
        noise = _coloured(draw, len(speech)) + 20 * other
        speech = speech + noise * (level / (np.sqrt(np.square(noise).mean()) + 1e-9) * 10 ** (-snr_db / 20))
    elif kind < 0.75:  # the hiss of a quiet room; the rest keeps digital silence
        speech = speech + _coloured(draw, len(speech)) * np.float32(10 ** draw.uniform(-4.5, -2.8))
    return (speech * 10 ** draw.uniform(-1.3, 0.2)).astype(np.float32)


def speechless(draw: np.random.Generator) -> np.ndarray:
    """0.2 to 5 s that must give an empty text: digital silence, noise of any level, hum, clicks as of keys."""
    count = int(RATE_HZ * draw.uniform(0.2, 5.0))
    kind = draw.random()
    if kind < 0.15:
        return np.zeros(count, np.float32)
    sound = _coloured(draw, count) * np.float32(10 ** draw.uniform(-4.5, -0.8))
    if kind < 0.25:
        hum_hz = draw.choice([50.0, 60.0, 100.0, 120.0])
        sound = sound + 10 ** draw.uniform(-3, -1) * np.sin(2 * np.pi * hum_hz * np.arange(count) / RATE_HZ)
    elif kind < 0.45:
        for start in draw.integers(0, count, draw.integers(1, 8)):
            length = min(int(RATE_HZ * draw.uniform(0.002, 0.03)), count - start)
            decay = np.exp(-np.arange(length) / (length / 4 + 1))
            sound[start : start + length] += 10 ** draw.uniform(-2, -0.5) * decay * draw.standard_normal(length)
    return sound.astype(np.float32)


def _silence(seconds: float) -> np.ndarray:
    return np.zeros(int(RATE_HZ * seconds), np.float32)


def _coloured(draw: np.random.Generator, count: int) -> np.ndarray:
    """White noise, or noise that falls towards high frequencies; white has a deviation of 1."""
    white = draw.standard_normal(count, dtype=np.float32)
    if draw.random() < 0.4:
        return white
    return lfilter([1.0], [1.0, -draw.uniform(0.7, 0.98)], white).astype(np.float32)


def _faster(speech: np.ndarray, factor: float) -> np.ndarray:
    positions = np.arange(0, len(speech) - 1, factor)
    return np.interp(positions, np.arange(len(speech)), speech).astype(np.float32)


def _in_a_room(draw: np.random.Generator, speech: np.ndarray) -> np.ndarray:
    length = int(RATE_HZ * draw.uniform(0.05, 0.3))
    echo = draw.standard_normal(length, dtype=np.float32) * np.exp(-np.arange(length, dtype=np.float32) / (length / 5))
    echo *= draw.uniform(0.1, 0.7) / np.sqrt(np.square(echo).sum())
    echo[0] += 1
    return fftconvolve(speech, echo.astype(np.float32))[: len(speech)].astype(np.float32)


def _tilted(speech: np.ndarray, slope: float) -> np.ndarray:
    tilted = speech.copy()
    tilted[1:] -= np.float32(slope) * speech[:-1]
    return tilted
