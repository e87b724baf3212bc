"""The latencies of many utterances as a file of comma-separated values."""

from __future__ import annotations

import csv
import datetime as dt
import io
import os
import tempfile
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

from gui.link import Link

Json = dict[str, Any]

_PAGE = 1000  # utterances of one answer
_ABOUT = ("id", "mode", "outcome", "model", "provider", "audio_s")
_NO_UNIT = ("tokens", "steps", "rtf")


def csv_text(entries: Iterable[Json], zone: dt.tzinfo | None = None) -> str:
    """A table of ``entries`` with a line of names; times as ISO 8601, what is not known left empty."""
    lines = io.StringIO()
    table: Any = None
    for entry in entries:
        timings = entry["timings_ms"]
        if table is None:
            table = csv.writer(lines, lineterminator="\n")
            table.writerow(["at", *_ABOUT, *(name if name in _NO_UNIT else f"{name}_ms" for name in timings)])
        at = dt.datetime.fromtimestamp(entry["at_s"], zone).astimezone(zone)
        table.writerow([at.isoformat(timespec="milliseconds"), *(entry[name] for name in _ABOUT), *timings.values()])
    return lines.getvalue()


def put(path: Path, content: bytes) -> str:
    """Write a file whole or not at all; gives back in one line what became of it."""
    part = None
    try:
        descriptor, part = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
        Path(part).replace(path)
    except OSError as error:
        if part is not None:
            Path(part).unlink(missing_ok=True)
        return f"Not saved: {error.strerror or error}: choose another place than {path}"
    return f"Saved as {path}"


class CsvExport:
    """Asks the daemon for everything that matches a filter, page by page, and saves it; ``told`` gets how it ended."""

    def __init__(self, link: Link, path: Path, chosen: Json, told: Callable[[str], object]) -> None:
        self._link = link
        self._path = path
        self._chosen = chosen
        self._told = told
        self._entries: list[Json] = []
        self._next(None)

    def _next(self, before: int | None) -> None:
        self._link.ask("timings", self._take, self._told, limit=_PAGE, before=before, **self._chosen)

    def _take(self, answer: Json) -> None:
        page = answer["entries"]
        self._entries += page
        if len(page) == _PAGE:
            self._next(min(entry["number"] for entry in page))
        else:
            self._told(put(self._path, csv_text(reversed(self._entries)).encode()))
