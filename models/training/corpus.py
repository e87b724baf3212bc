"""Training examples: the synthesised sets in memory, the plan of an epoch, and batches of tensors."""

from __future__ import annotations

import json
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import torch
from torch import Tensor

from models.training.augment import augmented, joined, speechless
from models.training.features import MEL_BINS, RATE_HZ, features

if TYPE_CHECKING:
    from models.training.tokeniser import Tokeniser

PHONEMES_OF_WORDS: dict[str, list[str]] = json.loads((Path(__file__).parent / "phonemes.json").read_text("utf-8"))
PHONEMES = sorted({phoneme for word in PHONEMES_OF_WORDS.values() for phoneme in word})
MARGIN_S = 0.7  # what augmentation adds on average
LONGEST_S = 14.0
#: Of espeak-ng's utterances an epoch takes this share: its voices are learnt first (WER 4.5 % with flite's at 12.8).
EASY_ENGINE, EASY_SHARE = "espeak:", 0.35
ONE_IN_SPEECHLESS, SPEECHLESS_S = 40, 2.7
ROUND = 50  # epochs hold a multiple of this many batches: the same number in all processes, nearly always


class Speech:
    """One synthesised set (layout: synthesise.py)."""

    def __init__(self, *paths: Path) -> None:
        loaded = [dict(np.load(path)) for path in paths]
        self.texts = [str(text) for one in loaded for text in one["texts"]]
        self.voices = np.array([str(voice) for one in loaded for voice in one["voices"]])
        self._samples = [one["samples"] for one in loaded]
        self._places = [(part, start, end) for part, one in enumerate(loaded) for start, end in pairwise(one["starts"])]
        self.seconds = np.array([end - start for _, start, end in self._places]) / RATE_HZ

    def __len__(self) -> int:
        return len(self.texts)

    def samples(self, index: int) -> np.ndarray:
        """Float samples in [-1, 1] at 16 kHz."""
        part, start, end = self._places[index]
        return self._samples[part][start:end].astype(np.float32) / 32768


@dataclass(frozen=True)
class Mix:
    """Which examples an epoch holds: the share in groups, the sizes of groups, how many isolated words."""

    words: int
    word_groups: tuple[int, ...]
    sentence_groups: tuple[int, ...]
    longest_sentence_s: float = LONGEST_S
    frames_per_batch: int = 2400


#: Few isolated words, and one sentence in nearly all examples.
SINGLE = Mix(words=900, word_groups=(1, 1, 2, 4), sentence_groups=(1,) * 40 + (2, 3))
#: The same with two to five sentences of one voice in a third: what the program meets, at three times the cost.
FULL = Mix(words=900, word_groups=(1, 1, 2, 4), sentence_groups=(1,) * 20 + (2, 2, 3, 5))


@dataclass(frozen=True)
class Batch:
    """features (B, M, T), tokens (B, U), phonemes of all utterances end to end; with their lengths (B,)."""

    features: Tensor
    frames: Tensor
    tokens: Tensor
    token_counts: Tensor
    phonemes: Tensor
    phoneme_counts: Tensor


class Corpus:
    """Endless batches for one process, drawn with its own random numbers."""

    def __init__(self, sentences_file: Path, words_file: Path, tokeniser: Tokeniser, seed: int) -> None:
        self.speech = Speech(sentences_file, words_file)
        sentences = len(np.load(sentences_file)["texts"])
        self._sentences = np.arange(sentences)
        self._words = np.arange(sentences, len(self.speech))
        self._tokeniser = tokeniser
        self._draw = np.random.default_rng(seed)
        self._order = np.random.default_rng(0)  # the same in every process, so that none waits for another's long batch
        self._planned: list[list[list[int]]] = []

    def batch(self, mix: Mix, strength: float, masked: float) -> Batch:
        """`strength` of the augmentation, and the share of examples with parts of the features `masked`."""
        if not self._planned:
            self._planned = self._epoch(mix)
        examples = [self._example(group, strength) for group in self._planned.pop()]
        blanked = [_masked(self._draw, one[0]) if self._draw.random() < masked else one[0] for one in examples]
        return _padded(blanked, [one[1] for one in examples], [one[2] for one in examples])

    def calibration(self, count: int = 64, frames: int = 150) -> Tensor:
        """Features of some training sentences, cut or repeated to one length: (count, frames, M)."""
        chosen = self._draw.choice(self._sentences, count)
        return torch.stack(
            [torch.from_numpy(np.resize(features(self.speech.samples(i)), (frames, MEL_BINS))) for i in chosen]
        )

    def _epoch(self, mix: Mix) -> list[list[list[int]]]:
        """Batches of groups of utterances, groups of like length together, in random order."""
        words = self._draw.permutation(self._words)[: mix.words]
        sentences = self._sentences[self.speech.seconds[self._sentences] < mix.longest_sentence_s]
        easy = np.char.startswith(self.speech.voices[sentences], EASY_ENGINE)
        sentences = sentences[~easy | (self._draw.random(len(sentences)) < EASY_SHARE)]
        groups = self._grouped(words, mix.word_groups) + self._grouped(sentences, mix.sentence_groups)
        groups += [[] for _ in range(len(groups) // ONE_IN_SPEECHLESS)]
        lengths = np.array(
            [SPEECHLESS_S if not group else self.speech.seconds[group].sum() + MARGIN_S for group in groups]
        )
        lengths *= 100 * self._draw.uniform(0.85, 1.15, len(groups))
        batches: list[list[list[int]]] = [[]]
        for at in np.argsort(lengths):
            if batches[-1] and lengths[at] * (len(batches[-1]) + 1) > mix.frames_per_batch:
                batches.append([])
            batches[-1].append(groups[at])
        kept = np.sort(self._draw.permutation(len(batches))[: len(batches) // ROUND * ROUND or None])
        return [batches[at] for at in kept[self._order.permutation(len(kept))]]

    def _grouped(self, indices: np.ndarray, sizes: tuple[int, ...]) -> list[list[int]]:
        """Cut into random groups of one voice each, none longer than LONGEST_S."""
        groups = []
        for voice in np.unique(self.speech.voices[indices]):
            spoken = self._draw.permutation(indices[self.speech.voices[indices] == voice])
            at = 0
            while at < len(spoken):
                size = int(self._draw.choice(sizes))
                group = spoken[at : at + size].tolist()
                at += size
                while len(group) > 1 and self.speech.seconds[group].sum() > LONGEST_S:
                    group.pop()
                groups.append(group)
        return groups

    def _example(self, group: list[int], strength: float) -> tuple[Tensor, list[int], list[int]]:
        if not group:
            return features(speechless(self._draw)), [], []
        heard = joined(self._draw, [self.speech.samples(index) for index in group])
        babble = self.speech.samples(int(self._draw.choice(self._sentences)))
        text = " ".join(self.speech.texts[index] for index in group)
        phonemes = [PHONEMES.index(phoneme) for word in text.split() for phoneme in PHONEMES_OF_WORDS[word.rstrip(".")]]
        return features(augmented(self._draw, heard, babble, strength)), self._tokeniser.encode(text), phonemes


def _masked(draw: np.random.Generator, inputs: Tensor) -> Tensor:
    """Two bands of mel bins, and one stretch of time a second, set to the mean (SpecAugment, Park et al. 2019)."""
    inputs = inputs.clone()
    frames = len(inputs)
    for _ in range(2):
        width = int(draw.integers(0, 12))
        low = int(draw.integers(0, MEL_BINS - width))
        inputs[:, low : low + width] = 0
    for _ in range(max(1, frames // 100)):
        length = int(draw.integers(0, max(2, min(10, frames // 12))))
        start = int(draw.integers(0, frames - length))
        inputs[start : start + length] = 0
    return inputs


def _padded(inputs: list[Tensor], tokens: list[list[int]], phonemes: list[list[int]]) -> Batch:
    frames = torch.tensor([len(one) for one in inputs])
    counts = torch.tensor([len(one) for one in tokens])
    padded = torch.zeros(len(inputs), MEL_BINS, int(frames.max()))
    labels = torch.zeros(len(inputs), max(1, int(counts.max())), dtype=torch.long)
    for row, (one, written) in enumerate(zip(inputs, tokens, strict=True)):
        padded[row, :, : len(one)] = one.t()
        labels[row, : len(written)] = torch.tensor(written, dtype=torch.long)
    spoken = torch.tensor([phoneme for one in phonemes for phoneme in one], dtype=torch.long)
    return Batch(padded, frames, labels, counts, spoken, torch.tensor([len(one) for one in phonemes]))
