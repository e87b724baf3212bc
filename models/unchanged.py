"""Whether a model of the store is still what came: its sums are compared again when its files have been touched.

A changed bit inside the weights is seen by no header: an engine loads it and hears something else. So no engine is
given files whose sums were not seen to be right as they stand. That takes a second for 500 MB, and nothing where size,
times and number of every file are those that were noted beside the manifest when the sums were last right.
"""

from __future__ import annotations

import contextlib
import json
import os
import tempfile
from pathlib import Path

from models.errors import BundleError

_MANIFEST = ".swictation.json"  # models.store's, which is imported only where there is one
NOTE = ".swictation.unchanged.json"


def check(directory: Path) -> None:
    """Compare the sums of the model in ``directory`` if it came with any and was touched since they were right.

    Raises BundleError, one line, if it is not what came.
    """
    if not (directory / _MANIFEST).is_file():
        return
    from models.store import Store

    present = _state(directory)  # before the sums: what changes meanwhile is found the next time
    if present is not None and present == _noted(directory / NOTE):
        return
    place = directory.absolute()
    if faults := Store(place.parent).faults(place.name):
        raise BundleError(faults[0])
    with contextlib.suppress(OSError):  # a store that cannot be written is compared every time
        _write(directory / NOTE, json.dumps(present))


def _state(directory: Path) -> dict[str, list[int]] | None:
    """What the file system knows of every file, or None; the time of change (ctime) is set by no program at will."""
    try:
        found = [(file.name, file.stat()) for file in directory.iterdir() if not file.name.startswith(NOTE)]
    except OSError:  # one went away between the two calls
        return None
    return {name: [about.st_size, about.st_mtime_ns, about.st_ctime_ns, about.st_ino] for name, about in found}


def _noted(note: Path) -> object:
    try:
        return json.loads(note.read_text("utf-8"))
    except (OSError, ValueError, RecursionError):
        return None


def _write(file: Path, content: str) -> None:
    handle, partial = tempfile.mkstemp(dir=file.parent, prefix=f"{file.name}.")
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as written:
            written.write(content)
        Path(partial).replace(file)
    except OSError:
        Path(partial).unlink(missing_ok=True)
        raise
