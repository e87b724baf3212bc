"""Copies of a real bundle whose weights are changed: files that no check of headers finds fault with."""

import mmap
import shutil
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np

from models import bundle, protobuf
from models.onnx_header import FLOAT32
from models.protobuf import LENGTH

Change = Callable[[np.ndarray], np.ndarray]
_LEAST_VALUES = 64  # smaller ones are constants of the graph, not weights


def copy(source: Path, target: Path, roles: Sequence[str], change: Change) -> Path:
    """``source`` in ``target`` with every float32 weight of the files of ``roles`` replaced by ``change`` of it."""
    shutil.copytree(source, target, copy_function=shutil.copyfile)
    found = bundle.find(target)
    for role in roles:
        _rewrite(getattr(found, role), change)
    return target


def _rewrite(path: Path, change: Change) -> None:
    with path.open("r+b") as file, mmap.mmap(file.fileno(), 0) as data:
        places = list(_weights(data))
        assert places
        for start, end in places:
            values = np.frombuffer(data[start:end], "<f4")
            data[start:end] = change(values).astype("<f4").tobytes()


def _weights(data):
    for graph in _of(data, (0, len(data)), 7):
        for tensor in _of(data, graph, 5):
            parts = list(protobuf.fields(data, *tensor))
            element = next(protobuf.varint(data, first, last)[0] for number, _, first, last in parts if number == 2)
            for number, kind, first, last in parts:
                if element == FLOAT32 and number in (4, 9) and kind == LENGTH and last - first >= 4 * _LEAST_VALUES:
                    yield first, last


def _of(data, place, wanted):
    return [(first, last) for number, _, first, last in protobuf.fields(data, *place) if number == wanted]


def zeroed(values):
    return np.zeros_like(values)


def not_numbers(values):
    return np.full_like(values, np.nan)


def shuffled(values):
    return np.random.default_rng(1).permutation(values)


def one_not_a_number(values):
    changed = values.copy()
    changed[changed.size // 2] = np.nan
    return changed


def doubled(values):
    return values * 2
