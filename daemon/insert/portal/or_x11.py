"""The portal, or X11 where the portal of an older GNOME or KDE cannot insert: which is known soon after the start."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence

from daemon.insert.contract import Desktop
from daemon.insert.portal.desktop import PortalDesktop
from daemon.messages import Insertion, Target

_CHOICE_S = 5.0


class PortalOrX11:
    """``portal`` if it can be used, ``x11`` if not. See ``contract.Desktop``.

    ``changed`` is called once that is known.
    """

    def __init__(self, portal: PortalDesktop, x11: Desktop, *, changed: Callable[[], None] = lambda: None) -> None:
        self._portal, self._x11 = portal, x11
        self._used: Desktop = portal
        self._changed = changed
        self._choosing: asyncio.Task[None] | None = None

    @property
    def name(self) -> str:
        """Of the one that is used."""
        return self._used.name

    @property
    def ways(self) -> tuple[str, ...]:
        """Of the one that is used."""
        return self._used.ways

    @property
    def undoable(self) -> bool:
        """Whether the last text can be taken back."""
        return self._used.undoable

    @property
    def notice(self) -> str | None:
        """What an insertion still needs of the user."""
        return self._used.notice

    async def start(self) -> None:
        """Find out which it is, and start that."""
        self._choosing = asyncio.create_task(self._choose(), name="portal or X11")

    async def stop(self) -> None:
        """Stop what was started."""
        if self._choosing is not None:
            self._choosing.cancel()
            await asyncio.wait({self._choosing})
        await self._portal.stop()
        if self._used is self._x11:
            await self._x11.stop()

    async def ask(self) -> str | None:
        """Ask for what is missing."""
        return await (await self._chosen()).ask()

    async def focus(self) -> Target | None:
        """The window that has the keyboard focus."""
        return await (await self._chosen()).focus()

    async def prepare(self) -> None:
        """Let the user's clipboard be copied."""
        await (await self._chosen()).prepare()

    async def insert(self, text: str, target: Target, ways: Sequence[str]) -> Insertion:
        """Insert ``text`` by the one that is used."""
        return await (await self._chosen()).insert(text, target, ways)

    async def undo(self) -> str | None:
        """Take the last text back."""
        return await self._used.undo()

    async def _choose(self) -> None:
        if not await self._portal.usable():
            self._used = self._x11
        await self._used.start()
        self._changed()

    async def _chosen(self) -> Desktop:
        if self._choosing is not None:
            await asyncio.wait({self._choosing}, timeout=_CHOICE_S)
        return self._used
