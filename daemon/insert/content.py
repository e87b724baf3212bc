"""What the clipboards of all windowing systems have in common: which forms are text, or nothing, or come first."""

from __future__ import annotations

import unicodedata
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

HISTORY_HINT = "x-kde-passwordManagerHint"  # Klipper and others keep what carries it ("secret") out of their history

# Copied first, in case the owner is so slow that not all can be: the plain, then the rich, then the rest.
_FIRST = ("UTF8_STRING", "text/plain;charset=utf-8", "text/uri-list", "x-special/gnome-copied-files", "image/png")
_NEXT = ("text/html", "text/plain", "STRING", "TEXT")


class Held(Exception):
    """The text was not inserted and will not be; the message is the reason for the user."""


class Unreadable(Exception):
    """The content of a selection cannot be copied; the message is a clause that says why."""


@dataclass(frozen=True, slots=True)
class Patience:
    """How long one owner is waited for: it does not answer if it says nothing for ``silence_s``.

    After ``all_s`` only what has been copied is kept: an office program can offer twenty forms of one thing.
    """

    silence_s: float
    all_s: float


WHILE_SPEAKING = Patience(1.0, 2.0)
WHILE_WAITING = Patience(0.5, 1.0)  # the user waits for the text


def fault(text: str) -> str | None:
    """Why ``text`` must not be inserted: the last line of defence behind the daemon's own sanitiser."""
    if not text:
        return "there is no text"
    if any(unicodedata.category(character) == "Cc" and character not in "\n\t" for character in text):
        return "the text holds control characters"
    return None


def rank(target: str) -> int:
    """The order in which targets are copied."""
    if target in _FIRST:
        return 0
    return 1 if target in _NEXT else 2
