"""A package ``onnxruntime`` that looks as if it had CUDA, and an NVIDIA driver that says what a test wants."""

import shutil
import subprocess
from importlib.util import find_spec
from pathlib import Path

import pytest

needs_compiler = pytest.mark.skipif(shutil.which("cc") is None, reason="no C compiler, which makes the fake driver")

_DRIVER = r"""
#include <stdlib.h>
static int asked(const char *name, int otherwise) { char *said = getenv(name); return said ? atoi(said) : otherwise; }
int cuDriverGetVersion(int *version) { *version = asked("FAKE_CUDA", 13000); return 0; }
int cuInit(unsigned flags) { return asked("FAKE_STATUS", 0); }
int cuDeviceGetCount(int *count) { *count = asked("FAKE_GPUS", 1); return 0; }
int cuGetErrorString(int status, const char **words) { *words = "as the driver words it"; return 0; }
"""


def driver(directory):
    """Put ``libcuda.so.1`` into ``directory``, for LD_LIBRARY_PATH."""
    return _library(directory, "libcuda.so.1", _DRIVER)


def runtime(directory, needs=()):
    """Put a package ``onnxruntime`` into ``directory``, for PYTHONPATH; its CUDA provider asks for ``needs``."""
    place = package(directory)
    asked = [_library(directory / "away", name, "") for name in needs]
    _library(place, "libonnxruntime_providers_cuda.so", "", *asked)
    shutil.rmtree(directory / "away", ignore_errors=True)


def package(directory):
    """A package ``onnxruntime`` with the runtime that the installed sherpa-onnx comes with, and no real provider."""
    place = directory / "onnxruntime" / "capi"
    place.mkdir(parents=True)
    (directory / "onnxruntime" / "__init__.py").write_text("raise ImportError('this process must not import it')\n")
    own = Path(find_spec("sherpa_onnx").origin).parent / "lib" / "libonnxruntime.so"
    (place / "libonnxruntime.so.1.28.2").symlink_to(own)
    (place / "libonnxruntime_providers_cuda.so").write_bytes(b"")
    note = directory / "onnxruntime_gpu-1.28.2.dist-info"
    note.mkdir()
    (note / "METADATA").write_text("Metadata-Version: 2.1\nName: onnxruntime-gpu\nVersion: 1.28.2\n")
    return place


def _library(directory, name, source, *needed):
    directory.mkdir(exist_ok=True)
    target = directory / name
    command = ["cc", "-shared", "-fPIC", "-x", "c", "-", "-o", str(target), f"-Wl,-soname,{name}"]
    links = ["-Wl,--no-as-needed", "-x", "none", *map(str, needed)]
    subprocess.run([*command, *links], input=source, text=True, check=True, capture_output=True)
    return target
