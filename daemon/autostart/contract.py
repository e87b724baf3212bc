"""What every way of starting on login offers."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Program:
    """The command line that runs this installation, without a verb; ``directory`` is where it has to be run, if any."""

    command: tuple[str, ...]
    directory: Path | None = None


@dataclass(frozen=True, slots=True)
class Entry:
    """What a way of starting on login would start. ``off`` says that the user has switched it off by other means."""

    command: tuple[str, ...]
    off: bool = False


class Way(Protocol):
    """One way of starting on login. What it writes and removes is its own and no other program's."""

    name: str

    def obstacle(self) -> str | None:
        """Why it would not work in this session, in one line; None if it does."""
        ...

    def entry(self) -> Entry | None:
        """What stands there now. Raises AutostartError if that cannot be read."""
        ...

    def command(self, program: Program) -> tuple[str, ...]:
        """What its entry starts where ``program`` is this installation."""
        ...

    def write(self, program: Program) -> None:
        """Have ``program`` started from the next login on. Raises AutostartError, and then nothing has changed."""
        ...

    def remove(self) -> None:
        """Take the entry away, if there is one. Raises AutostartError."""
        ...
