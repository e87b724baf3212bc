"""A real user manager of systemd, with directories of its own, on a machine that need not run systemd itself."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

from daemon.path_bench.running import end_all
from tests.desktop import wait_until

_MANAGER = Path("/lib/systemd/systemd")
# It wants to see a machine that was booted with systemd, so in its own view of the files /run says so.
_START = 'mount -t tmpfs tmpfs /run && mkdir -p /run/systemd/system && exec "$0" --user'
# What a desktop does at login; graphical-session.target itself refuses to be started by hand.
_SESSION = "[Unit]\nBindsTo=graphical-session.target\n"


class UserManager:
    """The manager, under ``directory``; ``environment`` leads to it and is what its services get."""

    def __init__(self, directory: Path, environment: dict[str, str]) -> None:
        self.units = directory / "config" / "systemd" / "user"
        self.environment = {**environment, "HOME": str(directory)}
        self.environment |= {"XDG_CONFIG_HOME": str(directory / "config"), "XDG_DATA_HOME": str(directory / "data")}
        self.environment |= {"XDG_RUNTIME_DIR": str(directory / "run")}
        self._log = directory / "manager.log"
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> str | None:
        """None, or why there can be none here."""
        if not _MANAGER.exists() or not all(map(shutil.which, ("unshare", "nsenter", "systemctl"))):
            return "systemd, unshare or nsenter is missing"
        Path(self.environment["XDG_RUNTIME_DIR"]).mkdir(mode=0o700)
        self.units.mkdir(parents=True)
        (self.units / "test-session.target").write_text(_SESSION)
        with self._log.open("wb") as log:
            self._process = subprocess.Popen(
                ["unshare", "--mount", "sh", "-c", _START, str(_MANAGER)],
                env=self.environment, stdin=subprocess.DEVNULL, stdout=log, stderr=log,
            )  # fmt: skip
        ended = wait_until("the manager", lambda: self._process.poll() is not None or self._answers())
        return None if ended and self._process.poll() is None else f"it does not start: {self._log.read_text()}"

    def stop(self) -> None:
        """End it and every service of it."""
        if self._process is not None:
            end_all([self._process])  # one was seen that stayed, with no service left in it

    def run(self, *command: str) -> subprocess.CompletedProcess[str]:
        """Run a command that sees the manager."""
        assert self._process is not None
        return subprocess.run(
            ["nsenter", f"--target={self._process.pid}", "--mount", *command],
            env=self.environment, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False, timeout=60,
        )  # fmt: skip

    def login(self) -> None:
        """Begin a session, as a desktop does."""
        done = self.run("systemctl", "--user", "start", "test-session.target")
        assert done.returncode == 0, done.stderr

    def logout(self) -> None:
        """End the session."""
        done = self.run("systemctl", "--user", "stop", "test-session.target", "graphical-session.target")
        assert done.returncode == 0, done.stderr

    def shown(self, unit: str, name: str) -> str:
        """A property of a unit."""
        return self.run("systemctl", "--user", "show", "--value", "--property", name, unit).stdout.strip()

    def _answers(self) -> bool:
        return self.run("systemctl", "--user", "is-system-running").stdout.strip() in {"running", "degraded"}
