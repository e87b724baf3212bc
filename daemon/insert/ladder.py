"""The inserter: which ways in are tried in which order for which program, and what is refused before any is."""

from __future__ import annotations

import dataclasses
from collections.abc import Awaitable, Callable, Sequence

from daemon.insert.contract import LATER, Desktop
from daemon.insert.rules import Memory, is_viewer, ways_for
from daemon.limits import InsertRule
from daemon.messages import Insertion, Outcome, Target

Refuse = Callable[[Target], Awaitable[str | None]]

_UNPROVED = "a window onto another machine reads the clipboard by itself: see whether the text stands there"


async def refuse_nothing(_target: Target) -> str | None:
    """There is nothing against any target."""
    return None


class Ladder:
    """Inserts through ``desktop``. See ``contract.Inserter``.

    ``rules`` are the user's, which come before the table. ``refuse`` says in one line why nothing may be inserted into
    a target, or None; a text that it refuses is a secret. ``nowhere`` is what is said where no target is known.
    """

    def __init__(
        self,
        desktop: Desktop,
        rules: Sequence[InsertRule] = (),
        refuse: Refuse = refuse_nothing,
        *,
        nowhere: str = "no window had the keyboard focus",
    ) -> None:
        self.desktop = desktop
        self.memory = Memory()
        self._rules = rules
        self._refuse = refuse
        self._nowhere = nowhere

    @property
    def name(self) -> str:
        """The desktop's."""
        return self.desktop.name

    @property
    def undoable(self) -> bool:
        """The desktop's."""
        return self.desktop.undoable

    @property
    def notice(self) -> str | None:
        """The desktop's."""
        return self.desktop.notice

    async def ask(self) -> str | None:
        """Let the desktop ask for what is missing."""
        return await self.desktop.ask()

    async def start(self) -> None:
        """Start the desktop's part."""
        await self.desktop.start()

    async def stop(self) -> None:
        """Stop the desktop's part."""
        await self.desktop.stop()

    async def focus(self) -> Target | None:
        """The window that has the keyboard focus."""
        return await self.desktop.focus()

    async def prepare(self) -> None:
        """Let the user's clipboard be copied."""
        await self.desktop.prepare()

    async def undo(self) -> str | None:
        """Take the last text back."""
        return await self.desktop.undo()

    async def insert(self, text: str, target: Target | None) -> Insertion:
        """Insert ``text`` by the ways that suit ``target``, once or never."""
        if target is None:
            return _held(f"{self._nowhere}: click where the text belongs and {LATER}")
        if (refusal := await self._refuse(target)) is not None:
            return dataclasses.replace(_held(refusal), secret=True)
        application = target.application
        ways = ways_for(application, self._rules, self.desktop.ways, self.memory.of(application))
        if not ways:
            return _held(
                f"no way in is allowed for {application or 'this program'} here (insert.rules): "
                f"go to another window and {LATER}"
            )
        result = await self.desktop.insert(text, target, ways)
        self.memory.note(application, ways, result)
        if result.outcome is Outcome.CONFIRMED and is_viewer(application):
            return dataclasses.replace(result, outcome=Outcome.SENT, reason=_UNPROVED)
        return result


def _held(reason: str) -> Insertion:
    return Insertion(Outcome.HELD, reason)
