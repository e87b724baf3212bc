"""The files of a way of starting on login: whole or not at all, and an error in one line."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from daemon.errors import AutostartError


def read(file: Path) -> str | None:
    """The text of ``file``, None if there is none. Raises AutostartError."""
    try:
        return file.read_text("utf-8")
    except FileNotFoundError:
        return None
    except (OSError, ValueError) as error:
        raise AutostartError(f"{file} cannot be read ({error}): remove it and switch it on again") from None


def write(contents: Mapping[Path, str]) -> None:
    """Make each text its file. Raises AutostartError."""
    for file, content in contents.items():
        partial = file.with_name(f".{file.name}.new")
        try:
            file.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            partial.write_text(content, "utf-8")
            partial.replace(file)
        except OSError as error:
            raise AutostartError(f"{file} cannot be written: {error.strerror}") from None


def remove(*files: Path) -> None:
    """Remove the files that are there. Raises AutostartError."""
    for file in files:
        try:
            file.unlink(missing_ok=True)
        except OSError as error:
            raise AutostartError(f"{file} cannot be removed: {error.strerror}") from None
