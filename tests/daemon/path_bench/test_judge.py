"""Rows and bars: which case is judged, by what, and when not."""

import pytest

from daemon.path_bench.judge import judged
from daemon.path_bench.trials import Case, Trial
from tests.daemon.path_bench.made import CLIP, trial, trials


def _bars(tried, tail_ms=80.0):
    return {bar["bar"]: bar for bar in judged(tried, tail_ms=tail_ms, practice=True)["bars"]}


def test_the_rest_of_a_release_is_felt_less_insertion():
    tried = trials(
        [trial(insert=40.0, engine=60.0), trial(insert=90.0, engine=60.0)], [trial(recognise=60.0, engine=60.0)]
    )
    [on, off] = judged(tried, tail_ms=80, practice=True)["rows"]
    assert (on["speculate"], on["count"], on["arrived"], on["right"]) == (True, 2, 2, 2)
    assert on["rest"]["p50"] == pytest.approx(12.0)
    assert off["rest"]["p50"] == pytest.approx(72.0)
    assert off["engine"]["p50"] == pytest.approx(60.0)
    bar = _bars(tried)["release at 150 ms: felt - insertion"]
    assert (bar["met"], bar["within"], bar["count"], bar["why"]) == (True, 2, 2, None)


def test_a_release_bar_is_missed_where_the_decode_was_waited_for_though_it_fits():
    waited = trial(recognise=50.0, engine=50.0)
    bar = _bars(trials([waited, waited, trial(engine=50.0)], []))["release at 150 ms: felt - insertion"]
    assert (bar["met"], bar["within"], bar["count"], bar["why"]) == (False, 1, 3, None)


def test_a_decode_that_does_not_fit_is_not_judged_and_the_report_says_so():
    long = trial(recognise=50.0, engine=100.0)
    name = "release at 150 ms: felt - insertion"
    bar = _bars(trials([long], []))[name]
    assert (bar["met"], bar["count"]) == (None, 0)
    assert "0 of 1" in bar["why"]
    bar = _bars(trials([long, trial(engine=60.0)], []))[name]
    assert (bar["met"], bar["count"], bar["within"]) == (True, 1, 1)


def test_an_early_release_has_no_bar():
    assert not [bar for bar in _bars(trials([trial()], [trial(recognise=60.0)], gap_ms=50)) if "felt" in bar]


def test_hands_free_the_wait_for_the_endpoint_is_no_part_of_the_rest():
    tried = trials([trial(wait=700.0, recognise=4.0)], [trial(wait=700.0, recognise=100.0)], gap_ms=None)
    bar = _bars(tried)["hands-free: felt - endpoint wait - insertion"]
    assert (bar["met"], bar["p50_ms"]) == (True, pytest.approx(4.0))


def test_the_control_fails_if_nobody_waits_for_a_decode_without_speculation():
    name = "release at 150 ms, no speculation: the decode is waited for"
    assert _bars(trials([trial()], [trial(recognise=100.0)]))[name]["met"] is True
    assert _bars(trials([trial()], [trial(recognise=1.0)]))[name]["met"] is False


def test_what_never_came_or_was_held_is_counted_and_not_measured():
    held = Trial(CLIP, {**trial().entry, "outcome": "held"})
    held.entry["timings_ms"].update(felt=None, insert=None)
    case = Case(150)
    [row] = judged([(case, True, Trial(CLIP)), (case, True, held)], tail_ms=80, practice=False)["rows"]
    assert (row["count"], row["arrived"], row["right"], row["outcomes"]) == (2, 0, None, {"held": 1})
    assert row["felt"] is None


def test_rows_come_in_the_order_of_the_gaps_with_hands_free_last():
    tried = [*trials([trial()], [trial()], gap_ms=None), *trials([trial()], [trial()], gap_ms=300)]
    tried += trials([trial()], [trial()], gap_ms=0)
    rows = judged(tried, tail_ms=80, practice=True)["rows"]
    assert [row["gap_ms"] for row in rows] == [0, 0, 300, 300, None, None]
    assert [row["speculate"] for row in rows] == [True, False] * 3
