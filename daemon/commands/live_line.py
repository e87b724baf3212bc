"""A line of a terminal that is redrawn while its text grows, and lines above it that stay."""

from __future__ import annotations

import shutil
import unicodedata
from typing import TextIO

_DIM, _PLAIN, _ERASE = "\033[2m", "\033[0m", "\r\033[K"
_CUT = "\N{HORIZONTAL ELLIPSIS}"


class LiveLine:
    """Draws on ``stream``; anywhere but on a ``terminal`` only the lines that stay are written."""

    def __init__(self, stream: TextIO, *, terminal: bool) -> None:
        self._stream = stream
        self._terminal = terminal
        self._drawn = False

    def draw(self, settled: str, unsettled: str) -> None:
        """Show the end of a text in place of the one before; what is not settled is fainter."""
        if not self._terminal:
            return
        columns = shutil.get_terminal_size().columns
        plain, faint = fitted(settled, unsettled, columns - 1)  # the last column would begin a line of its own
        print(f"{_ERASE}{plain}{_DIM}{faint}{_PLAIN}", end="", file=self._stream, flush=True)
        self._drawn = True

    def clear(self) -> None:
        """Take the line away."""
        if self._drawn:
            print(_ERASE, end="", file=self._stream, flush=True)
            self._drawn = False

    def stay(self, line: str) -> None:
        """Write a line that stays in its place."""
        self.clear()
        print(line, file=self._stream, flush=True)


def fitted(settled: str, unsettled: str, columns: int) -> tuple[str, str]:
    """Both with a space between, or as much of their end as ``columns`` of a terminal hold."""
    plain = settled + " " if settled and unsettled else settled
    whole = plain + unsettled
    if _columns(whole) <= columns:
        return plain, unsettled
    start, left = len(whole), columns - 1
    while start and (left := left - _columns(whole[start - 1])) >= 0:
        start -= 1
    if start < len(plain):
        return _CUT + plain[start:], unsettled
    return "", _CUT + whole[start:]


def _columns(text: str) -> int:
    """How many columns a text takes: two for each wide character, none for a mark on another."""
    wide = sum(unicodedata.east_asian_width(character) in "WF" for character in text)
    return len(text) + wide - sum(unicodedata.combining(character) > 0 for character in text)
