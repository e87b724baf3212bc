"""Puts masks into an encoder whose subsampling has none.

NeMo's subsampling is three convolutions of stride 2, each of which lets a frame see one beyond it. Older exports do not
blank out what lies behind ``length`` between them, so the last frame of an utterance hears the bias of the layer before
where its audio was padded, and silence where it was not: one utterance in ten gave other tokens in a batch than alone.
A mask in front of the second and the third convolution makes padding change nothing, and at the exact length does
nothing. Whether it came out so is for the caller to try.
"""

from __future__ import annotations

import mmap
from collections.abc import Iterable
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from models.protobuf import LENGTH, Damaged, fields, packed, packed_varint, text, varint

_OPSET = 13  # from it on Unsqueeze takes its axes as an input
_PREFIX = "swictation_mask_"
_FLOAT32, _INT64 = 1, 7
_STRIDES = [2, 2]


def with_masks(path: Path) -> bytes | None:
    """The model at ``path`` with masks, as the bytes of a file; None if its beginning is not that subsampling."""
    try:
        with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data:
            return _model(data)
    except (OSError, Damaged, UnicodeDecodeError, ValueError):
        return None


def _model(data: mmap.mmap) -> bytes | None:
    parts: list[bytes] = []
    before, opset, found = 0, 0, False
    for number, kind, start, end in fields(data, 0, len(data)):
        if number == 7 and kind == LENGTH:
            graph = _graph(data, start, end)
            if graph is None:
                return None
            parts += [packed_varint(7 << 3 | LENGTH), packed_varint(sum(map(len, graph))), *graph]
            found = True
        else:
            parts.append(data[before:end])
            if number == 8:
                opset = max(opset, _version(data, start, end))
        before = end
    return b"".join(parts) if found and opset >= _OPSET else None


def _version(data: mmap.mmap, start: int, end: int) -> int:
    """The version of an OperatorSetIdProto (domain = 1, version = 2) of the standard domain, else 0."""
    domain, version = "", 0
    for number, _, first, last in fields(data, start, end):
        if number == 1:
            domain = text(data, first, last)
        elif number == 2:
            version = varint(data, first, last)[0]
    return version if domain in ("", "ai.onnx") else 0


def _graph(data: mmap.mmap, start: int, end: int) -> list[bytes] | None:
    """The fields of the graph, with masks before its second and third strided convolution."""
    length = [
        text(data, *_name(data, first, last)) for number, _, first, last in fields(data, start, end) if number == 11
    ]
    parts: list[bytes] = []
    before, strided = start, 0
    for number, kind, first, last in fields(data, start, end):
        if number == 1 and kind == LENGTH and (source := _strided(data, first, last)) is not None:
            if strided:
                parts += _mask(source, length[1] if strided == 1 else f"{_PREFIX}length_{strided - 1}", strided)
                parts.append(packed(1, _renamed(data, first, last, source, f"{_PREFIX}masked_{strided}")))
            else:
                parts.append(data[before:last])
            strided += 1
        else:
            parts.append(data[before:last])
        before = last
    return [*parts, *_constants()] if strided == 3 and len(length) == 2 else None


def _name(data: mmap.mmap, start: int, end: int) -> tuple[int, int]:
    return next((first, last) for number, _, first, last in fields(data, start, end) if number == 1)


def _strided(data: mmap.mmap, start: int, end: int) -> str | None:
    """The input of a node that is a convolution of stride 2 in time and frequency."""
    operator, strides, inputs = "", list[int](), list[str]()
    for number, _, first, last in fields(data, start, end):
        if number == 1:
            inputs.append(text(data, first, last))
        elif number == 4:
            operator = text(data, first, last)
        elif number == 5 and text(data, *_name(data, first, last)) == "strides":
            strides = _integers_of(data, first, last)
    return inputs[0] if operator == "Conv" and strides == _STRIDES else None


def _integers_of(data: mmap.mmap, start: int, end: int) -> list[int]:
    """The ``ints`` (8) of an attribute, packed or one by one."""
    values = list[int]()
    for number, kind, first, last in fields(data, start, end):
        if number == 8:
            place = first
            while place < (last if kind == LENGTH else first + 1):
                value, place = varint(data, place, last)
                values.append(value)
    return values


def _renamed(data: mmap.mmap, start: int, end: int, old: str, new: str) -> bytes:
    """A node that takes ``new`` in place of ``old``."""
    parts, before = list[bytes](), start
    for number, _, first, last in fields(data, start, end):
        takes = number == 1 and text(data, first, last) == old
        parts.append(packed(1, new) if takes else data[before:last])
        before = last
    return b"".join(parts)


def _mask(source: str, length: str, stage: int) -> Iterable[bytes]:
    """Nodes that blank ``source``, of shape (B, C, T, F), behind the length after ``stage`` convolutions.

    Frames are counted by summing ones and not with Range: what comes of Shape is computed on the CPU and copied to the
    GPU, and a session with such a copy in it cannot be recorded as a CUDA graph. ``source`` comes of a ReLU.
    """

    def node(operator: str, inputs: Iterable[str], output: str, attributes: bytes = b"") -> bytes:
        content = b"".join(packed(1, _PREFIX + name if name in _CONSTANTS else name) for name in inputs)
        return packed(1, content + packed(2, output) + packed(4, operator) + attributes)

    def name(what: str) -> str:
        return f"{_PREFIX}{what}_{stage}"

    to_float = packed(5, packed(1, "to") + bytes([3 << 3, _FLOAT32, *packed_varint(20 << 3), 2]))
    return [
        node("Sub", [length, "one"], name("less")),
        node("Div", [name("less"), "two"], name("half")),
        node("Add", [name("half"), "one"], name("length")),
        node("Slice", [source, "first", "last", "axes"], name("column")),
        node("GreaterOrEqual", [name("column"), "nothing"], name("there")),
        node("Cast", [name("there")], name("ones"), to_float),
        node("CumSum", [name("ones"), "time"], name("count")),
        node("Cast", [name("length")], name("long"), to_float),
        node("Unsqueeze", [name("long"), "around"], name("longest")),
        node("LessOrEqual", [name("count"), name("longest")], name("speech")),
        node("Where", [name("speech"), source, "nothing"], name("masked")),
    ]


_CONSTANTS: dict[str, NDArray[np.int64] | NDArray[np.float32]] = {
    "one": np.array(1, np.int64),
    "two": np.array(2, np.int64),
    "first": np.array([0, 0], np.int64),
    "last": np.array([1, 1], np.int64),
    "axes": np.array([1, 3], np.int64),  # channels and frequency
    "time": np.array(2, np.int64),
    "around": np.array([1, 2, 3], np.int64),
    "nothing": np.array(0, np.float32),
}


def _constants() -> Iterable[bytes]:
    for name, array in _CONSTANTS.items():
        dims = b"".join(packed_varint(1 << 3) + packed_varint(size) for size in array.shape)
        element = _FLOAT32 if array.dtype == np.float32 else _INT64
        head = dims + packed_varint(2 << 3) + packed_varint(element) + packed(8, _PREFIX + name)
        yield packed(5, head + packed(9, array.tobytes()))
