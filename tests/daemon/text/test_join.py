"""Utterances of one dictation become one text."""

# ruff: noqa: RUF001 - full-width marks are meant

import pytest
from hypothesis import given
from hypothesis import strategies as st

from daemon.text.join import join


@pytest.mark.parametrize(
    ("pieces", "expected"),
    [
        ([], ""),
        (["", " "], ""),
        (["one"], "one"),
        (["Hello there.", "How are you?"], "Hello there. How are you?"),
        (["one ", "", " two"], "one two"),
        (["Well", ", then", ". Yes", "!"], "Well, then. Yes!"),
        (["a (", "b", ") c"], "a (b) c"),
        (["今日は", "晴れです。", "明日も"], "今日は晴れです。明日も"),
        (["你好", "，世界"], "你好，世界"),
        (["版本", "two"], "版本 two"),
        (["안녕하세요", "세계"], "안녕하세요 세계"),
        (["100", "% sure"], "100% sure"),
        (["He said “", "no", "” twice"], "He said “no” twice"),
    ],
)
def test_join(pieces, expected):
    assert join(pieces) == expected


@given(st.lists(st.text()))
def test_only_spaces_come_and_go(pieces):
    assert "".join(join(pieces).split()) == "".join("".join(pieces).split())


@given(st.lists(st.text(st.characters(categories=["Lu", "Ll"]), min_size=1), min_size=1))
def test_words_are_kept_apart_by_one_space(pieces):
    assert join(pieces) == " ".join(pieces)
