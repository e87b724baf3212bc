"""sherpa-onnx over another onnxruntime: here over a copy of its own, as CUDA is not to be had."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
import sherpa_onnx

from models import cuda, sherpa_overlay
from models.errors import NoGpu
from tests import recordings
from tests.models import fake_cuda

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="sherpa-onnx uses CUDA on Linux only")

_DECODE = """
import sys
from pathlib import Path
from models import bundle, cuda, loading, selftest, sherpa_overlay
cuda.no_driver = cuda.absence = lambda *_runtime: None
found = bundle.find(bundle.default_directory())
loaded = loading.load(found, "sherpa", "cuda", 1)
import sherpa_onnx
mapped = {line.split()[-1] for line in Path("/proc/self/maps").read_text().splitlines() if "libonnxruntime." in line}
reference = selftest.reference_for(found)
print(selftest.words(loaded.recogniser.recognise(reference.pcm).text) == selftest.words(reference.words))
print(loaded.recogniser.provider, "|", loaded.provider_fault)
print(sherpa_onnx.__file__)
print(*mapped)
print("onnxruntime" in sys.modules)
"""


def _installed():
    return {file: file.lstat().st_mtime_ns for file in Path(sherpa_onnx.__file__).parent.rglob("*.so*")}


@pytest.fixture
def pair(tmp_path, monkeypatch):
    fake_cuda.package(tmp_path / "packages")
    monkeypatch.syspath_prepend(tmp_path / "packages")
    monkeypatch.delitem(sys.modules, "onnxruntime", raising=False)
    return sherpa_overlay.pair()


def test_a_worker_decodes_through_the_overlay_and_says_that_cuda_is_not_in_it(tmp_path):
    """sherpa-onnx itself goes on without CUDA and reports nothing."""
    fake_cuda.package(tmp_path / "packages")
    before = _installed()

    done = subprocess.run(
        [sys.executable, "-c", _DECODE],
        env={**os.environ, "PYTHONPATH": str(tmp_path / "packages"), "XDG_CACHE_HOME": str(tmp_path / "cache")},
        cwd=recordings.ROOT,
        capture_output=True,
        text=True,
        check=True,
        timeout=120,
    )

    understood, ran, module, mapped, imported = done.stdout.splitlines()
    overlay = next((tmp_path / "cache" / "swictation").iterdir())
    assert understood == "True"
    assert ran == "cpu | the sherpa engine was given the GPU and went on without it; the log has its own words"
    assert Path(module) == overlay / "sherpa_onnx" / "__init__.py"
    assert mapped == str((tmp_path / "packages/onnxruntime/capi/libonnxruntime.so.1.28.2").resolve())
    assert imported == "False"
    assert _installed() == before


def test_an_overlay_is_made_once_and_again_after_an_update(pair, tmp_path):
    first = sherpa_overlay.build(pair, tmp_path / "cache")
    made = first.stat().st_ctime_ns

    assert sherpa_overlay.build(pair, tmp_path / "cache") == first
    assert first.stat().st_ctime_ns == made
    (pair.runtime.directory / "libonnxruntime_providers_cuda.so").write_bytes(b"another version")
    second = sherpa_overlay.build(pair, tmp_path / "cache")
    assert second != first
    assert list((tmp_path / "cache").iterdir()) == [second]


def test_a_runtime_of_another_version_is_not_offered(pair, monkeypatch):
    monkeypatch.setattr(sherpa_overlay, "_wanted", lambda _package: "VERS_1.27.0")

    with pytest.raises(
        NoGpu, match=r"2\.0\.1 runs on CUDA with onnxruntime-gpu 1\.27\.0 only, and onnxruntime-gpu 1\."
    ):
        sherpa_overlay.pair()


@pytest.mark.skipif(cuda.installed() is None or cuda.installed().provider is not None, reason="another onnxruntime")
def test_a_runtime_without_cuda_is_not_offered():
    with pytest.raises(NoGpu, match="and no onnxruntime-gpu is installed; use the ort engine, which takes any"):
        sherpa_overlay.pair()


def test_an_official_build_with_cuda_needs_no_overlay(tmp_path, monkeypatch):
    libraries = tmp_path / "sherpa_onnx" / "lib"
    libraries.mkdir(parents=True)
    (tmp_path / "sherpa_onnx" / "__init__.py").write_text("")
    (libraries / "libonnxruntime_providers_cuda.so").write_bytes(b"")
    monkeypatch.syspath_prepend(tmp_path)
    for name in [name for name in sys.modules if name.startswith("sherpa_onnx")]:
        monkeypatch.delitem(sys.modules, name)

    found = sherpa_overlay.pair()

    assert found.built_in
    assert found.runtime.directory == libraries
    monkeypatch.setattr(cuda, "no_driver", lambda: None)
    monkeypatch.setattr(cuda, "absence", lambda _runtime: None)
    assert sherpa_overlay.prepare(tmp_path / "cache") is None
    assert not (tmp_path / "cache").exists()


def test_a_cache_that_cannot_be_written_is_one_line(pair, tmp_path, monkeypatch):
    monkeypatch.setattr(cuda, "no_driver", lambda: None)
    monkeypatch.setattr(cuda, "absence", lambda _runtime: None)
    (tmp_path / "cache").write_text("a file")

    with pytest.raises(NoGpu, match=r"^sherpa-onnx cannot be put together with onnxruntime-gpu 1\.28\.2: .*$"):
        sherpa_overlay.prepare(tmp_path / "cache")
