"""Byte-pair encoding from a tokens.txt alone."""

from __future__ import annotations

from pathlib import Path

import pytest

from models.training.sentences import VOCABULARY, distinct_sentences
from models.training.tokeniser import Tokeniser

TOKENS = Path(__file__).parents[3] / "models" / "practice" / "tokens.txt"


@pytest.fixture(scope="module")
def tokeniser():
    return Tokeniser.from_file(TOKENS)


def test_decodes_what_it_encoded(tokeniser):
    for text in (*VOCABULARY, *distinct_sentences(200, seed=3)):
        assert tokeniser.decode(tokeniser.encode(text)) == text


def test_joins_the_pair_that_comes_first_in_the_list():
    tokeniser = Tokeniser(["<unk>", "ab", "\u2581b", "bc", "\u2581", "a", "b", "c"])
    assert tokeniser.encode("abc b") == [4, 1, 7, 2]


def test_refuses_a_letter_that_has_no_piece(tokeniser):
    with pytest.raises(KeyError):
        tokeniser.encode("café")
