"""A keyboard of our own on the seat, with a keyboard map of our own: the user's layout and held keys do not matter."""

from __future__ import annotations

import os
import time
from collections.abc import Container, Iterator, Mapping

from daemon.insert.contract import CTRL_SHIFT_V, CTRL_V, SHIFT_INSERT
from daemon.insert.wayland import protocol
from daemon.insert.wayland.loop import Loop

_XKB_V1 = 1
_UP, _DOWN = 0, 1
_OFFSET = 8  # between a key's number on the wire and in the map

# Numbers of keys as in linux/input-event-codes.h. Programs that look at the number and not at the map, as viewers of
# other machines do, see the US keyboard.
_TAB, _ENTER, _CONTROL, _SHIFT, _V, _SPACE, _INSERT = 15, 28, 29, 42, 47, 57, 110
_ROWS = (
    (2, "1234567890-=", "!@#$%^&*()_+"),
    (16, "qwertyuiop[]", "QWERTYUIOP{}"),
    (30, "asdfghjkl;'`", 'ASDFGHJKL:"~'),
    (43, "\\zxcvbnm,./", "|ZXCVBNM<>?"),
)
_NAMED = {_TAB: "Tab", _ENTER: "Return", _CONTROL: "Control_L", _SHIFT: "Shift_L", _SPACE: "space", _INSERT: "Insert"}
_TOP = 247  # GTK 3 never finds the last key of a map

_MASKS = {_SHIFT: 1, _CONTROL: 4}  # every map's first and third modifier
_CHORDS = {SHIFT_INSERT: (_SHIFT, _INSERT), CTRL_V: (_CONTROL, _V), CTRL_SHIFT_V: (_CONTROL, _SHIFT, _V)}

Press = tuple[int, bool]  # a key, and whether Shift is held


def _us() -> dict[str, Press]:
    keys = {"\n": (_ENTER, False), "\t": (_TAB, False), " ": (_SPACE, False)}
    for first, plain, shifted in _ROWS:
        for place, (one, other) in enumerate(zip(plain, shifted, strict=True)):
            keys |= {one: (first + place, False), other: (first + place, True)}
    return keys


US = _us()
# Keys that other characters are put on, the rarest first: Chromium drops those of keys that are on no keyboard.
_LENT = [US[character][0] for character in "`\\[]=-/;'90876543q1z2xjkvbpgywmfculdrhsnioate,."]


def keymap(extra: Mapping[str, int]) -> str:
    """An XKB map: the US keyboard, and these characters on these keys. Its named parts are in every installation."""
    names = {code: f"[ {name} ]" for code, name in _NAMED.items()}
    for first, plain, shifted in _ROWS:
        for place, (one, other) in enumerate(zip(plain, shifted, strict=True)):
            names[first + place] = f"[ {_symbol(one)}, {_symbol(other)} ]"
    names |= {code: f"[ {_symbol(character)} ]" for character, code in extra.items()}
    codes = " ".join(f"<K{code}> = {code + _OFFSET};" for code in (*names, _TOP))
    keys = " ".join(f"key <K{code}> {{ {symbols} }};" for code, symbols in names.items())
    modifiers = f"modifier_map Shift {{ <K{_SHIFT}> }}; modifier_map Control {{ <K{_CONTROL}> }};"
    return (
        "xkb_keymap {\n"
        f"xkb_keycodes {{ minimum = 8; maximum = 255; {codes} }};\n"
        'xkb_types { include "basic" };\n'
        'xkb_compat { include "basic" };\n'
        f"xkb_symbols {{ {keys} {modifiers} }};\n"
        "};\n"
    )


def _symbol(character: str) -> str:
    return f"U{ord(character):04X}"


def strokes(text: str) -> Iterator[tuple[dict[str, int], list[Press]]]:
    """The text in parts that one map each can hold: its extra characters with their keys, and the keys to press."""
    extra: dict[str, int] = {}
    presses: list[Press] = []
    used: set[int] = set()
    for character in text:
        press = US.get(character) or _place(character, extra, used)
        if press is None or (press[0] in extra.values() and character not in extra):
            yield extra, presses
            extra, presses, used = {}, [], set()
            press = US.get(character) or (_LENT[0], False)
        if character not in US:
            extra[character] = press[0]
        used.add(press[0])
        presses.append(press)
    yield extra, presses


def _place(character: str, extra: Mapping[str, int], used: Container[int]) -> Press | None:
    """The key of an extra character; None if every one is needed for another."""
    if character in extra:
        return extra[character], False
    return next(((key, False) for key in _LENT if key not in used), None)


class Keyboard:
    """Presses paste chords, and types."""

    def __init__(self, loop: Loop) -> None:
        seat = loop.bind(protocol.SEAT)
        manager = loop.bind(protocol.KEYBOARD_MANAGER)
        self._keyboard = loop.connection.new(protocol.KEYBOARD)
        manager.send("create_virtual_keyboard", seat, self._keyboard)
        self._extra: dict[str, int] = {}
        self._use({})

    def chord(self, way: str) -> None:
        """Press and let go the keys of a way in."""
        self.press(*_CHORDS[way])

    def press(self, *keys: int) -> None:
        """Press and let go one key, holding the modifiers before it."""
        *modifiers, key = keys
        held = 0
        for modifier in modifiers:
            held |= _MASKS[modifier]
            self._key(modifier, _DOWN)
            self._hold(held)
        self._key(key, _DOWN)
        self._key(key, _UP)
        for modifier in reversed(modifiers):
            held &= ~_MASKS[modifier]
            self._key(modifier, _UP)
            self._hold(held)

    def type(self, text: str) -> None:
        """Press and let go the keys of a text."""
        for extra, presses in strokes(text):
            if extra != self._extra:
                self._use(extra)
            for key, shifted in presses:
                self.press(*((_SHIFT, key) if shifted else (key,)))
        if self._extra:
            self._use({})  # the chords need their keys

    def _key(self, key: int, state: int) -> None:
        self._keyboard.send("key", int(time.monotonic() * 1000) & 0xFFFFFFFF, key, state)

    def _hold(self, mask: int) -> None:
        self._keyboard.send("modifiers", mask, 0, 0, 0)

    def _use(self, extra: dict[str, int]) -> None:
        self._extra = extra
        content = keymap(extra).encode() + b"\0"
        file = os.memfd_create("keymap", os.MFD_CLOEXEC)
        os.write(file, content)
        self._keyboard.send("keymap", _XKB_V1, file, len(content))
