"""No insertion, where there is no way in: every text is held."""

from __future__ import annotations

from daemon.messages import Insertion, Outcome, Target


class NullInserter:
    """Holds every text, for ``reason``. See ``contract.Inserter``."""

    name = "none"
    undoable = False
    notice: str | None = None

    def __init__(self, reason: str) -> None:
        self.reason = reason

    async def start(self) -> None:
        """Do nothing."""

    async def stop(self) -> None:
        """Do nothing."""

    async def ask(self) -> str | None:
        """There is no permission that would help."""
        return self.reason

    async def prepare(self) -> None:
        """Do nothing."""

    async def focus(self) -> Target | None:
        """No window is known here."""
        return None

    async def insert(self, text: str, target: Target | None) -> Insertion:  # noqa: ARG002 - the contract's
        """Hold the text."""
        return Insertion(Outcome.HELD, self.reason)

    async def undo(self) -> str | None:
        """There is nothing to take back."""
        return "nothing was inserted yet"
