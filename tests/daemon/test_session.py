"""The session's decisions as tables: events in, actions out."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from daemon import session
from daemon.messages import Mode
from daemon.session import (
    Abandon,
    Begin,
    CancelAsked,
    Finish,
    Idle,
    KeyPressed,
    KeyReleased,
    MicrophoneGone,
    Recording,
    Relabel,
    StartAsked,
    StopAsked,
)

HOLD_S = 0.3


def run(*events):
    state, actions = Idle(), []
    for event in events:
        state, action = session.step(state, event, hold_s=HOLD_S)
        if action is not None:
            actions.append(action)
    return state, actions


@pytest.mark.parametrize(
    ("events", "actions", "state"),
    [
        pytest.param(
            [KeyPressed(1.0), KeyReleased(2.0)],
            [Begin(Mode.HOLD, 1.0), Finish(2.0)],
            Idle(),
            id="hold to talk",
        ),
        pytest.param(
            [KeyPressed(1.0), KeyReleased(1.3)],
            [Begin(Mode.HOLD, 1.0), Finish(1.3)],
            Idle(),
            id="held just long enough",
        ),
        pytest.param(
            [KeyPressed(1.0), KeyReleased(1.1), KeyPressed(5.0), KeyReleased(5.1)],
            [Begin(Mode.HOLD, 1.0), Relabel(Mode.TOGGLE), Finish(5.0)],
            Idle(),
            id="tap to start, tap to stop",
        ),
        pytest.param(
            [KeyPressed(1.0), KeyReleased(1.1), KeyPressed(5.0), KeyReleased(9.0)],
            [Begin(Mode.HOLD, 1.0), Relabel(Mode.TOGGLE), Finish(5.0)],
            Idle(),
            id="the press that stops may be held long",
        ),
        pytest.param(
            [KeyPressed(1.0), CancelAsked(1.5), KeyReleased(2.0), KeyPressed(3.0)],
            [Begin(Mode.HOLD, 1.0), Abandon(1.5), Begin(Mode.HOLD, 3.0)],
            Recording(Mode.HOLD, 3.0, key_down=True),
            id="cancelled while held: the release starts nothing",
        ),
        pytest.param(
            [KeyPressed(1.0), StopAsked(121.0), KeyReleased(130.0)],
            [Begin(Mode.HOLD, 1.0), Finish(121.0)],
            Idle(),
            id="the time limit ends a key that was never released",
        ),
        pytest.param(
            [StartAsked(1.0, Mode.HANDS_FREE), StartAsked(2.0, Mode.TOGGLE), StopAsked(3.0), StopAsked(4.0)],
            [Begin(Mode.HANDS_FREE, 1.0), Finish(3.0)],
            Idle(),
            id="start and stop twice are as once",
        ),
        pytest.param(
            [StartAsked(1.0, Mode.HANDS_FREE), KeyPressed(5.0), KeyReleased(5.1)],
            [Begin(Mode.HANDS_FREE, 1.0), Finish(5.0)],
            Idle(),
            id="the key ends hands-free dictation",
        ),
        pytest.param(
            [KeyPressed(1.0), MicrophoneGone(2.0), KeyReleased(3.0)],
            [Begin(Mode.HOLD, 1.0), Finish(2.0)],
            Idle(),
            id="microphone pulled out: what was said is delivered",
        ),
        pytest.param([CancelAsked(1.0), StopAsked(2.0), KeyReleased(3.0)], [], Idle(), id="nothing to end"),
    ],
)
def test_events_give_these_actions(events, actions, state):
    assert run(*events) == (state, actions)


_EVENTS = st.sampled_from(
    [
        KeyPressed,
        KeyReleased,
        StopAsked,
        CancelAsked,
        MicrophoneGone,
        lambda at_s: StartAsked(at_s, Mode.TOGGLE),
        lambda at_s: StartAsked(at_s, Mode.HANDS_FREE),
    ],
)


@given(st.lists(st.tuples(_EVENTS, st.floats(0.01, 2.0)), max_size=60))
def test_every_recording_that_begins_ends_once_and_before_the_next(steps):
    state, recording, now = Idle(), False, 0.0
    for make, pause_s in steps:
        now += pause_s
        state, action = session.step(state, make(now), hold_s=HOLD_S)
        if isinstance(action, Begin):
            assert not recording
            recording = True
        if isinstance(action, Finish | Abandon):
            assert recording
            recording = False
        assert recording == isinstance(state, Recording)
    state, _action = session.step(state, StopAsked(now), hold_s=HOLD_S)
    assert isinstance(state, Idle)
