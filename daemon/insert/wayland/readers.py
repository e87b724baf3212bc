"""Who holds the other end of a pipe: the compositor does not say who reads what we offer, but the kernel does."""

from __future__ import annotations

import os
from pathlib import Path

from daemon.insert.wayland.loop import Loop

_MEET_S = 0.5  # on a busy machine a manager was not seen within 0.1 s in 11 of 30 starts, within this in 6
_PROCESSES = Path("/proc")


def holds(process: int, pipe: int) -> bool | None:
    """Whether a process has the pipe with this inode open; None if its files cannot be looked at."""
    wanted = f"pipe:[{pipe}]"
    try:
        return any(_leads(file) == wanted for file in (_PROCESSES / str(process) / "fd").iterdir())
    except OSError:
        return None


def programs(pipe: int, but: frozenset[int]) -> frozenset[str]:
    """The executables of all processes that have the pipe open, but for some."""
    found = set()
    for directory in _PROCESSES.iterdir():
        if directory.name.isdecimal() and (process := int(directory.name)) not in but and holds(process, pipe):
            found.add(_leads(directory / "exe"))
    return frozenset(found - {""})


class Audience:
    """Tells the target's own read from a clipboard manager's, which reads whenever the clipboard changes.

    Where the process of the target is not known (None), a program is a clipboard manager if it has read before a chord.
    """

    def __init__(self, compositor: int) -> None:
        self._others = frozenset({os.getpid(), compositor})
        self._early: set[str] = set()
        self._met = False

    def meet(self, loop: Loop) -> None:
        """Give clipboard managers the time to show themselves, once: our text is on the clipboard by now."""
        if not self._met:
            self._met = True
            loop.sync()
            loop.wait(lambda: False, _MEET_S)

    def note_early(self, pipe: int) -> None:
        """The pipe is read before a chord."""
        self._early |= programs(pipe, self._others)

    def is_from(self, process: int | None, pipe: int) -> bool | None:
        """Whether the pipe is read by ``process``, or if that is not known, by what must be it; None: it may be.

        It may be if nobody is seen to read: the compositor reads on behalf of the programs of XWayland, all of them.
        """
        if process is not None:
            return bool(holds(process, pipe))
        readers = programs(pipe, self._others)
        return bool(readers - self._early) if readers else None


def visible(process: int | None) -> int | None:
    """The process, if it can be seen what it has open."""
    return process if process is not None and os.access(_PROCESSES / str(process) / "fd", os.R_OK) else None


def _leads(link: Path) -> str:
    try:
        return str(link.readlink())
    except OSError:  # the file is closed, or the process gone, in between
        return ""
