"""The paste chord, and the modifier keys that must be up while it is sent."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from Xlib import XK, X
from Xlib.ext import xtest

from daemon.insert.contract import CTRL_SHIFT_V, CTRL_V, SHIFT_INSERT
from daemon.insert.x11.loop import Loop

# Which key a symbol in the modifier map is to its user; symbols that are not here (the locks) do no harm to the chord.
_NAMES = {
    name: label
    for label, names in {
        "Shift": ("Shift_L", "Shift_R"),
        "Control": ("Control_L", "Control_R"),
        "Alt": ("Alt_L", "Alt_R", "Meta_L", "Meta_R"),
        "Super": ("Super_L", "Super_R", "Hyper_L", "Hyper_R"),
        "AltGr": ("ISO_Level3_Shift", "Mode_switch"),
    }.items()
    for name in names
}
# Set without a key down when sticky keys have latched them.
_LATCHED = {X.ShiftMask: "Shift", X.ControlMask: "Control", X.Mod1Mask: "Alt", X.Mod4Mask: "Super", X.Mod5Mask: "AltGr"}
_GROUP_SHIFT = 13  # of the state's bits 13 and 14
# Where the symbols of a layout stand in a key's row: plain, Shift, AltGr, AltGr and Shift. Others are not in the row.
_COLUMNS = ((0, 1, 4, 5), (2, 3, 6, 7))

_CHORDS = {
    SHIFT_INSERT: (("Shift",), XK.XK_Insert),
    CTRL_V: (("Control",), XK.XK_v),
    CTRL_SHIFT_V: (("Control", "Shift"), XK.XK_v),
}

XK.load_keysym_group("xkb")
_LABELS = {XK.string_to_keysym(name): label for name, label in _NAMES.items()}


def modifier_keys(modifier_map: Sequence[Sequence[int]], symbols: Mapping[int, Sequence[int]]) -> dict[int, str]:
    """The keycodes that are modifiers, with their names: locks are not among them.

    ``modifier_map`` is the server's, ``symbols`` the key symbols of each keycode.
    """
    keys = {}
    for codes in modifier_map:
        for code in codes:
            label = next((_LABELS[symbol] for symbol in symbols.get(code, ()) if symbol in _LABELS), None)
            if code and label is not None:
                keys[code] = label
    return keys


def first_down(keys: Mapping[int, str], keymap: Sequence[int]) -> str | None:
    """The name of a modifier of ``keys`` that is down in ``keymap``, the server's 32 bytes of one bit for each key."""
    return next((name for code, name in keys.items() if keymap[code // 8] >> (code % 8) & 1), None)


def places(rows: Mapping[int, Sequence[int]], group: int) -> dict[int, tuple[int, int]]:
    """For each symbol of the layout ``group`` the keycode and the level that need the fewest other keys.

    ``rows`` are the symbols of each keycode. None for a third layout: the server's answer has two.
    """
    found: dict[int, tuple[int, int]] = {}
    for level, column in enumerate(_COLUMNS[group] if group < len(_COLUMNS) else ()):
        for code, row in rows.items():
            if column < len(row) and row[column]:
                found.setdefault(row[column], (code, level))
    return found


class Keyboard:
    """The keyboard as the server has it mapped now."""

    def __init__(self, loop: Loop) -> None:
        self._loop = loop
        self._modifiers: dict[int, str] = {}
        self._symbols: dict[int, Sequence[int]] = {}
        loop.on_event("MappingNotify", lambda _event: self._symbols.clear())

    def refresh(self) -> None:
        """Read the map, if it has changed since it was last read."""
        if self._symbols:
            return
        info: Any = self._loop.display.display.info
        rows = self._loop.display.get_keyboard_mapping(info.min_keycode, info.max_keycode - info.min_keycode + 1)
        self._symbols.update({info.min_keycode + number: tuple(row) for number, row in enumerate(rows)})
        self._modifiers = modifier_keys(self._loop.display.get_modifier_mapping(), self._symbols)

    def held_modifier(self) -> str | None:
        """The name of a modifier that is in effect; None if there is none but locks."""
        self.refresh()
        down = first_down(self._modifiers, self._loop.display.query_keymap())
        if down is not None:
            return down
        mask = self._loop.root.query_pointer().mask
        return next((name for bit, name in _LATCHED.items() if mask & bit), None)

    def modifiers(self) -> frozenset[int]:
        """The keycodes of the modifiers, which do nothing to a text by themselves."""
        self.refresh()
        return frozenset(self._modifiers)

    def any_down(self) -> bool:
        """Whether any key is down."""
        return any(self._loop.display.query_keymap())

    def backspace(self) -> int | None:
        """The keycode of BackSpace; None if the keyboard has no such key."""
        self.refresh()
        return self._code(XK.XK_BackSpace)

    def chord(self, way: str) -> tuple[int, ...] | None:
        """The keycodes of a paste chord, the modifiers first; None if the keyboard has no such keys."""
        self.refresh()
        names, symbol = _CHORDS[way]
        codes = [self.modifier(name) for name in names]
        found = (places(self._symbols, group).get(symbol) for group in (self.group(), 0, 1))
        codes.append(next((place[0] for place in found if place is not None and place[1] < 2), None))
        return None if None in codes else tuple(code for code in codes if code is not None)

    def modifier(self, name: str) -> int | None:
        """The keycode of a modifier; None if there is none of that name."""
        self.refresh()
        return next((code for code, label in self._modifiers.items() if label == name), None)

    def tap(self, keys: Sequence[int]) -> int:
        """Press keys one after the other and let them go. Gives back the serial of the request that pressed the last.

        Nothing is sent before ``flush``, and then all in one piece: nobody can end us with a key down.
        """
        display = self._loop.display
        serial = 0
        for code in keys:
            serial = int(display.display.request_serial)
            xtest.fake_input(display, X.KeyPress, code)
        for code in reversed(keys):
            xtest.fake_input(display, X.KeyRelease, code)
        return serial

    def group(self) -> int:
        """Which of the layouts is active, from 0."""
        return int(self._loop.root.query_pointer().mask) >> _GROUP_SHIFT & 3

    def caps_lock(self) -> bool:
        """Whether Caps Lock is on."""
        return bool(self._loop.root.query_pointer().mask & X.LockMask)

    def places(self, group: int) -> Mapping[int, tuple[int, int]]:
        """Where the symbols of a layout are: the keycode and the level (0 plain, 1 Shift, 2 AltGr, 3 both) of each."""
        self.refresh()
        return places(self._symbols, group)

    def press(self, code: int, times: int) -> None:
        """Press and let go a key so often."""
        for _ in range(times):
            xtest.fake_input(self._loop.display, X.KeyPress, code)
            xtest.fake_input(self._loop.display, X.KeyRelease, code)
        self._loop.display.sync()

    def _code(self, symbol: int) -> int | None:
        """The keycode that gives ``symbol`` with the fewest other keys held."""
        levels = [(list(symbols).index(symbol), code) for code, symbols in self._symbols.items() if symbol in symbols]
        level, code = min(levels, default=(99, 0))
        return code if level < 2 else None  # level 1, or level 2 as Shift is down
