"""Getting a model: fetched or given, its sum judged, unpacked beside its place, checked, and only then put there."""

from __future__ import annotations

import contextlib
import errno
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from models import archive, bundle, download
from models.archive import SeenFile, sha256_of
from models.catalogue import Entry, known_bad
from models.download import Progress
from models.errors import ArchiveError, BundleError, DownloadError, StoreError
from models.store import MANIFEST, Store, new_manifest, write_manifest

_DISK_FULL = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}
_SUM_LIST_BYTES = 4 << 20


@dataclass(frozen=True, slots=True)
class Source:
    """Where an archive comes from: ``file`` on this machine, else below the address ``mirror``, else its release."""

    file: Path | None = None
    mirror: str = ""

    def address(self, entry: Entry) -> str:
        """The address of an entry's archive."""
        return f"{self.mirror.rstrip('/')}/{entry.archive}" if self.mirror else entry.address


@dataclass(frozen=True, slots=True)
class Reporter:
    """Where a pull says what it does: ``step`` takes a line, ``downloaded`` and ``unpacked`` (bytes) the progress."""

    step: Callable[[str], None] = lambda _line: None
    downloaded: Callable[[Progress], None] = lambda _progress: None
    unpacked: Callable[[int], None] = lambda _written_bytes: None


@dataclass(frozen=True, slots=True)
class Pulled:
    """A model that is here. ``fresh`` is False if it was here already; ``checked`` says against what its sum was."""

    directory: Path
    fresh: bool
    checked: str


def _validated(directory: Path) -> None:
    bundle.validate(bundle.find(directory))


def pull(
    store: Store,
    entry: Entry,
    source: Source,
    reporter: Reporter,
    *,
    accept: Callable[[Path], None] = _validated,
    timeout_s: float = download.TIMEOUT_S,
    pause_s: float = 1.0,
) -> Pulled:
    """Put the model of ``entry`` into ``store``. Raises StoreError or BundleError and then leaves no half of it there.

    ``accept`` is shown a transducer's directory before the model is put in its place, and raises BundleError if it is
    not to be. A download that broke off is kept beside for the next pull to go on from; one with a wrong sum is not.
    """
    running = _Pull(store, entry, reporter, accept, timeout_s, pause_s)
    with _disk_told(store, entry), store.lock(entry.name, lambda pid: reporter.step(_waiting(entry, pid))):
        if entry.name in store.names():
            faults = store.faults(entry.name)
            if not faults and (manifest := store.manifest(entry.name)) is not None:
                return Pulled(store.path(entry.name), fresh=False, checked=manifest.checked)
            if not (store.path(entry.name) / MANIFEST).exists():
                raise StoreError(
                    f"{store.path(entry.name)} was put there by hand; move it away or `swictation models remove "
                    f"{entry.name}`, then pull again"
                )
            reporter.step(f"what is there of {entry.name} is replaced: {'; '.join(faults)}")
        if source.file is not None:
            return running.install(source.file, str(source.file))
        return running.fetch(source.address(entry))


def judge(entry: Entry, seen: str, listed: str | None) -> str:
    """How far the sum ``seen`` of an archive can be trusted, in words; ``listed`` is the release's own, if it was had.

    Raises ArchiveError if it is not to be trusted. The release's list counts only where the sum that we know is from
    one place: it comes from where the archive comes from, and so proves less than several places that agree.
    """
    if seen == entry.sha256:
        if entry.sum_is_certain:
            return "its sum is the one that several independent places give"
        if listed is None:
            return "its sum is the known one, which is from one place only; the release's own list could not be had"
        if listed == seen:
            return "its sum is the known one and in the release's own list"
    elif not entry.sum_is_certain and listed == seen:
        return "its sum is in the release's own list, which differs from the one place that this version knows it from"
    expected = entry.sha256 if listed is None else f"{entry.sha256} (the release's list: {listed})"
    raise ArchiveError(
        f"{entry.archive} is damaged or another file: its sha256 is {seen}, not {expected}; get it again, or from "
        "another place with --mirror URL"
    )


def sum_in_list(text: str, file_name: str) -> str | None:
    """The sha256 of ``file_name`` in a list with a name and a sum on each line, in either order, or None."""
    for line in text.splitlines():
        words = line.replace("*", " ").split()
        if file_name in words:
            return next((word.lower() for word in words if len(word) == 64 and word.isalnum()), None)
    return None


@dataclass(frozen=True, slots=True)
class _Pull:
    store: Store
    entry: Entry
    reporter: Reporter
    accept: Callable[[Path], None]
    timeout_s: float
    pause_s: float

    def fetch(self, address: str) -> Pulled:
        """Download and install. What came in parts and is wrong is got once more, whole."""
        self.reporter.step(f"getting {self.entry.archive} from {address}")
        if self._download(address):
            try:
                return self._install_download(address)
            except ArchiveError as error:
                self.reporter.step(f"{error}; its parts may not belong together: getting it whole")
                self._download(address)
        return self._install_download(address)

    def install(self, file: Path, source: str) -> Pulled:
        """Judge, unpack and check an archive that is here."""
        entry = self.entry
        if (reason := known_bad(file.name)) is not None:
            raise StoreError(reason)
        self.reporter.step("checking its sum")
        seen = sha256_of(file)
        checked = judge(entry, seen, None if entry.sum_is_certain else _listed_sum(entry, self.timeout_s))
        self.reporter.step(f"{checked}; unpacking")
        with self.store.place(entry.name) as directory:
            files = self._unpack(file, directory)
            for known in entry.files:
                if known.sha256 not in {None, files[known.name].sha256}:
                    raise ArchiveError(f"{known.name} in {entry.archive} is not the known one; get the archive again")
            write_manifest(directory, new_manifest(entry, source, seen, checked, files))
            if entry.kind == "transducer":
                self.accept(directory)
        return Pulled(self.store.path(entry.name), fresh=True, checked=checked)

    def _download(self, address: str) -> bool:
        entry, partial = self.entry, self.store.partial(self.entry.name)
        try:
            return download.fetch(
                address,
                partial / entry.archive,
                most_bytes=entry.archive_bytes or entry.most_bytes,
                size_bytes=entry.archive_bytes,
                timeout_s=self.timeout_s,
                pause_s=self.pause_s,
                progress=self.reporter.downloaded,
            )
        finally:
            with contextlib.suppress(OSError):  # it holds something worth keeping
                partial.rmdir()

    def _install_download(self, address: str) -> Pulled:
        try:
            pulled = self.install(self.store.partial(self.entry.name) / self.entry.archive, address)
        except (ArchiveError, BundleError):
            self.store.discard_partial(self.entry.name)
            raise
        self.store.discard_partial(self.entry.name)
        return pulled

    def _unpack(self, file: Path, directory: Path) -> dict[str, SeenFile]:
        names = [known.name for known in self.entry.files]
        if names == [self.entry.archive]:
            return {names[0]: archive.copy(file, directory / names[0])}
        return archive.unpack(file, directory, names, self.entry.most_bytes, self.reporter.unpacked)


def _listed_sum(entry: Entry, timeout_s: float) -> str | None:
    try:
        text = download.read_text(entry.sums_address, most_bytes=_SUM_LIST_BYTES, timeout_s=min(timeout_s, 10.0))
    except DownloadError:
        return None
    return sum_in_list(text, entry.archive)


def _waiting(entry: Entry, pid: int) -> str:
    return f"another pull of {entry.name} is running (process {pid}): waiting until it is done"


@contextlib.contextmanager
def _disk_told(store: Store, entry: Entry) -> Iterator[None]:
    """Turn what the disk says into one line, and leave nothing on a full one."""
    try:
        yield
    except OSError as error:
        if error.errno in _DISK_FULL:
            store.discard_partial(entry.name)
            need_mb = (entry.most_bytes + (entry.archive_bytes or entry.most_bytes)) / 1e6
            raise StoreError(
                f"the disk that holds {store.directory} is full: {entry.name} needs up to {need_mb:.0f} MB there; make "
                "room and pull again, nothing was left behind"
            ) from None
        named = error.filename or store.directory
        raise StoreError(
            f"{named} cannot be read or written: {error.strerror or error}; see to it and pull again"
        ) from None
