"""What the daemon's answer to ``autostart`` means for a switch on the screen."""

from __future__ import annotations

from typing import Any


def switchable(answer: dict[str, Any]) -> bool:
    """Whether it can be switched: a start on login that is off has no ``way`` yet, an impossible one has a reason."""
    return answer["way"] is not None or answer["reason"] is None
