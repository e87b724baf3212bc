"""Key names as X11 has them: keysyms, and for a keyboard map the key codes and modifier bits. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations, product

from Xlib import XK, X

from daemon.errors import HotkeyError
from daemon.hotkey.keys import Chord, printed

MODIFIER_BITS = 0xFF  # Shift, Lock, Control and Mod1 to Mod5; the bits above are buttons and the layout group

_KEYSYM_NAMES = {
    "pause": ("Pause", "Break"),
    "scroll_lock": ("Scroll_Lock",),
    "print": ("Print",),
    "menu": ("Menu",),
    "ctrl_r": ("Control_R",),
    "alt_r": ("Alt_R",),
    "shift_r": ("Shift_R",),
    "super_r": ("Super_R",),
    "return": ("Return",),
    "tab": ("Tab",),
    "escape": ("Escape",),
    "backspace": ("BackSpace",),
    "delete": ("Delete",),
    "insert": ("Insert",),
    "home": ("Home",),
    "end": ("End",),
    "page_up": ("Prior",),
    "page_down": ("Next",),
    "left": ("Left",),
    "right": ("Right",),
    "up": ("Up",),
    "down": ("Down",),
    "space": ("space",),
}
# keysyms that python-xlib does not load by itself; the layout decides whether the right Alt key is AltGr
_EXTRA = {"mic_mute": (0x1008FFB2,), "alt_r": (0xFE03,)}
_NUM_LOCK = (XK.string_to_keysym("Num_Lock"),)
_SCROLL_LOCK = (XK.string_to_keysym("Scroll_Lock"),)
_ALT = tuple(map(XK.string_to_keysym, ("Alt_L", "Alt_R")))
_SUPER = tuple(map(XK.string_to_keysym, ("Super_L", "Super_R")))

KeyCodes = Mapping[int, Iterable[tuple[int, int]]]


@dataclass(frozen=True, slots=True)
class Keyboard:
    """A keyboard map: ``codes`` gives (key code, column) pairs for a keysym, ``modifiers`` the codes of the 8 bits."""

    codes: KeyCodes
    modifiers: Sequence[Sequence[int]]


@dataclass(frozen=True, slots=True)
class Binding:
    """What is to be grabbed: every key code under every one of ``masks``. ``held`` is the mask without the locks."""

    codes: frozenset[int]
    held: int
    masks: frozenset[int]

    def grabs(self) -> Iterable[tuple[int, int]]:
        """Every (key code, mask) that is grabbed by itself."""
        return product(self.codes, self.masks)


def keysyms(key: str) -> tuple[int, ...]:
    """The X11 keysyms of a key of ``keys.NAMES``."""
    character = printed(key)
    if character is not None:
        return (ord(character),)  # the keysym of a Latin-1 character is its code
    named = map(XK.string_to_keysym, _KEYSYM_NAMES.get(key, (key.upper(),)))
    return (*filter(None, named), *_EXTRA.get(key, ()))


def relevant(chord: Chord) -> tuple[int, ...]:
    """Every keysym whose place on the keyboard ``bind`` needs to know."""
    return (*keysyms(chord.key), *_ALT, *_SUPER, *_NUM_LOCK, *_SCROLL_LOCK)


def bind(chord: Chord, keyboard: Keyboard) -> Binding:
    """What to grab for ``chord`` on ``keyboard``. Raises HotkeyError if the layout has no such key."""
    places = [place for keysym in keysyms(chord.key) for place in keyboard.codes.get(keysym, ())]
    # columns 0 and 2 are the first two layouts without Shift; a later even one may be a third layout, or need AltGr
    codes = frozenset(code for code, column in places if column in (0, 2))
    codes = codes or frozenset(code for code, column in places if column % 2 == 0)
    if not codes:
        raise HotkeyError(
            f"this keyboard layout has no key {chord}: choose another with `swictation config set hotkey.key KEY`"
        )
    held = 0
    for name in chord.modifiers:
        held |= _modifier_bit(name, keyboard)
    locks = {X.LockMask, _bit_of(_NUM_LOCK, keyboard, 0), _bit_of(_SCROLL_LOCK, keyboard, 0)} - {0}
    free = sorted(lock for lock in locks if not lock & held)
    masks = frozenset(held | sum(chosen) for size in range(len(free) + 1) for chosen in combinations(free, size))
    return Binding(codes, held, masks)


def _modifier_bit(name: str, keyboard: Keyboard) -> int:
    match name:
        case "ctrl":
            return int(X.ControlMask)
        case "shift":
            return int(X.ShiftMask)
        case "alt":
            return _bit_of(_ALT, keyboard, X.Mod1Mask)
        case _:
            return _bit_of(_SUPER, keyboard, X.Mod4Mask)


def _bit_of(wanted: Sequence[int], keyboard: Keyboard, otherwise: int) -> int:
    """The modifier bit that one of the keysyms ``wanted`` sets."""
    codes = {code for keysym in wanted for code, _column in keyboard.codes.get(keysym, ())}
    for index, row in enumerate(keyboard.modifiers):
        if codes & set(row) - {0}:
            return 1 << index
    return otherwise
