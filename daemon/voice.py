"""Whether a frame holds speech: webrtcvad behind a gate that follows the noise of the room.

webrtcvad alone takes loud steady noise for speech (white noise at -20 dB, rain, a fan: every frame of it). The gate
adds that a voiced frame must stand out of the noise floor, which is the quietest frame of the last seconds, or the
level itself where that has hardly changed for half a second, as no speech does.
"""

from __future__ import annotations

import math
from array import array
from collections import deque
from itertools import repeat
from operator import mul
from typing import Protocol

import webrtcvad

from daemon.messages import FRAME_MS, RATE_HZ

_FULL_SCALE: float = 32768.0
_LEAST_POWER = 1e-10  # -100 dB, below the smallest step of int16

# Before anything has been heard the floor is low enough for a whisper: speech may begin with the first frame.
_FIRST_FLOOR_DB = -66.0

# Measured on 21 min of human speech and 5.8 min of noise (ESC-10, kitchen), aggressiveness 2: at 4 dB the frames of
# speech lost to the gate are 0.1 % clean and 0.3 % at 10 dB above the noise, at 6 dB 0.2 % and 0.8 %; rain falls from
# 15.0 s "speech" of 15 s to 2.0 s at either, at 3 dB only to 4.1 s.
_MARGIN_DB = 4.0
_MEMORY = 3000 // FRAME_MS
_STEADY = 500 // FRAME_MS
_STEADY_SPREAD_DB = 4.0  # between the 10th and the 90th percentile; 3 dB lets half of the rain pass


def power(pcm: bytes) -> float:
    """The mean power of int16 samples around their mean, 0 to 1 (full scale)."""
    samples = array("h", pcm)
    if not samples:
        return 0.0
    mean = sum(samples) / len(samples)
    square: float = sum(map(mul, samples, samples)) / len(samples)
    return max(0.0, square - mean * mean) / _FULL_SCALE**2


def level_db(pcm: bytes) -> float:
    """The level of int16 samples in dB of full scale, -100 for digital silence."""
    return 10 * math.log10(max(power(pcm), _LEAST_POWER))


class NoiseGate:
    """Follows the noise floor frame by frame."""

    def __init__(self) -> None:
        self._levels_db = deque([_FIRST_FLOOR_DB] * _MEMORY, maxlen=_MEMORY)
        self._latest_db: deque[float] = deque(maxlen=_STEADY)

    @property
    def floor_db(self) -> float:
        """The noise floor."""
        return min(self._levels_db)

    def stands_out(self, level: float) -> bool:
        """Take the level of the next frame in dB and say whether it is above the noise."""
        self._levels_db.append(level)
        self._latest_db.append(level)
        if len(self._latest_db) == _STEADY:
            ordered = sorted(self._latest_db)
            tenth, ninetieth = ordered[_STEADY // 10], ordered[-1 - _STEADY // 10]
            if ninetieth - tenth < _STEADY_SPREAD_DB and level > tenth - _STEADY_SPREAD_DB:  # has not just fallen
                self._levels_db.extend(repeat(tenth, _MEMORY))
        return level >= self.floor_db + _MARGIN_DB


class Detector(Protocol):
    """What tells speech from silence, frame by frame: ``VoiceDetector``, or ``daemon.silero.SileroDetector``."""

    async def decide(self, pcm: bytes) -> bool:
        """Whether the next frame of int16 16 kHz mono PCM holds speech."""


class VoiceDetector:
    """Decides frame by frame. Keep one for as long as the microphone is the same: it knows the room already then."""

    def __init__(self, aggressiveness: int) -> None:
        self._vad = webrtcvad.Vad(aggressiveness)
        self._gate = NoiseGate()
        self.suspected = False  # by webrtcvad without the gate, in the last frame

    def voiced(self, pcm: bytes) -> bool:
        """Whether the next frame (FRAME_BYTES of int16 mono) holds speech; about 25 us."""
        above_noise = self._gate.stands_out(level_db(pcm))
        self.suspected = bool(self._vad.is_speech(pcm, RATE_HZ))
        return self.suspected and above_noise

    async def decide(self, pcm: bytes) -> bool:
        """The same, for whoever can wait for a detector that asks another process."""
        return self.voiced(pcm)
