"""The configuration file: whether it can be read and every value is possible."""

from __future__ import annotations

import shlex
from pathlib import Path

from daemon import config
from daemon.config import Config
from daemon.doctor.finding import Finding, State
from daemon.errors import ConfigError

_NAME = "settings"


def check(file: Path) -> tuple[Finding, Config]:
    """What is found, and the configuration to look at the rest with: without a good one, the defaults."""
    try:
        found = config.load(file)
    except ConfigError as error:
        aside = f"mv {shlex.quote(str(file))} {shlex.quote(str(file))}.bad"
        return Finding(_NAME, State.BAD, str(error), aside), Config()
    return Finding(_NAME, State.OK, str(file) if file.exists() else "no file: every value is the default"), found
