"""What a selection offers: its targets (forms) and the value of each. X atoms are plain numbers here."""

from __future__ import annotations

import contextlib
import unicodedata
from collections.abc import Callable, Mapping
from dataclasses import dataclass

# The forms in which a text can be asked for; a read of one of them is the receipt.
TEXT_TARGETS = ("UTF8_STRING", "text/plain;charset=utf-8", "text/plain", "TEXT", "STRING")

# Targets that are not content: every owner answers the first three for itself; the next three are commands;
# the rest name things that die with their owner, the last one an address in its memory.
NOT_CONTENT = (
    *("TARGETS", "TIMESTAMP", "MULTIPLE"),
    *("SAVE_TARGETS", "DELETE", "INSERT_SELECTION", "INSERT_PROPERTY"),
    *("PIXMAP", "BITMAP", "DRAWABLE", "WINDOW", "CLIENT_WINDOW", "COLORMAP", "FOREGROUND", "BACKGROUND"),
    "GTK_TEXT_BUFFER_CONTENTS",
)

# Only GTK's text view offers this of its marked text. It pastes from the clipboard, and unmarks its text when it loses
# PRIMARY, so that a dictation would not replace what is marked: mousepad made "newold" of that.
GTK_TEXT_VIEW = "application/x-gtk-text-buffer-rich-text"

# Copied first, in case the owner is so slow that not all can be: the plain, then the rich, then the rest.
_FIRST = ("UTF8_STRING", "text/plain;charset=utf-8", "text/uri-list", "x-special/gnome-copied-files", "image/png")
_NEXT = ("text/html", "text/plain", "STRING", "TEXT")

_HISTORY_HINT = "x-kde-passwordManagerHint"  # Klipper and others keep what carries it out of their history


@dataclass(frozen=True, slots=True)
class Content:
    """The value of one target: its X type, its format (8, 16 or 32 bits) and its bytes, in this machine's order."""

    type: int
    format: int
    data: bytes


Offer = Mapping[int, Content]  # by target


def fault(text: str) -> str | None:
    """Why ``text`` must not be inserted: the last line of defence behind the daemon's own sanitiser."""
    if not text:
        return "there is no text"
    if any(unicodedata.category(character) == "Cc" and character not in "\n\t" for character in text):
        return "the text holds control characters"
    return None


def text_offer(text: str, atom: Callable[[str], int]) -> dict[int, Content]:
    """The offer of a dictated text. STRING is Latin-1 by its definition, so it is offered only if that can hold it."""
    utf8 = Content(atom("UTF8_STRING"), 8, text.encode())
    offer = {atom(name): utf8 for name in ("UTF8_STRING", "TEXT")}
    for name in ("text/plain;charset=utf-8", "text/plain"):
        offer[atom(name)] = Content(atom(name), 8, utf8.data)
    with contextlib.suppress(UnicodeEncodeError):
        offer[atom("STRING")] = Content(atom("STRING"), 8, text.encode("latin-1"))
    offer[atom(_HISTORY_HINT)] = Content(atom("STRING"), 8, b"secret")
    return offer


def rank(target: str) -> int:
    """The order in which targets are copied."""
    if target in _FIRST:
        return 0
    return 1 if target in _NEXT else 2
