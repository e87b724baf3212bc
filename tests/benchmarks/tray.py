"""The tray as a process in a real panel: start to icon, the longest gap between two frames, memory after an hour.

    python -m tests.benchmarks.tray [UTTERANCES]

First 10 utterances a second arrive for 20 s, with the latency and the history window open. Then UTTERANCES (600, as in
a busy hour), each with the levels that are published of it, come as fast as they are taken. Memory is what the process
has to itself (USS). A gap is the time between two turns of a timer of 5 ms on the thread that draws; its work is the
processor time that the thread took in it, which is what a busy machine does not change.
"""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import psutil

from daemon import paths
from tests.desktop import Desktop, wait_until
from tests.gui.conftest import Seat
from tests.gui.scripted_daemon import LISTENING, ScriptedDaemon, status
from tests.gui.spoken import Spoken, entries, entry

_TICK_MS, _PACE_S, _BUSY_S, _LIMIT_MS = 5, 0.1, 20.0, 50.0


def main(count: int = 600) -> int:
    """Print the figures; the exit status says whether no gap had work of over 50 ms."""
    with tempfile.TemporaryDirectory(prefix="swt") as name, contextlib.ExitStack() as stack:
        os.environ["XDG_RUNTIME_DIR"] = name
        paths.private(paths.runtime_directory())
        seat, spoken = Seat(Desktop(Path(name))), Spoken(entries(300))
        stack.callback(seat.stop)
        seat.start()
        daemon = ScriptedDaemon(status(history=spoken.status()), answers=spoken.answers)
        spoken.follow(daemon)
        daemon.start()
        stack.callback(daemon.stop)
        seat.panel()
        report = Path(name) / "gaps.json"
        _start(seat, report).kill()  # the first one reads the disk
        began_s = time.monotonic()
        tray = _start(seat, report)
        print(f"start to icon: {1000 * (time.monotonic() - began_s):.0f} ms")
        _busy(spoken)
        process = psutil.Process(tray.pid)
        figures = [process.memory_full_info().uss / 2**20]
        for part in range(1, 11):
            _hour(daemon, spoken, range(count * (part - 1) // 10, count * part // 10))
            figures.append(process.memory_full_info().uss / 2**20)
        print("memory in MB, after each tenth of the hour:", " ".join(f"{figure:.1f}" for figure in figures))
        tray.terminate()
        tray.wait(20)
        gaps_ms = json.loads(report.read_text())
    for name, which in (("gaps", 0), ("work", 1)):
        sorted_ms = sorted(gap[which] for gap in gaps_ms)
        p50, p99 = sorted_ms[len(sorted_ms) // 2], sorted_ms[len(sorted_ms) * 99 // 100]
        print(f"{name} in ms, two windows open: p50 {p50:.1f}, p99 {p99:.1f}, longest", *map(round, sorted_ms[-5:]))
    print("load of the machine:", *os.getloadavg())
    return int(sorted_ms[-1] > _LIMIT_MS)


def _start(seat: Seat, report: Path) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-m", "tests.benchmarks.tray", "--watched", str(report)]
    tray = subprocess.Popen(command, env=seat.desktop.all_environment())
    seat._processes.append(tray)
    wait_until("the icon", lambda: seat.find("idle"), 30)
    return tray


def _busy(spoken: Spoken) -> None:
    time.sleep(4)  # the windows open
    number = len(spoken.entries)
    until_s = time.monotonic() + _BUSY_S
    while time.monotonic() < until_s:
        number += 1
        spoken.say(entry(number))
        time.sleep(_PACE_S)


def _hour(daemon: ScriptedDaemon, spoken: Spoken, numbers: range) -> None:
    for number in numbers:
        for level in range(15):
            daemon.show(status("listening", listening={**LISTENING, "level_dbfs": -60.0 + 3 * level}))
            time.sleep(0.004)
        daemon.show(status("working"))
        spoken.say(entry(len(spoken.entries) + 1, draw=None, text=f"utterance {number}"))
        time.sleep(0.01)


def watched(report: Path) -> int:
    """The tray with its windows open, and a timer that notes how long it was kept waiting."""
    from PySide6.QtCore import QTimer
    from PySide6.QtWidgets import QApplication

    from gui import app
    from gui.menu import Does

    gaps_ms: list[tuple[float, float]] = []
    last_s = last_work_s = 0.0

    class Watched(app.App):
        def run(self) -> int:
            timer = QTimer(interval=_TICK_MS)
            timer.timeout.connect(tick)
            for does in (Does.LATENCY, Does.HISTORY):
                QTimer.singleShot(1500, lambda does=does: self._windows.open(does))
            QTimer.singleShot(4500, timer.start)
            QTimer.singleShot(4500 + round(1000 * _BUSY_S) - 1000, timer.stop)
            return super().run()

    def tick() -> None:
        nonlocal last_s, last_work_s
        now_s, work_s = time.perf_counter(), time.thread_time()
        if last_s:
            gaps_ms.append((1000 * (now_s - last_s) - _TICK_MS, 1000 * (work_s - last_work_s)))
        last_s, last_work_s = now_s, work_s

    app.App = Watched
    assert QApplication.instance() is None
    try:
        return app.main()
    finally:
        report.write_text(json.dumps(gaps_ms))


if __name__ == "__main__":
    if sys.argv[1:2] == ["--watched"]:
        sys.exit(watched(Path(sys.argv[2])))
    sys.exit(main(*map(int, sys.argv[1:])))
