"""The keys of each way in, as X keysyms with whether they go down, and which way suits a program. Pure."""

from __future__ import annotations

from collections.abc import Sequence

from daemon.insert.contract import CTRL_SHIFT_V, CTRL_V, SHIFT_INSERT
from daemon.insert.rules import fits

_SHIFT, _CTRL, _INSERT, _RETURN, _TAB = 0xFFE1, 0xFFE3, 0xFF63, 0xFF0D, 0xFF09
_CHORDS = {
    SHIFT_INSERT: (_SHIFT, _INSERT),
    CTRL_V: (_CTRL, ord("v")),
    CTRL_SHIFT_V: (_CTRL, _SHIFT, ord("v")),
}

# The terminals of GNOME's library VTE paste at Shift+Insert what is marked, which no portal can lend.
_PASTE_MARKED = ("*gnome-terminal*", "*org.gnome.console*", "kgx", "*ptyxis*", "*xfce4-terminal*", "*tilix*")

Keys = tuple[tuple[int, bool], ...]


def keys_of(way: str) -> Keys:
    """The presses and releases of a paste chord."""
    chord = _CHORDS[way]
    return (*((key, True) for key in chord), *((key, False) for key in reversed(chord)))


def typed(text: str) -> Keys | None:
    """The presses and releases that write ``text``; None if it has more than ASCII, which layouts get wrong."""
    named = {"\n": _RETURN, "\t": _TAB}
    if not all(character in named or " " <= character <= "~" for character in text):
        return None
    keys = [named.get(character, ord(character)) for character in text]
    return tuple((key, down) for key in keys for down in (True, False))


def way_of(ways: Sequence[str], application: str) -> str:
    """The first of ``ways``, or the one that pastes the clipboard where the first pastes something else."""
    if ways[0] == SHIFT_INSERT and CTRL_SHIFT_V in ways and any(fits(one, application) for one in _PASTE_MARKED):
        return CTRL_SHIFT_V
    return ways[0]
