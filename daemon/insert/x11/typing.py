"""Typing a text by its keys, as the keyboard is mapped now: for programs that cannot be pasted into.

Nothing is remapped: pynput and xdotool lend characters to spare keys, which loses letters in every program that has not
heard of it yet, and leaves the keyboard changed. So a text is typed only if every character of it has a key.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from daemon.insert.content import Held
from daemon.insert.contract import LATER
from daemon.insert.x11.keys import Keyboard
from daemon.insert.x11.loop import Loop
from daemon.insert.x11.undo import LastInsertion

_AT_ONCE = 16  # keys between two looks at the focus and the modifiers
_SHOWN = 8  # of the characters that have no key

_UNICODE = 0x0100_0000  # a symbol above it is a code point
# Symbols that are older than Unicode: their high byte names a character set, in which their low byte stands.
_SETS = {1: "iso8859-2", 2: "iso8859-3", 3: "iso8859-4", 6: "koi8-r", 7: "iso8859-7", 0x13: "iso8859-15"}
_GREEK_LETTERS = 0x7C1  # the accented ones before it do not stand where ISO 8859-7 has them
# What stands in no such set: the keys of a text's layout, dashes, quotation marks, and Cyrillic that is not Russian.
_OTHERS = {0xFF0D: "\n", 0xFF09: "\t", 0x20AC: "€", 0xAAE: "…"}
_OTHERS |= {0xAA9: "\u2014", 0xAAA: "\u2013"}
_OTHERS |= dict(zip((0xAD0, 0xAD1, 0xAD2, 0xAD3, 0xAFD, 0xAFE), "\u2018\u2019\u201c\u201d\u201a\u201e", strict=True))
_OTHERS |= dict(enumerate("ђѓёєѕіїјљњћќґўџ№ЂЃЁЄЅІЇЈЉЊЋЌҐЎЏ", start=0x6A1))


class NoWay(Held):
    """Nothing was done: this way does not go with this text or this keyboard."""


def character(symbol: int) -> str | None:
    """What a key symbol writes; None if that is nothing, or not known."""
    if 0x20 <= symbol <= 0x7E or 0xA0 <= symbol <= 0xFF:
        return chr(symbol)
    if _UNICODE + 0x20 <= symbol <= _UNICODE + 0x10FFFF:
        return chr(symbol - _UNICODE)
    if symbol in _OTHERS:
        return _OTHERS[symbol]
    encoding = _SETS.get(symbol >> 8)
    if encoding is None or symbol & 0xFF < 0xA1 or (symbol >> 8 == 7 and symbol < _GREEK_LETTERS):
        return None
    return bytes([symbol & 0xFF]).decode(encoding, errors="ignore") or None


def strokes(text: str, places: Mapping[int, tuple[int, int]]) -> list[tuple[int, int]] | str:
    """The keycode and the level of each character of ``text``; or the characters that have no key."""
    written = {character(symbol): place for symbol, place in reversed(list(places.items()))}
    missing = dict.fromkeys(one for one in text if one not in written)
    return "".join(missing) if missing else [written[one] for one in text]


class Typing:
    """Types into the window that has the focus."""

    def __init__(self, loop: Loop, keyboard: Keyboard, last: LastInsertion) -> None:
        self._loop = loop
        self._keyboard = keyboard
        self._last = last

    def type(self, text: str, check: Callable[[], None]) -> None:
        """Type ``text``. ``check``, which is called before every few keys, raises Held where they must not go on.

        Raises Held, which says so if a part stands there, and NoWay.
        """
        group = self._keyboard.group()
        keys = [self._with_modifiers(code, level) for code, level in self._strokes(text, group)]
        for done in range(0, len(keys), _AT_ONCE):
            try:
                check()
                self._check_layout(group)
            except Held as reason:
                if not done:
                    raise
                raise Held(f"only {done} of {len(keys)} characters were typed: {reason}") from None
            for key in keys[done : done + _AT_ONCE]:
                self._last.expect(key[-1])
                self._keyboard.tap(key)
            self._loop.display.sync()

    def _strokes(self, text: str, group: int) -> list[tuple[int, int]]:
        if self._keyboard.caps_lock():
            raise NoWay(f"it is to be typed, and Caps Lock is on: switch it off and {LATER}")
        found = strokes(text, self._keyboard.places(group))
        if isinstance(found, str):
            raise NoWay(
                f"it is to be typed, and the keyboard layout has no key for {found[:_SHOWN]}: elsewhere, {LATER}"
            )
        return found

    def _with_modifiers(self, code: int, level: int) -> Sequence[int]:
        names = [name for bit, name in ((1, "Shift"), (2, "AltGr")) if level & bit]
        modifiers = [self._keyboard.modifier(name) for name in names]
        if None in modifiers:
            raise NoWay(f"the keyboard has no {' and '.join(names)} key: {LATER}")
        return [*(one for one in modifiers if one is not None), code]

    def _check_layout(self, group: int) -> None:
        if self._keyboard.caps_lock() or self._keyboard.group() != group:
            raise NoWay(f"the keyboard was switched to another layout or to capitals: {LATER}")
