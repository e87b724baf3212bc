"""No frame over 50 ms: latency window, history window and overlay, while ten utterances a second arrive.

``python -m tests.benchmarks.windows [--seconds 30] [--history 20000]`` on a screen (``xvfb-run`` will do). The daemon
is a scripted one in a process of its own. What is measured is how long Qt's loop was kept by one thing: a timer of 1 ms
notes how late it comes, and how much of that was the windows' own work; the rest is the machine's.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from daemon import paths
from tests.gui.scripted_daemon import LISTENING, ScriptedDaemon, status
from tests.gui.spoken import Spoken, entries, entry

FRAME_MS = 50.0
_UTTERANCES_S = 10
_LEVELS_S = 15
_START_S = 4.0  # windows are made and the plotting library is read


def serve(seconds: float, held: int) -> None:
    """A daemon with ``held`` utterances that takes ten more a second, and tells its levels."""
    spoken = Spoken(entries(held))
    summary = spoken.timings({"limit": 1})["summary"]  # the sums are the daemon's work, not the windows'
    total = len(spoken.entries)

    def timings(request: dict) -> dict:
        newest = [one | {"text": None} for one in spoken.entries[-request["limit"] :][::-1]]
        return {"entries": newest, "models": ["parakeet-110m"], "modes": ["hold", "hands_free"],
                "summary": summary, "total": total, "revision": spoken.revision}  # fmt: skip

    config = {"values": {"overlay.show": True, "overlay.place": "bottom"}}
    daemon = ScriptedDaemon(answers=spoken.answers | {"timings": timings, "config": config})
    daemon.start()
    number, until_s, beat = spoken.entries[-1]["number"], time.monotonic() + seconds + _START_S, 0
    while time.monotonic() < until_s:
        beat += 1
        if beat % 3 != 0:  # two utterances for three levels
            number += 1
            spoken.entries.append(entry(number))
            spoken.revision += 1
        listening = LISTENING | {"level_dbfs": -10.0 - beat % 40, "settled": "some words that have been said"}
        daemon.show(status("listening", listening=listening, history=spoken.status()))
        time.sleep(1 / _LEVELS_S)
    daemon.stop()


class Ticks:
    """How long one thing kept the loop, by the clock and by this thread's own work, in ms."""

    def __init__(self) -> None:
        self.count, self.over = 0, 0
        self.longest_ms = self.most_work_ms = 0.0
        self._last: tuple[float, float] | None = None

    def tick(self) -> None:
        """Called by the timer."""
        now = time.perf_counter() * 1000, time.thread_time() * 1000
        if self._last is not None:
            gap_ms = now[0] - self._last[0]
            self.count += 1
            self.over += gap_ms > FRAME_MS
            self.longest_ms = max(self.longest_ms, gap_ms)
            self.most_work_ms = max(self.most_work_ms, now[1] - self._last[1])
        self._last = now


def measure(seconds: float) -> Ticks:
    """Show the windows for so long."""
    from PySide6.QtCore import QEventLoop, Qt, QTimer
    from PySide6.QtWidgets import QApplication

    from gui.history_window import HistoryWindow
    from gui.latency_window import LatencyWindow
    from gui.link import Link
    from gui.overlay import Overlay

    _qt = QApplication(["swictation"])
    link = Link()
    windows = [LatencyWindow(link), HistoryWindow(link), Overlay(link)]
    for window in windows[:2]:
        window.show()
    link.open()
    loop, ticks = QEventLoop(), Ticks()
    timer = QTimer(interval=1, timerType=Qt.TimerType.PreciseTimer)
    timer.timeout.connect(ticks.tick)
    QTimer.singleShot(round(_START_S * 1000), timer.start)
    QTimer.singleShot(round((_START_S + seconds) * 1000), loop.quit)
    loop.exec()
    shown = windows[0]._shown
    assert shown is not None
    assert shown.bars, "nothing was drawn"
    link.close()
    return ticks


def main() -> int:
    """Measure, tell, and fail where a frame took longer than it may."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=30.0)
    parser.add_argument("--history", type=int, default=20_000)
    parser.add_argument("--serve", action="store_true", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.serve:
        serve(arguments.seconds, arguments.history)
        return 0
    with tempfile.TemporaryDirectory(prefix="swt") as directory:
        os.environ["XDG_RUNTIME_DIR"] = directory
        paths.private(paths.runtime_directory())
        command = [sys.executable, "-m", "tests.benchmarks.windows", "--serve"]
        command += ["--seconds", str(arguments.seconds + 4), "--history", str(arguments.history)]
        with subprocess.Popen(command) as daemon:
            while not Path(paths.socket_file()).exists():
                time.sleep(0.05)
            ticks = measure(arguments.seconds)
            daemon.terminate()
    print(
        f"{arguments.history} utterances and {_UTTERANCES_S} more a second for {arguments.seconds:.0f} s, "
        f"{ticks.count} ticks: longest frame {ticks.longest_ms:.0f} ms, most work in one {ticks.most_work_ms:.0f} ms; "
        f"{ticks.over} over {FRAME_MS:.0f} ms"
    )
    return 1 if ticks.over else 0


if __name__ == "__main__":
    sys.exit(main())
