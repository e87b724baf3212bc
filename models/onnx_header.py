"""What an ONNX file says about itself, read without loading its weights.

A small walk over the protobuf wire format of the file, memory-mapped: weights are stepped over, so a file of 456 MB
takes milliseconds. It sees a file that is cut off or is no ONNX file, and weights whose length disagrees with their
shape. It does not see a changed bit inside a weight; only a checksum of the whole file does.

Field numbers are those of ``onnx.proto3`` of the ONNX project.
"""

from __future__ import annotations

import mmap
from dataclasses import dataclass, field
from math import prod
from pathlib import Path

from models.errors import BundleError
from models.protobuf import LENGTH, VARINT, Damaged, fields, integers, pair, text, varint

FLOAT32, INT32, INT64 = 1, 6, 7  # of TensorProto.DataType
TYPE_NAMES = {1: "float32", 2: "uint8", 3: "int8", 6: "int32", 7: "int64", 9: "bool", 10: "float16", 11: "float64"}
_TYPE_BYTES = {1: 4, 2: 1, 3: 1, 4: 2, 5: 2, 6: 4, 7: 8, 9: 1, 10: 2, 11: 8, 12: 4, 13: 8, 16: 2}
_EXTERNAL = 1  # of TensorProto.DataLocation


@dataclass(frozen=True, slots=True)
class Tensor:
    """An input or output of a graph. ``shape`` holds None for a dimension left open, and is None if it is unknown."""

    name: str
    type: int
    shape: tuple[int | None, ...] | None


@dataclass(frozen=True, slots=True)
class ExternalData:
    """Weights kept in another file: ``location`` is relative to the model, ``length`` in bytes, None for all of it."""

    location: str
    offset: int
    length: int | None


@dataclass(frozen=True, slots=True)
class OnnxHeader:
    """The parts of an ONNX model that a loader asks for. ``inputs`` leaves out those that are weights."""

    metadata: dict[str, str]
    inputs: tuple[Tensor, ...]
    outputs: tuple[Tensor, ...]
    external: tuple[ExternalData, ...]
    nodes: int


@dataclass(slots=True)
class _Graph:
    nodes: int = 0
    inputs: list[Tensor] = field(default_factory=list)
    outputs: list[Tensor] = field(default_factory=list)
    weights: set[str] = field(default_factory=set)
    external: list[ExternalData] = field(default_factory=list)


def read(path: Path) -> OnnxHeader:
    """The header of the file at ``path``. Raises BundleError, one line that names the file, if it cannot be one."""
    try:
        with path.open("rb") as file:
            if not path.stat().st_size:
                raise BundleError(f"{path} is empty; fetch it again")
            with mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data:
                if data[:19] == b"version https://git":
                    raise BundleError(
                        f"{path} is a Git LFS pointer and not the model; run `git lfs pull` where it lies"
                    )
                return _model(data)
    except OSError as error:
        raise BundleError(f"{path} cannot be read: {error.strerror}") from None
    except (Damaged, UnicodeDecodeError) as error:
        raise BundleError(f"{path} is damaged, cut off or no ONNX model ({error}); fetch it again") from None


def _model(data: mmap.mmap) -> OnnxHeader:
    metadata: dict[str, str] = {}
    graph: _Graph | None = None
    for number, kind, start, end in fields(data, 0, len(data)):
        if number == 7 and kind == LENGTH:
            graph = _graph(data, start, end)
        elif number == 14 and kind == LENGTH:
            key, value = pair(data, start, end)
            metadata[key] = value
    if graph is None or not graph.nodes:
        raise Damaged("it holds no graph")
    inputs = tuple(tensor for tensor in graph.inputs if tensor.name not in graph.weights)
    return OnnxHeader(metadata, inputs, tuple(graph.outputs), tuple(graph.external), graph.nodes)


def _graph(data: mmap.mmap, start: int, end: int) -> _Graph:
    graph = _Graph()
    for number, kind, first, last in fields(data, start, end):
        if kind != LENGTH:
            continue
        if number == 1:
            graph.nodes += 1
        elif number == 5:
            _weight(data, first, last, graph)
        elif number == 11:
            graph.inputs.append(_value(data, first, last))
        elif number == 12:
            graph.outputs.append(_value(data, first, last))
    return graph


def _weight(data: mmap.mmap, start: int, end: int, graph: _Graph) -> None:
    """Note the name of an initialiser and where its numbers are, and check that they are all there."""
    name, dims, element, raw_bytes, where, location = "", list[int](), 0, None, dict[str, str](), 0
    for number, kind, first, last in fields(data, start, end):
        if number == 1:
            dims += integers(data, kind, first, last)
        elif number == 2:
            element = varint(data, first, end)[0]
        elif number == 8:
            name = text(data, first, last)
        elif number == 9:
            raw_bytes = last - first
        elif number == 13:
            key, value = pair(data, first, last)
            where[key] = value
        elif number == 14:
            location = varint(data, first, end)[0]
    graph.weights.add(name)
    needed = prod(dims) * _TYPE_BYTES.get(element, 0)
    if location == _EXTERNAL:
        graph.external.append(_external(where, needed))
    elif raw_bytes is not None and element in _TYPE_BYTES and raw_bytes != needed:
        raise Damaged(f"the weight {name[:60]!r} has {raw_bytes} bytes in place of {needed}")


def _external(where: dict[str, str], needed: int) -> ExternalData:
    try:
        length = int(where["length"]) if "length" in where else needed or None
        return ExternalData(where["location"], int(where.get("offset", "0")), length)
    except (KeyError, ValueError):
        raise Damaged("a weight says that it is in another file, but not where") from None


def _value(data: mmap.mmap, start: int, end: int) -> Tensor:
    """A ValueInfoProto: name = 1, type = 2 { tensor_type = 1 { elem_type = 1, shape = 2 } }."""
    name, element, shape = "", 0, None
    for number, kind, first, last in fields(data, start, end):
        if number == 1 and kind == LENGTH:
            name = text(data, first, last)
        elif number == 2 and kind == LENGTH:
            for inner, _, tensor_first, tensor_last in fields(data, first, last):
                if inner == 1:
                    element, shape = _tensor_type(data, tensor_first, tensor_last)
    return Tensor(name, element, shape)


def _tensor_type(data: mmap.mmap, start: int, end: int) -> tuple[int, tuple[int | None, ...] | None]:
    element, shape = 0, None
    for number, kind, first, last in fields(data, start, end):
        if number == 1 and kind == VARINT:
            element = varint(data, first, end)[0]
        elif number == 2 and kind == LENGTH:
            shape = tuple(_dimension(data, a, b) for inner, _, a, b in fields(data, first, last) if inner == 1)
    return element, shape


def _dimension(data: mmap.mmap, start: int, end: int) -> int | None:
    for number, kind, first, _ in fields(data, start, end):
        if number == 1 and kind == VARINT:
            return varint(data, first, end)[0]
    return None
