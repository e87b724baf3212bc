"""The paste chord, and the modifier keys that must be up while it is sent."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from Xlib import XK, X
from Xlib.ext import xtest

from daemon.insert.x11_loop import Loop

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
_LATCHED = {X.ControlMask: "Control", X.Mod1Mask: "Alt", X.Mod4Mask: "Super"}

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

    def paste_keys(self) -> tuple[int, int] | None:
        """The keycodes of Shift and Insert; None if the keyboard has no such keys."""
        self.refresh()
        shift = next((code for code, name in self._modifiers.items() if name == "Shift"), None)
        insert = self._code(XK.XK_Insert)
        return None if shift is None or insert is None else (shift, insert)

    def paste(self, keys: tuple[int, int]) -> int:
        """Press and let go Shift+Insert. Gives back the serial of the request that pressed Insert."""
        shift, insert = keys
        display = self._loop.display
        steps = ((X.KeyPress, shift), (X.KeyPress, insert), (X.KeyRelease, insert), (X.KeyRelease, shift))
        serials = []
        for kind, code in steps:
            serials.append(display.display.request_serial)
            xtest.fake_input(display, kind, code)
        display.flush()  # all four in one piece: nobody can end us with a key down
        return int(serials[1])

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
