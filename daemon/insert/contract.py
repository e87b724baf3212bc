"""What every way of inserting a text offers."""

from __future__ import annotations

from typing import Protocol

from daemon.messages import Insertion, Target

LATER = "insert it with `swictation last --insert`"  # how every reason for a held text ends


class Inserter(Protocol):
    """Puts texts at the cursor of the window that has the keyboard. No method raises for what the desktop does."""

    @property
    def name(self) -> str:
        """Which way in this is: ``x11``, ``pynput`` or ``none``."""
        ...

    @property
    def undoable(self) -> bool:
        """Whether the last text can be taken back: nothing has touched its target since."""
        ...

    async def start(self) -> None:
        """Begin to be usable. Returns at once; what is not ready yet makes ``insert`` wait or hold."""
        ...

    async def focus(self) -> Target | None:
        """The window that has the keyboard focus now; None where there is none or it cannot be known."""
        ...

    async def prepare(self) -> None:
        """Copy the user's clipboard now, so that ``insert`` need not: call it when a recording begins."""
        ...

    async def insert(self, text: str, target: Target | None) -> Insertion:
        """Insert ``text`` if ``target``, as ``focus`` gave it when the user had finished, still has the focus.

        ``confirmed`` means that the target took the text; ``held`` that it did not and will not. ``insert_ms`` is the
        time from this call to the receipt. It is never tried twice.
        """
        ...

    async def undo(self) -> str | None:
        """Take the last text back, once; why it was not, in one line, or None where it was."""
        ...

    async def stop(self) -> None:
        """Leave, with the user's clipboard as it was."""
        ...
