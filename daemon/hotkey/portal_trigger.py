"""A chord as the XDG shortcuts specification writes it, and what the portal's signals are as presses. Pure."""

from __future__ import annotations

from dataclasses import dataclass

from daemon.compositors import keysym
from daemon.hotkey.keys import MODIFIERS, Chord
from daemon.hotkey.press import Edge, Pressed, Released

_NAMES = {"ctrl": "CTRL", "alt": "ALT", "shift": "SHIFT", "super": "LOGO"}
_AGAIN_S = 1.0  # auto-repeat sends presses more often than that, and first after 0.7 s at most


def trigger(chord: Chord) -> str:
    """The ``preferred_trigger`` of ``chord``."""
    return "+".join([*(_NAMES[name] for name in MODIFIERS if name in chord.modifiers), keysym(chord.key)])


@dataclass(frozen=True, slots=True)
class Up:
    """The shortcut is not active."""


@dataclass(frozen=True, slots=True)
class Down:
    """It is, since ``at_s``, on the portal's clock ``stamp_ms``; ``heard_s`` is when that was last said."""

    at_s: float
    stamp_ms: int
    heard_s: float


State = Up | Down
Step = tuple[State, tuple[Edge, ...]]


def activated(state: State, now_s: float, stamp_ms: int) -> Step:
    """The shortcut became active. Said again, it is auto-repeat, or the release of the press before was lost.

    Then this press is the one by which the user ends what runs on: it counts as that release.
    """
    match state:
        case Up():
            return Down(now_s, stamp_ms, now_s), (Pressed(now_s),)
        case Down(at_s, since_ms, heard_s) if now_s - heard_s < _AGAIN_S:
            return Down(at_s, since_ms, now_s), ()
        case _:
            return Up(), (Released(now_s),)


def deactivated(state: State, now_s: float, stamp_ms: int) -> Step:
    """The shortcut is no longer active; how long it was is what the portal's clock says, where it has one."""
    match state:
        case Down(at_s, since_ms):
            held_s = (stamp_ms - since_ms) / 1000
            return Up(), (Released(at_s + held_s if since_ms and 0 <= held_s <= now_s - at_s else now_s),)
        case _:
            return state, ()
