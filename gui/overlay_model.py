"""What the overlay shows and where it stands, as pure functions of the daemon's last status and of the screen."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

Json = dict[str, Any]

_QUIET_DBFS = -60.0  # the left end of the level
_WARNED_S = 15.0  # before an open microphone closes by itself


@dataclass(frozen=True, slots=True)
class Picture:
    """``level`` is from 0 to 1, None while nothing is captured; ``unsettled`` may still become other words."""

    title: str
    level: float | None = None
    clock: str = ""
    urgent: bool = False  # whether ``clock`` counts down
    settled: str = ""
    unsettled: str = ""


@dataclass(frozen=True, slots=True)
class Area:
    """A rectangle of the screen in pixels."""

    left: int
    top: int
    width: int
    height: int


def picture(status: Json | None, before: Picture | None = None, *, with_text: bool) -> Picture | None:
    """What is shown of a status after the picture ``before``, with the words or without; None while nobody dictates.

    The words stay until it is known what they came to.
    """
    if status is None:
        return None
    listening = status["listening"]
    if listening is not None:
        return _listening(status["mode"], listening, with_text=with_text)
    match status["state"]:
        case "opening":
            return Picture("Opening the microphone")
        case "working":
            said = before or Picture("")
            return Picture("Recognising", settled=said.settled, unsettled=said.unsettled)
    return None


def _listening(mode: str | None, listening: Json, *, with_text: bool) -> Picture:
    clock, urgent = "", False
    left_s, open_s = listening["left_s"], listening["open_s"]
    if left_s is not None and left_s < _WARNED_S:
        clock, urgent = f"closes in {max(0.0, left_s):.0f} s", True
    elif mode == "hands_free":
        clock = f"open {int(open_s) // 60}:{int(open_s) % 60:02d}"
    return Picture(
        title="Listening, hands-free" if mode == "hands_free" else "Listening",
        level=_share(listening["level_dbfs"]),
        clock=clock,
        urgent=urgent,
        settled=listening["settled"] if with_text else "",
        unsettled=listening["unsettled"] if with_text else "",
    )


def _share(level_dbfs: float | None) -> float:
    """A level as a part of the bar, in steps of a hundredth: what cannot be seen is not drawn."""
    if level_dbfs is None:
        return 0.0
    return round(min(1.0, max(0.0, 1.0 - level_dbfs / _QUIET_DBFS)), 2)


def placed(place: str, screen: Area, width: int, height: int, margin: int) -> tuple[int, int]:
    """The upper left corner for ``place``: bottom, top, or top-left and so on; always wholly on the screen."""
    upright, _, sideways = place.partition("-")
    left = {
        "left": screen.left + margin,
        "right": screen.left + screen.width - width - margin,
    }.get(sideways, screen.left + (screen.width - width) // 2)
    top = screen.top + margin if upright == "top" else screen.top + screen.height - height - margin
    return max(screen.left, left), max(screen.top, top)
