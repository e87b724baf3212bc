"""Insertion on a Wayland compositor of the wlroots kind, as the daemon sees it; X11 windows are left to X11's ways.

See ``wayland.worker`` for what is asked of the worker and ``wayland.paste`` for what it does.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any

from daemon.insert.contract import LATER, Desktop
from daemon.insert.wayland import protocol
from daemon.insert.wayland.loop import Loop
from daemon.insert.wayland.wire import WaylandGone
from daemon.insert.worker_desktop import WorkerDesktop
from daemon.limits import WAYS
from daemon.messages import Insertion, Outcome, Target
from models.wire import Head

_PROBE_S = 1.0
_XWAYLAND = "xwayland"  # kind of a target that the compositor knows as an X11 window


class WlrootsWindows(WorkerDesktop):
    """The Wayland windows of the compositor that listens at ``path``."""

    def __init__(self, path: str, **settings: Any) -> None:
        super().__init__("wayland", "_insert_wayland", path, ways=WAYS, server="the compositor", **settings)

    def _target(self, answer: Head) -> Target | None:
        target = super()._target(answer)
        if target is not None and answer["xwayland"]:
            return Target(target.window, target.title, target.application, target.pid, _XWAYLAND)
        return target


class WlrootsDesktop:
    """Wayland windows by ``windows`` and X11 windows by ``x11``, where XWayland runs. See ``contract.Desktop``."""

    name = "wayland"
    ways = WAYS
    notice: str | None = None

    def __init__(self, windows: WlrootsWindows, x11: Desktop | None) -> None:
        self._windows = windows
        self._x11 = x11
        self._last: Desktop = windows  # which of them the last text went through

    @property
    def undoable(self) -> bool:
        """Whether the last text can be taken back."""
        return self._last.undoable

    async def start(self) -> None:
        """Start the workers."""
        await asyncio.gather(*(one.start() for one in self._both()))

    async def stop(self) -> None:
        """End the workers; the user's clipboard stays."""
        await asyncio.gather(*(one.stop() for one in self._both()))

    async def wait_ready(self, limit_s: float) -> None:
        """Wait until the worker answers. Raises WorkerError."""
        await self._windows.wait_ready(limit_s)

    async def focus(self) -> Target | None:
        """The window that has the keyboard focus: of an X11 one, what X11 calls it."""
        target = await self._windows.focus()
        if target is not None and target.kind == _XWAYLAND and self._x11 is not None:
            return await self._x11.focus()
        return target

    async def ask(self) -> str | None:
        """Nothing has to be asked for."""

    async def prepare(self) -> None:
        """Let the user's clipboard be copied."""
        await asyncio.gather(*(one.prepare() for one in self._both()))

    async def insert(self, text: str, target: Target, ways: Sequence[str]) -> Insertion:
        """Insert ``text`` as suits the kind of ``target``."""
        if target.kind == _XWAYLAND:
            reason = f"an X11 window has the focus, and the daemon was started without DISPLAY: {LATER}"
            return Insertion(Outcome.HELD, reason)
        self._last = self._x11 if self._x11 is not None and target.kind == self._x11.name else self._windows
        return await self._last.insert(text, target, [way for way in ways if way in self._last.ways])

    async def undo(self) -> str | None:
        """Take the last text back, where it went into an X11 window."""
        return await self._last.undo()

    def _both(self) -> list[Desktop]:
        return [self._windows] if self._x11 is None else [self._windows, self._x11]


def suits(path: str) -> bool:
    """Whether the compositor that listens at ``path`` offers what insertion needs, and says so at once."""
    try:
        loop = Loop(path, _PROBE_S)
    except (OSError, WaylandGone):
        return False
    loop.close()
    return not protocol.missing(loop.offered)
