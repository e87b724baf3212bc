"""The recordings of the tests and of the demonstration: spoken by flite, and decoded exactly however they arrive.

    python -m models.training.clips models/practice tests/data/speech

writes the clips with their transcripts.tsv, and recording.flac with recording.txt into the model's folder, after
decoding each of them at four gains, with silence around, with noise, and shifted by parts of a frame. Fails if one is
misheard.
"""

from __future__ import annotations

import argparse
import itertools
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import soundfile
import soxr

from models.training.evaluate import Recognise, recogniser
from models.training.features import RATE_HZ

PEAK = 0.5
GAINS = (0.3, 0.8, 1.0, 1.6)
SILENCES_S = (0.1, 0.3, 0.5)
NOISES_DB = (None, -70, -50)  # dBFS
SHIFTS = (0, 37, 80, 160, 251, 320)  # samples: 0 to 20 ms
PAUSE_S = 1.0

#: File without its ending, flite voice, text.
CLIPS = (
    ("new-line", "rms", "new line"),
    ("stop-listening", "rms", "stop listening"),
    ("question-mark", "slt", "question mark"),
    ("two-nine-four", "slt", "two nine four"),
    ("twenty-five-percent", "awb", "twenty five percent"),
    ("wednesday", "awb", "wednesday october seventeen"),
    ("nine-eight-seven-six", "rms", "nine eight seven six"),
    ("delete-the-last-word", "awb", "delete the last word"),
    ("one-to-five", "awb", "one two three four five"),
    ("three-hundred", "rms", "three hundred and seventy three"),
    ("meeting-on-monday", "awb", "the meeting is on monday at nine"),
    ("meeting-on-thursday", "slt", "the meeting is on thursday at eleven"),
    ("letter", "rms", "thank you for the letter question mark"),
    ("window", "rms", "open the window because the night is hot"),
    ("document", "rms", "i should finish this document before the summer"),
    ("old-house", "slt", "they must leave the old house before the winter"),
)
RECORDING_VOICE = "rms"
RECORDING = ("please open the file", "open the window because the night is hot")


def spoken(voice: str, text: str) -> np.ndarray:
    """Speech of flite as float32 at 16 kHz: peak 0.5, silence trimmed to 50 ms before and 100 ms after."""
    with tempfile.TemporaryDirectory() as folder:
        wave = Path(folder) / "speech.wav"
        subprocess.run(["flite", "-voice", voice, "-t", text, "-o", str(wave)], check=True, capture_output=True)
        samples, rate_hz = soundfile.read(wave, dtype="float32")
    if rate_hz != RATE_HZ:
        samples = soxr.resample(samples, rate_hz, RATE_HZ)
    audible = np.flatnonzero(np.abs(samples) > 3e-3 * np.abs(samples).max())
    samples = samples[max(0, audible[0] - RATE_HZ // 20) : audible[-1] + RATE_HZ // 10]
    return (samples * (PEAK / np.abs(samples).max())).astype(np.float32)


def recording() -> np.ndarray:
    """Join the sentences of the demonstration: half a second of silence, a pause of a second between them."""
    silence = np.zeros(RATE_HZ // 2, np.float32)
    first, second = (spoken(RECORDING_VOICE, text) for text in RECORDING)
    return np.concatenate([silence, first, np.zeros(int(RATE_HZ * PAUSE_S), np.float32), second, silence])


def arrivals(samples: np.ndarray) -> Iterator[np.ndarray]:
    """Yield the ways in which a clip may reach the recogniser."""
    draw = np.random.default_rng(0)
    for gain, silence_s, noise_db, shift in itertools.product(GAINS, SILENCES_S, NOISES_DB, SHIFTS):
        around = np.zeros(int(RATE_HZ * silence_s), np.float32)
        arriving = np.concatenate([around, np.zeros(shift, np.float32), samples * np.float32(gain), around])
        if noise_db is not None:
            arriving += np.float32(10 ** (noise_db / 20)) * draw.standard_normal(len(arriving), dtype=np.float32)
        yield arriving


def misheard(recognise: Recognise, samples: np.ndarray, text: str) -> list[str]:
    """Collect what the arrivals of a clip are heard as, where it is not `text`; first of all the clip as it is."""
    heard = [recognise(samples), *(recognise(arriving) for arriving in arrivals(samples))]
    return [one for one in heard if one != text]


def main() -> None:
    """Run the command line."""
    parser = argparse.ArgumentParser(description="Make and check the clips of the tests and the demonstration.")
    parser.add_argument("model", type=Path)
    parser.add_argument("folder", type=Path)
    asked = parser.parse_args()
    recognise = recogniser(asked.model)
    clips = {name: (spoken(voice, text), text, voice) for name, voice, text in CLIPS}
    clips["recording"] = (recording(), " ".join(RECORDING), RECORDING_VOICE)
    wrong = {name: found for name, (samples, text, _) in clips.items() if (found := misheard(recognise, samples, text))}
    for name, found in wrong.items():
        print(f"{name}: {len(found)} times misheard, as {sorted(set(found))}")
    if wrong:
        sys.exit(1)
    asked.folder.mkdir(parents=True, exist_ok=True)
    soundfile.write(asked.model / "recording.flac", clips.pop("recording")[0], RATE_HZ, subtype="PCM_16")
    (asked.model / "recording.txt").write_text("\n".join(RECORDING) + "\n", encoding="utf-8")
    lines = ["file\ttext\tvoice"]
    for name, (samples, text, voice) in clips.items():
        soundfile.write(asked.folder / f"{name}.flac", samples, RATE_HZ, subtype="PCM_16")
        lines.append(f"{name}.flac\t{text}\tflite {voice}")
    (asked.folder / "transcripts.tsv").write_text("\n".join(lines) + "\n", encoding="utf-8")
    print(f"{len(clips)} clips and the recording, each heard exactly in {len(list(arrivals(recording()))) + 1} ways")


if __name__ == "__main__":
    main()
