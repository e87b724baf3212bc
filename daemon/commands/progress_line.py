"""One line about how far a long piece of work is: rewritten on a terminal, written now and then anywhere else."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TextIO

_TERMINAL_EVERY_S = 0.1
_PLAIN_EVERY_S = 10.0


class ProgressLine:
    """Writes to ``stream``; ``terminal`` says whether a line can be rewritten there, ``clock`` gives seconds."""

    def __init__(self, stream: TextIO, *, terminal: bool, clock: Callable[[], float] = time.monotonic) -> None:
        self._stream = stream
        self._terminal = terminal
        self._clock = clock
        self._shown_s: float | None = None
        self._width = 0

    def stay(self, line: str) -> None:
        """A line that stays."""
        self.end()
        print(line, file=self._stream, flush=True)

    def end(self) -> None:
        """Leave the line that is rewritten."""
        if self._width:
            print(file=self._stream, flush=True)
            self._width = 0
        self._shown_s = None

    def clear(self) -> None:
        """Take away the line that is rewritten, for one on the same terminal that stays."""
        if self._width:
            print(f"\r{' ' * self._width}\r", end="", file=self._stream, flush=True)
            self._width = 0
        self._shown_s = None

    def update(self, line: str, *, last: bool = False) -> None:
        """How far the work is; shown once the one before has stood for a while, on a terminal also if the ``last``."""
        now_s = self._clock()
        every_s = _TERMINAL_EVERY_S if self._terminal else _PLAIN_EVERY_S
        if self._shown_s is None and not self._terminal:
            self._shown_s = now_s  # what is done within the first seconds needs no line
        due = self._shown_s is None or now_s - self._shown_s >= every_s
        if not due and not (last and self._terminal):
            return
        self._shown_s = now_s
        if not self._terminal:
            print(line, file=self._stream, flush=True)
            return
        print(f"\r{line.ljust(self._width)}", end="", file=self._stream, flush=True)
        self._width = len(line)


def minutes_left(left_s: float) -> str:
    """A time in words that a progress line ends with."""
    minutes, seconds = divmod(round(left_s), 60)
    return f"{minutes}:{seconds:02d} left"
