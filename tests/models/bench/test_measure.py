"""The run against scripted workers: what is made of their figures, and that a bad one ends its own row only."""

import sys
from pathlib import Path

import pytest

from models.bench import measure, process
from models.bench.audio import Clip
from models.bench.process import Candidate

CLIPS = [Clip(f"{seconds} s", float(seconds), bytes(32_000 * seconds)) for seconds in (1, 2)]
COMMAND = [sys.executable, "-m", "tests.models.bench.scripted_worker"]


async def _run(*candidates, repeats=3):
    steps = []
    rows = await measure.run(candidates, CLIPS, command=COMMAND, threads=1, repeats=repeats, progress=steps.append)
    assert len(steps) >= len(CLIPS)
    return rows


def _engines(name, *engines, provider="cpu"):
    return [Candidate(Path("nowhere") / name, engine, provider) for engine in engines]


async def test_the_figures_of_a_row():
    sherpa, ort = await _run(*_engines("well", "sherpa", "ort"))

    assert [one.clip for one in ort.lengths] == ["1 s", "2 s"]
    two = ort.lengths[1]
    assert (two.cold_ms, two.phases["whole"].p50, two.phases["whole"].count) == (40_000.0, 40.0, 3)
    assert two.phases["encode"].mean == 20.0
    assert two.shares == {"features": 0.25, "encode": 0.5, "decode": 0.25, "whole": 1.0, "processor": 0.5}
    assert (two.tokens, two.ms_per_token, two.real_time_factor) == (8, 5.0, 0.02)
    assert (two.load_ms, two.rss_mb) == (7.0, 50.0)
    assert two.start_ms > 0
    assert two.ratios == {"sherpa/cpu": 0.5, "ort/cpu": 1.0}
    assert two.agrees
    assert ort.quality["verdict"] == "passed"
    assert sherpa.lengths[1].phases["encode"] is None
    assert sherpa.lengths[1].shares["encode"] is None
    assert sherpa.fits["encode"] == {"seconds": None, "tokens": None}
    assert (sherpa.fits["whole"]["seconds"].slope, sherpa.fits["whole"]["tokens"].slope) == pytest.approx((40.0, 10.0))
    assert sherpa.fits["whole"]["seconds"].r_squared == pytest.approx(1.0)


async def test_a_peer_is_held_against_each_of_the_model():
    *_ours, peer = await _run(*_engines("well", "sherpa", "ort", "peer:sherpa"))

    assert peer.lengths[0].ratios == {"sherpa/cpu": 1.25, "ort/cpu": 2.5, "peer:sherpa/cpu": 1.0}


async def test_what_a_gpu_gains_over_the_fastest_on_the_cpu_that_is_no_peer():
    rows = await _run(*_engines("well", "sherpa", "ort", "peer:sherpa"), *_engines("well", "ort", provider="cuda"))

    assert rows[-1].gpu_speed_up == {"1 s": 10.0, "2 s": 10.0}
    assert [row.gpu_speed_up for row in rows[:-1]] == [{}, {}, {}]


@pytest.mark.parametrize(
    ("manner", "fault"),
    [
        ("refuses", "no such model"),
        ("dies", "its process ended with signal 9 in mid-run"),
        ("errs", "out of memory"),
        ("garbles", "larger than any"),
    ],
)
async def test_a_bad_worker_ends_its_own_row_only(manner, fault):
    sherpa, ort = await _run(*_engines(manner, "sherpa", "ort"))

    assert fault in ort.fault
    assert ort.lengths == ()
    assert sherpa.fault is None
    assert [one.clip for one in sherpa.lengths] == ["1 s", "2 s"]
    assert sherpa.lengths[0].ratios == {"sherpa/cpu": 1.0, "ort/cpu": None}


async def test_a_worker_that_hangs_is_ended(monkeypatch):
    monkeypatch.setattr(process, "_LOAD_S", 2.0)

    (row,) = await _run(*_engines("hangs", "ort"))

    assert row.fault == "it did not load within 2 s and was ended"


async def test_a_row_is_never_of_another_provider_than_it_says():
    (row,) = await _run(*_engines("elsewhere", "ort", provider="cuda"))

    assert (row.fault, row.lengths) == ("asked for cuda, it runs on cpu", ())


async def test_another_text_than_that_of_the_first_is_told():
    sherpa, ort = await _run(*_engines("mishears", "sherpa", "ort"))

    assert [sherpa.lengths[0].agrees, ort.lengths[0].agrees] == [True, False]


@pytest.mark.parametrize(
    ("memory", "expected"),
    [(None, [[0, 1, 2]]), (10_000, [[0, 1, 2]]), (1_000, [[0, 1], [2]])],
)
def test_models_that_do_not_fit_into_memory_together_run_one_after_the_other(memory, expected):
    candidates = [*_engines("a", "sherpa", "ort"), *_engines("b", "sherpa")]

    assert measure.groups([100, 100, 400], candidates, memory) == expected
