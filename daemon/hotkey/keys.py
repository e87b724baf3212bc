"""The names of keys, as they stand in the configuration, and which of them may be a hotkey. Pure.

A key is a name (``F9``, ``Pause``, ``Right Ctrl``) or modifiers and a name (``ctrl+alt+space``). Upper and lower case,
spaces, hyphens and underscores make no difference.
"""

from __future__ import annotations

import difflib
import string
from dataclasses import dataclass

from daemon.errors import HotkeyError

MODIFIERS = ("ctrl", "alt", "shift", "super")

_FREE = (*(f"f{number}" for number in range(1, 25)), "pause", "scroll_lock", "print", "menu", "mic_mute")
_RIGHT = ("ctrl_r", "alt_r", "shift_r", "super_r")
_PRINTING = {
    "minus": "-",
    "equal": "=",
    "comma": ",",
    "period": ".",
    "slash": "/",
    "backslash": "\\",
    "semicolon": ";",
    "apostrophe": "'",
    "grave": "`",
    "bracketleft": "[",
    "bracketright": "]",
}
_TYPING = (*string.ascii_lowercase, *string.digits, *_PRINTING, "space")
_EDITING = (
    *("return", "tab", "escape", "backspace", "delete", "insert", "home", "end", "page_up", "page_down"),
    *("left", "right", "up", "down"),
)
NAMES = (*_FREE, *_RIGHT, *_TYPING, *_EDITING)

_ALIASES: dict[str, str] = {
    "control": "ctrl",
    "option": "alt",
    "win": "super",
    "windows": "super",
    "cmd": "super",
    "command": "super",
    "rightctrl": "ctrl_r",
    "rightcontrol": "ctrl_r",
    "controlr": "ctrl_r",
    "rctrl": "ctrl_r",
    "rightalt": "alt_r",
    "ralt": "alt_r",
    "altgr": "alt_r",
    "rightshift": "shift_r",
    "rshift": "shift_r",
    "rightsuper": "super_r",
    "rightwin": "super_r",
    "cmdr": "super_r",
    "printscreen": "print",
    "prtsc": "print",
    "sysrq": "print",
    "break": "pause",
    "audiomicmute": "mic_mute",
    "xf86audiomicmute": "mic_mute",
    "enter": "return",
    "esc": "escape",
    "del": "delete",
    "ins": "insert",
    "pgup": "page_up",
    "prior": "page_up",
    "pgdn": "page_down",
    "pgdown": "page_down",
    "next": "page_down",
    "spacebar": "space",
    "dot": "period",
    **{sign: name for name, sign in _PRINTING.items()},
}
_KNOWN: dict[str, str] = {name.replace("_", ""): name for name in (*NAMES, *MODIFIERS)} | _ALIASES


@dataclass(frozen=True, slots=True)
class Chord:
    """A key (one of ``NAMES``) and the modifiers (of ``MODIFIERS``) that are held with it."""

    key: str
    modifiers: frozenset[str] = frozenset()

    def __str__(self) -> str:
        held = [name.capitalize() for name in MODIFIERS if name in self.modifiers]
        if self.key in _RIGHT:
            return "+".join([*held, f"Right {self.key[:-2].capitalize()}"])
        return "+".join([*held, "_".join(part.capitalize() for part in self.key.split("_"))])


def printed(key: str) -> str | None:
    """The character that a typing key writes, or None for any other key."""
    if key in _PRINTING:
        return _PRINTING[key]
    return key if len(key) == 1 else None


def parse(text: str) -> Chord:
    """The chord that ``text`` names. Raises HotkeyError for an unknown name, and for a key needed for typing."""
    parts = [_lookup(part, text) for part in text.split("+")] if text.strip() else []
    if not parts:
        raise HotkeyError("no hotkey is named: hotkey.key takes a key such as F9, Pause, Right Ctrl or ctrl+alt+space")
    *held, key = parts
    for name in held:
        if name not in MODIFIERS:
            raise HotkeyError(f"{text!r} is no hotkey: only {', '.join(MODIFIERS)} can stand before another key")
    chord = Chord(key, frozenset(held))
    _check(chord, text)
    return chord


def _lookup(part: str, text: str) -> str:
    bare = part.strip().strip("<>").lower()
    name = _KNOWN.get(bare) or _KNOWN.get(bare.replace("_", "").replace(" ", "").replace("-", ""))
    if name is not None:
        return name
    near = difflib.get_close_matches(bare, [*NAMES, *MODIFIERS, *_ALIASES], n=4, cutoff=0.5)
    shown = ", ".join(dict.fromkeys(_KNOWN[name.replace("_", "")] for name in near)) or "F9, Pause, Right Ctrl"
    raise HotkeyError(f"there is no key named {part.strip()!r} (hotkey.key = {text!r}); the nearest names are {shown}")


def _check(chord: Chord, text: str) -> None:
    """Refuse what would take a key that every program needs, or be pressed by every shortcut."""
    another = "add ctrl, alt or super, or take a key such as F9, Pause or Right Ctrl"
    if chord.key in MODIFIERS:
        raise HotkeyError(f"{text!r} is part of most shortcuts and would start a recording at each: {another}")
    if chord.key in _RIGHT and chord.modifiers:
        raise HotkeyError(f"{text!r} is made of modifiers only: {another}")
    if chord.key in (*_TYPING, *_EDITING) and not chord.modifiers - {"shift"}:
        raise HotkeyError(f"{text!r} alone would be taken away from every program: {another}")
