"""What the command line can tell without a daemon, from the files that the daemon writes."""

from __future__ import annotations

import asyncio
import logging
from contextlib import closing
from typing import Any

from daemon import paths
from daemon.history import History, stored
from daemon.spool import Spool

Json = dict[str, Any]


def entries(count: int, search: str | None = None) -> list[Json]:
    """The newest ``count`` utterances, newest last; with ``search`` only those whose text holds it."""
    return [entry.as_json() for entry in stored(paths.history_file(), search, count)][::-1]


def last_text() -> Json | None:
    """The newest utterance that has a text."""
    return next((entry.as_json() for entry in stored(paths.history_file()) if entry.text is not None), None)


def delete(id_: str | None) -> int:
    """Delete one entry and its kept audio, or all of them, while no daemon runs; gives back how many there were."""
    if not paths.history_file().exists():
        return 0
    kept = Spool(paths.data_directory() / "kept")
    with closing(History(paths.history_file())) as history:
        if id_ is None:
            kept.clear()
            return history.clear()
        if not (deleted := history.delete(id_)):
            return 0
        kept.settle(id_)
        return int(deleted)


def devices() -> list[Json]:
    """The microphones, asked of a capture worker of our own."""
    from daemon.microphone.capture import list_devices

    logging.getLogger("daemon").addHandler(logging.NullHandler())  # what goes wrong is raised, and told once
    return asyncio.run(list_devices())
