"""A real daemon with directories of its own, driven through its command line as a person or a script would."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import psutil

from tests.desktop import wait_until

ROOT = Path(__file__).parents[2]
SETTLED = {"confirmed", "sent", "held", "nothing", "failed"}


class RunningDaemon:
    """``swictation daemon`` under ``directory``, with ``environment`` leading it to a desktop and a sound server."""

    def __init__(self, directory: Path, environment: dict[str, str]) -> None:
        self.directory = directory
        self.environment = {**environment, "PYTHONPATH": str(ROOT)}
        for variable, name in {"XDG_CONFIG_HOME": "config", "XDG_DATA_HOME": "data"}.items():
            self.environment[variable] = str(directory / name)
        self.environment.setdefault("XDG_RUNTIME_DIR", str(directory / "run"))
        Path(self.environment["XDG_RUNTIME_DIR"]).mkdir(mode=0o700, exist_ok=True)
        self.log = directory / "daemon.log"
        self.process: subprocess.Popen[bytes] | None = None

    @property
    def config_file(self) -> Path:
        """Its configuration file."""
        return self.directory / "config" / "swictation" / "config.toml"

    def configure(self, text: str) -> None:
        """Write its configuration file."""
        self.config_file.parent.mkdir(parents=True, exist_ok=True)
        self.config_file.write_text(text, encoding="utf-8")

    def start(self, *arguments: str, ready: bool = True) -> None:
        """Start it and wait until it can dictate."""
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "daemon", "daemon", *arguments],
                env=self.environment, cwd=self.directory, stdin=subprocess.DEVNULL, stdout=log, stderr=log,
            )  # fmt: skip
        wait_until("the daemon", lambda: self._reachable(ready=ready))

    def _reachable(self, *, ready: bool) -> bool:
        assert self.process is not None
        assert self.process.poll() is None, f"the daemon ended: {self.log.read_text()}"
        status = self.cli("status", "--json")
        return status.returncode == 0 and (not ready or json.loads(status.stdout)["engine"]["phase"] == "ready")

    def stop(self) -> None:
        """End it as a logout would, show its log with the test's, and leave no process of it."""
        if self.log.exists():
            print(self.log.read_text())
        if self.process is None or self.process.poll() is not None:
            return
        children = psutil.Process(self.process.pid).children(recursive=True)
        self.process.terminate()
        self.process.wait(timeout=15)
        _gone, alive = psutil.wait_procs(children, timeout=10)
        for process in alive:
            process.kill()
        self.process = None

    def kill(self) -> None:
        """End it as a crash would."""
        assert self.process is not None
        self.process.send_signal(signal.SIGKILL)
        self.process.wait(timeout=10)
        self.process = None

    def cli(self, *arguments: str, timeout_s: float = 120.0) -> subprocess.CompletedProcess[str]:
        """Run one verb."""
        return subprocess.run(
            [sys.executable, "-m", "daemon", *arguments],
            env=self.environment, cwd=self.directory, capture_output=True, text=True, check=False, timeout=timeout_s,
        )  # fmt: skip

    def json(self, *arguments: str, timeout_s: float = 120.0) -> Any:
        """What a verb reports as JSON."""
        done = self.cli(*arguments, "--json", timeout_s=timeout_s)
        assert done.stdout, f"{arguments}: {done.stderr}"
        return json.loads(done.stdout)

    def status(self) -> dict[str, Any]:
        """The daemon's status."""
        return dict(self.json("status"))

    def wait_status(self, what: str, probe: Any, limit_s: float = 30.0) -> dict[str, Any]:
        """The first status that ``probe`` likes."""
        return wait_until(what, lambda: status if probe(status := self.status()) else None, limit_s)

    def wait_listening(self) -> None:
        """Wait until the microphone gives frames."""
        self.wait_status("listening", lambda status: status["state"] == "listening")

    def wait_idle(self) -> dict[str, Any]:
        """Wait until everything said is settled."""
        return self.wait_status("idle", lambda status: status["state"] == "idle")

    def entries(self, count: int, limit_s: float = 60.0) -> list[dict[str, Any]]:
        """The history, oldest first, once it has ``count`` settled utterances."""

        def enough() -> list[dict[str, Any]] | None:
            entries = self.json("history", "-n", "1000")
            return entries if len(entries) >= count else None

        entries = wait_until(f"{count} utterances", enough, limit_s)
        assert all(entry["outcome"] in SETTLED for entry in entries)
        assert len(entries) == count, entries
        return entries

    def worker(self, verb: str) -> psutil.Process:
        """The worker process with a hidden verb."""
        assert self.process is not None
        for child in psutil.Process(self.process.pid).children():
            if verb in child.cmdline():
                return child
        raise AssertionError(f"no {verb} worker")

    def hold(self, seconds: float) -> None:
        """Let time pass, as a person who thinks."""
        time.sleep(seconds)


def environment_of(*sources: dict[str, str]) -> dict[str, str]:
    """Our environment with what each source adds, and nothing of a desktop that may be ours."""
    desktop = {"DISPLAY", "WAYLAND_DISPLAY", "XAUTHORITY", "DBUS_SESSION_BUS_ADDRESS"}
    kept = {key: value for key, value in os.environ.items() if key not in desktop}
    for source in sources:
        kept |= source
    return kept
