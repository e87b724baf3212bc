"""The versions of the history's schema: a new file is laid out, an older one is brought up to date with a copy kept.

A copy holds texts, so it goes as soon as anything is deleted for good: see ``forget_copies``.
"""

from __future__ import annotations

import contextlib
import os
import sqlite3
from contextlib import closing
from pathlib import Path

from daemon.errors import SwictationError

_VERSION = 2
_OUTCOME_INDEX = "CREATE INDEX IF NOT EXISTS utterance_outcome ON utterance (outcome)"
# The statement that leads from a version to the next one.
_STEPS = {1: _OUTCOME_INDEX}  # held and failed utterances are counted for every status


def bring_up_to_date(db: sqlite3.Connection, path: Path, numbers: tuple[str, ...]) -> None:
    """Give the database ``db`` in the file at ``path`` today's schema, with a column for each of ``numbers``.

    Raises SwictationError, with the file as it was, if a newer swictation wrote it or if an older one did and no copy
    could be kept.
    """
    if (found := _version(db)) == _VERSION:
        return
    if found > _VERSION:
        raise SwictationError(f"{path} was written by a newer swictation: install that version, or move the file away")
    with db:
        db.execute("BEGIN IMMEDIATE")
        if not (found := _version(db)):  # asked again: another process may have been faster
            _lay_out(db, numbers)
        elif found < _VERSION:
            _keep_copy(path, found)
            for version in range(found, _VERSION):
                db.execute(_STEPS[version])
        db.execute(f"PRAGMA user_version = {_VERSION}")


def forget_copies(path: Path) -> None:
    """Delete the copies that were kept of the history at ``path``."""
    for pattern in (f"{path.name}.version-*", f"{path.name}.copying"):  # the second is what a killed process leaves
        for copy in path.parent.glob(pattern):
            copy.unlink(missing_ok=True)


def _version(db: sqlite3.Connection) -> int:
    return int(db.execute("PRAGMA user_version").fetchone()[0])


def _lay_out(db: sqlite3.Connection, numbers: tuple[str, ...]) -> None:
    columns = ", ".join(f"{name} REAL" for name in numbers)
    db.execute(
        "CREATE TABLE utterance ("
        "number INTEGER PRIMARY KEY AUTOINCREMENT, id TEXT UNIQUE NOT NULL, at_s REAL NOT NULL, "
        "mode TEXT NOT NULL, outcome TEXT NOT NULL, reason TEXT, text TEXT, model TEXT, provider TEXT, "
        f"audio_s REAL NOT NULL, {columns})",
    )
    db.execute(_OUTCOME_INDEX)


def _keep_copy(path: Path, version: int) -> None:
    """Keep the file's content beside it under a name with its version, whole or not at all.

    Through a connection of its own: one that is in the middle of a change cannot be copied from.
    """
    partial = path.with_name(f"{path.name}.copying")
    try:
        os.close(os.open(partial, os.O_CREAT | os.O_RDWR | os.O_TRUNC, 0o600))
        with closing(sqlite3.connect(path)) as source, closing(sqlite3.connect(partial)) as copy:
            source.backup(copy)
        partial.replace(path.with_name(f"{path.name}.version-{version}"))
    except (OSError, sqlite3.Error) as error:
        with contextlib.suppress(OSError):
            partial.unlink(missing_ok=True)
        raise SwictationError(
            f"{path} is an older swictation's and no copy of it could be kept ({error}): make room, then start again"
        ) from None
