"""The arguments of a request, read with their types and limits: what a client sends is checked here and nowhere else.

Every function raises RequestRefused in one line that names the argument.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from daemon.errors import RequestRefused

Json = dict[str, Any]

_TEXT_LIMIT = 4096
_ID = re.compile(r"[0-9A-Za-z][0-9A-Za-z-]{0,63}", re.ASCII)  # it becomes part of a file's name


def text(request: Json, name: str, most: int = _TEXT_LIMIT) -> str:
    """A text of at most ``most`` characters, all of which can be written down."""
    value = request.get(name)
    if not isinstance(value, str):
        raise RequestRefused(f"{name} must be a text")
    if len(value) > most:
        raise RequestRefused(f"{name} must be at most {most} characters long")
    if any(ord(character) < 32 or 0xD800 <= ord(character) < 0xE000 for character in value):
        raise RequestRefused(f"{name} must be one line of valid characters")
    return value


def optional_text(request: Json, name: str, most: int = _TEXT_LIMIT) -> str | None:
    """A text, or None where there is none or an empty one."""
    return None if request.get(name) is None else text(request, name, most) or None


def utterance(request: Json) -> str:
    """The ``id`` of an utterance."""
    value = request.get("id")
    if not isinstance(value, str) or not _ID.fullmatch(value):
        raise RequestRefused("id must be the id of an utterance, as `swictation history --ids` shows it")
    return value


def flag(request: Json, name: str) -> bool:
    """True or false; false where there is none."""
    value = request.get(name, False)
    if not isinstance(value, bool):
        raise RequestRefused(f"{name} must be true or false")
    return value


def whole(request: Json, name: str, low: int, high: int, default: int | None = None) -> int:
    """A whole number from ``low`` to ``high``; ``default``, if there is one, where none is given."""
    value = request.get(name)
    if value is None and default is not None:
        return default
    if type(value) is not int or not low <= value <= high:
        raise RequestRefused(f"{name} must be a whole number from {low} to {high}")
    return value


def optional_whole(request: Json, name: str, low: int, high: int) -> int | None:
    """A whole number, or None where none is given."""
    return None if request.get(name) is None else whole(request, name, low, high)


def optional_words(request: Json, name: str, known: Sequence[str]) -> list[str] | None:
    """A list of some of the ``known`` words, or None where none is given."""
    value = request.get(name)
    if value is None:
        return None
    if not isinstance(value, list) or not all(isinstance(word, str) and word in known for word in value):
        raise RequestRefused(f"{name} must be a list of some of {', '.join(known)}")
    return list(value)


def optional_word(request: Json, name: str, known: Sequence[str]) -> str | None:
    """One of the ``known`` words, or None where none is given."""
    value = request.get(name)
    if value is not None and value not in known:
        raise RequestRefused(f"{name} must be one of {', '.join(known)}")
    return None if value is None else str(value)


def scalar(request: Json, name: str) -> str | float | bool:
    """A text, a number, or true or false."""
    value = request.get(name)
    if isinstance(value, str):
        return text(request, name)
    if not isinstance(value, (bool, int, float)):
        raise RequestRefused(f"{name} must be a text, a number, or true or false")
    return value
