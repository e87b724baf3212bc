"""How long a text takes from the request to the target's receipt, and whether it arrives exactly.

Run from the repository: ``python -m tests.benchmarks.insert [TRIALS]``. It brings up a screen of its own. Beside our
ways in stands the chord as other programs send it, by xclip and xdotool: it has no receipt, so that its time is that of
the three commands alone.
"""

from __future__ import annotations

import asyncio
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable
from pathlib import Path

from daemon.insert.contract import CTRL_V, SHIFT_INSERT, TYPE
from daemon.insert.ladder import Ladder
from daemon.insert.x11.desktop import X11Desktop
from daemon.limits import InsertRule
from daemon.messages import Insertion, Outcome
from tests.desktop import Application, Desktop

_ASCII = ("The quick brown fox jumps over 13 lazy dogs; (it did) $HOME `id` 'once' \"twice\", and again. " * 3)[:200]
_UNICODE = ("Žluťoučký “kůň” – naïve café; Съешь ещё булок; 漢字かな 한국어 🎉 ẞ. " * 5)[:200]  # noqa: RUF001 - such texts exist


class Peers:
    """The text to both selections by xclip, the chord by xdotool: without a receipt, and the clipboard stays ours."""

    def __init__(self, desktop: Desktop) -> None:
        self._desktop = desktop

    async def insert(self, text: str) -> Insertion:
        """Put it where the focus is."""
        began_s = time.monotonic()
        for command in (
            ("xclip", "-selection", "clipboard"),
            ("xclip", "-selection", "primary"),
            ("xdotool", "key", "--clearmodifiers", "shift+Insert"),
        ):
            environment, quiet = self._desktop.all_environment(), subprocess.DEVNULL
            subprocess.run(command, env=environment, input=text.encode(), stdout=quiet, stderr=quiet, check=True)
        return Insertion(Outcome.SENT, None, (time.monotonic() - began_s) * 1000)


Insert = Callable[[str], Awaitable[Insertion]]


async def _row(insert: Insert, application: Application, text: str, trials: int) -> tuple[list[float], int, int]:
    """The times in milliseconds, how many were confirmed, and how many stand in the application as they were sent."""
    times_ms: list[float] = []
    confirmed = 0
    before = len(application.text().splitlines())
    for _ in range(trials):
        result = await insert(text + "\n")
        confirmed += result.outcome is Outcome.CONFIRMED
        if result.insert_ms is not None:
            times_ms.append(result.insert_ms)
        await asyncio.sleep(0.3)  # programs of others give no receipt
    deadline_s = time.monotonic() + 10
    while len(lines := application.text().splitlines()[before:]) < trials and time.monotonic() < deadline_s:
        await asyncio.sleep(0.1)
    return times_ms, confirmed, sum(line == text for line in lines)


def _ours(desktop: X11Desktop, way: str) -> Insert:
    ladder = Ladder(desktop, [InsertRule("*", (way,))])

    async def insert(text: str) -> Insertion:
        await ladder.prepare()
        await asyncio.sleep(0.3)  # somebody speaks
        return await ladder.insert(text, await ladder.focus())

    return insert


async def _table(desktop: Desktop, inserter: X11Desktop, trials: int) -> None:
    print("| target | way | 200 characters | confirmed | exact | median ms | worst ms |\n|---|---|---|---|---|---|---|")
    for name, start, ways in (
        ("xterm", desktop.terminal, (SHIFT_INSERT, TYPE)),
        ("mousepad (GTK)", desktop.mousepad, (SHIFT_INSERT, CTRL_V, TYPE)),
        ("featherpad (Qt)", desktop.featherpad, (SHIFT_INSERT, CTRL_V, TYPE)),
    ):
        application = start()
        for kind, text in (("ASCII", _ASCII), ("Unicode", _UNICODE)):
            found = {way: _ours(inserter, way) for way in ways if kind == "ASCII" or way != TYPE}
            for way, insert in {**found, "xclip, xdotool": Peers(desktop).insert}.items():
                times_ms, confirmed, exact = await _row(insert, application, text, trials)
                middle, worst = statistics.median(times_ms), max(times_ms)
                counts = f"{confirmed}/{trials} | {exact}/{trials}"
                print(f"| {name} | {way} | {kind} | {counts} | {middle:.1f} | {worst:.1f} |", flush=True)
        application.close()


async def main(trials: int) -> None:
    """Print the table."""
    with tempfile.TemporaryDirectory() as directory, Desktop(Path(directory)) as desktop:
        inserter = X11Desktop(desktop.environment["DISPLAY"])
        await inserter.start()
        await inserter.wait_ready(30)
        await _table(desktop, inserter, trials)
        await inserter.stop()


if __name__ == "__main__":
    asyncio.run(main(int(sys.argv[1]) if len(sys.argv) > 1 else 20))
