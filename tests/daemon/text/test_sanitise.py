"""The sanitiser: tables of what goes and what stays, and properties over any text."""

# ruff: noqa: RUF001 - the ambiguous characters are what is tested

import unicodedata

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from daemon.text.sanitise import LIMIT, sanitise

# every kind of character that a rule is about, so that they meet each other far more often than by chance
AWKWARD = st.text(
    st.sampled_from(
        "ae1 .\t\r\n\v\f\x00\x03\x04\x1b\x7f\x85\x9b\u00a0\u0301\u0308\u034f\u061c\u0600\u1100\u1161\u115f\u180b\u200b"
        "\u200c\u200d\u200e\u2028\u2029\u202e\u2066\u2069\u2060\u212b\u3000\u3164\ufdd0\ue000\ufe0f\ufe00\ufeff\uffff\ud800\udfff"
        "\U0001f468\U0001f3fd\U000e0061\U000e007f\U000e0100\U000f0000\U0010ffff\u05d0\u0645\u0928\u094d"
    )
)
ANY = st.one_of(st.text(), AWKWARD, st.text(st.characters(categories=["Cc", "Cf", "Cs", "Co", "Cn", "Mn", "Zs", "L"])))


@pytest.mark.parametrize(
    ("given_text", "expected"),
    [
        ("two\r\nlines", "two lines"),
        ("a\rb\nc\vd\fe\x85f\u2028g\u2029h", "a b c d e f g h"),
        ("rm -rf x\n", "rm -rf x"),
        ("end of paste \x1b[201~ls", "end of paste [201~ls"),
        ("\x03\x04\x16\x1a\x7f\x9b31m", "31m"),
        ("a\tb", "a b"),
        ("  many   spaces  ", "many spaces"),
        ("e\u0301", "\u00e9"),
        ("e\u200b\u0301", "\u00e9"),
        ("safe\u202etxt.exe\u202c", "safetxt.exe"),
        ("\u2066a\u2069\u200eb\u200f\u061cc", "abc"),
        ("zero\u200bwidth\u2060\ufeff", "zerowidth"),
        ("a\ud800b\udfffc", "abc"),
        ("a\ue000\U000f0000\U0010fffdb", "ab"),
        ("a\ufdd0\uffff\U0001fffeb", "ab"),
        ("soft\u00adhyphen", "softhyphen"),
        ("\u3164hidden\u115f\u034f", "hidden"),
        ("\u200d\ufe0falone\u200c \u200d", "alone"),
        ("a\u200d\u200c\u200db", "a\u200db"),
        ("a\ufe0f\ufe01\ufe02\U000e0101b", "a\ufe0fb"),
        ("hi\U000e0068\U000e0069", "hi"),
        ("", ""),
        ("\n\x00", ""),
    ],
)
def test_what_goes(given_text, expected):
    assert sanitise(given_text) == expected


@pytest.mark.parametrize(
    "text",
    [
        "Plain English, with 'quotes', 100% & <tags>!",
        "Das größte Übel: Straßenlärm – „immer“ …",
        "Où est l’hôtel ?\u00a0Là\u202f: naïveté, œuvre",
        "Zażółć gęślą jaźń",
        "Съешь ещё этих мягких французских булок",
        "Ξεσκεπάζω την ψυχοφθόρα βδελυγμία",
        "שָׁלוֹם עולם",
        "مرحبا بالعالم",
        "می\u200cخواهم",  # Persian is misspelled without its non-joiner
        "क्\u200dष और क्\u200cष नमस्ते",
        "বাংলা ভাষা",
        "ภาษาไทยไม่มีช่องว่าง",
        "你好，世界。",
        "日本語のテキスト\u3000です",
        "葛\U000e0100飾区",  # the ward writes itself with this form
        "안녕하세요 세계",
        "Tiếng Việt có dấu",
        "👩\u200d👩\u200d👧\u200d👦 ❤\ufe0f\u200d🔥 👍🏽 🇪🇺 1\ufe0f\u20e3",
        "x² ≤ √2 · ∞ €5 ½",
    ],
)
def test_ordinary_text_is_unchanged(text):
    assert sanitise(text) == unicodedata.normalize("NFC", text)


def test_line_ends_stay_if_they_are_asked_for():
    assert sanitise(" one \r\n two\u2029\rthree\x1b\n", newlines=True) == "one\ntwo\n\nthree"


@pytest.mark.parametrize("newlines", [False, True])
@pytest.mark.parametrize("text", ["ab " * LIMIT, "e\u0301" * LIMIT, "a" * (LIMIT - 1) + " \u200db", "é" * (LIMIT + 1)])
def test_the_limit_holds(text, newlines):
    result = sanitise(text, newlines=newlines)
    assert LIMIT - 2 <= len(result) <= LIMIT
    assert result == result.strip()


@given(ANY, st.booleans())
@example("a\u200d\u200d b", False)
@example("\u1100\u200b\u1161", False)
def test_nothing_but_visible_text_comes_out(text, newlines):
    result = sanitise(text, newlines=newlines)
    allowed = {"\n"} if newlines else set()
    assert not [c for c in result if unicodedata.category(c) in {"Cc", "Cs", "Co", "Zl", "Zp"} and c not in allowed]
    assert not set(result) & set("\u200b\u200e\u200f\u2060\ufeff\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
    assert "  " not in result
    assert result == result.strip()
    assert unicodedata.is_normalized("NFC", result)
    assert len(result) <= LIMIT
    result.encode()  # no surrogate is left


@given(ANY, st.booleans())
def test_twice_is_once(text, newlines):
    once = sanitise(text, newlines=newlines)
    assert sanitise(once, newlines=newlines) == once


@given(
    st.text(
        st.characters(
            categories=["Lu", "Ll", "Lo", "Nd", "Po", "So", "Sm"], exclude_characters="\u115f\u1160\u3164\uffa0"
        )
    )
)
def test_letters_digits_and_signs_are_never_lost(text):
    assert sanitise(text) == unicodedata.normalize("NFC", text)
