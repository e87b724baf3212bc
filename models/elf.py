"""What a Linux shared library asks of others and gives to them: its dynamic section, read without loading it."""

from __future__ import annotations

import mmap
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

_MAGIC = b"\x7fELF\x02\x01"  # 64 bits, little endian
_LOAD, _DYNAMIC = 1, 2
_NEEDED, _STRINGS = 1, 5
_DEFINED, _DEFINED_COUNT, _WANTED, _WANTED_COUNT = range(0x6FFFFFFC, 0x70000000)


@dataclass(frozen=True, slots=True)
class Library:
    """``needed`` are the names of the libraries that it loads; ``wanted`` the symbol versions that it asks of each.

    ``defined`` are the symbol versions that it has itself, its own name among them.
    """

    needed: tuple[str, ...]
    wanted: dict[str, tuple[str, ...]]
    defined: tuple[str, ...]


def read(path: Path) -> Library:
    """Read ``path``. Raises OSError, and ValueError if it is no 64-bit little-endian ELF library."""
    with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as content:
        try:
            return _Reader(content).library()
        except (struct.error, IndexError, UnicodeDecodeError):
            raise ValueError(f"{path} is damaged, or no shared library") from None


class _Reader:
    def __init__(self, content: mmap.mmap) -> None:
        if content[:6] != _MAGIC:
            raise ValueError("no 64-bit little-endian ELF file")
        self._content = content
        (start,) = struct.unpack_from("<Q", content, 32)
        size, count = struct.unpack_from("<HH", content, 54)
        headers = [struct.unpack_from("<IIQQQQ", content, start + number * size) for number in range(count)]
        self._loads = [(address, offset, length) for kind, _f, offset, address, _p, length in headers if kind == _LOAD]
        where = next(((offset, length) for kind, _f, offset, _a, _p, length in headers if kind == _DYNAMIC), None)
        if where is None:
            raise ValueError("a file without a dynamic section")
        self._entries = list(struct.iter_unpack("<QQ", content[where[0] : sum(where)]))
        if not self._value(_STRINGS):
            raise ValueError("a dynamic section that is not there")
        self._strings = self._offset(self._value(_STRINGS))

    def library(self) -> Library:
        needed = tuple(self._text(value) for tag, value in self._entries if tag == _NEEDED)
        return Library(needed, dict(self._wanted()), tuple(self._defined()))

    def _wanted(self) -> Iterator[tuple[str, tuple[str, ...]]]:
        count_of_files = self._value(_WANTED_COUNT)
        place = self._offset(self._value(_WANTED)) if count_of_files else 0
        for _ in range(count_of_files):
            _version, count, file, first, following = struct.unpack_from("<HHIII", self._content, place)
            names, part = [], place + first
            for _ in range(count):
                name, further = struct.unpack_from("<II", self._content, part + 8)
                names.append(self._text(name))
                part += further
            yield self._text(file), tuple(names)
            place += following

    def _defined(self) -> Iterator[str]:
        count = self._value(_DEFINED_COUNT)
        place = self._offset(self._value(_DEFINED)) if count else 0
        for _ in range(count):
            first, following = struct.unpack_from("<II", self._content, place + 12)
            yield self._text(struct.unpack_from("<I", self._content, place + first)[0])
            place += following

    def _value(self, tag: int) -> int:
        """The value of a dynamic entry, 0 if there is none."""
        return next((value for found, value in self._entries if found == tag), 0)

    def _offset(self, address: int) -> int:
        """Where in the file lies what is loaded to ``address``."""
        for start, offset, length in self._loads:
            if start <= address < start + length:
                return int(address - start + offset)
        raise ValueError("an address that is not in the file")

    def _text(self, start: int) -> str:
        begin = self._strings + start
        return self._content[begin : self._content.find(b"\0", begin)].decode()
