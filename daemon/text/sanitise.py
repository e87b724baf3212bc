"""What may be given to an application as text. Recognised speech is never more than text: not a key, not a command.

Removed, and why:

- control characters (C0, DEL, C1): to a terminal they are keys and escape sequences, the end of a paste among them;
- line ends become spaces unless they are asked for: in a shell they execute the line;
- format characters, those for direction included: they are invisible, and show a text other than it is;
- lone surrogates, noncharacters and private-use characters: no two programs agree on them.

Kept, because text is spelled with them: U+200C and U+200D between two visible characters (Persian and Indic scripts,
joined emoji), and one variation selector after a visible character (the form of an emoji or an ideograph). Runs of
either are cut down to one, since a run can carry hidden bytes. Tags go, and with them only the flags of England,
Scotland and Wales, which become plain black flags.
"""

from __future__ import annotations

import re
import unicodedata

LIMIT = 10_000  # characters; some ten minutes of speech

_LINE_END = re.compile("\r\n|[\r\n\v\f\x85\u2028\u2029]")
_JOINERS = "\u200c\u200d"
_SELECTORS = "\ufe00-\ufe0f\u180b-\u180d\u180f\U000e0100-\U000e01ef"
_VISIBLE_FORMAT = frozenset("\u0600\u0601\u0602\u0603\u0604\u0605\u06dd\u070f\u0890\u0891\u08e2\U000110bd\U000110cd")
_BLANK = frozenset("\u034f\u115f\u1160\u17b4\u17b5\u3164\uffa0")  # invisible, though no format characters by category
_STRAY_SELECTOR = re.compile(rf"(?:\A|(?<=[\s{_JOINERS}{_SELECTORS}]))[{_SELECTORS}]+")
_STRAY_JOINER = re.compile(rf"[{_JOINERS}]+(?=\s|\Z)|(?:\A|(?<=[\s{_JOINERS}]))[{_JOINERS}]+")
_SPACES = re.compile("[ \t]+")
_AROUND_LINE_END = re.compile(" *\n *")


def sanitise(text: str, *, newlines: bool = False) -> str:
    """Return ``text`` in NFC, of visible characters, single spaces and, with ``newlines``, line ends as LF.

    At most ``LIMIT`` characters. Doing it twice changes nothing more.
    """
    text = _LINE_END.sub("\n" if newlines else " ", text)
    text = "".join(character for character in text if _allowed(character))
    text = unicodedata.normalize("NFC", _tidy(text))
    return _tidy(text[:LIMIT])


def _allowed(character: str) -> bool:
    if character in "\n\t" or character in _JOINERS:
        return True
    code = ord(character)
    if character in _BLANK or 0xFDD0 <= code <= 0xFDEF or code & 0xFFFE == 0xFFFE:
        return False
    # an unassigned character is allowed: it may be an emoji that is younger than this Python
    return unicodedata.category(character) not in {"Cc", "Cf", "Cs", "Co"} or character in _VISIBLE_FORMAT


def _tidy(text: str) -> str:
    text = _STRAY_JOINER.sub("", _STRAY_SELECTOR.sub("", text))
    return _AROUND_LINE_END.sub("\n", _SPACES.sub(" ", text)).strip()
