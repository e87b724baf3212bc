"""The dynamic sections of libraries that are really installed."""

from importlib.util import find_spec
from pathlib import Path

import pytest

from models import elf

_LIBRARIES = Path(find_spec("sherpa_onnx").origin).parent / "lib"


def _binding():
    return next(_LIBRARIES.glob("_sherpa_onnx*.so"))


def test_what_sherpa_onnx_asks_is_what_its_runtime_has():
    binding, runtime = elf.read(_binding()), elf.read(_LIBRARIES / "libonnxruntime.so")

    (version,) = binding.wanted["libonnxruntime.so"]
    assert "libonnxruntime.so" in binding.needed
    assert version.startswith("VERS_1.")
    assert version in runtime.defined
    assert runtime.wanted.keys() <= set(runtime.needed)


@pytest.mark.parametrize("content", [b"", b"\x7fELF", b"#!/bin/sh\n", b"\x7fELF\x02\x01" + bytes(100)])
def test_other_files_are_refused(tmp_path, content):
    (tmp_path / "file.so").write_bytes(content)

    with pytest.raises(ValueError):
        elf.read(tmp_path / "file.so")


def test_a_library_that_is_cut_off_is_refused(tmp_path):
    (tmp_path / "cut.so").write_bytes(_binding().read_bytes()[:4096])

    with pytest.raises(ValueError):
        elf.read(tmp_path / "cut.so")
