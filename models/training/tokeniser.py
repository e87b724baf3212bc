"""Text to the tokens of a tokens.txt and back, by byte-pair encoding.

A tokens.txt written from a SentencePiece BPE model lists its pieces in the order in which they were merged, which is
all that encoding needs: join the pair whose piece comes first in the list, again and again. Equal to SentencePiece on
all sentences of the training set.
"""

from __future__ import annotations

from functools import cache
from itertools import pairwise
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

WORD_START = "\u2581"
BLANK = "<blk>"


class Tokeniser:
    """Encodes words of the vocabulary; a letter without a piece of its own raises KeyError."""

    def __init__(self, pieces: list[str]) -> None:
        self.pieces = pieces
        self._ids = {piece: number for number, piece in enumerate(pieces)}
        self._word = cache(self._encode_word)

    @classmethod
    def from_file(cls, tokens: Path) -> Tokeniser:
        """Read `piece id` lines; the blank, last of them, is not a piece."""
        lines = tokens.read_text(encoding="utf-8").splitlines()
        pieces = [line.rsplit(" ", 1)[0] for line in lines]
        return cls([piece for piece in pieces if piece != BLANK])

    def encode(self, text: str) -> list[int]:
        """Turn words separated by spaces into tokens."""
        return [token for word in text.split() for token in self._word(word)]

    def decode(self, tokens: list[int]) -> str:
        """Turn tokens into words separated by spaces."""
        return "".join(self.pieces[token] for token in tokens).replace(WORD_START, " ").strip()

    def _encode_word(self, word: str) -> tuple[int, ...]:
        parts = list(WORD_START + word)
        while len(parts) > 1:
            joined = [self._ids.get(left + right, len(self._ids)) for left, right in pairwise(parts)]
            best = min(joined)
            if best == len(self._ids):
                break
            at = joined.index(best)
            parts[at : at + 2] = [parts[at] + parts[at + 1]]
        return tuple(self._ids[part] for part in parts)


def learn(sentences: list[str], pieces: int, model: Path) -> Tokeniser:
    """Learn new pieces with SentencePiece (only for a model from scratch); leaves `model`.model and .vocab behind."""
    import sentencepiece  # only a model from scratch needs it

    sentencepiece.SentencePieceTrainer.train(
        sentence_iterator=iter(sentences), model_prefix=str(model), vocab_size=pieces, model_type="bpe",
        bos_id=-1, eos_id=-1, character_coverage=1.0, minloglevel=2,
    )  # fmt: skip
    learnt = sentencepiece.SentencePieceProcessor(model_file=f"{model}.model")
    return Tokeniser([learnt.id_to_piece(number) for number in range(learnt.get_piece_size())])
