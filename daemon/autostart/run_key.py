"""The Run key of the user's registry on Windows. Written after the manual, not yet run on that system."""

from __future__ import annotations

import subprocess
import sys
from typing import Protocol

from daemon.autostart.contract import Entry, Program
from daemon.errors import AutostartError

_VALUE = "swictation"
_RUN = r"Software\Microsoft\Windows\CurrentVersion\Run"
_APPROVED = r"Software\Microsoft\Windows\CurrentVersion\Explorer\StartupApproved\Run"


class Registry(Protocol):
    """Values of the present user's part of the registry. Everything raises OSError."""

    def read(self, key: str, name: str) -> str | bytes | None:
        """A value, None if there is none."""
        ...

    def write(self, key: str, name: str, value: str) -> None:
        """Set a text."""
        ...

    def delete(self, key: str, name: str) -> None:
        """Delete a value, if there is one."""
        ...


class RunKey:
    """The value ``swictation``, which starts daemon and tray."""

    name = "run-key"

    def __init__(self, registry: Registry) -> None:
        self._registry = registry

    def obstacle(self) -> str | None:
        """None: every session of Windows reads it."""
        return None

    def entry(self) -> Entry | None:
        """The value; off if the task manager has it disabled (its first byte is odd then)."""
        try:
            line = self._registry.read(_RUN, _VALUE)
            approved = self._registry.read(_APPROVED, _VALUE)
        except OSError as error:
            raise AutostartError(f"the registry cannot be read: {error.strerror}") from None
        if not isinstance(line, str):
            return None
        return Entry(_words(line), off=isinstance(approved, bytes) and bool(approved[:1]) and approved[0] % 2 == 1)

    def command(self, program: Program) -> tuple[str, ...]:
        """Daemon and tray, in the background."""
        return program.command

    def write(self, program: Program) -> None:
        """Set the value, and take the task manager's word away."""
        try:
            self._registry.delete(_APPROVED, _VALUE)
            self._registry.write(_RUN, _VALUE, subprocess.list2cmdline(self.command(program)))
        except OSError as error:
            raise AutostartError(f"the registry cannot be written: {error.strerror}") from None

    def remove(self) -> None:
        """Delete the value."""
        try:
            self._registry.delete(_RUN, _VALUE)
        except OSError as error:
            raise AutostartError(f"the registry cannot be written: {error.strerror}") from None


def _words(line: str) -> tuple[str, ...]:
    """The words of a command line whose paths hold no quotation marks, which Windows allows in none."""
    parts = line.split('"')
    words: list[str] = []
    for place, part in enumerate(parts):
        words += [part] if place % 2 else part.split()
    return tuple(words)


class UserRegistry:
    """The registry itself."""

    def read(self, key: str, name: str) -> str | bytes | None:
        """A value, None if there is none."""
        if sys.platform == "win32":
            import winreg

            try:
                with winreg.OpenKey(winreg.HKEY_CURRENT_USER, key) as opened:
                    value = winreg.QueryValueEx(opened, name)[0]
                    return value if isinstance(value, (str, bytes)) else None
            except FileNotFoundError:
                return None
        raise OSError(0, "there is no registry on this system")

    def write(self, key: str, name: str, value: str) -> None:
        """Set a text."""
        if sys.platform == "win32":
            import winreg

            with winreg.CreateKey(winreg.HKEY_CURRENT_USER, key) as opened:
                winreg.SetValueEx(opened, name, 0, winreg.REG_SZ, value)

    def delete(self, key: str, name: str) -> None:
        """Delete a value, if there is one."""
        if sys.platform == "win32":
            import contextlib
            import winreg

            with (
                contextlib.suppress(FileNotFoundError),
                winreg.OpenKey(winreg.HKEY_CURRENT_USER, key, 0, winreg.KEY_SET_VALUE) as opened,
            ):
                winreg.DeleteValue(opened, name)
