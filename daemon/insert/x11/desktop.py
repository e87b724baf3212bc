"""Insertion on X11, as the daemon sees it: a worker process with a connection of its own, which a deadline ends.

See ``x11.worker`` for what is asked of it and ``x11.paste`` for what it does.
"""

from __future__ import annotations

from typing import Any

from daemon.insert.worker_desktop import WorkerDesktop
from daemon.limits import WAYS


class X11Desktop(WorkerDesktop):
    """The X11 windows of ``display``. See ``contract.Desktop``."""

    def __init__(self, display: str, **settings: Any) -> None:
        super().__init__("x11", "_insert", display, ways=WAYS, server=f"the X server {display}", **settings)
