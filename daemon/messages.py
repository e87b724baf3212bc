"""The frozen values that cross a boundary between processes or parts of the daemon. Units are in the names."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum

RATE_HZ = 16_000
FRAME_MS = 20
FRAME_SAMPLES = RATE_HZ * FRAME_MS // 1000  # 320
FRAME_BYTES = FRAME_SAMPLES * 2  # int16, mono
TOLD_WORDS = 6  # a status tells so many of the last text


class Mode(StrEnum):
    """How a dictation was started, which decides when it ends and when its text is inserted."""

    HOLD = "hold"  # push to talk: ends with the key's release, inserted then
    TOGGLE = "toggle"  # tap to start, tap to stop, inserted at the stop
    HANDS_FREE = "hands_free"  # open until stopped, inserted at each endpoint


class Outcome(StrEnum):
    """What became of an utterance: exactly one of these."""

    CONFIRMED = "confirmed"  # the target was seen to take the text
    SENT = "sent"  # sent, where no receipt is possible
    HELD = "held"  # kept and not inserted, with the reason
    NOTHING = "nothing"  # no speech in it
    FAILED = "failed"  # not recognised; its audio is kept


@dataclass(frozen=True, slots=True)
class Frame:
    """20 ms of microphone audio.

    ``captured_s`` is when its last sample was captured, on the clock of ``time.monotonic()``, which is one clock for
    all processes of a machine. ``pcm`` is ``FRAME_BYTES`` bytes of int16 little-endian mono at ``RATE_HZ``.
    """

    captured_s: float
    pcm: bytes


@dataclass(frozen=True, slots=True)
class Target:
    """The window that had the keyboard focus at some moment; equal targets are the same window.

    ``application`` is its program's name in lower case: the class of WM_CLASS on X11, the app_id on Wayland, "" where
    it is not known. ``kind`` is the windowing system that ``window`` is a number of.
    """

    window: int
    title: str = field(default="", compare=False)
    application: str = field(default="", compare=False)
    pid: int | None = field(default=None, compare=False)
    kind: str = "x11"


@dataclass(frozen=True, slots=True)
class Insertion:
    """The result of one attempt to insert a text. ``reason`` says in one line why it is not ``confirmed``.

    ``way`` is which way got it in, ``silent`` are the ways that were tried before and proved to be ignored there.
    Of a ``secret`` one the text must not be written down.
    """

    outcome: Outcome
    reason: str | None = None
    insert_ms: float | None = None
    way: str | None = None
    silent: tuple[str, ...] = ()
    secret: bool = False
