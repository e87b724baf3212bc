"""Where it is kept what the first run has proved, so that it can be left and taken up again."""

from __future__ import annotations

import json
from pathlib import Path

from daemon import paths
from gui.first_run_steps import Proved


def _file() -> Path:
    return paths.data_directory() / "first-run.json"


def proved() -> Proved:
    """What was proved so far; nothing where that cannot be read."""
    try:
        return Proved.from_json(json.loads(_file().read_text(encoding="utf-8")))
    except (OSError, ValueError):
        return Proved()


def keep(what: Proved) -> None:
    """Keep it. A disk that refuses costs the user a second proof and no more."""
    try:
        paths.private(paths.data_directory())
        _file().write_text(json.dumps(what.as_json()), encoding="utf-8")
    except OSError:
        return
