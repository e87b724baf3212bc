"""Which raw key events are a press and a release by a finger: pure, given the events and the time.

Auto-repeat sends pairs of release and press while a key is held, and some keyboards bounce. A release counts if the key
is really up, and once it has stayed up for the grace; it is then reported with the time at which it happened.
"""

from __future__ import annotations

from dataclasses import dataclass

_CLOCK_MS = 1 << 32  # X server time stamps wrap


@dataclass(frozen=True, slots=True)
class Up:
    """The key is not pressed."""


@dataclass(frozen=True, slots=True)
class Down:
    """The key is held."""


@dataclass(frozen=True, slots=True)
class Lifting:
    """The key went up at ``at_s``, ``stamp_ms`` on the clock of the events; coming down soon, it had bounced."""

    at_s: float
    stamp_ms: int


State = Up | Down | Lifting


@dataclass(frozen=True, slots=True)
class Pressed:
    """The finger went down."""

    at_s: float


@dataclass(frozen=True, slots=True)
class Released:
    """The finger went up."""

    at_s: float


Edge = Pressed | Released


def press(state: State, now_s: float, stamp_ms: int, *, grace_s: float) -> tuple[State, tuple[Edge, ...]]:
    """A key press arrived; ``stamp_ms`` is its own time, which holds even if it was read late."""
    match state:
        case Up():
            return Down(), (Pressed(now_s),)
        case Down():
            return state, ()
        case Lifting(at_s, lifted_ms):
            if (stamp_ms - lifted_ms) % _CLOCK_MS <= grace_s * 1000:
                return Down(), ()
            return Down(), (Released(at_s), Pressed(now_s))


def release(state: State, now_s: float, stamp_ms: int, *, still_down: bool) -> State:
    """A key release arrived; ``still_down`` if the keyboard says that the key is held, as under auto-repeat."""
    if isinstance(state, Down) and not still_down:
        return Lifting(now_s, stamp_ms)
    return state


def missed(state: State, now_s: float) -> tuple[State, tuple[Edge, ...]]:
    """The keyboard says that the key is up, though no release came."""
    return (Up(), (Released(now_s),)) if isinstance(state, Down) else (state, ())


def settle(state: State, now_s: float, *, grace_s: float) -> tuple[State, tuple[Edge, ...]]:
    """Time has passed: a release that outlived its grace is one."""
    if isinstance(state, Lifting) and now_s >= state.at_s + grace_s:
        return Up(), (Released(state.at_s),)
    return state, ()
