"""``swictation models measure``: its table, and a run over the real engines without a daemon."""

import json
import subprocess
import sys

import pytest

from daemon.commands import measure as measure_command
from daemon.engine.choice import Known
from daemon.engine.words import engine_lines
from models.choice import REFERENCE, Backend, Machine, Measured, Wish
from tests import recordings
from tests.models import tiny

KNOWN = Known(
    (
        Measured(REFERENCE, 100.0, 1.0),
        Measured(Backend("ort", "cuda", 1), fault="there is no driver"),
        Measured(Backend("ort", "cpu", 1), 70.04, 0.7),
        Measured(Backend("ort", "cpu", 4), 50.0, 0.5, "it failed the self-test"),
    ),
    1e9,
    0.5,
)
ENGINE = {
    "engine": "sherpa",
    "threads": 1,
    "asked": {"engine": "auto", "provider": "auto"},
    "provider_fault": None,
    "self_test": None,
    "measuring": False,
    "measured": None,
}


def test_the_table_has_the_fastest_first_and_marks_the_chosen_one(tmp_path):
    machine = Machine(cores=4, ort=True, gpu=True, cuda=("ort",))
    told = measure_command.told(tiny.bundle(tmp_path / "tiny"), KNOWN, Wish(), machine)

    assert measure_command.measured_in_words(told).splitlines() == [
        "tiny, 2.8 s of speech; each was measured in turn with sherpa on cpu, 1 thread",
        "* ort on cpu, 1 thread         70.0 ms   0.70 x",
        "  sherpa on cpu, 1 thread     100.0 ms   1.00 x",
        "  ort on cuda                not used: there is no driver",
        "  ort on cpu, 4 threads        50.0 ms   0.50 x  not used: it failed the self-test",
        "chosen: ort on cpu, 1 thread",
    ]


@pytest.mark.parametrize(
    ("provider", "more", "expected"),
    [
        ("cpu", {}, ["engine      sherpa, 1 thread; not measured"]),
        ("cuda", {"engine": "ort"}, ["engine      ort; not measured"]),
        ("cpu", {"threads": 4, "measuring": True}, ["engine      sherpa, 4 threads; being measured"]),
        (
            "cpu",
            {"asked": {"engine": "sherpa", "provider": "cuda"}, "provider_fault": "no driver"},
            ["engine      sherpa, 1 thread; asked for engine sherpa and provider cuda; not measured"],
        ),
        (
            "cpu",
            {"provider_fault": "no driver", "self_test": {"verdict": "passed", "reason": "fine"}},
            [
                "engine      sherpa, 1 thread; not measured",
                "            the GPU is not used: no driver",
                "self-test   passed: fine",
            ],
        ),
    ],
)
def test_the_engine_in_words(provider, more, expected):
    assert engine_lines(provider, {**ENGINE, **more}) == expected


@pytest.mark.skipif(recordings.practice_model() is None, reason="the practice model is not here")
def test_the_real_engines_are_measured_and_remembered(tmp_path, monkeypatch):
    pytest.importorskip("onnxruntime")
    for name in ("CONFIG", "DATA"):
        monkeypatch.setenv(f"XDG_{name}_HOME", str(tmp_path / name))
    (tmp_path / "run").mkdir(mode=0o700)
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path / "run"))
    done = subprocess.run(
        [sys.executable, "-m", "daemon", "models", "measure", "--json"],
        cwd=recordings.ROOT, capture_output=True, text=True, check=True,
    )  # fmt: skip
    told = json.loads(done.stdout)

    assert told["model"] == "practice"
    assert {(row["engine"], row["provider"]) for row in told["rows"]} >= {("sherpa", "cpu"), ("ort", "cpu")}
    assert told["chosen"] in {row["backend"] for row in told["rows"] if row["fault"] is None}
    assert json.loads((tmp_path / "DATA" / "swictation" / "engines.json").read_text())["models"]
