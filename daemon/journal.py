"""The history on a thread of its own, so that a slow disk delays neither the loop nor a text."""

from __future__ import annotations

import asyncio
import logging
import secrets
import sqlite3
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from daemon.errors import RequestRefused
from daemon.history import Entry, Filter, History, Page
from daemon.latency import StageSummary
from daemon.messages import Outcome

log = logging.getLogger(__name__)

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class TimingsReport:
    """What the latency view shows: the newest entries of a filter, and the summary of all that match it."""

    page: Page
    summary: list[StageSummary]
    models: list[str]
    modes: list[str]


class Journal:
    """The daemon's side of the history. A write that fails is reported in ``fault`` and stops nothing.

    ``revision`` is another number after every change, and another one in the next daemon.
    """

    def __init__(self, path: Path, *, limit: int, keep_text: bool) -> None:
        self.fault: str | None = None
        self.held = 0  # entries that wait to be inserted
        self.failed = 0  # entries that were not recognised
        self.revision = secrets.randbits(31)
        self._path = path
        self._summed_up: tuple[tuple[int, Filter], list[StageSummary]] | None = None  # the thread's: pages share it
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="history")
        self._history = self._thread.submit(History, path, limit=limit, keep_text=keep_text).result()

    async def record(self, entry: Entry) -> bool:
        """Write an entry; whether it could be written."""
        try:
            await self._call(lambda: self._history.record(entry))
            await self._changed()
        except sqlite3.Error as error:
            self.fault = f"the history cannot be written to {self._path}: {error}"
            log.warning("%s", self.fault)
        else:
            self.fault = None
        return self.fault is None

    async def configure(self, *, limit: int, keep_text: bool) -> None:
        """Keep so many entries from now on, and with their texts or without. A disk that refuses is a ``fault``."""
        try:
            await self._write(lambda: self._history.configure(limit=limit, keep_text=keep_text))
        except RequestRefused as error:
            self.fault = str(error)

    async def delete(self, id: str) -> bool:  # noqa: A002 - an entry's id
        """Delete one entry, for good; whether there was one. Raises RequestRefused where the disk does."""
        return await self._write(lambda: self._history.delete(id))

    async def clear(self) -> int:
        """Delete every entry, for good; how many there were. Raises RequestRefused where the disk does."""
        return await self._write(self._history.clear)

    async def last_text(self) -> Entry | None:
        """The newest entry that has a text."""
        return await self._read(self._history.last_text)

    async def latest(self) -> Entry | None:
        """The newest entry."""
        await self._changed()
        entries = await self._read(lambda: self._history.latest(1))
        return entries[0] if entries else None

    async def find(self, id: str) -> Entry | None:  # noqa: A002
        """The entry with that id."""
        return await self._read(lambda: self._history.find(id))

    async def page(self, wanted: Filter, limit: int, before: int | None) -> Page:
        """At most ``limit`` entries that match, newest first, those with a number below ``before``."""
        return await self._read(lambda: self._history.page(wanted, limit, before))

    async def timings(self, wanted: Filter, limit: int, before: int | None) -> TimingsReport:
        """What the latency view shows."""
        revision = self.revision

        def read() -> TimingsReport:
            page = self._history.page(wanted, limit, before)
            if self._summed_up is None or self._summed_up[0] != (revision, wanted):
                self._summed_up = (revision, wanted), self._history.summary(wanted)
            return TimingsReport(page, self._summed_up[1], self._history.known("model"), self._history.known("mode"))

        return await self._read(read)

    async def _read(self, work: Callable[[], T]) -> T:
        try:
            return await self._call(work)
        except sqlite3.Error as error:
            raise RequestRefused(f"the history in {self._path} cannot be read: {error}") from None

    async def _write(self, work: Callable[[], T]) -> T:
        try:
            result = await self._call(work)
            await self._changed()
        except sqlite3.Error as error:
            raise RequestRefused(f"the history in {self._path} cannot be changed: {error}") from None
        return result

    async def _changed(self) -> None:
        self.held, self.failed = await self._call(
            lambda: (self._history.count(Outcome.HELD), self._history.count(Outcome.FAILED))
        )
        self.revision += 1

    def close(self) -> None:
        """Write what is pending and close the file."""
        self._thread.submit(self._history.close)
        self._thread.shutdown(wait=True)

    async def _call(self, work: Callable[[], T]) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._thread, work)
