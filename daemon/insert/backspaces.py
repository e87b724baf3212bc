"""How many BackSpaces take a text away again, where that is sure."""

from __future__ import annotations

import unicodedata

MOST = 2_000  # presses; a longer text is better taken back by the program that holds it

_EMOJI_MODIFIERS = range(0x1F3FB, 0x1F400)
_FLAG_LETTERS = range(0x1F1E6, 0x1F200)
_HANGUL_JAMO = range(0x1100, 0x1200)  # syllables in two or three parts
_VOWELS_BEHIND = frozenset("ำຳ")  # Thai and Lao vowels that count as letters and join what stands before
_ONE_EACH = frozenset("LNPS")  # letters, numbers, punctuation, symbols


def presses(text: str) -> int | None:
    """How many BackSpaces remove ``text``; None where programs may disagree about it.

    They agree where each code point is a character of its own. Of one that joins its neighbours (a combining accent, a
    flag, a family) some take it away in parts. A line's end may have been indented by the editor, and some editors take
    several spaces with one press.
    """
    certain = (
        0 < len(text) <= MOST
        and not text.startswith(" ")
        and "  " not in text
        and all(_stands_alone(character) for character in text)
    )
    return len(text) if certain else None


def _stands_alone(character: str) -> bool:
    if character == " ":
        return True
    code = ord(character)
    joins = code in _EMOJI_MODIFIERS or code in _FLAG_LETTERS or code in _HANGUL_JAMO or character in _VOWELS_BEHIND
    return unicodedata.category(character)[0] in _ONE_EACH and not joins
