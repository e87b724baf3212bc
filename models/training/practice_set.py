"""The practice set: sentences that no training text holds, spoken by flite, taken as they come.

    python -m models.training.practice_set models/practice/sentences

writes the recordings and their texts.tsv. By this set `swictation models optimise` tells whether a model has become
worse; none of it is chosen by how it is heard.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np
import soundfile

from models.training.sentences import distinct_sentences, training_sentences
from models.training.synthesise import FLITE_VOICES, RATE_HZ, Order, speak

COUNT = 20
SEED = 20_261
LEAST_WORDS = 5
TRAINING_COUNT, TRAINING_SEED = 30_000, 1  # as README.md has it
BEFORE_S, AFTER_S = 0.1, 0.2


def sentences() -> list[str]:
    """The texts, in the order of their making."""
    known = frozenset(training_sentences(TRAINING_COUNT, TRAINING_SEED))
    drawn = distinct_sentences(20 * COUNT, SEED, excluding=known)
    return [text for text in drawn if len(text.split()) >= LEAST_WORDS][:COUNT]


def main() -> None:
    """Run the command line."""
    parser = argparse.ArgumentParser(description="Make the practice set.")
    parser.add_argument("folder", type=Path)
    folder = parser.parse_args().folder
    folder.mkdir(parents=True, exist_ok=True)
    lines = ["file\ttext\tvoice"]
    for number, text in enumerate(sentences(), start=1):
        voice = FLITE_VOICES[number % len(FLITE_VOICES)]
        before, after = (np.zeros(round(RATE_HZ * seconds), np.int16) for seconds in (BEFORE_S, AFTER_S))
        samples = np.concatenate([before, speak(Order(text, f"flite:{voice}", SEED + number)).samples, after])
        soundfile.write(folder / f"{number:02}.flac", samples, RATE_HZ, subtype="PCM_16")
        lines.append(f"{number:02}.flac\t{text}\tflite {voice}")
    (folder / "texts.tsv").write_text("\n".join(lines) + "\n", encoding="utf-8")
    print(f"{COUNT} sentences, {sum(len(line.split(chr(9))[1].split()) for line in lines[1:])} words")


if __name__ == "__main__":
    main()
