"""What this installation can be extended with: a wheel with pip, a packaged program with nothing."""

from __future__ import annotations

import sys


def how_to_add(extra: str) -> str:
    """What the user does to have the packages of the extra ``extra``, in words that end a message."""
    if getattr(sys, "frozen", False):
        return f"they are not in the packaged program: install the wheel instead, `pipx install 'swictation[{extra}]'`"
    return f"run `pip install 'swictation[{extra}]'`"
