"""The progress of a pull on stderr: one line that is rewritten on a terminal, a line now and then anywhere else."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from typing import TextIO

from models.download import Progress
from models.pull import Reporter

_TERMINAL_EVERY_S = 0.1
_PLAIN_EVERY_S = 10.0


def in_words(progress: Progress) -> str:
    """How far a download is, with speed and time left where they are known."""
    done_mb = progress.done_bytes / 1e6
    if progress.total_bytes:
        share = f"{progress.done_bytes / progress.total_bytes:4.0%} of {progress.total_bytes / 1e6:.1f} MB"
    else:
        share = f"{done_mb:.1f} MB"
    words = [share]
    if progress.speed_bytes_s is not None:
        words.append(f"{progress.speed_bytes_s / 1e6:.1f} MB/s")
    if progress.left_s is not None:
        minutes, seconds = divmod(round(progress.left_s), 60)
        words.append(f"{minutes}:{seconds:02d} left")
    return ", ".join(words)


class PullProgress:
    """Writes to ``stream``; ``terminal`` says whether a line can be rewritten there, ``clock`` gives seconds."""

    def __init__(self, stream: TextIO, *, terminal: bool, clock: Callable[[], float] = time.monotonic) -> None:
        self._stream = stream
        self._terminal = terminal
        self._clock = clock
        self._shown_s: float | None = None
        self._width = 0

    @classmethod
    def to_stderr(cls) -> PullProgress:
        """On the program's stderr, as it suits what that is."""
        return cls(sys.stderr, terminal=sys.stderr.isatty())

    def reporter(self) -> Reporter:
        """What a pull tells."""
        return Reporter(
            step=self.step,
            downloaded=lambda progress: self._update(
                in_words(progress), last=self._terminal and progress.done_bytes == progress.total_bytes
            ),
            unpacked=lambda written_bytes: self._update(f"unpacked {written_bytes / 1e6:.0f} MB"),
        )

    def step(self, line: str) -> None:
        """A line that stays."""
        self.end()
        print(line, file=self._stream, flush=True)

    def end(self) -> None:
        """Leave the line that is rewritten."""
        if self._width:
            print(file=self._stream, flush=True)
            self._width = 0
        self._shown_s = None

    def _update(self, line: str, *, last: bool = False) -> None:
        now_s = self._clock()
        every_s = _TERMINAL_EVERY_S if self._terminal else _PLAIN_EVERY_S
        if self._shown_s is None and not self._terminal:
            self._shown_s = now_s  # what is done within the first seconds needs no line
        if not last and self._shown_s is not None and now_s - self._shown_s < every_s:
            return
        self._shown_s = now_s
        if not self._terminal:
            print(line, file=self._stream, flush=True)
            return
        print(f"\r{line.ljust(self._width)}", end="", file=self._stream, flush=True)
        self._width = len(line)
