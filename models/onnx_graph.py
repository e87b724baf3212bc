"""The nodes and float32 weights of a small ONNX file, for ``models.tdt_weights`` to run decoder and joiner itself.

Weights in other types or in other files are left out; whoever misses one runs the file in onnxruntime instead.
"""

from __future__ import annotations

import mmap
from collections.abc import Mapping
from dataclasses import dataclass
from math import prod
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from models.errors import BundleError
from models.onnx_header import FLOAT32
from models.protobuf import LENGTH, Damaged, fields, integers, text, varint


@dataclass(frozen=True, slots=True)
class Node:
    """One operation: ``operator`` takes the tensors ``inputs`` (an absent one is "") and gives ``outputs``."""

    operator: str
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Graph:
    """A graph without its constants; ``inputs`` and ``outputs`` in their order."""

    nodes: tuple[Node, ...]
    weights: Mapping[str, NDArray[np.float32]]
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]


def read(path: Path) -> Graph:
    """The graph in the file at ``path``, its weights copied. Raises BundleError if it cannot be one."""
    try:
        with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data:
            for number, kind, start, end in fields(data, 0, len(data)):
                if number == 7 and kind == LENGTH:
                    return _graph(data, start, end)
    except OSError as error:
        raise BundleError(f"{path} cannot be read: {error.strerror}") from None
    except (Damaged, UnicodeDecodeError, ValueError) as error:
        raise BundleError(f"{path} is damaged, cut off or no ONNX model ({error}); fetch it again") from None
    raise BundleError(f"{path} is damaged, cut off or no ONNX model (it holds no graph); fetch it again")


def _graph(data: mmap.mmap, start: int, end: int) -> Graph:
    nodes: list[Node] = []
    weights: dict[str, NDArray[np.float32]] = {}
    ends: dict[int, list[str]] = {11: [], 12: []}  # inputs and outputs
    for number, kind, first, last in fields(data, start, end):
        if kind != LENGTH:
            continue
        if number == 1:
            nodes.append(_node(data, first, last))
        elif number == 5:
            name, values = _weight(data, first, last)
            if values is not None:
                weights[name] = values
        elif number in ends:
            ends[number] += [text(data, a, b) for inner, _, a, b in fields(data, first, last) if inner == 1]
    for node in nodes:  # equal weights are stored once, and the others made of it
        if node.operator == "Identity" and node.inputs[0] in weights:
            weights[node.outputs[0]] = weights[node.inputs[0]]
    return Graph(tuple(nodes), weights, tuple(ends[11]), tuple(ends[12]))


def _node(data: mmap.mmap, start: int, end: int) -> Node:
    inputs, outputs, operator = list[str](), list[str](), ""
    for number, _, first, last in fields(data, start, end):
        if number == 1:
            inputs.append(text(data, first, last))
        elif number == 2:
            outputs.append(text(data, first, last))
        elif number == 4:
            operator = text(data, first, last)
    return Node(operator, tuple(inputs), tuple(outputs))


def _weight(data: mmap.mmap, start: int, end: int) -> tuple[str, NDArray[np.float32] | None]:
    """The name of a weight and, if they lie right here as float32, its numbers."""
    name, dims, element, raw = "", list[int](), 0, None
    for number, kind, first, last in fields(data, start, end):
        if number == 1:
            dims += integers(data, kind, first, last)
        elif number == 2:
            element = varint(data, first, end)[0]
        elif number == 8:
            name = text(data, first, last)
        elif number in (4, 9) and kind == LENGTH:  # packed floats, or their bytes: the same in either
            raw = data[first:last]
    if element != FLOAT32 or raw is None or len(raw) != 4 * prod(dims):
        return name, None
    return name, np.frombuffer(raw, "<f4").reshape(dims)
