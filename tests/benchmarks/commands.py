"""How long the commands of key bindings take as whole processes, against a daemon that runs: medians of 30.

python -m tests.benchmarks.commands
"""

from __future__ import annotations

import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from tests.end2end.running import RunningDaemon, environment_of

_RUNS = 30


def main() -> int:
    """Print the table."""
    with tempfile.TemporaryDirectory() as directory:
        daemon = RunningDaemon(Path(directory), environment_of({"XDG_RUNTIME_DIR": f"{directory}/run"}))
        daemon.start()
        try:
            rows = {verb: [_process_ms(daemon, verb) for _ in range(_RUNS)] for verb in ("toggle", "stop", "status")}
            bare = [_timed_ms([sys.executable, "-c", ""], daemon) for _ in range(_RUNS)]
        finally:
            daemon.stop()
    print(f"{'whole process':<16}{'median':>8}{'p95':>8}  ms")
    for name, values in {**rows, "python -c ''": bare}.items():
        print(f"{name:<16}{statistics.median(values):>8.1f}{sorted(values)[int(_RUNS * 0.95)]:>8.1f}")
    return 0


def _process_ms(daemon: RunningDaemon, verb: str) -> float:
    return _timed_ms([sys.executable, "-m", "daemon", verb], daemon)


def _timed_ms(command: list[str], daemon: RunningDaemon) -> float:
    began_s = time.perf_counter()
    subprocess.run(command, env=daemon.environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=True)
    return (time.perf_counter() - began_s) * 1000


if __name__ == "__main__":
    sys.exit(main())
