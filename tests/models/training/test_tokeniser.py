"""Byte-pair encoding from a tokens.txt alone."""

from __future__ import annotations

from pathlib import Path

import pytest

from models.training.sentences import OPEN_WORDS, VOCABULARY, distinct_sentences, marked_sentence
from models.training.tokeniser import Tokeniser
from tests.recordings import MARKING_MODEL

TOKENS = Path(__file__).parents[3] / "models" / "practice" / "tokens.txt"


@pytest.fixture(scope="module")
def tokeniser():
    return Tokeniser.from_file(TOKENS)


def test_decodes_what_it_encoded(tokeniser):
    for text in (*VOCABULARY, *distinct_sentences(200, seed=3)):
        assert tokeniser.decode(tokeniser.encode(text)) == text


def test_a_full_stop_is_a_token_of_its_own_and_stands_where_a_sentence_can_end():
    marking = Tokeniser.from_file(MARKING_MODEL / "tokens.txt")
    sentences = distinct_sentences(300, seed=4, new=marked_sentence)
    finished = [sentence.removesuffix(".") for sentence in sentences if sentence.endswith(".")]
    assert 100 < len(finished) < 200
    assert not [sentence for sentence in finished if sentence.split()[-1] in OPEN_WORDS]
    for sentence in sentences:
        assert marking.decode(marking.encode(sentence)) == sentence
        assert sentence.removesuffix(".").count(".") == 0


def test_joins_the_pair_that_comes_first_in_the_list():
    tokeniser = Tokeniser(["<unk>", "ab", "\u2581b", "bc", "\u2581", "a", "b", "c"])
    assert tokeniser.encode("abc b") == [4, 1, 7, 2]


def test_refuses_a_letter_that_has_no_piece(tokeniser):
    with pytest.raises(KeyError):
        tokeniser.encode("café")
