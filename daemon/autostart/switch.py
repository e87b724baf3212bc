"""Start on login: whether it is on, and the one switch for it. Of the ways that a system has, one is in use at most."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import daemon
from daemon.autostart.contract import Program, Way
from daemon.errors import AutostartError

_AGAIN = "switch it on again with `swictation autostart on`"


@dataclass(frozen=True, slots=True)
class State:
    """Whether the program starts on login, which ``way`` has an entry for it, and in one line what is wrong or odd."""

    on: bool
    way: str | None
    reason: str | None

    def in_words(self) -> str:
        """In one line."""
        by = f", by {self.way}" if self.way is not None else ""
        return f"{'on' if self.on else 'off'}{by}" + (f": {self.reason}" if self.reason is not None else "")

    def as_json(self) -> dict[str, bool | str | None]:
        """As plain values."""
        return {"on": self.on, "way": self.way, "reason": self.reason}


def state(ways: Sequence[Way], program: Program) -> State:
    """How it stands. Raises AutostartError."""
    found = [(way, entry) for way in ways if (entry := way.entry()) is not None]
    if not found:
        return State(on=False, way=None, reason=None if ways else _no_way())
    (way, entry), *more = found
    if more:
        names = " and ".join(way.name for way, _entry in found)
        return State(on=True, way=way.name, reason=f"{names} both have an entry for it: {_AGAIN}")
    started = " ".join(entry.command)
    if not entry.command or not Path(entry.command[0]).is_file():
        return State(on=False, way=way.name, reason=f"its entry starts {started!r}, which is not there: {_AGAIN}")
    if entry.off:
        return State(on=False, way=way.name, reason=f"it was switched off in the settings of the desktop; {_AGAIN}")
    if entry.command != way.command(program):
        return State(on=True, way=way.name, reason=f"its entry starts {started!r}, which is another place: {_AGAIN}")
    return State(on=True, way=way.name, reason=way.obstacle())


def turn_on(ways: Sequence[Way], program: Program) -> State:
    """Start ``program`` on login, by the first way that works here and by no other. Raises AutostartError."""
    if not ways:
        raise AutostartError(_no_way())
    obstacles = {way.name: way.obstacle() for way in ways}
    chosen = next((way for way in ways if obstacles[way.name] is None), None)
    if chosen is None:
        raise AutostartError("; ".join(obstacle for obstacle in obstacles.values() if obstacle is not None))
    _check(program)
    chosen.write(program)
    for way in ways:
        if way is not chosen:
            way.remove()
    return state(ways, program)


def turn_off(ways: Sequence[Way], program: Program) -> State:
    """Start it no more. Raises AutostartError."""
    for way in ways:
        way.remove()
    return state(ways, program)


def switched(on: bool | None) -> State:
    """The program that runs, switched on or off, or as it stands with None. Raises AutostartError."""
    ways, program = ways_here(), this_program()
    return state(ways, program) if on is None else turn_on(ways, program) if on else turn_off(ways, program)


def ways_here(platform: str = sys.platform, environment: Mapping[str, str] = os.environ) -> list[Way]:
    """Those of this system, the best first."""
    if platform == "linux":
        from daemon.autostart.systemd import UserUnits
        from daemon.autostart.xdg import DesktopEntry

        base = environment.get("XDG_CONFIG_HOME", "")
        config = Path(base) if base.startswith("/") else Path.home() / ".config"
        return [UserUnits(config / "systemd" / "user", environment), DesktopEntry(config / "autostart")]
    if platform == "darwin":
        from daemon.autostart.launchd import LaunchAgent

        return [LaunchAgent(Path.home() / "Library" / "LaunchAgents")]
    if platform == "win32":
        from daemon.autostart.run_key import RunKey, UserRegistry

        return [RunKey(UserRegistry())]
    return []


def this_program(environment: Mapping[str, str] = os.environ) -> Program:
    """The one that runs: a frozen program, the script of a wheel, or a checkout with its interpreter."""
    executable = Path(sys.executable)
    if getattr(sys, "frozen", False):  # an AppImage is mounted at another place each time
        return Program((environment.get("APPIMAGE") or str(executable),))
    tree = Path(daemon.__file__).parents[1]
    if (tree / "pyproject.toml").is_file():
        return Program((str(executable), "-m", "daemon"), tree)
    scripts = (executable.with_name(name) for name in ("swictation", "swictation.exe"))
    script = next((script for script in scripts if script.is_file()), None)
    return Program((str(script),) if script is not None else (str(executable), "-m", "daemon"))


def _check(program: Program) -> None:
    for part in (*program.command, str(program.directory or "")):
        if any(ord(character) < 32 or ord(character) == 127 for character in part):
            raise AutostartError(f"the path {part!r} cannot be written into an entry: move the program elsewhere")


def _no_way() -> str:
    return f"starting on login is not known of on {sys.platform}: start `swictation` in your own way"
