"""What was said and what it cost: one SQLite table, readable by its owner alone (0600), limited in length.

Methods block for a disk write; the daemon calls them on a thread of their own, the command line directly.
"""

from __future__ import annotations

import dataclasses
import os
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from daemon.errors import SwictationError
from daemon.latency import FIELDS, Timings
from daemon.messages import Mode, Outcome
from daemon.paths import private

_VERSION = 1
_COUNTS = ("tokens", "steps", "rtf")
_TIMINGS = tuple(name if name in _COUNTS else f"{name}_ms" for name in FIELDS)
_COLUMNS = ("id", "at_s", "mode", "outcome", "reason", "text", "model", "provider", "audio_s", *_TIMINGS)


@dataclass(frozen=True, slots=True)
class Entry:
    """One utterance. ``at_s`` is Unix time; ``text`` is None where it was not kept or there is none."""

    id: str
    at_s: float
    mode: Mode
    outcome: Outcome
    reason: str | None
    text: str | None
    model: str | None
    provider: str | None
    audio_s: float
    timings: Timings = dataclasses.field(default_factory=Timings)

    def as_json(self) -> dict[str, object]:
        """The entry as plain JSON values, the timings under ``timings_ms``."""
        plain = dataclasses.asdict(self)
        plain["timings_ms"] = plain.pop("timings")
        return plain


class History:
    """The history in the file at ``path``; at most ``limit`` entries, with their texts only if ``keep_text``."""

    def __init__(self, path: Path, *, limit: int = 10_000, keep_text: bool = True) -> None:
        self._limit = limit
        self._keep_text = keep_text
        private(path.parent)
        os.close(os.open(path, os.O_CREAT | os.O_RDWR, 0o600))
        path.chmod(0o600)  # SQLite gives its journal the mode of its database
        self._db = sqlite3.connect(path, timeout=2.0, check_same_thread=False)
        self._db.row_factory = sqlite3.Row
        found = self._db.execute("PRAGMA user_version").fetchone()[0]
        if found > _VERSION:
            self._db.close()
            raise SwictationError(
                f"{path} was written by a newer swictation: install that version, or move the file away"
            )
        self._db.execute("PRAGMA journal_mode = WAL")
        self._db.execute("PRAGMA synchronous = NORMAL")
        self._db.execute("PRAGMA secure_delete = ON")
        if found < _VERSION:
            self._create()

    def _create(self) -> None:
        numbers = ", ".join(f"{name} REAL" for name in _TIMINGS)
        with self._db:
            self._db.execute(
                "CREATE TABLE IF NOT EXISTS utterance ("
                "number INTEGER PRIMARY KEY AUTOINCREMENT, id TEXT UNIQUE NOT NULL, at_s REAL NOT NULL, "
                "mode TEXT NOT NULL, outcome TEXT NOT NULL, reason TEXT, text TEXT, model TEXT, provider TEXT, "
                f"audio_s REAL NOT NULL, {numbers})",
            )
            self._db.execute(f"PRAGMA user_version = {_VERSION}")

    def close(self) -> None:
        """Close the file."""
        self._db.close()

    def record(self, entry: Entry) -> None:
        """Write an entry, or write it anew under the same id, and drop what is over the limit."""
        text = entry.text if self._keep_text else None
        values = [entry.id, entry.at_s, entry.mode, entry.outcome, entry.reason, text, entry.model, entry.provider]
        values += [entry.audio_s, *dataclasses.astuple(entry.timings)]
        names = ", ".join(_COLUMNS)
        updates = ", ".join(f"{name} = excluded.{name}" for name in _COLUMNS if name != "id")
        marks = ", ".join("?" * len(_COLUMNS))
        with self._db:
            self._db.execute(
                f"INSERT INTO utterance ({names}) VALUES ({marks}) "  # noqa: S608 - the names are ours
                f"ON CONFLICT (id) DO UPDATE SET {updates}",
                values,
            )
            self._db.execute(
                "DELETE FROM utterance WHERE number <= (SELECT max(number) FROM utterance) - ?",
                (self._limit,),
            )

    def latest(self, count: int | None = None) -> list[Entry]:
        """The newest entries, newest first; all of them without ``count``."""
        rows = self._db.execute(
            "SELECT * FROM utterance ORDER BY number DESC LIMIT ?", (-1 if count is None else count,)
        )
        return [_entry(row) for row in rows]

    def last_text(self) -> Entry | None:
        """The newest entry that has a text."""
        row = self._db.execute("SELECT * FROM utterance WHERE text IS NOT NULL ORDER BY number DESC LIMIT 1").fetchone()
        return _entry(row) if row else None

    def count(self, outcome: Outcome) -> int:
        """How many entries ended so."""
        number = self._db.execute("SELECT count(*) FROM utterance WHERE outcome = ?", (outcome,)).fetchone()[0]
        return int(number)

    def clear(self) -> int:
        """Delete every entry, for good; gives back how many there were."""
        with self._db:
            deleted = self._db.execute("DELETE FROM utterance").rowcount
        self._db.execute("VACUUM")
        self._db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        return deleted


def stored(path: Path) -> Iterator[Entry]:
    """The entries of a history that may be in use, newest first; none where there is no file."""
    if not path.exists():
        return
    with closing(History(path, limit=1 << 40)) as history:
        yield from history.latest()


def _entry(row: sqlite3.Row) -> Entry:
    timings = dict(zip(FIELDS, (row[column] for column in _TIMINGS), strict=True))
    for name in ("tokens", "steps"):
        timings[name] = None if timings[name] is None else int(timings[name])
    return Entry(
        id=row["id"],
        at_s=row["at_s"],
        mode=Mode(row["mode"]),
        outcome=Outcome(row["outcome"]),
        reason=row["reason"],
        text=row["text"],
        model=row["model"],
        provider=row["provider"],
        audio_s=row["audio_s"],
        timings=Timings(**timings),
    )
