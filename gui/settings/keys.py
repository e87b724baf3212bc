"""What a pressed key is called in the configuration. Pure.

Qt tells a key's meaning, but not which of two alike it was; that is in the number that the system gives it, another on
every system: a keysym, a scan code, a virtual key code.
"""

from __future__ import annotations

import string

from PySide6.QtCore import Qt

_Key = Qt.Key

_NAMES: dict[int, str] = {
    **{_Key.Key_F1 + number: f"F{number + 1}" for number in range(24)},
    **{ord(letter.upper()): letter.upper() for letter in string.ascii_lowercase},
    **{ord(digit): digit for digit in string.digits},
    _Key.Key_Pause: "Pause",
    _Key.Key_ScrollLock: "Scroll_Lock",
    _Key.Key_Print: "Print",
    _Key.Key_SysReq: "Print",
    _Key.Key_Menu: "Menu",
    _Key.Key_MicMute: "Mic_Mute",
    _Key.Key_Space: "Space",
    _Key.Key_Minus: "Minus",
    _Key.Key_Equal: "Equal",
    _Key.Key_Comma: "Comma",
    _Key.Key_Period: "Period",
    _Key.Key_Slash: "Slash",
    _Key.Key_Backslash: "Backslash",
    _Key.Key_Semicolon: "Semicolon",
    _Key.Key_Apostrophe: "Apostrophe",
    _Key.Key_QuoteLeft: "Grave",
    _Key.Key_BracketLeft: "Bracketleft",
    _Key.Key_BracketRight: "Bracketright",
    _Key.Key_Return: "Return",
    _Key.Key_Enter: "Return",
    _Key.Key_Tab: "Tab",
    _Key.Key_Backtab: "Tab",
    _Key.Key_Escape: "Escape",
    _Key.Key_Backspace: "Backspace",
    _Key.Key_Delete: "Delete",
    _Key.Key_Insert: "Insert",
    _Key.Key_Home: "Home",
    _Key.Key_End: "End",
    _Key.Key_PageUp: "Page_Up",
    _Key.Key_PageDown: "Page_Down",
    _Key.Key_Left: "Left",
    _Key.Key_Right: "Right",
    _Key.Key_Up: "Up",
    _Key.Key_Down: "Down",
}
_MODIFIER_KEYS = frozenset(
    {_Key.Key_Control, _Key.Key_Alt, _Key.Key_AltGr, _Key.Key_Shift, _Key.Key_Meta, _Key.Key_Super_L, _Key.Key_Super_R}
)
_HELD = (
    (Qt.KeyboardModifier.ControlModifier, "Ctrl"),
    (Qt.KeyboardModifier.AltModifier, "Alt"),
    (Qt.KeyboardModifier.ShiftModifier, "Shift"),
    (Qt.KeyboardModifier.MetaModifier, "Super"),
)
_RIGHT: dict[str, dict[int, str]] = {
    # keysyms of X11 and Wayland; the fourth is what a key bears that makes a third character
    "linux": {
        0xFFE4: "Right Ctrl",
        0xFFEA: "Right Alt",
        0xFE03: "Right Alt",
        0xFFE2: "Right Shift",
        0xFFEC: "Right Super",
    },
    # scan codes, with the bit of the extended half of the keyboard
    "win32": {0x11D: "Right Ctrl", 0x138: "Right Alt", 0x36: "Right Shift", 0x15C: "Right Super"},
    # virtual key codes
    "darwin": {0x3E: "Right Ctrl", 0x3D: "Right Alt", 0x3C: "Right Shift", 0x36: "Right Super"},
}


def is_modifier(key: int) -> bool:
    """Whether a key (a Qt.Key) is held with others."""
    return key in _MODIFIER_KEYS


def chord_name(key: int, held: Qt.KeyboardModifier) -> str | None:
    """The name of a key that was pressed while ``held`` were; None where the configuration has none for it."""
    name = _NAMES.get(key)
    return None if name is None else "+".join([*held_names(held), name])


def held_names(held: Qt.KeyboardModifier) -> list[str]:
    """The modifiers in the order in which the configuration names them."""
    return [name for modifier, name in _HELD if held & modifier]


def right_modifier_name(number: int, platform: str) -> str | None:
    """The name of a modifier of the keyboard's right half, by the system's ``number``; None for any other key."""
    return _RIGHT.get(platform, {}).get(number)
