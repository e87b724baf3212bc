"""The utterances of one dictation as one text."""

from __future__ import annotations

import re
from collections.abc import Sequence

_CLOSING = re.compile(r"[.,;:!?%)\]}…»”’。，、；：！？）］｝」』】〉》]")  # noqa: RUF001 - full-width marks are meant
_OPENING = "([{«“‘¿¡（［｛「『【〈《"  # noqa: RUF001 - full-width marks are meant
# Han, kana, bopomofo and their punctuation: scripts that put no space between words. Hangul does.
_UNSPACED = re.compile(
    "[\u2e80-\u312f\u31a0-\u31bf\u31f0-\u31ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\uff01-\uff9d\U00020000-\U0003ffff]"
)


def join(pieces: Sequence[str]) -> str:
    """Join ``pieces`` by one space, except before closing and after opening marks and between unspaced scripts."""
    text = ""
    for piece in filter(None, map(str.strip, pieces)):
        text += _between(text, piece) + piece
    return text


def _between(before: str, after: str) -> str:
    if not before or _CLOSING.match(after) or before[-1] in _OPENING:
        return ""
    return "" if _UNSPACED.match(before[-1]) and _UNSPACED.match(after) else " "
