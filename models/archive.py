"""Unpacking an archive that nobody vouches for: only the files that are expected, and never outside one directory.

An archive with a name that leads elsewhere, a link, a device, a name twice or more data than the model may have is
refused as a whole. Regular files that nobody asked for (recordings to test with, notes) are passed over. What is read
is counted as it is decompressed, headers too, so that a small archive cannot fill the memory or the disk.
"""

from __future__ import annotations

import bz2
import contextlib
import errno
import gzip
import hashlib
import lzma
import os
import stat
import struct
import tarfile
import zipfile
import zlib
from collections.abc import Callable, Collection, Generator, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath, PureWindowsPath
from typing import IO, Protocol

from models.errors import ArchiveError

_MOST_MEMBERS = 10_000
_HEADER_BYTES = 1 << 20  # what may lie between two files: a header with its long names, and the padding
_PIECE_BYTES = 1 << 20
_DAMAGE = (  # what the libraries raise on data that is not what it says
    *(tarfile.TarError, zipfile.BadZipFile, zlib.error, lzma.LZMAError, struct.error),
    *(EOFError, ValueError, NotImplementedError, RecursionError),
)


@dataclass(frozen=True, slots=True)
class SeenFile:
    """A file as it was written: size in bytes and sha256 in hexadecimal."""

    size_bytes: int
    sha256: str


def unpack(
    archive: Path,
    into: Path,
    names: Collection[str],
    most_bytes: int,
    progress: Callable[[int], None] = lambda _written_bytes: None,
) -> dict[str, SeenFile]:
    """Write the files called ``names`` from ``archive`` (tar, plain or with bzip2 or gzip, or zip) to ``into``.

    They are found in whichever directory of the archive they lie and land in ``into`` itself, which must be there and
    hold none of them. Gives back what was written; ``progress`` is told how many bytes that are so far. Raises
    ArchiveError if the archive is damaged, hostile, lacks a file or holds more than ``most_bytes``; what was written
    until then is left for the caller to remove. Raises OSError as the disk does.
    """
    seen: dict[str, SeenFile] = {}
    try:
        with contextlib.closing(_regular_files(archive, most_bytes)) as found:
            for name, size_bytes, content in found:
                short = PurePosixPath(name).name
                if short not in names:
                    continue
                if short in seen:
                    raise ArchiveError(f"{archive.name} holds {short} twice; it is not to be trusted")
                seen[short] = _write(into / short, content, size_bytes, _after(seen, progress))
    except _DAMAGE as error:
        raise ArchiveError(f"{archive.name} is damaged ({error or 'it ends early'}); get the archive again") from None
    except OSError as error:
        if error.errno in {None, errno.EINVAL}:  # bz2 and gzip have no number for it; a zip may name a place before 0
            raise ArchiveError(f"{archive.name} is damaged ({error}); get the archive again") from None
        raise
    if missing := sorted(set(names) - set(seen)):
        raise ArchiveError(f"{archive.name} is no archive of this model: {', '.join(missing)} not in it")
    return seen


def copy(source: Path, target: Path) -> SeenFile:
    """Copy a model that is one file and no archive."""
    with source.open("rb") as content:
        return _write(target, content, source.stat().st_size, lambda _written_bytes: None)


def sha256_of(path: Path) -> str:
    """The sha256 of a file, in hexadecimal."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _after(seen: Mapping[str, SeenFile], progress: Callable[[int], None]) -> Callable[[int], None]:
    before = sum(file.size_bytes for file in seen.values())
    return lambda written_bytes: progress(before + written_bytes)


class _Stream(Protocol):
    def read(self, size_bytes: int, /) -> bytes: ...

    def close(self) -> None: ...


def _write(target: Path, content: _Stream, size_bytes: int, progress: Callable[[int], None]) -> SeenFile:
    """Write ``size_bytes`` from ``content`` to a new file, on the disk before it is reported."""
    digest, left = hashlib.sha256(), size_bytes
    with target.open("xb") as file:
        while left:
            piece = content.read(min(left, _PIECE_BYTES))
            if not piece:
                raise ArchiveError(f"{target.name} is cut short in the archive; get the archive again")
            file.write(piece)
            digest.update(piece)
            left -= len(piece)
            progress(size_bytes - left)
        file.flush()
        os.fsync(file.fileno())
    return SeenFile(size_bytes, digest.hexdigest())


def _regular_files(archive: Path, most_bytes: int) -> Generator[tuple[str, int, _Stream], None, None]:
    """Name, size and content of every regular file, each to be read before the next is asked for."""
    with archive.open("rb") as file:
        magic = file.read(4)
        file.seek(0)
        if magic == b"PK\x03\x04":
            yield from _in_zip(file, archive.name, most_bytes)
        elif magic[:3] == b"BZh":
            yield from _in_tar(bz2.BZ2File(file), archive.name, most_bytes)
        elif magic[:2] == b"\x1f\x8b":
            yield from _in_tar(gzip.GzipFile(fileobj=file), archive.name, most_bytes)
        else:
            yield from _in_tar(file, archive.name, most_bytes)


class _Metered:
    """A stream that gives no more bytes than it was last allowed to."""

    def __init__(self, stream: _Stream, archive_name: str) -> None:
        self._stream = stream
        self._archive_name = archive_name
        self._left = _HEADER_BYTES

    def allow(self, size_bytes: int) -> None:
        """Allow a file of ``size_bytes`` and the header after it."""
        self._left = size_bytes + _HEADER_BYTES

    def read(self, size_bytes: int) -> bytes:
        """As a file's; raises ArchiveError past the allowance."""
        piece = self._stream.read(size_bytes)
        self._left -= len(piece)
        if self._left < 0:
            raise ArchiveError(f"{self._archive_name} holds more data than its headers say; it is not to be trusted")
        return piece


def _in_tar(stream: _Stream, archive_name: str, most_bytes: int) -> Iterator[tuple[str, int, _Stream]]:
    metered = _Metered(stream, archive_name)
    total_bytes = 0
    with contextlib.closing(stream), tarfile.open(fileobj=metered, mode="r|") as tar:  # type: ignore[call-overload]
        for count, member in enumerate(tar):
            _check_name(member.name, archive_name)
            if not (member.isdir() or (member.isreg() and not member.issparse())):
                raise ArchiveError(f"{archive_name} holds {member.name!r}, a link or device; it is not to be trusted")
            if member.size < 0:
                raise ArchiveError(f"{archive_name} holds {member.name!r} of a size below nothing; it is damaged")
            total_bytes += member.size
            _check_amount(total_bytes, count, archive_name, most_bytes)
            metered.allow(member.size)
            if member.isreg() and (content := tar.extractfile(member)) is not None:
                yield member.name, member.size, content


def _in_zip(file: IO[bytes], archive_name: str, most_bytes: int) -> Iterator[tuple[str, int, _Stream]]:
    total_bytes = 0
    with zipfile.ZipFile(file) as packed:
        for count, member in enumerate(packed.infolist()):
            _check_name(member.orig_filename, archive_name)
            kind = stat.S_IFMT(member.external_attr >> 16)
            if kind not in {0, stat.S_IFREG, stat.S_IFDIR}:
                raise ArchiveError(f"{archive_name} holds {member.filename!r}, a link; it is not to be trusted")
            total_bytes += member.file_size
            _check_amount(total_bytes, count, archive_name, most_bytes)
            if member.flag_bits & 1:
                raise ArchiveError(f"{archive_name} is encrypted; get one that is not")
            if not member.is_dir():
                with packed.open(member) as content:
                    yield member.filename, member.file_size, content


def _check_name(name: str, archive_name: str) -> None:
    posix, windows = PurePosixPath(name), PureWindowsPath(name)
    if posix.is_absolute() or windows.drive or windows.root or ".." in windows.parts or not name.isprintable():
        raise ArchiveError(
            f"{archive_name} holds the name {name[:80]!r}, which leads elsewhere; it is not to be trusted"
        )


def _check_amount(total_bytes: int, count: int, archive_name: str, most_bytes: int) -> None:
    if total_bytes > most_bytes or count >= _MOST_MEMBERS:
        raise ArchiveError(
            f"{archive_name} unpacks to more than {most_bytes / 1e6:.0f} MB or {_MOST_MEMBERS} files, which no such "
            "model has; it is not to be trusted"
        )
