"""The tray's menu, as a pure function of the daemon's last status and of what the tray has asked for beside it."""

from __future__ import annotations

import re
import textwrap
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from daemon.messages import TOLD_WORDS
from gui.settings.engine_words import ENGINES, place

Json = dict[str, Any]

_WIDTH = 52  # characters a line: a menu that is wider covers the window in which the user dictates
_NO_BREAK = "\N{NO-BREAK SPACE}"
_INSERTED = ("confirmed", "sent")


class Does(StrEnum):
    """What a menu entry does when it is chosen."""

    START = "start"
    START_HANDS_FREE = "start hands-free"
    STOP = "stop"
    CANCEL = "cancel"
    INSERT_LAST = "insert last"
    INSERT = "insert"  # ``argument`` is the id of an utterance
    COPY_LAST = "copy last"
    UNDO_LAST = "undo last"
    MICROPHONE = "microphone"  # ``argument`` is the value of microphone.device
    LATENCY = "latency"
    HISTORY = "history"
    SETTINGS = "settings"
    FIRST_RUN = "first run"
    DOCTOR = "doctor"
    AUTOSTART = "autostart"  # ``argument`` is whether it is to be on
    START_DAEMON = "start daemon"
    QUIT_TRAY = "quit tray"
    QUIT_ALL = "quit all"


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of the menu. A line without ``does`` only tells something, or opens ``submenu``.

    In ``text`` an ``&`` stands before the letter that chooses the line by the keyboard, and is itself written ``&&``.
    """

    text: str
    does: Does | None = None
    enabled: bool = True
    checked: bool | None = None  # None: it is not to be switched
    argument: Any = None
    submenu: tuple[Entry, ...] = ()


Sections = tuple[tuple[Entry, ...], ...]


@dataclass(frozen=True, slots=True)
class Known:
    """What the menu shows beside the status: answers of the daemon to ``microphones`` and ``autostart``."""

    microphones: tuple[tuple[str, str], ...] = ()  # name and description of each
    autostart: bool | None = None  # None where the daemon cannot switch it


def menu(status: Json, known: Known) -> Sections:
    """The menu while there is a daemon; without empty sections."""
    sections = (
        _dictation(status),
        (*_last(status), *_held(status)),
        (
            _microphones(status, known),
            *_open(status),
            *told(model_line(status)),
            *_why_other(status),
            *told(status["notice"]),
        ),
        tuple(entry for fault in status["faults"] for entry in told(f"Fault: {fault}")),
        _windows(status, known),
        _LEAVE,
    )
    return tuple(section for section in sections if section)


def menu_without_daemon(why: str) -> Sections:
    """The menu while there is none."""
    return (
        (Entry("swictation is not running"), *told(why)),
        (Entry("&Start swictation", Does.START_DAEMON),),
        (Entry("&Quit tray", Does.QUIT_TRAY),),
    )


def state_words(status: Json) -> str:
    """What the daemon is doing."""
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


def model_line(status: Json) -> str:
    """The model, and what really runs it."""
    engine = status["engine"]
    if not status["provider"]:
        return f"Model: {status['model']} ({engine['phase']})"
    runs = ENGINES.get(engine["engine"], engine["engine"])
    return f"Model: {status['model']} on {place(status['provider'])} ({runs})"


def open_words(status: Json) -> str:
    """That the microphone is open though nothing is dictated, or nothing where it is not."""
    microphone = status["microphone"]
    if not microphone.get("standing"):
        return ""
    left_s, kept_ms = microphone["lingering_s"], microphone["pre_roll_ms"]
    how = "kept open" if left_s is None else f"open for {max(1, round(left_s))} s at most"
    return f"Microphone {how}" + (f", {kept_ms} ms in memory" if kept_ms else "")


def felt_words(last: Json) -> str:
    """How long the user waited for the text, or nothing where nobody did."""
    felt_ms = last["timings_ms"]["felt"]
    waited = last["outcome"] in _INSERTED and felt_ms is not None
    return f" · {felt_ms:.0f} ms" if waited else ""


def last_line(last: Json | None) -> str:
    """The last utterance: its first words where they may be shown, what became of it, how long it took."""
    if last is None:
        return "Last: nothing yet"
    if not last.get("words"):
        return f"Last: {last['outcome']}{felt_words(last)}"
    became = "" if last["outcome"] in _INSERTED else f"{last['outcome'].capitalize()}: "
    words = f"\N{LEFT DOUBLE QUOTATION MARK}{_short(last['words'])}\N{RIGHT DOUBLE QUOTATION MARK}"
    return became + words + felt_words(last)


def _short(words: str) -> str:
    """The words as far as the line has room; the dots say that more were spoken."""
    kept = textwrap.shorten(words, _WIDTH - 20, placeholder="") or words[: _WIDTH - 21]
    whole = kept == words and len(words.split()) < TOLD_WORDS
    return kept if whole else kept + "\N{HORIZONTAL ELLIPSIS}"


def key_name(hotkey: Json) -> str:
    """The key to hold, as the desktop calls it where it says what it has bound ("Press Ctrl+F9" on some)."""
    return str(hotkey["trigger"] or hotkey["key"]).removeprefix("Press ")


def _dictation(status: Json) -> tuple[Entry, ...]:
    hotkey, state = status["hotkey"], state_words(status)
    if status["state"] in {"listening", "opening"}:
        open_handed = status["mode"] == "hands_free"
        return (
            Entry(plain(state)),
            Entry("&Stop dictation", Does.STOP),
            Entry("&Hands-free", Does.STOP, open_handed, checked=open_handed),
            Entry("C&ancel dictation", Does.CANCEL),
        )
    how = f": hold {key_name(hotkey)} and speak" if status["state"] == "idle" and not hotkey["fault"] else ""
    return (
        Entry(plain(state + how)),
        Entry("&Start dictation", Does.START),
        Entry("&Hands-free", Does.START_HANDS_FREE, checked=False),
    )


def _last(status: Json) -> tuple[Entry, ...]:
    last = status["last_utterance"]
    has_text = last is not None and bool(last.get("has_text"))
    return (
        Entry(plain(last_line(last))),
        *told(last["reason"] if last is not None else None),
        Entry("&Insert last again", Does.INSERT_LAST, has_text),
        Entry("&Copy last", Does.COPY_LAST, has_text),
        Entry("&Undo last", Does.UNDO_LAST, last is not None and bool(last.get("undo"))),
    )


def _held(status: Json) -> tuple[Entry, ...]:
    held = status["held"]
    texts = "text" if held == 1 else "texts"
    return (Entry(f"{held} held {texts}, &not inserted\N{HORIZONTAL ELLIPSIS}", Does.HISTORY),) if held else ()


def _microphones(status: Json, known: Known) -> Entry:
    chosen = status["microphone"]["device"]
    names = [name for name, _ in known.microphones]
    away = () if chosen in {"default", *names} else ((chosen, f"{chosen} (not there)"),)
    offered = (("", "The system's own choice"), *known.microphones, *away)
    entries = tuple(
        Entry(plain(_cut(about)), Does.MICROPHONE, checked=chosen == (name or "default"), argument=name)
        for name, about in offered
    )
    described = dict(known.microphones).get(chosen, "the system's own" if chosen == "default" else chosen)
    return Entry(f"&Microphone: {plain(_cut(described))}", submenu=entries)


def _open(status: Json) -> tuple[Entry, ...]:
    words = open_words(status)
    closes = status["microphone"].get("lingering_s") is not None
    return (*told(words), *((Entry("Close the microphone n&ow", Does.CANCEL),) if words and closes else ()))


def _cut(text: str) -> str:
    return text if len(text) <= _WIDTH - 14 else text[: _WIDTH - 15] + "\N{HORIZONTAL ELLIPSIS}"


def _why_other(status: Json) -> tuple[Entry, ...]:
    """Why what runs is not what was asked for; where that counts as a fault it is told as one."""
    reason = status["engine"].get("provider_fault")
    return told(reason) if reason and not any(reason in fault for fault in status["faults"]) else ()


def _windows(status: Json, known: Known) -> tuple[Entry, ...]:
    return (
        Entry("&Latency\N{HORIZONTAL ELLIPSIS}", Does.LATENCY),
        Entry("Histor&y\N{HORIZONTAL ELLIPSIS}", Does.HISTORY),
        Entry("S&ettings\N{HORIZONTAL ELLIPSIS}", Does.SETTINGS),
        Entry("Fi&rst steps\N{HORIZONTAL ELLIPSIS}", Does.FIRST_RUN),
        *((Entry("&Doctor\N{HORIZONTAL ELLIPSIS}", Does.DOCTOR),) if status.get("doctor") else ()),
        *(
            (Entry("Start on lo&gin", Does.AUTOSTART, checked=known.autostart, argument=not known.autostart),)
            if known.autostart is not None
            else ()
        ),
    )


_LEAVE = (Entry("&Quit tray", Does.QUIT_TRAY), Entry("Quit s&wictation", Does.QUIT_ALL))


def plain(text: str) -> str:
    """``text`` as a menu shows it letter by letter."""
    return text.replace("&", "&&")


def told(text: str | None) -> tuple[Entry, ...]:
    """Lines of a menu that together tell ``text``; menus do not wrap by themselves."""
    return tuple(Entry(plain(line)) for line in wrapped(text or ""))


def wrapped(text: str) -> list[str]:
    """``text`` in lines of the menu's width, with every `command` in one piece."""
    joined = re.sub(r"`[^`]*`", lambda command: command.group().replace(" ", _NO_BREAK), text)
    lines = textwrap.wrap(joined, _WIDTH, break_on_hyphens=False, break_long_words=False)
    return [line.replace(_NO_BREAK, " ") for line in lines]
