"""Lines, shares, spread and intervals of a history, on numbers that are known."""

import random

import pytest

from daemon.messages import Mode
from daemon.stats.analysis import analysed, points, spread
from tests.daemon.stats.histories import history, utterance


def test_the_lines_are_those_that_the_times_lie_on():
    entries = [
        utterance(seconds, 5 + 20 * seconds, tokens=int(3 * seconds), number=n)
        for n, seconds in enumerate((1, 2, 4, 9))
    ]
    [engine] = analysed(entries)["engines"]
    line = engine["fits"]["engine"]["seconds"]
    assert (line["slope"], line["intercept"], line["r_squared"]) == pytest.approx((20, 5, 1))
    line = engine["fits"]["decode"]["tokens"]
    assert (line["slope"], line["intercept"]) == pytest.approx((16 / 3, 4))
    assert engine["shares"] == pytest.approx({"features": 0.2, "encode": None, "decode": 0.8, "engine": 1.0})


def test_each_utterance_is_in_the_bucket_of_its_length():
    entries = [utterance(seconds, 10 * seconds, number=n) for n, seconds in enumerate((0.5, 1.0, 1.9, 2.0, 30.0))]
    [engine] = analysed(entries)["engines"]
    assert [(one["from_s"], one["to_s"], one["utterances"]) for one in engine["buckets"]] == [
        (0, 1, 1),
        (1, 2, 2),
        (2, 4, 1),
        (16, None, 1),
    ]
    within = engine["buckets"][1]["phases"]["engine"]
    assert (within["count"], within["mean"], within["p50"]) == pytest.approx((2, 14.5, 14.5))
    assert within["sd"] == pytest.approx(9 / 2**0.5)
    assert (within["low"], within["high"]) == (None, None), "two say nothing about a median"


def test_models_and_modes_are_kept_apart():
    entries = [*history(5, model="first"), *history(7, model="second"), utterance(2, 50, mode=Mode.HANDS_FREE)]
    stats = analysed(entries)
    assert [(one["model"], one["utterances"]) for one in stats["engines"]] == [("second", 7), ("first", 5), ("m", 1)]
    assert [(one["mode"], one["utterances"]) for one in stats["modes"]] == [("hold", 12), ("hands_free", 1)]
    assert list(points(entries)) == ["second on cpu", "first on cpu", "m on cpu"]


def test_the_interval_of_a_median_holds_it_about_as_often_as_it_says():
    random_ = random.Random(3)  # noqa: S311
    for count in (8, 20, 101):
        held = 0
        for _ in range(600):
            one = spread([random_.expovariate(1) for _ in range(count)])
            held += one.low <= 0.693 <= one.high
        assert 0.97 < held / 600 <= 1.0, count


def test_nothing_gives_an_empty_report():
    assert analysed([]) == {"format": 1, "utterances": 0, "stages": [], "modes": [], "engines": []}
