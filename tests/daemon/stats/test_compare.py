"""Regressions: named where there is one, and only where enough utterances say so."""

import json

import pytest

from daemon.stats.analysis import analysed
from daemon.stats.compare import changes
from daemon.stats.words import changes_in_words, stats_in_words
from tests.daemon.stats.histories import history


def _compared(before, now):
    saved = json.loads(json.dumps(analysed(before)))  # as it comes out of a file
    return changes(saved, analysed(now))


def _named(found, verdict):
    return [change.what for change in found if change.verdict == verdict]


def test_a_slower_insertion_is_named_and_nothing_else():
    found = _compared(history(60), history(60, insert=14.0, seed=2))
    assert _named(found, "slower") == ["insert, hold"]
    [change] = [change for change in found if change.verdict == "slower"]
    assert change.share == pytest.approx(0.4, abs=0.05)
    assert "slower  insert, hold: 10." in changes_in_words(found, "old.json")


def test_a_slower_engine_is_named_by_phase_and_length():
    found = _compared(history(200), history(200, slower=1.25, seed=2))
    slower = _named(found, "slower")
    assert "decode, m on cpu, of 2 to 4 s, per second" in slower
    assert "engine, m on cpu, of 4 to 8 s, per second" in slower
    assert "insert, hold" not in slower
    assert _named(found, "faster") == []


def test_longer_utterances_are_not_a_slower_engine():
    short = [entry for entry in history(400) if entry.audio_s < 3.9]
    longer = [entry for entry in history(400, seed=2) if entry.audio_s > 2.1]
    found = _compared(short, longer)
    assert not [what for what in _named(found, "slower") if what.startswith(("decode", "engine", "features"))]


def test_a_few_utterances_do_not_say_so():
    found = _compared(history(60), history(12, insert=40.0, seed=2))
    assert "insert, hold" in _named(found, "too few")
    assert _named(found, "slower") == []


@pytest.mark.parametrize("seed", range(2, 22))
def test_the_same_machine_is_not_named_slower(seed):
    assert _named(_compared(history(60), history(60, seed=seed)), "slower") == []


def test_another_model_is_not_compared():
    found = _compared(history(40, model="one"), history(40, model="other", slower=3.0))
    assert not [change for change in found if "per second" in change.what]


def test_the_tables_fit_the_terminal_and_name_every_phase():
    told = stats_in_words(analysed(history(60)))
    assert max(map(len, told.splitlines())) <= 120
    for part in ("enc+dec", "features", "engine", "sd/mean", "2 to 4 s"):
        assert part in told, told
    assert "encode" not in told
    assert stats_in_words(analysed([])) == "no utterance has been measured yet"
