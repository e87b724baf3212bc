"""Which provider a model is loaded on, and what is said if that is not the one asked for."""

import dataclasses
import subprocess
import sys

import pytest

from models import bundle, cuda, loading, ort, sherpa_overlay
from models.errors import NoGpu
from models.ort import OrtRecogniser
from models.sherpa import RecognitionError, SherpaRecogniser
from tests import recordings
from tests.benchmarks import stand_in
from tests.models import conformer

_OTHER_OVERLAY = """
import sys
from pathlib import Path
from models import bundle, loading, sherpa_overlay
sherpa_overlay.prepare = lambda: Path(sys.argv[2])
loaded = loading.load(bundle.find(sys.argv[1]), "sherpa", "cuda", 1)
print(loaded.recogniser.provider, loaded.provider_fault, sys.argv[2] in sys.path, sep="\\n")
"""


@pytest.fixture(scope="module")
def found(tmp_path_factory):
    return bundle.find(stand_in.build(tmp_path_factory.mktemp("masked"), True, conformer.TINY))


@pytest.fixture
def driver(monkeypatch):
    """As if driver and libraries were there."""
    monkeypatch.setattr(cuda, "no_driver", lambda: None)
    monkeypatch.setattr(cuda, "absence", lambda _runtime: None)


@pytest.mark.parametrize("engine", loading.ENGINES)
def test_the_cpu_is_what_was_asked_for(found, engine):
    loaded = loading.load(found, engine, "cpu", 1)

    assert (loaded.recogniser.provider, loaded.provider_fault) == ("cpu", None)
    assert isinstance(loaded.recogniser, {"sherpa": SherpaRecogniser, "ort": OrtRecogniser}[engine])


@pytest.mark.parametrize(("engine", "other"), [("ort", "sherpa_onnx"), ("sherpa", "onnxruntime")])
def test_a_process_has_one_runtime_only(found, engine, other):
    """Two that use CUDA in one process crash."""
    code = (
        "import sys; from models import bundle, engine, loading; found = bundle.find(sys.argv[1]); "
        "bundle.validate(found); loading.load(found, sys.argv[2], 'cuda', 1); print(sys.argv[3] in sys.modules)"
    )
    command = [sys.executable, "-c", code, str(found.directory), engine, other]
    done = subprocess.run(command, cwd=recordings.ROOT, capture_output=True, text=True, check=True, timeout=120)

    assert done.stdout == "False\n"


@pytest.mark.parametrize("engine", loading.ENGINES)
def test_without_a_driver_the_cpu_is_used_and_the_reason_told(found, engine, monkeypatch, caplog):
    monkeypatch.setattr(cuda, "no_driver", lambda: "there is no driver")

    loaded = loading.load(found, engine, "cuda", 1)

    assert (loaded.recogniser.provider, loaded.provider_fault) == ("cpu", "there is no driver")
    assert "the GPU is not used: there is no driver" in caplog.text


@pytest.mark.parametrize("engine", loading.ENGINES)
def test_int8_is_not_even_tried(found, engine, driver):
    with pytest.raises(NoGpu, match="int8 is never put on the GPU"):
        loading.on_cuda(dataclasses.replace(found, int8=True), engine, 1)


def test_a_gpu_that_does_not_take_the_model_leaves_it_to_the_cpu(found, driver, monkeypatch):
    """A GPU out of memory, as seen by whoever loads the model."""
    asked = []

    class Refusing(OrtRecogniser):
        def __init__(self, found, provider, threads):
            asked.append(provider)
            if provider == "cuda":
                raise RecognitionError("the model cannot be loaded on the GPU (out of memory); use the CPU")
            super().__init__(found, provider, threads)

    monkeypatch.setattr(ort, "OrtRecogniser", Refusing)

    loaded = loading.load(found, "ort", "cuda", 1)

    assert loaded.recogniser.provider == "cpu"
    assert loaded.provider_fault == "the model cannot be loaded on the GPU (out of memory); use the CPU"
    assert asked == ["cuda", "cpu"]


@pytest.mark.parametrize("engine", loading.ENGINES)
def test_an_engine_that_goes_on_without_cuda_is_found_out(found, engine, driver, monkeypatch):
    """Neither runtime here has CUDA, and neither complains."""
    monkeypatch.setattr(sherpa_overlay, "prepare", lambda: None)

    loaded = loading.load(found, engine, "cuda", 1)

    assert loaded.recogniser.provider == "cpu"
    assert loaded.provider_fault.startswith(f"the {engine} engine was given the GPU and went on without it")


def test_an_overlay_that_does_not_load_gives_way_to_what_is_installed(found, tmp_path):
    (tmp_path / "sherpa_onnx").mkdir()
    (tmp_path / "sherpa_onnx" / "__init__.py").write_text("raise ImportError('version VERS_1.27.0 not found')")

    done = subprocess.run(
        [sys.executable, "-c", _OTHER_OVERLAY, str(found.directory), str(tmp_path)],
        cwd=recordings.ROOT,
        capture_output=True,
        text=True,
        check=True,
        timeout=120,
    )

    assert done.stdout.splitlines() == [
        "cpu",
        "sherpa-onnx cannot load the model on the GPU (version VERS_1.27.0 not found); use the ort engine there",
        "False",
    ]
