"""Masks in a subsampling: which files get them. What they do is in test_ort."""

import dataclasses

import pytest

from models import onnx_header
from models.onnx_masking import with_masks
from tests import recordings
from tests.benchmarks import stand_in
from tests.models import conformer, tiny


def test_the_rest_of_the_file_stays(tmp_path):
    found = stand_in.build(tmp_path / "model", False, dataclasses.replace(conformer.TINY, masked=False))
    before = onnx_header.read(found / "encoder.onnx")
    (tmp_path / "masked.onnx").write_bytes(with_masks(found / "encoder.onnx"))

    after = onnx_header.read(tmp_path / "masked.onnx")

    assert after.nodes == before.nodes + 22
    assert dataclasses.replace(after, nodes=before.nodes) == before


@pytest.mark.human
@recordings.needs_human
def test_a_zipformer_is_none_of_them():
    assert with_masks(recordings.human_model() / "encoder.int8.onnx") is None


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"no model",
        tiny.onnx(tiny.ENCODER_INPUTS, tiny.ENCODER_OUTPUTS),
        tiny.block(8, tiny.number(2, 17)),
    ],
    ids=["empty", "no model", "no convolution", "no graph"],
)
def test_a_file_that_is_no_such_encoder(tmp_path, content):
    (tmp_path / "x.onnx").write_bytes(content)

    assert with_masks(tmp_path / "x.onnx") is None
    assert with_masks(tmp_path / "y.onnx") is None


def test_an_older_set_of_operators(tmp_path):
    found = stand_in.build(tmp_path / "model", False, dataclasses.replace(conformer.TINY, masked=False))
    content = (found / "encoder.onnx").read_bytes()
    assert content.count(b"\x42\x02\x10\x11") == 1  # opset_import { version: 17 }
    (tmp_path / "x.onnx").write_bytes(content.replace(b"\x42\x02\x10\x11", b"\x42\x02\x10\x0c"))

    assert with_masks(tmp_path / "x.onnx") is None
