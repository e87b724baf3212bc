"""Synthesise the tray's sounds into ``gui/sounds``: ``python packaging/make_sounds.py``."""

from __future__ import annotations

import array
import math
import wave
from pathlib import Path

_RATE_HZ = 22_050
_PEAK = 0.16  # quiet: the microphone is open when the first of them is played
_EDGE_S = 0.008  # rise and fall, so that nothing clicks
_G5_HZ, _C6_HZ, _E4_HZ, _C4_HZ = 783.99, 1046.5, 329.63, 261.63
_SOUNDS = {
    "start": ((_G5_HZ, 0.05), (_C6_HZ, 0.07)),
    "stop": ((_C6_HZ, 0.05), (_G5_HZ, 0.07)),
    "error": ((_E4_HZ, 0.11), (_C4_HZ, 0.16)),
}


def tone(pitch_hz: float, length_s: float) -> list[int]:
    """One note with a soft octave in it, as 16 bit samples."""
    count = round(length_s * _RATE_HZ)
    samples = []
    for number in range(count):
        at_s = number / _RATE_HZ
        edge = min(1.0, at_s / _EDGE_S, (length_s - at_s) / _EDGE_S)
        swing = math.sin(math.tau * pitch_hz * at_s) + 0.25 * math.sin(2 * math.tau * pitch_hz * at_s)
        samples.append(round(32767 * _PEAK * edge * swing / 1.25))
    return samples


def main() -> None:
    """Write every sound."""
    for name, notes in _SOUNDS.items():
        with wave.open(str(Path(__file__).parents[1] / "gui" / "sounds" / f"{name}.wav"), "wb") as file:
            file.setnchannels(1)
            file.setsampwidth(2)
            file.setframerate(_RATE_HZ)
            for note in notes:
                file.writeframes(array.array("h", tone(*note)).tobytes())


if __name__ == "__main__":
    main()
