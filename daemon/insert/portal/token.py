"""The token that opens the next session of the portal without a question to the user: a file for its owner alone."""

from __future__ import annotations

import contextlib
from pathlib import Path


def load(file: Path) -> str | None:
    """The token; None where there is none."""
    try:
        return file.read_text(encoding="ascii").strip() or None
    except (OSError, UnicodeDecodeError):
        return None


def keep(file: Path, token: str | None) -> None:
    """Keep ``token`` in the place of the one before, which cannot be used again; None keeps none."""
    if token is None:
        with contextlib.suppress(OSError):
            file.unlink()
        return
    partial = file.with_suffix(".new")
    with contextlib.suppress(OSError):  # then the user is asked once more
        file.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        partial.touch(0o600)
        partial.write_text(token, encoding="ascii")
        partial.replace(file)
