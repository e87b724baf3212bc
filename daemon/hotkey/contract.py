"""What every way of listening to the hotkey offers, and whom it tells."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Listener:
    """Who is told about the key; everything is called on the asyncio loop. Times are ``time.monotonic()`` seconds."""

    on_press: Callable[[float], None]  # the key went down: once, however long it is held
    on_release: Callable[[float], None]  # it went up: once for each press
    on_cancel: Callable[[float], None]  # Escape, at most once for each ``cancel_key(True)``
    on_lost: Callable[[str | None], None]  # the key can no longer be heard, and why; None: after all it can


class Hotkey(Protocol):
    """One key that starts and ends a dictation, wherever the keyboard focus is.

    ``name`` says which way in this is, ``reason`` why there is none (None where there is one), ``trigger`` what the
    user has to press in the desktop's words, where that is for the desktop to say.
    """

    name: str
    reason: str | None
    trigger: str | None

    async def start(self) -> None:
        """Begin to listen. Raises KeyTaken or HotkeyError, naming the key."""
        ...

    async def stop(self) -> None:
        """Give the key back, within a second whatever the desktop does. Nobody is told anything afterwards."""
        ...

    def cancel_key(self, active: bool) -> None:
        """Listen for Escape, or stop doing so. Wanted only while something is recorded."""
        ...
