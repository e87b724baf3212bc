"""Raw key events as a finger's: tables, and balance over any order of events."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from daemon.hotkey import press
from daemon.hotkey.press import Down, Lifting, Pressed, Released, Up

GRACE_S = 0.05


def run(*events):
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
            state = press.release(state, at_s, stamp_ms, still_down=what == "repeat")
        edges.extend(new)
    return state, edges


@pytest.mark.parametrize(
    ("events", "state", "edges"),
    [
        ([(1.0, "press")], Down(), [Pressed(1.0)]),
        ([(1.0, "press"), (1.2, "repeat"), (1.2, "press"), (1.3, "settle")], Down(), [Pressed(1.0)]),
        ([(1.0, "press"), (1.5, "release")], Lifting(1.5, 1500), [Pressed(1.0)]),
        ([(1.0, "press"), (1.5, "release"), (1.54, "settle")], Lifting(1.5, 1500), [Pressed(1.0)]),
        ([(1.0, "press"), (1.5, "release"), (1.56, "settle")], Up(), [Pressed(1.0), Released(1.5)]),
        ([(1.0, "press"), (1.5, "release"), (1.54, "press")], Down(), [Pressed(1.0)]),
        ([(1.0, "press"), (1.5, "release"), (1.6, "press")], Down(), [Pressed(1.0), Released(1.5), Pressed(1.6)]),
        ([(1.0, "press"), (9.0, "missed")], Up(), [Pressed(1.0), Released(9.0)]),
        ([(1.0, "missed"), (1.0, "release"), (2.0, "settle")], Up(), []),
    ],
)
def test_press(events, state, edges):
    assert run(*events) == (state, edges)


def test_the_clock_of_the_events_may_wrap():
    wrap_s = (1 << 32) / 1000
    state, edges = run((wrap_s - 1, "press"), (wrap_s - 0.01, "release"), (wrap_s + 0.01, "press"))
    assert (state, edges) == (Down(), [Pressed(wrap_s - 1)])


@given(st.lists(st.tuples(st.integers(1, 200), st.sampled_from(["press", "release", "repeat", "missed", "settle"]))))
def test_presses_and_releases_always_alternate_and_times_never_go_back(steps):
    at_s, events = 0.0, []
    for step_ms, what in steps:
        at_s += step_ms / 1000
        events.append((at_s, what))
    _, edges = run(*events, (at_s + 1, "missed"), (at_s + 2, "settle"))
    assert [type(edge) for edge in edges] == [Pressed, Released] * (len(edges) // 2)
    assert [edge.at_s for edge in edges] == sorted(edge.at_s for edge in edges)
