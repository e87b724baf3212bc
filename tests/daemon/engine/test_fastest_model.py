"""Which installed model suits the machine."""

import shutil

import pytest

from daemon.engine.fastest_model import Pace, fastest, for_gpu, measured
from models.bundle import default_directory
from models.errors import StoreError
from tests import recordings
from tests.models import damage


def test_the_fastest_that_works():
    paces = [
        Pace("slow", 120.0),
        Pace("quick", 60.0),
        Pace("broken", 5.0, "it answers nothing"),
        Pace("gone", None, "no"),
    ]

    assert fastest(paces) == (
        "quick",
        "60 ms for 2.8 s of speech on this CPU, the fastest of those that work (slow 120 ms)",
    )


def test_the_only_one_that_works():
    assert fastest([Pace("one", 60.0)])[1].endswith("on this CPU, the only one that works")


def test_none_works():
    with pytest.raises(StoreError, match=r"^no installed model works here \(a: broken; b: no\); get another"):
        fastest([Pace("a", 5.0, "broken"), Pace("b", None, "no")])


def test_a_gpu_wants_the_float32_model_if_it_is_here():
    assert for_gpu(["parakeet-110m-int8"], "NVIDIA H200") is None
    assert for_gpu(["parakeet-110m"], None) is None
    assert for_gpu(["x", "parakeet-110m"], "NVIDIA H200")[0] == "parakeet-110m"


@pytest.mark.skipif(recordings.practice_model() is None, reason="no practice model in this checkout")
def test_models_are_measured_and_tested(tmp_path):
    shutil.copytree(default_directory(), tmp_path / "sound")
    damage.copy(default_directory(), tmp_path / "damaged", ["encoder"], damage.zeroed)
    said = []
    sound, damaged = measured(
        [tmp_path / "sound", tmp_path / "damaged"], engine="sherpa", threads=1, progress=said.append
    )

    assert sound.fault is None
    assert 0 < sound.ms < 1000
    assert damaged.fault.startswith("the self-test finds it broken: ")
    assert said == ["2.8 s: sound, damaged"]
