"""Raw key events as a finger's: tables, and balance over any order of events."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from daemon.hotkey import press
from daemon.hotkey.press import Down, Landing, Lifting, Pressed, Released, Up

GRACE_S = 0.05


def run(*events, patient=False):
    """Feed (time, what) events, time in seconds for both clocks; the edges that came out."""
    state, edges = Up(), []
    for at_s, what in events:
        new = ()
        stamp_ms = round(at_s * 1000) % (1 << 32)
        if what == "press":
            state, new = press.press(state, at_s, stamp_ms, grace_s=GRACE_S)
        elif what == "missed":
            state, new = press.missed(state, at_s)
        elif what == "settle":
            state, new = press.settle(state, at_s, grace_s=GRACE_S)
        else:
            state, new = press.release(state, at_s, stamp_ms, still_down=what == "repeat", patient=patient)
        edges.extend(new)
    return state, edges


@pytest.mark.parametrize(
    ("events", "state", "edges"),
    [
        ([(1.0, "press")], Down(1.0), [Pressed(1.0)]),
        ([(1.0, "press"), (1.2, "repeat"), (1.2, "press"), (1.3, "settle")], Down(1.0), [Pressed(1.0)]),
        ([(1.0, "press"), (1.05, "release")], Lifting(1.05, 1050), [Pressed(1.0)]),
        ([(1.0, "press"), (1.05, "release"), (1.09, "settle")], Lifting(1.05, 1050), [Pressed(1.0)]),
        ([(1.0, "press"), (1.05, "release"), (1.11, "settle")], Up(1050), [Pressed(1.0), Released(1.05)]),
        ([(1.0, "press"), (1.05, "release"), (1.09, "press")], Down(1.05), [Pressed(1.0)]),
        (
            [(1.0, "press"), (1.05, "release"), (1.2, "press")],
            Down(1.2),
            [Pressed(1.0), Released(1.05), Pressed(1.2)],
        ),
        ([(1.0, "press"), (9.0, "missed")], Up(), [Pressed(1.0), Released(9.0)]),
        ([(1.0, "missed"), (1.0, "release"), (2.0, "settle")], Up(), []),
    ],
)
def test_press(events, state, edges):
    assert run(*events) == (state, edges)


HELD = [(1.0, "press"), (1.5, "release")]


@pytest.mark.parametrize(
    ("events", "state", "edges"),
    [
        pytest.param([], Up(1500), [], id="a release is told at once"),
        pytest.param([(1.54, "press")], Landing(1.54, 1540), [], id="what follows so soon must last"),
        pytest.param([(1.54, "press"), (1.57, "release"), (1.7, "settle")], Up(1570), [], id="a bounce is nothing"),
        pytest.param([(1.54, "press"), (1.58, "missed")], Up(), [], id="one whose end got lost, too"),
        pytest.param([(1.54, "press"), (1.6, "settle")], Down(1.54), [Pressed(1.54)], id="it lasted: the key is held"),
        pytest.param([(1.54, "press"), (1.55, "repeat"), (1.56, "press")], Landing(1.54, 1540), [], id="auto-repeat"),
        pytest.param([(1.6, "press")], Down(1.6), [Pressed(1.6)], id="the next press"),
    ],
)
def test_the_release_after_a_hold(events, state, edges):
    assert run(*HELD, *events) == (state, [Pressed(1.0), Released(1.5), *edges])


@pytest.mark.parametrize(
    ("events", "state", "edges"),
    [
        ([], Lifting(1.5, 1500), []),
        ([(1.56, "settle")], Up(1500), [Released(1.5)]),
        ([(1.54, "press"), (1.6, "settle")], Down(1.5), []),
    ],
)
def test_a_keyboard_that_bounces_has_to_wait(events, state, edges):
    assert run(*HELD, *events, patient=True) == (state, [Pressed(1.0), *edges])


def test_a_key_that_comes_down_by_itself_has_bounced():
    assert press.bounced(Up(1500), Landing(1.54, 1540))
    assert not press.bounced(Up(1500), Landing(1.5, 1500)), "the second half of an auto-repeat"
    assert not press.bounced(Up(1500), Down(1.6))
    assert not press.bounced(Landing(1.54, 1540), Landing(1.54, 1540))


def test_the_clock_of_the_events_may_wrap():
    wrap_s = (1 << 32) / 1000
    held, lifted = [(wrap_s - 1, "press"), (wrap_s - 0.01, "release")], wrap_s - 0.01
    assert run(*held, (wrap_s + 0.01, "press"), patient=True) == (Down(lifted), [Pressed(wrap_s - 1)])
    assert isinstance(run(*held, (wrap_s + 0.01, "press"))[0], Landing)
    assert isinstance(run(*held, (wrap_s + 0.1, "press"))[0], Down)


@given(
    st.lists(st.tuples(st.integers(1, 200), st.sampled_from(["press", "release", "repeat", "missed", "settle"]))),
    st.booleans(),
)
def test_presses_and_releases_always_alternate_and_times_never_go_back(steps, patient):
    at_s, events = 0.0, []
    for step_ms, what in steps:
        at_s += step_ms / 1000
        events.append((at_s, what))
    _, edges = run(*events, (at_s + 1, "settle"), (at_s + 2, "missed"), patient=patient)
    assert [type(edge) for edge in edges] == [Pressed, Released] * (len(edges) // 2)
    assert [edge.at_s for edge in edges] == sorted(edge.at_s for edge in edges)
