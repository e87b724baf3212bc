"""From the key to the first captured sample on a warm daemon: the microphone closed, lingering and kept open.

Run from the repository: ``python -m tests.benchmarks.microphone [ROUNDS]``. The key is a whole ``swictation start``, as
a desktop's own key binding runs it; the microphone is that of a PulseAudio of its own. The ways take turns. Then: what
the processes cost while nothing is dictated.
"""

from __future__ import annotations

import contextlib
import os
import statistics
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import psutil

from daemon.client import Client
from daemon.errors import NoDaemon
from daemon.path_bench.sound import PrivateSound
from tests.end2end.running import RunningDaemon, environment_of

_WAYS = {
    "closed": {"linger_s": 0, "keep_open": False, "pre_roll_ms": 0},
    "lingering": {"linger_s": 60, "keep_open": False, "pre_roll_ms": 0},
    "kept open": {"linger_s": 0, "keep_open": True, "pre_roll_ms": 0},
    "kept open, pre-roll 500 ms": {"linger_s": 0, "keep_open": True, "pre_roll_ms": 500},
}
_IDLE_S = 15.0
_CONFIG = '[insert]\nmethod = "none"\n[model]\nengine = "sherpa"\nprovider = "cpu"\nthreads = 1\n'  # nothing to measure


class Watch:
    """Every status of the daemon with the time at which it came."""

    def __init__(self, socket: Path) -> None:
        self.seen: list[tuple[float, dict[str, Any]]] = []
        self._client = Client(None, socket)
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def _run(self) -> None:
        with contextlib.suppress(NoDaemon):
            status = self._client.ask("watch")
            while True:
                self.seen.append((time.monotonic(), status))
                status = self._client.answer()

    def first(self, state: str, after_s: float) -> float:
        """When that state was first told after ``after_s``."""
        deadline_s = time.monotonic() + 10
        while True:
            found = [at_s for at_s, status in self.seen if at_s > after_s and status["state"] == state]
            if found:
                return found[0]
            assert time.monotonic() < deadline_s, f"never {state}"
            time.sleep(0.002)


class Driven(RunningDaemon):
    """A daemon that is asked through its socket, for a command costs more than what is measured here."""

    @property
    def socket(self) -> Path:
        return Path(self.environment["XDG_RUNTIME_DIR"]) / "swictation" / "ctl"

    def ask(self, verb: str, **arguments: Any) -> Any:
        """The result of a request."""
        with Client(socket_at=self.socket) as client:
            return client.ask(verb, **arguments)

    def set_way(self, way: str) -> None:
        """Configure the microphone."""
        for key, value in _WAYS[way].items():
            self.ask("set_config", key=f"microphone.{key}", value=value)

    def wait(self, probe: Callable[[dict[str, Any]], bool]) -> dict[str, Any]:
        """The first status that ``probe`` likes."""
        deadline_s = time.monotonic() + 20
        while not probe(status := self.ask("status")):
            assert time.monotonic() < deadline_s, status
            time.sleep(0.02)
        return dict(status)

    def dictate(self, begin: Callable[[], object]) -> float:
        """Say nothing for a moment; gives back the milliseconds until the first sample, from when the daemon knew."""
        before = self.ask("status")["last_utterance"]
        begin()
        self.wait(lambda status: status["state"] == "listening")
        time.sleep(0.3)
        self.ask("stop")
        status = self.wait(lambda status: status["state"] == "idle" and status["last_utterance"] != before)
        return float(status["last_utterance"]["timings_ms"]["capture_open"])


def _trial(daemon: Driven, watch: Watch, way: str) -> tuple[float, float, float]:
    """Milliseconds until the daemon has the command, until the first sample, and until the sign to speak."""
    daemon.set_way(way)
    daemon.dictate(lambda: daemon.ask("start"))
    daemon.wait(lambda status: status["microphone"]["standing"] == (way != "closed"))
    time.sleep(1.0)
    began_s = time.monotonic()
    capture_open_ms = daemon.dictate(lambda: daemon.cli("start"))
    asked_ms, ready_ms = ((watch.first(state, began_s) - began_s) * 1000 for state in ("opening", "listening"))
    return asked_ms, asked_ms + capture_open_ms, ready_ms


def _cost(seconds: float, daemon: psutil.Process) -> tuple[float, float]:
    """Percent of one core: the daemon, and its capture worker."""
    capture = next(child for child in daemon.children() if "_capture" in child.cmdline())

    def used(process: psutil.Process) -> float:
        times = process.cpu_times()
        return float(times.user + times.system)

    before = used(daemon), used(capture)
    time.sleep(seconds)
    return (used(daemon) - before[0]) / seconds * 100, (used(capture) - before[1]) / seconds * 100


@contextmanager
def _running(directory: Path) -> Iterator[Driven]:
    with PrivateSound(directory) as sound:
        murmur = np.random.default_rng(1).integers(-3, 4, 16_000 * 600).astype("<i2")  # a room, and no speech
        sound.play(murmur.tobytes())
        daemon = Driven(directory, environment_of(sound.environment, {"XDG_RUNTIME_DIR": str(directory / "run")}))
        daemon.configure(_CONFIG)
        try:
            daemon.start()
            yield daemon
        finally:
            daemon.stop()


def main(rounds: int) -> None:
    """Print the tables."""
    with tempfile.TemporaryDirectory() as temporary, _running(Path(temporary)) as daemon:
        watch = Watch(daemon.socket)
        rows: dict[str, list[tuple[float, float, float]]] = {way: [] for way in _WAYS}
        for number in range(rounds):
            for way in list(_WAYS)[:: -1 if number % 2 else 1]:
                rows[way].append(_trial(daemon, watch, way))
        print("| microphone | command, ms | key to first sample, ms: median | worst | key to the sign to speak, ms |")
        print("|---|---|---|---|---|")
        for way, trials in rows.items():
            asked, first, ready = zip(*trials, strict=True)
            cells = [statistics.median(asked), statistics.median(first), max(first), statistics.median(ready)]
            print(f"| {way} | " + " | ".join(f"{cell:.0f}" for cell in cells) + " |")
        print("\n| nothing dictated, microphone | daemon, % of a core | capture worker, % of a core |\n|---|---|---|")
        assert daemon.process is not None
        process = psutil.Process(daemon.process.pid)
        for way in _WAYS:
            daemon.set_way(way)
            daemon.dictate(lambda: daemon.ask("start"))
            time.sleep(2.0)
            ours, capture = _cost(_IDLE_S, process)
            print(f"| {way} | {ours:.2f} | {capture:.2f} |")


if __name__ == "__main__":
    os.umask(0o077)
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 10)
