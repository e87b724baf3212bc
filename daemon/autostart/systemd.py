"""Two units of systemd's user manager, which watches and restarts the daemon: for desktops that have a session there.

systemd.unit(5), systemd.service(5); the daemon's side is ``daemon.service``.
"""

from __future__ import annotations

import contextlib
import re
import subprocess
from collections.abc import Mapping
from pathlib import Path

from daemon.autostart import files
from daemon.autostart.contract import Entry, Program
from daemon.errors import AutostartError

_DAEMON, _TRAY = "swictation.service", "swictation-tray.service"
_SESSION = "graphical-session.target"
_ANSWER_LIMIT_S = 10.0
_NOT_IN_A_PATH = "\"'\\"

# KillMode=process: the insert worker outlives the daemon to serve the user's own clipboard; the others end when their
# stdin does. No option that needs a mount namespace: X11's socket is in /tmp, and CUDA wants the devices as they are.
_DAEMON_UNIT = """\
[Unit]
Description=swictation, dictation at the cursor
PartOf={session}
After={session}
StartLimitIntervalSec=60
StartLimitBurst=5

[Service]
Type=notify
NotifyAccess=main
ExecStart=:{command}
{directory}Restart=on-failure
RestartSec=2
WatchdogSec=20
TimeoutStartSec=30
TimeoutStopSec=20
KillMode=process
OOMPolicy=continue
UMask=0077
NoNewPrivileges=yes
LockPersonality=yes
RestrictNamespaces=yes
RestrictSUIDSGID=yes
SystemCallArchitectures=native

[Install]
WantedBy={session}
"""
# It does not want the daemon's unit: a tray that is started again would bring back a daemon that somebody has quit.
_TRAY_UNIT = """\
[Unit]
Description=the tray of swictation
PartOf={session}
After={session} {daemon}
StartLimitIntervalSec=60
StartLimitBurst=5

[Service]
Type=exec
ExecStart=:{command}
{directory}Restart=on-failure
RestartSec=2
TimeoutStopSec=10
UMask=0077
NoNewPrivileges=yes
LockPersonality=yes

[Install]
WantedBy={session}
"""


class UserUnits:
    """Units in ``directory``, enabled through ``systemctl``, which is run with ``environment``."""

    name = "systemd"

    def __init__(self, directory: Path, environment: Mapping[str, str]) -> None:
        self._directory = directory
        self._environment = dict(environment)

    def obstacle(self) -> str | None:
        """None where a user manager runs and the desktop has told it of the session."""
        try:
            said = self._systemctl("is-active", _SESSION)
        except AutostartError as error:
            return str(error)
        if said.stdout.strip() == "active":
            return None
        reason = said.stderr.strip().partition("\n")[0] or f"this desktop does not start {_SESSION}"
        return f"no units of systemd can be used here: {reason}"

    def entry(self) -> Entry | None:
        """The daemon's unit, if it is enabled."""
        if not (self._directory / f"{_SESSION}.wants" / _DAEMON).is_symlink():
            return None
        command = re.search(r"^ExecStart=:?(.*)$", files.read(self._directory / _DAEMON) or "", re.MULTILINE)
        return Entry(_words(command[1]) if command is not None else ())

    def command(self, program: Program) -> tuple[str, ...]:
        """The daemon in the foreground."""
        return (*program.command, "daemon")

    def write(self, program: Program) -> None:
        """Write both units and enable them."""
        if any(mark in program.command[0] for mark in _NOT_IN_A_PATH):
            raise AutostartError(
                f"systemd starts no program at {program.command[0]}: move it where no path has quotation marks"
            )
        # neither quotes nor backslashes mean anything in this one
        place = str(program.directory or "").replace("%", "%%")
        directory = f"WorkingDirectory={place}\n" if place else ""
        parts = {"session": _SESSION, "daemon": _DAEMON, "directory": directory}
        daemon = _DAEMON_UNIT.format(command=_line(self.command(program)), **parts)
        tray = _TRAY_UNIT.format(command=_line((*program.command, "tray")), **parts)
        units = {self._directory / _DAEMON: daemon, self._directory / _TRAY: tray}
        before = {file: files.read(file) for file in units}
        try:
            files.write(units)
            self._told("daemon-reload")
            self._told("enable", _DAEMON, _TRAY)
        except AutostartError:
            files.remove(*(file for file, content in before.items() if content is None))
            files.write({file: content for file, content in before.items() if content is not None})
            raise

    def remove(self) -> None:
        """Have nothing started any more. A daemon that runs goes on to the end of the session, and keeps its unit."""
        wanted = self._directory / f"{_SESSION}.wants"
        for name in (_DAEMON, _TRAY):
            files.remove(wanted / name)
            if (self._directory / name).exists() and not self._runs(name):
                files.remove(self._directory / name)
        with contextlib.suppress(AutostartError):  # no manager, so none that remembers them
            self._systemctl("daemon-reload")

    def _runs(self, name: str) -> bool:
        try:
            return self._systemctl("is-active", name).stdout.strip() in {"active", "activating", "reloading"}
        except AutostartError:
            return False

    def _told(self, *arguments: str) -> None:
        done = self._systemctl(*arguments)
        if done.returncode != 0:
            reason = done.stderr.strip().partition("\n")[0] or f"it ended with {done.returncode}"
            raise AutostartError(f"`systemctl --user {' '.join(arguments)}` failed: {reason}")

    def _systemctl(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        try:
            return subprocess.run(
                ["systemctl", "--user", *arguments],
                env=self._environment, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False,
                timeout=_ANSWER_LIMIT_S,
            )  # fmt: skip
        except FileNotFoundError:
            raise AutostartError("there is no systemd on this system") from None
        except (OSError, subprocess.TimeoutExpired) as error:
            raise AutostartError(f"systemctl cannot be asked: {error}") from None


def _line(command: tuple[str, ...]) -> str:
    """A command line as ExecStart wants it; the colon before it keeps ``$`` from being one of a variable."""
    return " ".join(f'"{_escaped(word)}"' for word in command)


def _escaped(word: str) -> str:
    return word.replace("\\", "\\\\").replace('"', '\\"').replace("%", "%%")


def _words(line: str) -> tuple[str, ...]:
    """The words of such a line."""
    found = re.findall(r'"((?:[^"\\]|\\.)*)"|(\S+)', line)
    return tuple(re.sub(r"\\(.)", r"\1", quoted or plain).replace("%%", "%") for quoted, plain in found)
