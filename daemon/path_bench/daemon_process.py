"""A daemon of the bench's own, in a private home, spoken to through its socket."""

from __future__ import annotations

import os
import subprocess
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from daemon.client import Client
from daemon.errors import NoDaemon, SwictationError
from daemon.path_bench.running import Running
from daemon.paths import private
from daemon.worker import program

Json = dict[str, Any]

_START_LIMIT_S = 180.0  # a model of the 110M's size, on a busy machine
_ANSWER_LIMIT_S = 30.0
_LOOK_S = 0.02
_FOREIGN = ("DISPLAY", "WAYLAND_DISPLAY", "XAUTHORITY", "SWICTATION_CONFIG")


class PrivateDaemon(Running):
    """``swictation daemon`` with its files under ``directory``, a model directory and a configuration in TOML."""

    def __init__(self, directory: Path, environment: Mapping[str, str], model: Path, config: str) -> None:
        self._runtime = directory / "run"
        kept = {name: value for name, value in os.environ.items() if name not in _FOREIGN}
        places = {"CONFIG": directory / "config", "DATA": directory / "data"}
        named = {f"XDG_{name}_HOME": str(place) for name, place in places.items()}
        self._environment = {**kept, **environment, **named, "XDG_RUNTIME_DIR": str(private(self._runtime))}
        self._config_file = places["CONFIG"] / "swictation" / "config.toml"
        self._config_file.parent.mkdir(parents=True)
        self._config_file.write_text(config, encoding="utf-8")
        self._model = model
        self._directory = directory
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start it and wait until it can recognise."""
        command = [*program("daemon"), "daemon", "--model", str(self._model.absolute())]
        with (self._directory / "daemon.log").open("wb") as log:
            self._process = subprocess.Popen(
                command, env=self._environment, stdin=subprocess.DEVNULL, stdout=log, stderr=log
            )
        self.wait("the daemon", lambda status: status["engine"]["phase"] == "ready", _START_LIMIT_S)

    def stop(self) -> None:
        """End it as a logout would."""
        if self._process is None:
            return
        self._process.terminate()
        try:
            self._process.wait(timeout=15)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()

    def ask(self, verb: str, **arguments: Any) -> Any:
        """The result of a request."""
        with Client(_ANSWER_LIMIT_S, self._runtime / "swictation" / "ctl") as client:
            return client.ask(verb, **arguments)

    def wait(self, what: str, probe: Any, limit_s: float = _ANSWER_LIMIT_S) -> Json:
        """The first status that ``probe`` likes. Raises SwictationError after ``limit_s``, or if the daemon ended."""
        assert self._process is not None
        deadline_s = time.monotonic() + limit_s
        while True:
            if self._process.poll() is not None:
                said = (self._directory / "daemon.log").read_text(encoding="utf-8").strip().splitlines()
                raise SwictationError(f"the daemon of the bench ended: {said[-1] if said else 'it says nothing'}")
            try:
                status: Json = self.ask("status")
            except NoDaemon:
                status = {}
            if status and probe(status):
                return status
            if status and status["engine"]["phase"] == "broken":
                raise SwictationError(f"the daemon of the bench cannot recognise: {status['engine']['message']}")
            if time.monotonic() > deadline_s:
                raise SwictationError(f"{what} did not come within {limit_s:.0f} s")
            time.sleep(_LOOK_S)

    def entries(self, count: int, known: int, limit_s: float) -> list[Json]:
        """Those after the ``known`` first, oldest first, once there are ``count`` of them, or after ``limit_s``."""
        deadline_s = time.monotonic() + limit_s
        while True:
            page: Json = self.ask("history", search=None, outcomes=None, limit=100, before=None)
            new = page["total"] - known
            if new >= count or time.monotonic() > deadline_s:
                return [] if new <= 0 else page["entries"][:new][::-1]
            time.sleep(5 * _LOOK_S)
