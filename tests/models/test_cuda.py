"""Why CUDA cannot be used: against a driver and a package that say what the test wants, and on the machine at hand."""

import os
import subprocess
import sys

import pytest

from models import cuda
from models.cuda import Driver
from tests import recordings
from tests.models import fake_cuda

_ASK = "from models import cuda; print(cuda.absence(cuda.installed()))"


def _absence(tmp_path, needs=("libcudart.so.13", "libcudnn_of_nobody.so.9"), **environment):
    fake_cuda.driver(tmp_path / "driver")
    fake_cuda.runtime(tmp_path, needs)
    places = {"LD_LIBRARY_PATH": str(tmp_path / "driver"), "PYTHONPATH": str(tmp_path)}
    done = subprocess.run(
        [sys.executable, "-c", _ASK],
        env={**os.environ, **places, **environment},
        cwd=recordings.ROOT,
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    assert done.stdout.count("\n") == 1
    return done.stdout.strip()


@fake_cuda.needs_compiler
@pytest.mark.skipif(sys.platform != "linux", reason="libraries as Linux has them")
@pytest.mark.parametrize(
    ("environment", "said"),
    [
        ({"FAKE_CUDA": "12080"}, "serves CUDA 12 and onnxruntime-gpu 1.28.2 needs CUDA 13; update the driver to 580"),
        ({"FAKE_STATUS": "999"}, "gives no GPU (error 999, as the driver words it); after a suspend `sudo rmmod"),
        ({"FAKE_STATUS": "803"}, "restart the computer"),
        ({"FAKE_GPUS": "0"}, "error 100"),
        ({}, "a library of CUDA cannot be loaded (libcud"),
        ({}, "run `pip install 'onnxruntime-gpu[cuda,cudnn]==1.28.2'`"),
    ],
)
def test_each_absence_is_told_with_what_to_do(tmp_path, environment, said):
    assert said in _absence(tmp_path, **environment)


@fake_cuda.needs_compiler
@pytest.mark.skipif(sys.platform != "linux", reason="libraries as Linux has them")
def test_a_driver_and_libraries_that_are_all_there_are_no_absence(tmp_path):
    assert _absence(tmp_path, needs=()) == "None"


def test_a_package_without_cuda_is_named(tmp_path, monkeypatch):
    monkeypatch.setattr(cuda, "no_driver", lambda: None)

    assert "onnxruntime 1.0 was built without CUDA; run `pip" in cuda.absence(cuda.Runtime("onnxruntime 1.0", tmp_path))
    assert "onnxruntime is not installed; run `pip" in cuda.absence(None)


def test_the_driver_is_judged_by_the_cuda_that_the_package_needs():
    old, new = Driver("535.104.05", 12, None), Driver("580.65.06", 13, None)

    assert cuda.driver_fault(old, "onnxruntime-gpu 1.26.0", 12) is None
    assert cuda.driver_fault(new, "onnxruntime-gpu 1.26.0", 12) is None
    assert cuda.driver_fault(old, "onnxruntime-gpu 1.27.0", 13) == (
        "the NVIDIA driver 535.104.05 serves CUDA 12 and onnxruntime-gpu 1.27.0 needs CUDA 13; "
        "update the driver to 580 or newer"
    )
    assert cuda.driver_fault(Driver("", 12, "lost"), "a package", None) == "lost"


@pytest.mark.parametrize(
    ("needed", "major"),
    [
        (("libcublasLt.so.13", "libcufft.so.12", "libc.so.6"), 13),
        (("libcurand.so.10", "libcudart.so.12"), 12),
        (("libc.so.6",), None),
    ],
)
def test_the_cuda_that_a_library_was_built_for(needed, major):
    assert cuda.cuda_major(needed) == major


@pytest.mark.parametrize(
    "message",
    [
        "CUDA failure 700: an illegal memory access was encountered ; GPU=0 ; hostname=h",
        "CUDA error cudaErrorLaunchFailure:unspecified launch failure",
        "CUDNN_FE failure 11: CUDNN_BACKEND_API_FAILED",
        "CUBLAS failure 13: CUBLAS_STATUS_EXECUTION_FAILED",
        "bfc_arena.cc:376 Available memory of 0 is smaller than requested bytes of 4096",
        "bfc_arena.cc:359 Failed to allocate memory for requested buffer of size 1073741824",
    ],
)
def test_the_words_of_a_gpu_that_is_lost_or_full(message):
    assert cuda.is_fault(f"[ONNXRuntimeError] : 1 : FAIL : Non-zero status code returned. {message}")


@pytest.mark.parametrize(
    "message",
    [
        "[ONNXRuntimeError] : 2 : INVALID_ARGUMENT : Got invalid dimensions for input: audio_signal",
        "/onnxruntime_src/onnxruntime/core/providers/cuda/math/binary_ops.cc:44 broadcast an axis by 1",
        "broadcast an axis by 1",
    ],
)
def test_the_words_of_audio_that_a_model_does_not_take(message):
    assert not cuda.is_fault(message)


def test_the_fingerprint_names_what_a_measurement_depends_on():
    found = cuda.fingerprint()

    assert found == cuda.fingerprint()
    assert found.startswith("driver ")
    assert "sherpa-onnx 2.0.1" in found
    assert "\n" not in found
