"""The progress of a pull, in words on stderr or as JSON on stdout.

Words are one line that is rewritten on a terminal, and a line now and then anywhere else. JSON is an object on a line
of its own for each step and up to ten times a second within it.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable
from typing import Any, TextIO

from daemon.commands.progress_line import ProgressLine, minutes_left
from models.download import Progress
from models.pull import Reporter

_JSON_EVERY_S = 0.1


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
        words.append(minutes_left(progress.left_s))
    return ", ".join(words)


class PullProgress:
    """Writes to ``stream``; ``terminal`` says whether a line can be rewritten there, ``clock`` gives seconds."""

    def __init__(self, stream: TextIO, *, terminal: bool, clock: Callable[[], float] = time.monotonic) -> None:
        self._line = ProgressLine(stream, terminal=terminal, clock=clock)

    @classmethod
    def to_stderr(cls) -> PullProgress:
        """On the program's stderr, as it suits what that is."""
        return cls(sys.stderr, terminal=sys.stderr.isatty())

    def reporter(self) -> Reporter:
        """What a pull tells."""
        return Reporter(
            step=self.step,
            downloaded=lambda progress: self._line.update(
                in_words(progress), last=progress.done_bytes == progress.total_bytes
            ),
            unpacked=lambda written_bytes: self._line.update(f"unpacked {written_bytes / 1e6:.0f} MB"),
        )

    def step(self, line: str) -> None:
        """A line that stays."""
        self._line.stay(line)

    def end(self) -> None:
        """Leave the line that is rewritten."""
        self._line.end()


class JsonProgress:
    """Writes to ``stream`` what a program wants to know; ``clock`` gives seconds.

    ``step``, ``done_bytes``, ``total_bytes``, ``speed`` in bytes a second and ``left_s``; what is not known is null.
    """

    def __init__(self, stream: TextIO, clock: Callable[[], float] = time.monotonic) -> None:
        self._stream = stream
        self._clock = clock
        self._step = ""
        self._said_s = float("-inf")

    def reporter(self) -> Reporter:
        """What a pull tells."""
        return Reporter(
            step=self.step,
            downloaded=self._downloaded,
            unpacked=lambda written_bytes: self._update(Progress(written_bytes, None, None, None)),
        )

    def step(self, line: str) -> None:
        """A new step."""
        self._step = line
        self._say(step=line, done_bytes=None, total_bytes=None, speed=None, left_s=None)

    def result(self, result: dict[str, Any]) -> None:
        """The last line."""
        self._say(result=result)

    def end(self) -> None:
        """Nothing is left open."""

    def _downloaded(self, progress: Progress) -> None:
        self._update(progress, last=progress.done_bytes == progress.total_bytes)

    def _update(self, progress: Progress, *, last: bool = False) -> None:
        now_s = self._clock()
        if last or now_s - self._said_s >= _JSON_EVERY_S:
            self._said_s = now_s
            self._say(
                step=self._step,
                done_bytes=progress.done_bytes,
                total_bytes=progress.total_bytes,
                speed=progress.speed_bytes_s,
                left_s=progress.left_s,
            )

    def _say(self, **line: Any) -> None:
        print(json.dumps(line, ensure_ascii=False), file=self._stream, flush=True)
