"""What the command line can tell without a daemon, from the files that the daemon writes."""

from __future__ import annotations

import asyncio
import dataclasses
import logging
from contextlib import closing
from itertools import islice
from pathlib import Path
from typing import Any

from daemon import config, paths
from daemon.errors import BundleError
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


def models() -> list[Json]:
    """The models on this machine: the bundled one, those in the data directory, and the configured one."""
    from models.bundle import default_directory

    chosen = config.load(paths.config_file()).model.dir
    in_use = Path(chosen).expanduser() if chosen else default_directory()
    store = paths.data_directory() / "models"
    found = [default_directory(), *(sorted(store.iterdir()) if store.is_dir() else [])]
    return [_model(directory, in_use=directory == in_use) for directory in dict.fromkeys([*found, in_use])]


def _model(directory: Path, *, in_use: bool) -> Json:
    from models import bundle

    model: Json = {"name": directory.name, "directory": str(directory), "in_use": in_use, "notice": None, "fault": None}
    try:
        found = bundle.find(directory)
        bundle.validate(found)
    except BundleError as error:
        return {**model, "fault": str(error)}
    notice = bundle.PRACTICE_NOTICE if found.practice else None
    return {**model, "name": found.name, "int8": found.int8, "practice": found.practice, "notice": notice}
