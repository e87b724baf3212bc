"""One backend against the reference: with scripted workers, and with the real engines on the practice model."""

import asyncio
import sys

import psutil
import pytest

from daemon.engine import measure as engine_measure
from daemon.engine.measure import NotMeasured, measure
from daemon.worker import program
from models.bench import process
from models.choice import REFERENCE, Backend
from tests import recordings
from tests.models import tiny

ORT = Backend("ort", "cpu", 1)
SCRIPTED = [sys.executable, "-m", "tests.models.bench.scripted_worker"]


async def measured(directory, backend=ORT):
    return {row.backend: row for row in await measure(directory, backend, command=SCRIPTED)}


async def test_the_ratio_is_to_the_reference(tmp_path):
    found = await measured(tiny.bundle(tmp_path / "well"))

    assert (found[REFERENCE].ratio, found[REFERENCE].fault) == (1.0, None)
    assert (found[ORT].ratio, found[ORT].fault) == (0.5, None)
    assert found[ORT].median_ms == pytest.approx(found[REFERENCE].median_ms / 2)


@pytest.mark.parametrize(
    ("manner", "backend", "fault"),
    [
        ("refuses", ORT, "no such model"),
        ("elsewhere", Backend("ort", "cuda", 1), "asked for cuda, it runs on cpu"),
        ("mishears", ORT, "it hears another text than sherpa on the CPU"),
        ("dies", ORT, "its process ended with signal 9"),
        ("garbles", ORT, "larger than any"),
        ("errs", ORT, "out of memory"),
    ],
)
async def test_what_cannot_be_used_has_a_reason_and_no_time(tmp_path, manner, backend, fault):
    found = await measured(tiny.bundle(tmp_path / manner), backend)

    assert fault in found[backend].fault
    assert found[backend].ratio is None


async def test_a_measurement_that_is_dropped_leaves_no_process(tmp_path):
    before = set(psutil.Process().children())
    task = asyncio.create_task(measured(tiny.bundle(tmp_path / "hangs")))
    while len(set(psutil.Process().children()) - before) < 2:
        await asyncio.sleep(0.01)
    task.cancel()
    await asyncio.wait({task}, timeout=process._LEAVE_S / 2)

    assert task.cancelled()
    assert set(psutil.Process().children()) <= before


async def test_without_a_model_or_the_memory_for_two_nothing_is_measured(tmp_path, monkeypatch):
    with pytest.raises(NotMeasured, match=r"absent cannot be measured: the model directory .* does not exist"):
        await measured(tmp_path / "absent")
    monkeypatch.setattr(engine_measure, "free_bytes", lambda: 1000)
    with pytest.raises(NotMeasured, match=r"it takes 0\.0 GB of memory and 0\.0 GB are free"):
        await measured(tiny.bundle(tmp_path / "well"))


def test_a_gain_counts_that_three_of_four_pairs_show():
    assert engine_measure.steady_ratio([50.0] * 4, [100.0] * 4) == 0.5
    assert engine_measure.steady_ratio([50.0, 50.0, 50.0, 120.0, 130.0], [100.0] * 5) == 1.2
    assert engine_measure.steady_ratio([50.0, 50.0, 50.0, 50.0, 130.0], [100.0] * 5) == 0.5


def test_free_memory_is_what_can_be_had_without_swapping(tmp_path):
    file = tmp_path / "meminfo"
    file.write_text("MemTotal:  8000 kB\nMemFree:   10 kB\nMemAvailable:   2000 kB\n")

    assert engine_measure.free_bytes(file) == 2000 * 1024
    assert engine_measure.free_bytes(tmp_path / "absent") is None


@recordings.needs_model
async def test_the_real_engines_hear_the_same():
    pytest.importorskip("onnxruntime")
    command = [*program("daemon"), "_bench"]
    rows = await measure(recordings.any_model(), ORT, command=command)

    assert [row.fault for row in rows] == [None, None]
    assert all(row.ratio > 0 and row.median_ms > 0 for row in rows)
