"""What the command line can tell without a daemon, from the files that the daemon writes."""

from __future__ import annotations

import asyncio
import dataclasses
import logging
from contextlib import closing
from itertools import islice
from typing import Any

from daemon import paths
from daemon.history import History, stored
from daemon.latency import summarise

Json = dict[str, Any]


def entries(count: int) -> list[Json]:
    """The newest ``count`` utterances, newest last."""
    return [entry.as_json() for entry in islice(stored(paths.history_file()), count)][::-1]


def last_text() -> Json | None:
    """The newest utterance that has a text."""
    return next((entry.as_json() for entry in stored(paths.history_file()) if entry.text is not None), None)


def clear() -> int:
    """Delete the whole history; gives back how many entries there were."""
    if not paths.history_file().exists():
        return 0
    with closing(History(paths.history_file())) as history:
        return history.clear()


def stats() -> Json:
    """Count, p50, p95 and share of every stage."""
    timings = [entry.timings for entry in stored(paths.history_file())]
    return {"utterances": len(timings), "stages": [dataclasses.asdict(stage) for stage in summarise(timings)]}


def devices() -> list[Json]:
    """The microphones, asked of a capture worker of our own."""
    from daemon.capture import list_devices

    logging.getLogger("daemon").addHandler(logging.NullHandler())  # what goes wrong is raised, and told once
    return asyncio.run(list_devices())
