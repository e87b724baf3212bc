"""Word error rates of an exported model, decoded by sherpa-onnx as the program does; the tables of DATACARD.md.

    python -m models.training.evaluate models/practice data
    python -m models.training.evaluate models/practice data --clips tests/data/speech

The first form needs the sets own, variants, accents and festival in `data`; those not there are skipped. The second
adds a folder of recordings with a transcripts.tsv (a heading, then file, text, ... by tabs).
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import sherpa_onnx
import soundfile

from models.training.corpus import Speech
from models.training.features import RATE_HZ
from models.training.greedy import word_error_rate

SETS = {
    "own": "own voices, unseen sentences",
    "variants": "unseen espeak-ng variants",
    "accents": "other espeak-ng accents",
    "festival": "unseen engine (festival)",
}
NOISE_RMS = 0.01  # -40 dBFS beside speech that peaks at -6 dBFS
SILENCES_S = (0.2, 0.5, 1, 1.5, 2, 3, 4, 5, 7, 10, 15, 20)
PAUSE_S, LONGEST_S = 0.5, 15.0
Recognise = Callable[[np.ndarray], str]


@dataclass(frozen=True)
class Score:
    """How one set was decoded."""

    name: str
    wanted: list[str]
    heard: list[str]

    @property
    def error_rate(self) -> float:
        """Word error rate in percent."""
        return word_error_rate(self.wanted, self.heard)

    def row(self, *more: str) -> str:
        """One row of the table, with more cells at its end."""
        words = sum(len(text.split()) for text in self.wanted)
        exact = sum(one == other for one, other in zip(self.wanted, self.heard, strict=True))
        cells = [
            self.name,
            f"{len(self.wanted)} / {words}",
            f"{self.error_rate:.1f}",
            f"{100 * exact / len(self.wanted):.0f} %",
        ]
        return "| " + " | ".join([*cells, *more]) + " |"


def recogniser(model: Path) -> Recognise:
    """Load a model as a function from float samples at 16 kHz to text."""
    loaded = sherpa_onnx.OfflineRecognizer.from_transducer(
        encoder=str(model / "encoder.onnx"), decoder=str(model / "decoder.onnx"), joiner=str(model / "joiner.onnx"),
        tokens=str(model / "tokens.txt"), model_type="nemo_transducer", num_threads=1,
    )  # fmt: skip

    def recognise(samples: np.ndarray) -> str:
        stream = loaded.create_stream()
        stream.accept_waveform(RATE_HZ, samples)
        loaded.decode_stream(stream)
        return str(stream.result.text).strip()

    return recognise


def padded(samples: np.ndarray) -> np.ndarray:
    """Put 0.1 s of digital silence before and 0.2 s after."""
    return np.concatenate([np.zeros(RATE_HZ // 10, np.float32), samples, np.zeros(RATE_HZ // 5, np.float32)])


def noisy(samples: np.ndarray, seed: int) -> np.ndarray:
    """Add white noise of NOISE_RMS."""
    noise = np.random.default_rng(seed).standard_normal(len(samples), dtype=np.float32)
    return samples + np.float32(NOISE_RMS) * noise


def joined(speech: Speech) -> tuple[list[str], list[np.ndarray]]:
    """Join utterances of one voice by pauses to about 15 s: texts and samples."""
    texts, recordings = [], []
    pause = np.zeros(int(RATE_HZ * PAUSE_S), np.float32)
    for voice in np.unique(speech.voices):
        words: list[str] = []
        parts: list[np.ndarray] = []
        for index in np.flatnonzero(speech.voices == voice):
            words.append(speech.texts[index])
            parts += [speech.samples(int(index)), pause]
            if sum(len(part) for part in parts) > (LONGEST_S - 3) * RATE_HZ:
                texts.append(" ".join(words))
                recordings.append(np.concatenate(parts))
                words, parts = [], []
    return texts, recordings


def by_engine(speech: Speech, score: Score) -> Iterable[str]:
    """Yield rows for each engine, and each flite and festival voice, of one decoded set."""
    engines = np.array([voice.split(":")[0] for voice in speech.voices])
    names = [*np.unique(engines)] + [one for one in np.unique(speech.voices) if "espeak" not in one]
    for name in names:
        chosen = np.flatnonzero((engines == name) | (speech.voices == name))
        part = Score(f"  {name}", [score.wanted[i] for i in chosen], [score.heard[i] for i in chosen])
        yield part.row("")


def report(model: Path, data: Path) -> Iterable[str]:
    """Yield the lines of the table."""
    recognise = recogniser(model)
    yield "| set | utterances / words | WER % | exact | WER % with white noise |"
    yield "| --- | --- | --- | --- | --- |"
    for name, title in SETS.items():
        if not (data / f"{name}.npz").exists():
            continue
        speech = Speech(data / f"{name}.npz")
        clean = [padded(speech.samples(index)) for index in range(len(speech))]
        score = Score(title, speech.texts, [recognise(samples) for samples in clean])
        rough = Score(title, speech.texts, [recognise(noisy(samples, seed)) for seed, samples in enumerate(clean)])
        yield score.row(f"{rough.error_rate:.1f}")
        if name in ("own", "festival"):
            yield from by_engine(speech, score)
        if name == "own":
            texts, recordings = joined(speech)
            together = Score("own voices, joined to 12-15 s", texts, [recognise(samples) for samples in recordings])
            yield together.row("")
    yield ""
    yield from speechless(recognise)


def speechless(recognise: Recognise) -> Iterable[str]:
    """Yield lines on what the model hears in silence and in noise; 50 draws of 0.5 to 4 s at each level."""
    silences = [recognise(np.zeros(int(RATE_HZ * seconds), np.float32)) for seconds in SILENCES_S]
    yield f"digital silence of 0.2 to 20 s: {sum(not text for text in silences)} of {len(silences)} empty"
    draw = np.random.default_rng(0)
    for level_db in (-70, -60, -50, -40, -34, -26, -20):
        sounds = [draw.standard_normal(int(RATE_HZ * draw.uniform(0.5, 4)), dtype=np.float32) for _ in range(50)]
        texts = [recognise(sound * np.float32(10 ** (level_db / 20))) for sound in sounds]
        yield f"white noise at {level_db} dBFS: {sum(not text for text in texts)} of 50 empty"


def clips(model: Path, folder: Path) -> Iterable[str]:
    """Yield one line for a folder of recordings at 16 kHz, and one for each text that came out different."""
    recognise = recogniser(model)
    table = (folder / "transcripts.tsv").read_text("utf-8")
    rows = [line.split("\t") for line in table.splitlines()[1:]]
    wanted = [row[1] for row in rows]
    heard = [recognise(soundfile.read(folder / row[0], dtype="float32")[0]) for row in rows]
    score = Score(folder.name, wanted, heard)
    yield f"{folder.name}: {len(rows)} clips, WER {score.error_rate:.1f} %"
    yield from (
        f"  {row[0]}: {row[1]!r} heard as {text!r}" for row, text in zip(rows, heard, strict=True) if row[1] != text
    )


def main() -> None:
    """Run the command line."""
    parser = argparse.ArgumentParser(description="Word error rates of an exported practice model.")
    parser.add_argument("model", type=Path, help="folder with the three .onnx files and tokens.txt")
    parser.add_argument("data", type=Path, help="folder with the synthesised sets")
    parser.add_argument("--clips", type=Path, help="folder with recordings and transcripts.tsv")
    asked = parser.parse_args()
    for line in report(asked.model, asked.data):
        print(line, flush=True)
    if asked.clips:
        for line in clips(asked.model, asked.clips):
            print(line)


if __name__ == "__main__":
    main()
