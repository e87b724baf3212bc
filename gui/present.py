"""What the tray shows, as a pure function of the daemon's last status: icon, tooltip and menu.

No state is kept from one status to the next, so a status that is lost, repeated or late leaves no wrong picture.
"""

from __future__ import annotations

import re
import textwrap
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

Json = dict[str, Any]

_MENU_WIDTH = 52  # characters a line: a menu that is wider covers the window in which the user dictates
_NO_BREAK = "\N{NO-BREAK SPACE}"
_INSERTED = ("confirmed", "sent")


class Icon(StrEnum):
    """The pictures; each value is the name of its file in ``gui/icons``."""

    IDLE = "idle"
    LISTENING = "listening"
    WORKING = "working"
    HELD = "held"
    ERROR = "error"
    ABSENT = "absent"  # no daemon


class Does(StrEnum):
    """What a menu entry does when it is chosen."""

    START = "start"
    START_HANDS_FREE = "start hands-free"
    STOP = "stop"
    CANCEL = "cancel"
    INSERT_LAST = "insert last"
    COPY_LAST = "copy last"
    START_DAEMON = "start daemon"
    QUIT_TRAY = "quit tray"
    QUIT_ALL = "quit all"


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of the menu. A line without ``does`` only tells something."""

    text: str
    does: Does | None = None
    enabled: bool = True


@dataclass(frozen=True, slots=True)
class View:
    """Everything that the tray shows. ``menu`` is a tuple of sections, with a line drawn between them."""

    icon: Icon
    practice: bool  # whether the icon wears the badge of the practice model
    tooltip: str
    menu: tuple[tuple[Entry, ...], ...]


def view(status: Json | None, why: str = "") -> View:
    """The view of a daemon's status; of None where there is no daemon, and then ``why`` says in one line why not."""
    if status is None:
        return _without_daemon(why)
    state = _state(status)
    sections = (
        _dictation(status, state),
        (*_last(status), *_held(status)),
        (Entry(_model(status)), *_told(status["notice"])),
        tuple(entry for fault in status["faults"] for entry in _told(f"Fault: {fault}")),
        _leave(),
    )
    return View(
        icon=_icon(status),
        practice=bool(status["engine"]["practice"]),
        tooltip=_tooltip(status, state),
        menu=tuple(section for section in sections if section),
    )


def _without_daemon(why: str) -> View:
    title = "swictation is not running"
    return View(
        icon=Icon.ABSENT,
        practice=False,
        tooltip=_lines(title, *_wrapped(why)),
        menu=(
            (Entry(title), *_told(why)),
            (Entry("Start swictation", Does.START_DAEMON),),
            (Entry("Quit tray", Does.QUIT_TRAY),),
        ),
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


def _state(status: Json) -> str:
    if status["state"] == "listening":
        return "Listening, hands-free" if status["mode"] == "hands_free" else "Listening"
    known = {
        "opening": "Opening the microphone",
        "working": "Recognising",
        "loading": "Loading the model",
        "broken": "Not able to dictate",
        "idle": "Ready",
    }
    return known.get(status["state"], str(status["state"]))


def _dictation(status: Json, state: str) -> tuple[Entry, ...]:
    hotkey = status["hotkey"]
    if status["state"] in {"listening", "opening"}:
        return (
            Entry(state),
            Entry("Stop dictation", Does.STOP),
            Entry("Cancel dictation", Does.CANCEL),
        )
    how = "" if hotkey["fault"] else f": hold {hotkey['key']} and speak"
    return (
        Entry(state + (how if status["state"] == "idle" else "")),
        Entry("Start dictation", Does.START),
        Entry("Start hands-free", Does.START_HANDS_FREE),
    )


def _last(status: Json) -> tuple[Entry, ...]:
    last = status["last_utterance"]
    said = "Last: nothing yet" if last is None else f"Last: {last['outcome']}{_felt(last)}"
    return (
        Entry(said),
        *_told(last["reason"] if last is not None else None),
        Entry("Insert last again", Does.INSERT_LAST, last is not None),
        Entry("Copy last", Does.COPY_LAST, last is not None),
    )


def _held(status: Json) -> tuple[Entry, ...]:
    held = status["held"]
    return (Entry(f"Held, not inserted: {held} {'text' if held == 1 else 'texts'}"),) if held else ()


def _model(status: Json) -> str:
    where = f"on {status['provider']}" if status["provider"] else f"({status['engine']['phase']})"
    return f"Model: {status['model']} {where}"


def _leave() -> tuple[Entry, ...]:
    return Entry("Quit tray", Does.QUIT_TRAY), Entry("Quit swictation", Does.QUIT_ALL)


def _tooltip(status: Json, state: str) -> str:
    last = status["last_utterance"]
    return _lines(
        f"swictation: {state}",
        _model(status),
        f"Last: {last['outcome']}{_felt(last)}" if last is not None else "",
        *_wrapped(status["notice"] or ""),
        *(line for fault in status["faults"] for line in _wrapped(f"Fault: {fault}")),
    )


def _felt(last: Json) -> str:
    felt_ms = last["timings_ms"]["felt"]
    waited = last["outcome"] in _INSERTED and felt_ms is not None
    return f" · {felt_ms:.0f} ms" if waited else ""


def _told(text: str | None) -> tuple[Entry, ...]:
    """Lines of a menu that together tell ``text``; menus do not wrap by themselves."""
    return tuple(Entry(line) for line in _wrapped(text or ""))


def _wrapped(text: str) -> list[str]:
    """``text`` in lines of the menu's width, with every `command` in one piece."""
    joined = re.sub(r"`[^`]*`", lambda command: command.group().replace(" ", _NO_BREAK), text)
    lines = textwrap.wrap(joined, _MENU_WIDTH, break_on_hyphens=False, break_long_words=False)
    return [line.replace(_NO_BREAK, " ") for line in lines]


def _lines(*lines: str) -> str:
    return "\n".join(line for line in lines if line)
