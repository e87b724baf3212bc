"""What the tray shows, as a pure function of the daemon's last status: icon, tooltip and menu.

No state is kept from one status to the next, so a status that is lost, repeated or late leaves no wrong picture.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from gui.menu import (
    Does,
    Known,
    Sections,
    felt_words,
    last_line,
    menu,
    menu_without_daemon,
    model_line,
    open_words,
    state_words,
    wrapped,
)

Json = dict[str, Any]

_QUIET_DBFS = (-55.0, -40.0, -27.0)  # speech lies near -30 dBFS at the usual gain, an idle room below -55
_NOTHING_KNOWN = Known()


class Icon(StrEnum):
    """The pictures; each value is the name of its file in ``gui/icons``."""

    IDLE = "idle"
    LISTENING = "listening"
    WORKING = "working"
    HELD = "held"
    ERROR = "error"
    ABSENT = "absent"  # no daemon


@dataclass(frozen=True, slots=True)
class View:
    """Everything that the tray shows. ``menu`` is a tuple of sections, with a line drawn between them."""

    icon: Icon
    practice: bool  # whether the icon wears the badge of the practice model
    level: int  # how loud the open microphone is, 0 to 3
    standing: bool  # whether the microphone is open though nothing is dictated
    title: str
    tooltip: str
    last: str  # the last utterance, or why there is no daemon
    button: tuple[Does, str]  # the one thing that a click should do, and its name
    menu: Sections


def view(status: Json | None, why: str = "", known: Known = _NOTHING_KNOWN) -> View:
    """The view of a daemon's status; of None where there is no daemon, and then ``why`` says in one line why not."""
    if status is None:
        title = "swictation is not running"
        return View(
            icon=Icon.ABSENT,
            practice=False,
            level=0,
            standing=False,
            title=title,
            tooltip=_lines(title, *wrapped(why)),
            last=why,
            button=(Does.START_DAEMON, "&Start swictation"),
            menu=menu_without_daemon(why),
        )
    stops = status["state"] in {"listening", "opening"}
    return View(
        icon=_icon(status),
        practice=bool(status["engine"]["practice"]),
        level=_level(status),
        standing=bool(open_words(status)),
        title=state_words(status),
        tooltip=_tooltip(status),
        last=_lines(last_line(status["last_utterance"]), *status["faults"]),
        button=(Does.STOP, "&Stop dictation") if stops else (Does.START, "&Start dictation"),
        menu=menu(status, known),
    )


def _icon(status: Json) -> Icon:
    """An open microphone before everything else, then what needs the user, then what only needs time."""
    last = status["last_utterance"]
    outcome = last["outcome"] if last is not None else None
    if status["state"] == "listening":
        return Icon.LISTENING
    if status["state"] in {"working", "opening"}:  # listening is shown from the first sample on, not before
        return Icon.WORKING
    if status["state"] == "broken" or status["faults"]:
        return Icon.ERROR
    if status["state"] == "loading":
        return Icon.WORKING
    return {"failed": Icon.ERROR, "held": Icon.HELD}.get(outcome or "", Icon.IDLE)


def _level(status: Json) -> int:
    listening = status.get("listening")
    if status["state"] != "listening" or listening is None or listening["level_dbfs"] is None:
        return 0
    return sum(listening["level_dbfs"] > limit_dbfs for limit_dbfs in _QUIET_DBFS)


def _tooltip(status: Json) -> str:
    last = status["last_utterance"]
    return _lines(
        f"swictation: {state_words(status)}",
        open_words(status),
        model_line(status),
        f"Last: {last['outcome']}{felt_words(last)}" if last is not None else "",
        *wrapped(status["notice"] or ""),
        *(line for fault in status["faults"] for line in wrapped(f"Fault: {fault}")),
    )


def _lines(*lines: str) -> str:
    return "\n".join(line for line in lines if line)
