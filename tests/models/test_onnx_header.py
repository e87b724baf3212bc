import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models import onnx_header
from models.errors import BundleError
from models.onnx_header import ExternalData, Tensor
from tests import recordings
from tests.models import tiny

_WEIGHTS = tiny.weight("inside", (2, 3), raw=bytes(24)) + tiny.weight(
    "outside", (5,), external={"location": "a.data", "offset": "8", "length": "20"}
)
_SOUND = tiny.onnx(tiny.ENCODER_INPUTS, tiny.ENCODER_OUTPUTS, tiny.METADATA, _WEIGHTS)


def _read(tmp_path, content):
    path = tmp_path / "model.onnx"
    path.write_bytes(content)
    return onnx_header.read(path)


def test_everything_a_file_says_is_read(tmp_path):
    header = _read(tmp_path, _SOUND)

    assert header.metadata == tiny.METADATA
    assert header.inputs == (
        Tensor("audio_signal", onnx_header.FLOAT32, (None, 80, None)),
        Tensor("length", onnx_header.INT64, (None,)),
    )
    assert [tensor.name for tensor in header.outputs] == ["outputs", "encoded_lengths"]
    assert header.external == (ExternalData("a.data", 8, 20),)
    assert header.nodes == 1


def test_an_empty_metadata_value_and_an_unknown_shape_are_kept_apart_from_absent_ones(tmp_path):
    header = _read(tmp_path, tiny.onnx([("x", 1, None)], [("y", 1, ())], {"normalize_type": ""}))

    assert header.metadata == {"normalize_type": ""}
    assert header.inputs[0].shape is None
    assert header.outputs[0].shape == ()


def test_a_weight_that_is_listed_as_an_input_is_none(tmp_path):
    header = _read(
        tmp_path, tiny.onnx([("x", 1, (1,)), ("w", 1, (2,))], [("y", 1, (1,))], more=tiny.weight("w", (2,), bytes(8)))
    )

    assert [tensor.name for tensor in header.inputs] == ["x"]


def test_packed_dimensions_are_understood(tmp_path):
    packed = tiny.block(
        5, tiny.block(1, tiny.varint(300) + tiny.varint(2)) + tiny.number(2, 1) + tiny.block(9, bytes(2400))
    )

    assert _read(tmp_path, tiny.onnx([("x", 1, (1,))], [("y", 1, (1,))], more=packed)).nodes == 1


def test_a_weight_with_too_few_bytes_is_damage(tmp_path):
    short = tiny.onnx([("x", 1, (1,))], [("y", 1, (1,))], more=tiny.weight("w", (2, 3), raw=bytes(23)))

    with pytest.raises(BundleError, match=r"model.onnx is damaged.*'w' has 23 bytes in place of 24"):
        _read(tmp_path, short)


def test_no_cut_gives_anything_but_a_bundle_error_or_fewer_entries(tmp_path):
    after_graph = _SOUND.index(b"vocab_size") - 4  # what follows the graph are separate fields, whole or absent
    for length in range(len(_SOUND)):
        try:
            header = _read(tmp_path, _SOUND[:length])
        except BundleError:
            continue
        assert length >= after_graph - 8
        assert len(header.metadata) < len(tiny.METADATA)


@given(st.data())
def test_changed_bytes_give_a_header_or_a_bundle_error(tmp_path_factory, data):
    content = bytearray(_SOUND)
    for _ in range(data.draw(st.integers(1, 4))):
        content[data.draw(st.integers(0, len(content) - 1))] = data.draw(st.integers(0, 255))
    with contextlib.suppress(BundleError):
        assert _read(tmp_path_factory.mktemp("flip"), bytes(content)).nodes > 0


@pytest.mark.human
@recordings.needs_human
def test_the_files_of_a_real_bundle(tmp_path):
    encoder = recordings.human_model() / "encoder.int8.onnx"

    header = onnx_header.read(encoder)

    assert header.metadata["vocab_size"] == "499"
    assert header.inputs == (Tensor("audio_signal", 1, (None, 80, None)), Tensor("length", 7, (None,)))
    content = encoder.read_bytes()
    for share in (0.1, 0.5, 0.9, 0.999):
        with pytest.raises(BundleError, match="damaged, cut off or no ONNX model"):
            _read(tmp_path, content[: int(len(content) * share)])
