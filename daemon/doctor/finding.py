"""What the doctor finds out about one part."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from typing import Any


class State(StrEnum):
    """How a part is."""

    OK = "ok"  # seen to work
    WARN = "warn"  # dictation works, and could be better
    BAD = "bad"  # dictation will not work
    UNKNOWN = "unknown"  # could not be tried here


@dataclass(frozen=True, slots=True)
class Finding:
    """One part: its state, what was seen, in one line, and ``mend``, the command that mends it, if there is one.

    ``private`` are words of ``says`` or ``mend`` that a report for others leaves out, such as names of devices.
    ``details`` are what was seen, as JSON values, where it is more than a line.
    """

    name: str
    state: State
    says: str
    mend: str | None = None
    private: tuple[str, ...] = ()
    details: tuple[dict[str, Any], ...] = ()

    def as_json(self) -> dict[str, Any]:
        """As plain values."""
        told = {"name": self.name, "state": self.state.value, "says": self.says, "mend": self.mend}
        return {**told, "details": list(self.details)} if self.details else told


def works(findings: Iterable[Finding]) -> bool:
    """Whether dictation will work: nothing that it needs is bad."""
    return all(finding.state is not State.BAD for finding in findings)


def in_words(finding: Finding) -> str:
    """A finding as lines of text."""
    line = f"{finding.state:<8}{finding.name:<14}{finding.says}"
    return f"{line}\n{'':<22}mend it with: {finding.mend}" if finding.mend is not None else line


def verdict(findings: Iterable[Finding]) -> str:
    """The last line: whether dictation will work, or what keeps it."""
    broken = [finding.name for finding in findings if finding.state is State.BAD]
    return f"dictation will not work: see {', '.join(broken)}" if broken else "dictation will work"
