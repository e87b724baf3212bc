"""What every way of inserting a text offers: to the daemon an ``Inserter``, made of the ``Desktop`` that is there."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from typing import Protocol

from daemon.limits import WAYS
from daemon.messages import Insertion, Target

LATER = "insert it with `swictation last --insert`"  # how every reason for a held text ends

# The ways in: which keys paste, or that the text itself is typed.
SHIFT_INSERT, CTRL_V, CTRL_SHIFT_V, TYPE = WAYS


Front = Callable[[], Awaitable[tuple[int, str]]]  # a number of the window in front, 0: unknown, and its program's name


async def nothing_known() -> tuple[int, str]:
    """No window and no name."""
    return 0, ""


class _Part(Protocol):
    """What a desktop and an inserter have in common. No method raises for what the desktop does."""

    @property
    def name(self) -> str:
        """Which this is: ``x11``, ``wayland``, ``portal``, ``pynput`` or ``none``."""
        ...

    @property
    def undoable(self) -> bool:
        """Whether the last text can be taken back: nothing has touched its target since."""
        ...

    @property
    def notice(self) -> str | None:
        """What an insertion still needs of the user, in one line; None where it needs nothing."""
        ...

    async def ask(self) -> str | None:
        """The user acts now: ask again for a permission that is missing. What he has to do, None if nothing is."""
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

    async def undo(self) -> str | None:
        """Take the last text back, once; why it was not, in one line, or None where it was."""
        ...

    async def stop(self) -> None:
        """Leave, with the user's clipboard as it was."""
        ...


class Desktop(_Part, Protocol):
    """One windowing system, with its ways in. ``daemon.insert.ladder`` says in which order they are tried."""

    @property
    def ways(self) -> tuple[str, ...]:
        """Every way in that there is here, in the order that suits most programs."""
        ...

    async def insert(self, text: str, target: Target, ways: Sequence[str]) -> Insertion:
        """Insert ``text`` into ``target``, if it still has the focus, by the first of ``ways`` that works there.

        The next one is tried only after it was proved that the one before was ignored and cannot land late.
        ``confirmed`` means that the target was seen to read the text after the keys, ``sent`` that no receipt is
        possible, ``held`` that it did not arrive and will not. ``insert_ms`` is the time from this call to the receipt.
        """
        ...


class Inserter(_Part, Protocol):
    """Puts texts at the cursor of the window that has the keyboard."""

    async def insert(self, text: str, target: Target | None) -> Insertion:
        """Insert ``text`` if ``target``, as ``focus`` gave it when the user had finished, still has the focus."""
        ...
