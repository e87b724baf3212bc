"""Writes ONNX files that compute something, without the ``onnx`` package."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from tests.models.tiny import FLOAT32, INT64, Value, block, number, pair, value_info

_ELEMENTS = {"float32": FLOAT32, "int64": INT64, "bool": 9}
_OPSET, _IR_VERSION = 17, 8  # those of the published models

Attribute = int | float | Sequence[int]


class Graph:
    """A graph in the making: ``weight`` and ``add`` give the names of tensors that later nodes may take."""

    def __init__(self) -> None:
        self._nodes: list[bytes] = []
        self._weights: list[bytes] = []
        self._made = 0

    def weight(self, values, dtype=np.float32) -> str:
        """A constant."""
        array = np.ascontiguousarray(values, dtype)
        name = self._name("weight")
        dims = b"".join(number(1, size) for size in array.shape)
        head = dims + number(2, _ELEMENTS[str(array.dtype)]) + block(8, name)
        self._weights.append(block(5, head + block(9, array.tobytes())))
        return name

    def integers(self, *values: int) -> str:
        """A constant vector of int64."""
        return self.weight(values, np.int64)

    def add(self, operator: str, *inputs: str, outputs: int | Sequence[str] = 1, **attributes: Attribute):
        """A node; the name of its output, or the names if there are several."""
        names = [self._name(operator) for _ in range(outputs)] if isinstance(outputs, int) else list(outputs)
        content = b"".join(block(1, name) for name in inputs) + b"".join(block(2, name) for name in names)
        content += block(4, operator) + b"".join(block(5, _attribute(*item)) for item in attributes.items())
        self._nodes.append(block(1, content))
        return names[0] if len(names) == 1 else names

    def linear(self, value: str, weight, bias=None, output: str | None = None) -> str:
        """A linear layer as PyTorch exports it; ``weight`` of shape (inputs, outputs)."""
        product = self.add("MatMul", value, self.weight(weight))
        names = 1 if output is None else [output]
        return product if bias is None else self.add("Add", self.weight(bias), product, outputs=names)

    def write(
        self, path: Path, inputs: Sequence[Value], outputs: Sequence[Value], metadata: dict[str, str] | None = None
    ) -> None:
        """Write the file. ``inputs`` and ``outputs`` are in the order in which sherpa-onnx takes them."""
        ends = [value_info(11, value) for value in inputs] + [value_info(12, value) for value in outputs]
        parts = [*self._nodes, block(2, "graph"), *self._weights, *ends]
        with path.open("wb") as file:
            file.write(number(1, _IR_VERSION) + block(8, number(2, _OPSET)))
            file.write(b"".join(pair(14, key, value) for key, value in (metadata or {}).items()))
            file.write(_long_block(7, sum(map(len, parts))))
            file.writelines(parts)

    def _name(self, kind: str) -> str:
        self._made += 1
        return f"{kind}_{self._made}"


def _long_block(field: int, length: int) -> bytes:
    """The beginning of a field whose content is written after it."""
    return block(field, b"")[:-1] + number(0, length)[1:]


def _attribute(name: str, value: Attribute) -> bytes:
    """An AttributeProto: name = 1, f = 2, i = 3, ints = 8, type = 20."""
    if isinstance(value, int):
        return block(1, name) + number(3, value % (1 << 64)) + number(20, 2)
    if isinstance(value, float):
        return block(1, name) + b"\x15" + np.float32(value).tobytes() + number(20, 1)
    return block(1, name) + b"".join(number(8, item % (1 << 64)) for item in value) + number(20, 7)
