# ruff: noqa: S311 - the random numbers must be reproducible
"""Speech for the practice model, spoken by programs: espeak-ng, flite and festival.

A set is one .npz file: `samples` int16 at 16 kHz, all utterances end to end; `starts` (n + 1,) their offsets;
`texts` (n,) and `voices` (n,), such as "flite:slt" or "espeak:en-us+m3". The sets:

    train      sentences by the fifteen training voices, half of them flite
    words      every word of the vocabulary on its own by the same voices
    own        other sentences by the training voices
    variants   other sentences by ten espeak-ng en-us variants never trained on
    accents    other sentences by five English accents of espeak-ng that are not in the training set
    festival   other sentences by an engine never trained on (its HTS voice is of the same speaker as flite's slt)

    python -m models.training.synthesise train data --count 30000 --seed 1
"""

from __future__ import annotations

import argparse
import random
import subprocess
import tempfile
from dataclasses import dataclass
from multiprocessing import Pool
from pathlib import Path

import numpy as np
import soundfile
import soxr

from models.training.sentences import VOCABULARY, distinct_sentences, marked_sentence, sentence, training_sentences

RATE_HZ = 16_000
PEAK = 0.5
FLITE_VOICES = ["slt", "rms", "awb"]
ESPEAK_VOICES = ["en-us"] + [
    f"en-us+{kind}" for kind in ("m1", "m2", "m3", "m4", "m5", "m6", "m7", "f1", "f2", "f3", "f4")
]
UNSEEN_VARIANTS = [
    f"en-us+{kind}"
    for kind in ("m8", "f5", "adam", "belinda", "travis", "victor", "steph2", "Henrique", "benjamin", "zac")
]  # fmt: skip
OTHER_ACCENTS = ["en-gb", "en-gb-x-rp", "en-gb-scotland", "en-gb-x-gbcwmd", "en-029"]
FESTIVAL_VOICES = ["cmu_us_slt_arctic_hts", "kal_diphone"]
#: The others keep their own mean pitch.
FLITE_VOICES_WITH_PITCH = ["slt", "rms"]
SETS = ("train", "words", "own", "variants", "accents", "festival", "marked", "marked-own")
#: Sets that are trained on, and those by the voices that are; the others are by voices of their own.
_TRAINED, _OWN = ("train", "marked"), ("own", "marked-own")


@dataclass(frozen=True)
class Order:
    """One utterance to be spoken. `seed` fixes the rate and the pitch."""

    text: str
    voice: str
    seed: int


@dataclass(frozen=True)
class Clip:
    """One utterance spoken: int16 samples at 16 kHz, peak 0.5, silence trimmed to 50 ms before and 100 ms after."""

    samples: np.ndarray
    text: str
    voice: str


def speak(order: Order) -> Clip:
    """Synthesise one utterance; raises CalledProcessError when the engine fails."""
    draw = random.Random(order.seed)
    engine, name = order.voice.split(":")
    with tempfile.TemporaryDirectory() as folder:
        wave = Path(folder) / "speech.wav"
        command = {"flite": _flite, "espeak": _espeak, "festival": _festival}[engine](order.text, name, wave, draw)
        subprocess.run(command, check=True, capture_output=True)
        samples, rate_hz = soundfile.read(wave, dtype="float32")
    if rate_hz != RATE_HZ:
        samples = soxr.resample(samples, rate_hz, RATE_HZ)
    return Clip(_trimmed(samples), order.text, order.voice)


def orders(name: str, count: int, seed: int, known: frozenset[str] = frozenset()) -> list[Order]:
    """Decide what a set says and who says it. `known` are the training sentences, which no other set may repeat."""
    draw, new = random.Random(seed), marked_sentence if name.startswith("marked") else sentence
    if name == "words":
        pairs = [(word, voice) for word in VOCABULARY for voice in _voices("train")]
    elif name in _TRAINED:
        pairs = [(text, _training_voice(draw)) for text in training_sentences(count, seed, new=new)]
    else:
        texts = distinct_sentences(count, seed, excluding=known, new=new)
        pairs = [(text, _training_voice(draw) if name in _OWN else draw.choice(_voices(name))) for text in texts]
    return [Order(text, voice, seed * 1_000_003 + index) for index, (text, voice) in enumerate(pairs)]


def save(path: Path, clips: list[Clip]) -> None:
    """Write a set (layout in the module's docstring)."""
    np.savez(
        path,
        samples=np.concatenate([clip.samples for clip in clips]),
        starts=np.cumsum([0] + [len(clip.samples) for clip in clips]),
        texts=np.array([clip.text for clip in clips]),
        voices=np.array([clip.voice for clip in clips]),
    )


def _voices(name: str) -> list[str]:
    return {
        "train": [f"flite:{voice}" for voice in FLITE_VOICES] + [f"espeak:{voice}" for voice in ESPEAK_VOICES],
        "variants": [f"espeak:{voice}" for voice in UNSEEN_VARIANTS],
        "accents": [f"espeak:{voice}" for voice in OTHER_ACCENTS],
        "festival": [f"festival:{voice}" for voice in FESTIVAL_VOICES],
    }[name]


def _training_voice(draw: random.Random) -> str:
    if draw.random() < 0.5:
        return "flite:" + draw.choice(FLITE_VOICES)
    return "espeak:" + draw.choice(ESPEAK_VOICES)


def _flite(text: str, voice: str, wave: Path, draw: random.Random) -> list[str]:
    settings = ["--setf", f"duration_stretch={draw.uniform(0.8, 1.25):.2f}"]
    if voice in FLITE_VOICES_WITH_PITCH and draw.random() < 0.5:
        settings += ["--setf", f"int_f0_target_mean={draw.uniform(85, 210):.0f}"]
    return ["flite", "-voice", voice, *settings, "-t", text, "-o", str(wave)]


def _espeak(text: str, voice: str, wave: Path, draw: random.Random) -> list[str]:
    words_per_minute, pitch, gap_10_ms = draw.randint(120, 215), draw.randint(25, 75), draw.choice([0, 0, 1, 3])
    settings = ["-s", str(words_per_minute), "-p", str(pitch), "-g", str(gap_10_ms)]
    return ["espeak-ng", "-v", voice, *settings, "-w", str(wave), text]


def _festival(text: str, voice: str, wave: Path, _draw: random.Random) -> list[str]:
    script = wave.with_suffix(".scm")
    script.write_text(f'(voice_{voice})\n(utt.save.wave (utt.synth (Utterance Text "{text}")) "{wave}")\n')
    return ["festival", "-b", str(script)]


def _trimmed(samples: np.ndarray) -> np.ndarray:
    peak = max(float(np.abs(samples).max()), 1e-3)
    audible = np.flatnonzero(np.abs(samples) > 3e-3 * peak)
    if len(audible):
        samples = samples[max(0, audible[0] - RATE_HZ // 20) : audible[-1] + RATE_HZ // 10]
    return (samples * (PEAK / peak) * 32767).astype(np.int16)


def main() -> None:
    """Run the command line."""
    parser = argparse.ArgumentParser(description="Synthesise one set of utterances.")
    parser.add_argument("set", choices=SETS)
    parser.add_argument("folder", type=Path, help="where the .npz files lie")
    parser.add_argument("--count", type=int, default=1000, help="utterances (not for words)")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--processes", type=int, default=2)
    asked = parser.parse_args()
    asked.folder.mkdir(parents=True, exist_ok=True)
    trained = [asked.folder / f"{name}.npz" for name in _TRAINED]
    known: frozenset[str] = frozenset()
    if asked.set not in _TRAINED:
        known = known.union(*(np.load(file)["texts"].tolist() for file in trained if file.exists()))
    with Pool(asked.processes) as pool:
        clips = pool.map(speak, orders(asked.set, asked.count, asked.seed, known), chunksize=32)
    save(asked.folder / f"{asked.set}.npz", clips)
    hours = sum(len(clip.samples) for clip in clips) / RATE_HZ / 3600
    print(f"{asked.set}: {len(clips)} utterances, {hours:.2f} h")


if __name__ == "__main__":
    main()
