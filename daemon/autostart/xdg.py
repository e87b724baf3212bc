"""A desktop entry in the autostart directory: for every desktop of X11 and Wayland that has no session in systemd.

Desktop Application Autostart Specification 0.5 and Desktop Entry Specification 1.5.
"""

from __future__ import annotations

import configparser
import re
from pathlib import Path

from daemon.autostart import files
from daemon.autostart.contract import Entry, Program
from daemon.errors import AutostartError

_ENTRY = """\
[Desktop Entry]
Type=Application
Name=swictation
Comment=Press a key, speak, and the words stand at the cursor
Exec={command}
TryExec={program}
{directory}Icon=swictation
Terminal=false
X-GNOME-Autostart-enabled=true
"""


class DesktopEntry:
    """The file ``name`` in ``directory``, which starts daemon and tray."""

    name = "xdg"

    def __init__(self, directory: Path, name: str = "swictation.desktop") -> None:
        self._file = directory / name

    def obstacle(self) -> str | None:
        """None: a desktop that does not read it cannot be told from one that does."""
        return None

    def entry(self) -> Entry | None:
        """The entry, off if the desktop's own settings have hidden it."""
        content = files.read(self._file)
        if content is None:
            return None
        parser = configparser.RawConfigParser(strict=False, delimiters=("=",), comment_prefixes=("#",))
        try:
            parser.read_string(content)
            values = parser["Desktop Entry"]
        except (configparser.Error, KeyError):
            raise AutostartError(f"{self._file} is damaged: remove it and switch it on again") from None
        hidden = values.get("Hidden", "false") == "true" or values.get("X-GNOME-Autostart-enabled", "true") == "false"
        return Entry(_words(values.get("Exec", "")), off=hidden)

    def command(self, program: Program) -> tuple[str, ...]:
        """Daemon and tray, in the background."""
        return program.command

    def write(self, program: Program) -> None:
        """Write the entry. Raises AutostartError for a path with a percent sign, which GLib's desktops cannot start."""
        if "%" in program.command[0]:
            raise AutostartError(f"no desktop entry can start {program.command[0]}: move it where no path has a %")
        command = " ".join(_quoted(word) for word in self.command(program))
        directory = f"Path={_string(str(program.directory))}\n" if program.directory is not None else ""
        content = _ENTRY.format(command=_string(command), program=_string(program.command[0]), directory=directory)
        files.write({self._file: content})

    def remove(self) -> None:
        """Remove the entry."""
        files.remove(self._file)


def _quoted(word: str) -> str:
    """A word of Exec: in quotes, its special characters escaped, and no field code in it."""
    return '"' + re.sub(r'(["`$\\])', r"\\\1", word).replace("%", "%%") + '"'


def _string(value: str) -> str:
    """A value of type string, where the backslash escapes too."""
    return value.replace("\\", "\\\\")


def _words(value: str) -> tuple[str, ...]:
    """The words of Exec."""
    found = re.findall(r'"((?:[^"\\]|\\.)*)"|(\S+)', value.replace("\\\\", "\\"))
    return tuple(re.sub(r"\\(.)", r"\1", quoted or plain).replace("%%", "%") for quoted, plain in found)
