"""A LaunchAgent of macOS, launchd.plist(5). Written after the manual, not yet run on that system."""

from __future__ import annotations

import plistlib
from pathlib import Path
from typing import Any
from xml.parsers.expat import ExpatError

from daemon.autostart import files
from daemon.autostart.contract import Entry, Program
from daemon.errors import AutostartError

_LABEL = "swictation"


class LaunchAgent:
    """``swictation.plist`` in ``directory``, which starts daemon and tray."""

    name = "launchd"

    def __init__(self, directory: Path) -> None:
        self._file = directory / f"{_LABEL}.plist"

    def obstacle(self) -> str | None:
        """None: every session of macOS reads it."""
        return None

    def entry(self) -> Entry | None:
        """The agent."""
        content = files.read(self._file)
        if content is None:
            return None
        try:
            values: dict[str, Any] = plistlib.loads(content.encode())
            return Entry(tuple(map(str, values["ProgramArguments"])), off=bool(values.get("Disabled")))
        except (plistlib.InvalidFileException, ExpatError, KeyError, TypeError, AttributeError, ValueError):
            raise AutostartError(f"{self._file} is damaged: remove it and switch it on again") from None

    def command(self, program: Program) -> tuple[str, ...]:
        """Daemon and tray, in the background."""
        return program.command

    def write(self, program: Program) -> None:
        """Write the agent."""
        agent: dict[str, Any] = {
            "Label": _LABEL,
            "ProgramArguments": list(self.command(program)),
            "RunAtLoad": True,
            "LimitLoadToSessionType": "Aqua",
            "ProcessType": "Interactive",
            "AbandonProcessGroup": True,  # what it starts goes on when it ends
        }
        if program.directory is not None:
            agent["WorkingDirectory"] = str(program.directory)
        files.write({self._file: plistlib.dumps(agent).decode()})

    def remove(self) -> None:
        """Remove the agent."""
        files.remove(self._file)
