"""A walk over the protobuf wire format, just wide enough for ONNX files of any size: nothing is copied unasked."""

from __future__ import annotations

import mmap
from collections.abc import Iterator

VARINT, FIXED64, LENGTH, FIXED32 = 0, 1, 2, 5  # wire types


class Damaged(Exception):
    """The bytes are not the protobuf that they should be."""


def pair(data: mmap.mmap, start: int, end: int) -> tuple[str, str]:
    """A StringStringEntryProto: key = 1, value = 2; an absent one is empty."""
    texts = {number: text(data, first, last) for number, kind, first, last in fields(data, start, end)}
    return texts.get(1, ""), texts.get(2, "")


def integers(data: mmap.mmap, kind: int, start: int, end: int) -> list[int]:
    """A repeated int64, packed or one by one."""
    if kind == VARINT:
        return [varint(data, start, end)[0]]
    values = []
    while start < end:
        value, start = varint(data, start, end)
        values.append(value)
    return values


def text(data: mmap.mmap, start: int, end: int) -> str:
    """A string."""
    return data[start:end].decode()


def fields(data: mmap.mmap, start: int, end: int) -> Iterator[tuple[int, int, int, int]]:
    """Every field between two places as (number, wire type, first byte of its value, byte after it)."""
    while start < end:
        key, value = varint(data, start, end)
        number, kind = key >> 3, key & 7
        if kind == VARINT:
            after = varint(data, value, end)[1]
        elif kind == LENGTH:
            length, value = varint(data, value, end)
            after = value + length
        elif kind in (FIXED32, FIXED64):
            after = value + (4 if kind == FIXED32 else 8)
        else:
            raise Damaged(f"no field begins at byte {start}")
        if after > end or not number:
            raise Damaged(
                f"the field at byte {start} runs past its end" if number else f"no field begins at byte {start}"
            )
        yield number, kind, value, after
        start = after


def varint(data: mmap.mmap, start: int, end: int) -> tuple[int, int]:
    """A variable-length integer and the place after it."""
    value = shift = 0
    for place in range(start, min(end, start + 10)):
        byte = data[place]
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            return value, place + 1
        shift += 7
    raise Damaged(f"the number at byte {start} has no end")


def packed_varint(value: int) -> bytes:
    """A variable-length integer that is not negative."""
    packed = bytearray()
    while value >= 0x80:
        packed.append(value & 0x7F | 0x80)
        value >>= 7
    packed.append(value)
    return bytes(packed)


def packed(number: int, content: bytes | str) -> bytes:
    """A field with bytes or a string in it."""
    content = content.encode() if isinstance(content, str) else content
    return packed_varint(number << 3 | LENGTH) + packed_varint(len(content)) + content
