"""Which raw key events are a press and a release by a finger: pure, given the events and the time.

The text waits for the release, so a release after a hold is told at once. What looks like one and is none comes in two
ways. Auto-repeat sends pairs of release and press while a key is held: the release counts only if the key is really up.
And contacts bounce: a press so soon after a release (the grace) counts only if it lasts, and a release so soon after a
press is told only once it has. That leaves a key that bounces in the midst of a hold: whoever is told so (``bounced``)
may have every release wait for the grace from then on.
"""

from __future__ import annotations

from dataclasses import dataclass

_CLOCK_MS = 1 << 32  # X server time stamps wrap
_SETTLED_S = 0.1  # contacts come to rest within 5 to 50 ms of a press


@dataclass(frozen=True, slots=True)
class Up:
    """The key is not pressed; it went up at ``stamp_ms`` on the clock of the events, or never was down."""

    stamp_ms: int | None = None


@dataclass(frozen=True, slots=True)
class Down:
    """The key is held since ``at_s``."""

    at_s: float


@dataclass(frozen=True, slots=True)
class Lifting:
    """The key went up at ``at_s``, which is not told yet: coming down soon, it had bounced."""

    at_s: float
    stamp_ms: int


@dataclass(frozen=True, slots=True)
class Landing:
    """The key came down at ``at_s`` after a release that was told, so soon that it must last to be a press."""

    at_s: float
    stamp_ms: int


State = Up | Down | Lifting | Landing


@dataclass(frozen=True, slots=True)
class Pressed:
    """The finger went down."""

    at_s: float


@dataclass(frozen=True, slots=True)
class Released:
    """The finger went up."""

    at_s: float


Edge = Pressed | Released
Step = tuple[State, tuple[Edge, ...]]


def press(state: State, now_s: float, stamp_ms: int, *, grace_s: float) -> Step:
    """A key press arrived; ``stamp_ms`` is its own time, which holds even if it was read late."""
    match state:
        case Up(lifted_ms) if lifted_ms is not None and _within(grace_s, lifted_ms, stamp_ms):
            return Landing(now_s, stamp_ms), ()
        case Up():
            return Down(now_s), (Pressed(now_s),)
        case Lifting(at_s, lifted_ms):
            if _within(grace_s, lifted_ms, stamp_ms):
                return Down(at_s), ()
            return Down(now_s), (Released(at_s), Pressed(now_s))
        case _:
            return state, ()


def release(state: State, now_s: float, stamp_ms: int, *, still_down: bool, patient: bool = False) -> Step:
    """A key release arrived; ``still_down`` if the keyboard says that the key is held, as under auto-repeat.

    ``patient``: this keyboard bounces, so no release is told before the grace.
    """
    if still_down:
        return state, ()
    match state:
        case Down(at_s) if patient or now_s < at_s + _SETTLED_S:
            return Lifting(now_s, stamp_ms), ()
        case Down():
            return Up(stamp_ms), (Released(now_s),)
        case Landing():
            return Up(stamp_ms), ()
        case _:
            return state, ()


def missed(state: State, now_s: float) -> Step:
    """The keyboard says that the key is up, though no release came."""
    match state:
        case Down():
            return Up(), (Released(now_s),)
        case Landing():
            return Up(), ()
        case _:
            return state, ()


def settle(state: State, now_s: float, *, grace_s: float) -> Step:
    """Time has passed: what outlived its grace counts."""
    match state:
        case Lifting(at_s, stamp_ms) if now_s >= at_s + grace_s:
            return Up(stamp_ms), (Released(at_s),)
        case Landing(at_s) if now_s >= at_s + grace_s:
            return Down(at_s), (Pressed(at_s),)
        case _:
            return state, ()


def due_s(state: State, *, grace_s: float) -> float | None:
    """When ``settle`` may have something to say; None if never."""
    return state.at_s + grace_s if isinstance(state, Lifting | Landing) else None


def bounced(before: State, after: State) -> bool:
    """Whether a release that was told at once was none: the key came down again by itself.

    A press at the very time of the release is the second half of an auto-repeat, whose key was let go just then.
    """
    return isinstance(before, Up) and isinstance(after, Landing) and before.stamp_ms != after.stamp_ms


def _within(grace_s: float, lifted_ms: int, stamp_ms: int) -> bool:
    return (stamp_ms - lifted_ms) % _CLOCK_MS <= grace_s * 1000
