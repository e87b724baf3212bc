"""The bench of the whole path: a real microphone's sound to text in a real window, timed by a second listener."""

import shutil

import psutil
import pytest

from daemon.config import Config
from daemon.errors import SwictationError
from daemon.path_bench.judge import judged
from daemon.path_bench.run import measured, rig, sentences
from daemon.path_bench.trials import Case
from models.bundle import default_directory
from tests import recordings

pytestmark = [
    pytest.mark.display,
    pytest.mark.sound,
    pytest.mark.skipif(recordings.practice_model() is None, reason="no practice model in this checkout"),
]


def test_a_release_and_a_pause_with_speculation_and_without():
    settings = Config()
    with rig(default_directory(), settings) as (bench, about):
        tried = measured(bench, sentences()[:2], 1, settings, [Case(200), Case(None)])
    assert about["practice"]
    rows = judged(tried, tail_ms=80, practice=True)["rows"]
    assert [(row["case"], row["speculate"], row["count"]) for row in rows] == [
        ("release at 200 ms", True, 1),
        ("release at 200 ms", False, 1),
        ("hands-free", True, 2),
        ("hands-free", False, 2),
    ]
    for row in rows:
        assert row["arrived"] == row["count"], row
        assert row["outcomes"] == {"confirmed": row["count"]}
        assert row["seen"]["p50"] > 0
    on, off = rows[:2]
    assert 190 <= on["gap"]["p50"] < 500, "late on busy cores, never early"
    assert off["stages"]["recognise"]["p50"] > 0.8 * off["engine"]["p50"], "nothing was decoded ahead"


def test_a_daemon_that_cannot_recognise_ends_the_bench_and_leaves_no_process(tmp_path):
    broken = shutil.copytree(default_directory(), tmp_path / "broken")
    (broken / "encoder.onnx").write_bytes((broken / "encoder.onnx").read_bytes()[:1000])
    before = {process.pid for process in psutil.Process().children(recursive=True)}
    with pytest.raises(SwictationError, match=r"cannot recognise: .*encoder\.onnx is damaged"), rig(broken, Config()):
        pass
    assert {process.pid for process in psutil.Process().children(recursive=True)} <= before
