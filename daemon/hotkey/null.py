"""No hotkey, where there is none to be had; dictation is then started by commands."""

from __future__ import annotations


class NullHotkey:
    """Hears nothing, and says why in ``reason``."""

    name = "none"

    def __init__(self, reason: str) -> None:
        self.reason: str | None = reason
        self.trigger: str | None = None

    async def start(self) -> None:
        """Do nothing."""

    async def stop(self) -> None:
        """Do nothing."""

    def cancel_key(self, active: bool) -> None:
        """Do nothing."""
