"""Our entry among the user's applications, by which a portal knows a program that no package has installed."""

from __future__ import annotations

import os
from collections.abc import Mapping

from daemon import paths
from daemon.autostart.switch import this_program
from daemon.autostart.xdg import DesktopEntry


def write(environment: Mapping[str, str] = os.environ) -> None:
    """Write it for the program that runs. Raises AutostartError."""
    applications = paths.data_directory().parent / "applications"
    DesktopEntry(applications, f"{paths.APP_ID}.desktop").write(this_program(environment))
