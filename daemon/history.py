"""What was said and what it cost: one SQLite table, readable by its owner alone (0600), limited in length.

Methods block for a disk write; the daemon calls them on a thread of their own, the command line directly.
"""

from __future__ import annotations

import dataclasses
import os
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from daemon.errors import SwictationError
from daemon.history_versions import bring_up_to_date, forget_copies
from daemon.latency import FIELDS, STAGES, StageSummary, Timings, summarise_rows
from daemon.messages import Mode, Outcome
from daemon.paths import private

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


@dataclass(frozen=True, slots=True)
class Filter:
    """Which entries are wanted; None is no condition. ``search`` is a part of the text, upper and lower case alike."""

    search: str | None = None
    outcomes: Sequence[str] | None = None
    model: str | None = None
    mode: str | None = None

    def condition(self) -> tuple[str, list[object]]:
        """The SQL condition and its values."""
        wanted: list[tuple[str, list[object]]] = []
        if self.search:
            wanted.append(("instr(casefold(text), ?)", [self.search.casefold()]))
        if self.outcomes is not None:
            wanted.append((f"outcome IN ({', '.join('?' * len(self.outcomes))})", list(self.outcomes)))
        named = {"model": self.model, "mode": self.mode}
        wanted += [(f"{name} = ?", [value]) for name, value in named.items() if value is not None]
        values = [value for _part, values in wanted for value in values]
        return " AND ".join(part for part, _values in wanted) or "TRUE", values


@dataclass(frozen=True, slots=True)
class Page:
    """The newest matching entries before some number, newest first, each with its number, and how many match in all."""

    entries: list[tuple[int, Entry]]
    total: int


class History:
    """The history in the file at ``path``; at most ``limit`` entries, with their texts only if ``keep_text``."""

    def __init__(self, path: Path, *, limit: int = 10_000, keep_text: bool = True) -> None:
        self._path = path
        self._limit = limit
        self._keep_text = keep_text
        private(path.parent)
        os.close(os.open(path, os.O_CREAT | os.O_RDWR, 0o600))
        path.chmod(0o600)  # SQLite gives its journal the mode of its database
        self._db = sqlite3.connect(path, timeout=2.0, check_same_thread=False)
        self._db.row_factory = sqlite3.Row
        self._db.create_function("casefold", 1, _casefold, deterministic=True)  # SQLite's own knows ASCII only
        try:
            bring_up_to_date(self._db, path, _TIMINGS)
            self._db.execute("PRAGMA journal_mode = WAL")
        except sqlite3.DatabaseError as error:
            self._db.close()
            raise SwictationError(f"{path} cannot be opened ({error}): if it is damaged, move the file away") from None
        except SwictationError:
            self._db.close()
            raise
        self._db.execute("PRAGMA synchronous = NORMAL")
        self._db.execute("PRAGMA secure_delete = ON")

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
            self._drop_over_limit()

    def configure(self, *, limit: int, keep_text: bool) -> None:
        """Keep at most ``limit`` entries from now on, and the texts of new ones only if ``keep_text``."""
        self._limit, self._keep_text = limit, keep_text
        with self._db:
            self._drop_over_limit()

    def _drop_over_limit(self) -> None:
        self._db.execute(
            "DELETE FROM utterance WHERE number <= (SELECT max(number) FROM utterance) - ?", (self._limit,)
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

    def find(self, id: str) -> Entry | None:  # noqa: A002 - an entry's id
        """The entry with that id."""
        row = self._db.execute("SELECT * FROM utterance WHERE id = ?", (id,)).fetchone()
        return _entry(row) if row else None

    def page(self, wanted: Filter, limit: int, before: int | None = None) -> Page:
        """At most ``limit`` entries that match, those with a number below ``before``."""
        condition, values = wanted.condition()
        total = self._db.execute(f"SELECT count(*) FROM utterance WHERE {condition}", values)  # noqa: S608 - ours
        bound = 1 << 62 if before is None else before
        rows = self._db.execute(
            f"SELECT * FROM utterance WHERE number < ? AND {condition} ORDER BY number DESC LIMIT ?",  # noqa: S608
            [bound, *values, limit],
        )
        return Page([(row["number"], _entry(row)) for row in rows], total.fetchone()[0])

    def summary(self, wanted: Filter) -> list[StageSummary]:
        """Count, percentiles and share of every stage over all entries that match."""
        condition, values = wanted.condition()
        stages = ", ".join(f"{stage}_ms" for stage in STAGES)
        rows = self._db.execute(f"SELECT {stages} FROM utterance WHERE {condition}", values)  # noqa: S608
        rows.row_factory = None  # plain tuples: 20,000 of them are summed up while somebody waits
        return summarise_rows(rows.fetchall())

    def known(self, column: Literal["model", "mode"]) -> list[str]:
        """Which models or modes there are among the entries."""
        rows = self._db.execute(
            f"SELECT DISTINCT {column} FROM utterance WHERE {column} IS NOT NULL ORDER BY 1"  # noqa: S608
        )
        return [row[0] for row in rows]

    def count(self, outcome: Outcome) -> int:
        """How many entries ended so."""
        number = self._db.execute("SELECT count(*) FROM utterance WHERE outcome = ?", (outcome,)).fetchone()[0]
        return int(number)

    def delete(self, id: str) -> bool:  # noqa: A002
        """Delete one entry, for good; whether there was one."""
        with self._db:
            deleted = self._db.execute("DELETE FROM utterance WHERE id = ?", (id,)).rowcount
        self._db.execute("PRAGMA wal_checkpoint(TRUNCATE)")  # its text stands in the log, too
        forget_copies(self._path)
        return deleted > 0

    def clear(self) -> int:
        """Delete every entry, for good; gives back how many there were."""
        with self._db:
            deleted = self._db.execute("DELETE FROM utterance").rowcount
        self._db.execute("VACUUM")
        self._db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        forget_copies(self._path)
        return deleted


def _casefold(text: str | None) -> str | None:
    return None if text is None else text.casefold()


def stored(path: Path, search: str | None = None, count: int = -1) -> Iterator[Entry]:
    """The entries of a history that may be in use, newest first; ``count`` of them, with ``search`` in their text."""
    if not path.exists():
        return
    with closing(History(path, limit=1 << 40)) as history:
        yield from (entry for _number, entry in history.page(Filter(search=search), count).entries)


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
