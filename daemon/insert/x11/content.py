"""What a selection offers: its targets (forms) and the value of each. X atoms are plain numbers here."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from daemon.insert.content import HISTORY_HINT


@dataclass(frozen=True, slots=True)
class Content:
    """The value of one target: its X type, its format (8, 16 or 32 bits) and its bytes, in this machine's order."""

    type: int
    format: int
    data: bytes


Offer = Mapping[int, Content]  # by target


def text_offer(text: str, atom: Callable[[str], int]) -> dict[int, Content]:
    """The offer of a dictated text. STRING is Latin-1 by its definition, so it is offered only if that can hold it."""
    utf8 = Content(atom("UTF8_STRING"), 8, text.encode())
    offer = {atom(name): utf8 for name in ("UTF8_STRING", "TEXT")}
    for name in ("text/plain;charset=utf-8", "text/plain"):
        offer[atom(name)] = Content(atom(name), 8, utf8.data)
    with contextlib.suppress(UnicodeEncodeError):
        offer[atom("STRING")] = Content(atom("STRING"), 8, text.encode("latin-1"))
    offer[atom(HISTORY_HINT)] = Content(atom("STRING"), 8, b"secret")
    return offer
