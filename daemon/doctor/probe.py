"""The small window that the doctor inserts into: a process of the tray's, which tells what it holds."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import sys
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from daemon.messages import Target
from daemon.worker import program

_PLATFORMS = {"x11": "xcb", "wayland": "wayland"}  # of Qt, so that the window is one that the desktop's ways reach


@dataclass(slots=True)
class ProbeWindow:
    """What the window has told: its id and title, whether it has the keyboard, its text so far; and of the tray.

    ``tray`` is whether there is a panel for the tray's icon.
    """

    window: int | None = None
    title: str = ""
    active: bool = False
    tray: bool = False
    text: str = ""
    gone: bool = False
    news: asyncio.Event = field(default_factory=asyncio.Event)

    def take(self, told: dict[str, Any]) -> None:
        """Learn from a line of it."""
        match told["kind"]:
            case "shown":
                self.window, self.title, self.tray = told["window"], told["title"], told["tray"]
            case "active":
                self.active = told["active"]
            case _:
                self.text = told["text"]
        self.news.set()

    async def until(self, probe: Any, limit_s: float) -> bool:
        """Whether ``probe()`` comes true in time, and before the window is gone."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(limit_s):
                while not (probe() or self.gone):
                    self.news.clear()
                    await self.news.wait()
        return bool(probe())

    def is_target(self, target: Target, platform: str = sys.platform) -> bool:
        """Whether what has the focus is this window; Wayland and the portals do not number theirs as we do."""
        if target.kind == "x11" and platform == "linux":
            return target.window == self.window
        return self.active and (not target.title or self.title in target.title)  # which is in quotes, or cut


@asynccontextmanager
async def probe_window(desktop: str) -> AsyncGenerator[ProbeWindow, None]:
    """The window, on the windowing system that the ways of ``desktop`` reach."""
    probe = ProbeWindow()
    environment = {**os.environ, "QT_QPA_PLATFORM": _PLATFORMS[desktop]} if desktop in _PLATFORMS else None
    process = await asyncio.create_subprocess_exec(
        *program("gui"),
        "_probe",
        env=environment,
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.DEVNULL,
    )
    reading = asyncio.create_task(_read(process.stdout, probe), name="read the test window")
    try:
        yield probe
    finally:
        if process.returncode is None:
            process.kill()
        await process.wait()
        await reading


async def _read(lines: asyncio.StreamReader | None, probe: ProbeWindow) -> None:
    assert lines is not None
    while line := await lines.readline():
        probe.take(json.loads(line))
    probe.gone = True
    probe.news.set()
