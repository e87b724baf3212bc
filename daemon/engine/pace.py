"""How fast an engine decodes, for whoever has to know before a decode how long it will take."""

from __future__ import annotations

from collections import deque

_LAST = 3  # one decode in ten took three times as long as the others on a busy machine


class Pace:
    """The pace of one engine: how many milliseconds it takes for a second of audio."""

    def __init__(self) -> None:
        self._last: deque[float] = deque(maxlen=_LAST)
        self._failed = False

    def decoded(self, took_ms: float, audio_s: float) -> None:
        """``audio_s`` of audio took so long."""
        self._last.append(took_ms / max(audio_s, 1e-3))
        self._failed = False

    def failed(self) -> None:
        """A decode failed: the engine has to show first that it works again."""
        self._last.clear()
        self._failed = True

    def ms(self, warm_ms: float | None) -> float | None:
        """The middle one of the last decodes: of one slow decode nothing follows, of two it does.

        Before the first it is ``warm_ms``, that of the warm-up. None after a failure.
        """
        if self._failed:
            return None
        return sorted(self._last)[len(self._last) // 2] if self._last else warm_ms
