"""When a recording begins and ends: a pure state machine over keys, commands and time.

``step`` takes the state and one event and gives the next state and what is to be done. It knows no clock, no key and
no microphone, so every order of events is a row in a table test. Times are ``time.monotonic()`` seconds.

One key serves two habits: held at least ``hold_s`` it is push to talk and its release ends the recording; let go sooner
it was a tap, the recording goes on, and the next press ends it.
"""

from __future__ import annotations

from dataclasses import dataclass

from daemon.messages import Mode


@dataclass(frozen=True, slots=True)
class Idle:
    """Nothing is recorded. ``key_down`` while the press that ended a recording has not been let go yet."""

    key_down: bool = False


@dataclass(frozen=True, slots=True)
class Recording:
    """A recording runs since ``began_s``; ``key_down`` while the press that began it is still held."""

    mode: Mode
    began_s: float
    key_down: bool = False


State = Idle | Recording


@dataclass(frozen=True, slots=True)
class KeyPressed:
    """The hotkey went down."""

    at_s: float


@dataclass(frozen=True, slots=True)
class KeyReleased:
    """The hotkey went up."""

    at_s: float


@dataclass(frozen=True, slots=True)
class StartAsked:
    """A command asks for a recording; while one runs it changes nothing."""

    at_s: float
    mode: Mode


@dataclass(frozen=True, slots=True)
class StopAsked:
    """A command, or the time limit, ends the recording and delivers what was said."""

    at_s: float


@dataclass(frozen=True, slots=True)
class CancelAsked:
    """What was said since the last insertion is dropped."""

    at_s: float


@dataclass(frozen=True, slots=True)
class MicrophoneGone:
    """The microphone ended by itself; what was said so far is delivered."""

    at_s: float


Event = KeyPressed | KeyReleased | StartAsked | StopAsked | CancelAsked | MicrophoneGone


@dataclass(frozen=True, slots=True)
class Begin:
    """Open the microphone."""

    mode: Mode
    at_s: float


@dataclass(frozen=True, slots=True)
class Relabel:
    """The running recording turned out to be of another mode: a short press was a tap."""

    mode: Mode


@dataclass(frozen=True, slots=True)
class Finish:
    """Close the microphone and deliver everything said until ``at_s``."""

    at_s: float


@dataclass(frozen=True, slots=True)
class Abandon:
    """Close the microphone and drop what has not been inserted."""

    at_s: float


Action = Begin | Relabel | Finish | Abandon


def step(state: State, event: Event, *, hold_s: float) -> tuple[State, Action | None]:  # noqa: PLR0911 - a table
    """The next state, and what is to be done, if anything."""
    match state, event:
        case Idle(key_down=False), KeyPressed(at_s):
            return Recording(Mode.HOLD, at_s, key_down=True), Begin(Mode.HOLD, at_s)
        case Idle(), KeyReleased():
            return Idle(), None
        case Idle(key_down), StartAsked(at_s, mode):
            return Recording(mode, at_s, key_down=key_down), Begin(mode, at_s)
        case Recording(key_down=False), KeyPressed(at_s):
            return Idle(key_down=True), Finish(at_s)
        case Recording(Mode.HOLD, began_s, True), KeyReleased(at_s) if at_s - began_s >= hold_s:
            return Idle(), Finish(at_s)
        case Recording(Mode.HOLD, began_s, True), KeyReleased():
            return Recording(Mode.TOGGLE, began_s), Relabel(Mode.TOGGLE)
        case Recording(mode, began_s), KeyReleased():
            return Recording(mode, began_s), None
        case Recording(key_down=key_down), StopAsked(at_s) | MicrophoneGone(at_s):
            return Idle(key_down), Finish(at_s)
        case Recording(key_down=key_down), CancelAsked(at_s):
            return Idle(key_down), Abandon(at_s)
        case _:
            return state, None
