"""A model of the 110M's exact shape with random weights, for measurements where the real one cannot be had.

    python -m tests.benchmarks.stand_in DIRECTORY

Writes encoder.onnx (455 MB), decoder.onnx, joiner.onnx and tokens.txt unless they are there already. It costs what the
110M costs and gives tokens at the rate of speech; what they say means nothing.
"""

import argparse
import dataclasses
from pathlib import Path

import numpy as np

from models import audio_file, features, tdt
from models.ort_encoder import Encoder
from tests import recordings
from tests.models import conformer

_SPEECH_S = 10
_RATE_HZ = 16_000


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("directory", type=Path)
    parser.add_argument("--unmasked", action="store_true", help="with a subsampling that does not mask its padding")
    options = parser.parse_args()
    print(build(options.directory, masked=not options.unmasked))


def build(directory: Path, masked: bool = True, shape: conformer.Shape = conformer.PARAKEET_110M) -> Path:
    """The stand-in in ``directory``, written if it is not there."""
    if not (directory / "tokens.txt").is_file():  # the last file to be written
        conformer.write(directory, dataclasses.replace(shape, masked=masked), 110, _encoded_speech)
    return directory


def speech() -> np.ndarray:
    """Ten seconds of speech, float32: recordings of the tests, or a murmur where there are none."""
    clips = recordings.practice_clips()
    if not clips:
        times = np.arange(_SPEECH_S * _RATE_HZ) / _RATE_HZ
        voice = sum(np.sin(2 * np.pi * pitch * times) for pitch in (140, 560, 1680)) * (1 + np.sin(20 * times))
        return (voice * 0.05).astype(np.float32)
    pcm = b"".join(audio_file.read(clip).pcm for clip in clips)
    return np.frombuffer(pcm, "<i2").astype(np.float32)[: _SPEECH_S * _RATE_HZ] / 32768


def _encoded_speech(encoder: Path) -> tdt.Floats:
    opened = Encoder(encoder, "cpu", threads=1)
    return opened.encode(features.log_mel(speech(), 80, normalise=True))


if __name__ == "__main__":
    main()
