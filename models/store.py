"""Where models live: a directory with one directory for each model, and in it a note of what was seen when it came.

A model is put together in a hidden directory beside its place and moved there in one step, so that whatever stands
under a model's name is whole. What hidden directories a killed process left are swept away by the next one that holds
the model's lock.
"""

from __future__ import annotations

import contextlib
import dataclasses
import fcntl
import json
import os
import shutil
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from models import bundle, catalogue
from models.archive import SeenFile, sha256_of
from models.catalogue import Entry
from models.errors import BundleError, StoreError

MANIFEST = ".swictation.json"
_FORMAT = 1
_POLL_S = 0.2


@dataclass(frozen=True, slots=True)
class Manifest:
    """What is written down beside a model when it comes.

    ``source`` is the address or the name of the local file that it came from, ``archive_sha256`` the sum that was seen,
    ``checked`` says in words against what; ``files`` are the sums of what was unpacked. Of a model that was made here
    ``made_from`` holds the sums of the files that it was made from.
    """

    name: str
    kind: str
    source: str
    archive_sha256: str
    checked: str
    licence: str
    attribution: str
    fetched_at: str
    files: dict[str, SeenFile]
    made_from: dict[str, str] = field(default_factory=dict)

    def as_json(self) -> dict[str, Any]:
        """As plain values."""
        return {"format": _FORMAT, **dataclasses.asdict(self)}


class Store:
    """The models in ``directory``, which need not exist yet."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory

    def names(self) -> list[str]:
        """The models that are here, whole or broken, ours or put here by hand."""
        if not self.directory.is_dir():
            return []
        return sorted(path.name for path in self.directory.iterdir() if path.is_dir() and not path.name.startswith("."))

    def path(self, name: str) -> Path:
        """The directory of a model. Raises StoreError if it is not here."""
        if name not in self.names():
            here = ", ".join(self.names()) or "none yet"
            raise StoreError(
                f"no model {name} is installed (here: {here}); get it with `swictation models pull {name}`"
            )
        return self.directory / name

    def manifest(self, name: str) -> Manifest | None:
        """What was written down when the model came; None for one put here by hand. Raises StoreError if unreadable."""
        file = self.path(name) / MANIFEST
        try:
            values = json.loads(file.read_text(encoding="utf-8"))
            files = {str(name): SeenFile(**seen) for name, seen in values.pop("files").items()}
            values.pop("format")
            return Manifest(**values, files=files)
        except FileNotFoundError:
            return None
        except (OSError, ValueError, TypeError, KeyError, AttributeError):
            raise StoreError(f"{file} is damaged; get the model again with `swictation models pull {name}`") from None

    def kind(self, name: str) -> str:
        """Transducer, ctc or vad; one put here by hand counts as a transducer."""
        manifest = self.manifest(name)
        return manifest.kind if manifest is not None else "transducer"

    def faults(self, name: str) -> list[str]:
        """Everything that is wrong with a model, a line each: its files against their sums, then the whole of it."""
        directory = self.path(name)
        try:
            manifest = self.manifest(name)
        except StoreError as error:
            return [str(error)]
        known = {file.name: file.sha256 for entry in catalogue.ENTRIES if entry.name == name for file in entry.files}
        files = manifest.files.items() if manifest is not None else ()
        again = f"get the model again with `swictation models pull {name}`"
        if manifest is not None and manifest.made_from:
            again = f"`swictation models remove {name}` and make it again with `swictation models optimise`"
        faults = [
            fault for file, seen in files for fault in _file_faults(directory / file, seen, known.get(file), again)
        ]
        if not faults and self.kind(name) == "transducer":
            try:
                bundle.validate(bundle.find(directory))
            except BundleError as error:
                faults.append(str(error))
        return faults

    def remove(self, name: str) -> None:
        """Delete a model, its unfinished download too. Raises StoreError if there is neither, or someone fetches it."""
        if name not in self.names() and not self._leftovers(name):
            self.path(name)
        with self.lock(name, None):
            if name in self.names():
                self.path(name).rename(self._beside(name, "removed"))  # gone at once, whatever the deletion meets
            for path in self._leftovers(name):
                _delete(path)

    def partial(self, name: str) -> Path:
        """The directory for the unfinished download of a model."""
        directory = self._beside(name, "partial")
        directory.mkdir(exist_ok=True)
        return directory

    def discard_partial(self, name: str) -> None:
        """Remove an unfinished download, or a finished one that is of no more use."""
        _delete(self._beside(name, "partial"))

    @contextlib.contextmanager
    def place(self, name: str) -> Iterator[Path]:
        """An empty directory that becomes the model's own, in the place of any before it, if the block ends well."""
        around = self._beside(name, "incoming")
        _delete(around)
        directory = around / name
        directory.mkdir(parents=True)
        try:
            yield directory
            _sync(directory)
            replaced = self._beside(name, "replaced")
            if (self.directory / name).exists():
                (self.directory / name).rename(replaced)
            directory.rename(self.directory / name)
            _sync(self.directory)
            _delete(replaced)
        finally:
            _delete(around)

    @contextlib.contextmanager
    def lock(self, name: str, waiting: Callable[[int], None] | None) -> Iterator[None]:
        """Be the only one who changes a model, and sweep away what a killed process left of it.

        Where another process holds the lock, ``waiting`` is told its number once and this one waits; with None it
        raises StoreError instead.
        """
        self.directory.mkdir(parents=True, exist_ok=True)
        path = self._beside(name, "lock")
        descriptor = _take(path, waiting, name)
        try:
            self._sweep(name)
            yield
        finally:
            path.unlink(missing_ok=True)
            os.close(descriptor)

    def _sweep(self, name: str) -> None:
        replaced = self._beside(name, "replaced")
        if replaced.exists() and not (self.directory / name).exists():
            replaced.rename(self.directory / name)  # it was killed between the two renames
        for what in ("incoming", "replaced", "removed"):
            _delete(self._beside(name, what))

    def _leftovers(self, name: str) -> list[Path]:
        paths = [self._beside(name, what) for what in ("incoming", "replaced", "removed", "partial")]
        return [path for path in paths if path.exists()]

    def _beside(self, name: str, what: str) -> Path:
        return self.directory / f".{name}.{what}"


def write_manifest(directory: Path, manifest: Manifest) -> None:
    """Write down beside a model what was seen of it."""
    (directory / MANIFEST).write_text(json.dumps(manifest.as_json(), indent=1) + "\n", encoding="utf-8")


def new_manifest(entry: Entry, source: str, archive_sha256: str, checked: str, files: dict[str, SeenFile]) -> Manifest:
    """The manifest of a model that comes now."""
    return Manifest(
        name=entry.name,
        kind=entry.kind,
        source=source,
        archive_sha256=archive_sha256,
        checked=checked,
        licence=entry.licence,
        attribution=entry.attribution,
        fetched_at=time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
        files=files,
    )


def _file_faults(path: Path, seen: SeenFile, known_sha256: str | None, again: str) -> Iterator[str]:
    if not path.is_file():
        yield f"{path} is missing; {again}"
    elif path.stat().st_size != seen.size_bytes:
        yield f"{path} has {path.stat().st_size} bytes where it came with {seen.size_bytes}; {again}"
    elif sha256_of(path) != (known_sha256 or seen.sha256):
        yield f"{path} has changed since it came: its sum is another; {again}"


def _take(path: Path, waiting: Callable[[int], None] | None, name: str) -> int:
    """Take the lock on the file at ``path``; its descriptor, to be closed. The system lets go when its holder dies."""
    told = False
    while True:
        descriptor = os.open(path, os.O_CREAT | os.O_RDWR | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            if _is_still(path, descriptor):
                os.ftruncate(descriptor, 0)
                os.pwrite(descriptor, str(os.getpid()).encode(), 0)
                return descriptor
            os.close(descriptor)  # its holder was done and has removed it between our two calls
        except BlockingIOError:
            holder = os.pread(descriptor, 20, 0).strip()
            os.close(descriptor)
            pid = int(holder) if holder.isdigit() else 0
            if waiting is None:
                raise StoreError(f"process {pid} is fetching {name}; wait until it is done") from None
            if not told:
                waiting(pid)
                told = True
            time.sleep(_POLL_S)


def _is_still(path: Path, descriptor: int) -> bool:
    try:
        return os.path.samestat(os.fstat(descriptor), path.stat())
    except FileNotFoundError:
        return False


def _sync(directory: Path) -> None:
    descriptor = os.open(directory, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _delete(path: Path) -> None:
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)
