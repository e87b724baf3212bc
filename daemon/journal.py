"""The history on a thread of its own, so that a slow disk delays neither the loop nor a text."""

from __future__ import annotations

import asyncio
import logging
import sqlite3
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TypeVar

from daemon.history import Entry, History
from daemon.messages import Outcome

log = logging.getLogger(__name__)

T = TypeVar("T")


class Journal:
    """The daemon's side of the history. A write that fails is reported in ``fault`` and stops nothing."""

    def __init__(self, path: Path, *, limit: int, keep_text: bool) -> None:
        self.fault: str | None = None
        self.held = 0  # entries that wait to be inserted
        self._path = path
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="history")
        self._history = self._thread.submit(History, path, limit=limit, keep_text=keep_text).result()

    async def record(self, entry: Entry) -> bool:
        """Write an entry; whether it could be written."""
        try:
            self.held = await self._call(lambda: self._record(entry))
        except sqlite3.Error as error:
            self.fault = f"the history cannot be written to {self._path}: {error}"
            log.warning("%s", self.fault)
        else:
            self.fault = None
        return self.fault is None

    def _record(self, entry: Entry) -> int:
        self._history.record(entry)
        return self._history.count(Outcome.HELD)

    async def last_text(self) -> Entry | None:
        """The newest entry that has a text."""
        return await self._call(self._history.last_text)

    async def latest(self) -> Entry | None:
        """The newest entry."""
        self.held = await self._call(lambda: self._history.count(Outcome.HELD))
        entries = await self._call(lambda: self._history.latest(1))
        return entries[0] if entries else None

    def close(self) -> None:
        """Write what is pending and close the file."""
        self._thread.submit(self._history.close)
        self._thread.shutdown(wait=True)

    async def _call(self, work: Callable[[], T]) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._thread, work)
