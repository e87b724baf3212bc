"""How long a text takes from the request to the target's receipt, and whether it arrives exactly.

Run from the repository: ``python -m tests.benchmarks.insert [TRIALS]``. It brings up a screen of its own.
"""

from __future__ import annotations

import asyncio
import statistics
import sys
import tempfile
import time
from pathlib import Path

from daemon.insert.x11 import X11Inserter
from daemon.messages import Outcome
from tests.desktop import Application, Desktop

_ASCII = ("The quick brown fox jumps over 13 lazy dogs; (it did) $HOME `id` 'once' \"twice\", and again. " * 3)[:200]
_UNICODE = ("Žluťoučký “kůň” – naïve café; Съешь ещё булок; 漢字かな 한국어 🎉 ẞ. " * 5)[:200]  # noqa: RUF001 - such texts exist


async def _row(inserter: X11Inserter, application: Application, text: str, trials: int) -> tuple[list[float], int, int]:
    """The times in milliseconds, how many were confirmed, and how many stand in the application as they were sent."""
    times_ms: list[float] = []
    confirmed = 0
    before = len(application.text().splitlines())
    for _ in range(trials):
        await inserter.prepare()
        await asyncio.sleep(0.3)  # somebody speaks
        target = await inserter.focus()
        result = await inserter.insert(text + "\n", target)
        confirmed += result.outcome is Outcome.CONFIRMED
        if result.insert_ms is not None:
            times_ms.append(result.insert_ms)
    deadline_s = time.monotonic() + 10
    while len(lines := application.text().splitlines()[before:]) < trials and time.monotonic() < deadline_s:
        await asyncio.sleep(0.1)
    return times_ms, confirmed, sum(line == text for line in lines)


async def main(trials: int) -> None:
    """Print the table."""
    with tempfile.TemporaryDirectory() as directory:
        desktop = Desktop(Path(directory))
        try:
            desktop.start()
            inserter = X11Inserter(desktop.environment["DISPLAY"])
            await inserter.start()
            print("| target | 200 characters | confirmed | exact | median ms | worst ms |\n|---|---|---|---|---|---|")
            for name, start in (
                ("xterm", desktop.terminal),
                ("mousepad (GTK)", desktop.mousepad),
                ("featherpad (Qt)", desktop.featherpad),
            ):
                application = start()
                for kind, text in (("ASCII", _ASCII), ("Unicode", _UNICODE)):
                    times_ms, confirmed, exact = await _row(inserter, application, text, trials)
                    middle, worst = statistics.median(times_ms), max(times_ms)
                    print(f"| {name} | {kind} | {confirmed}/{trials} | {exact}/{trials} | {middle:.1f} | {worst:.1f} |")
                application.close()
            await inserter.stop()
        finally:
            desktop.stop()


if __name__ == "__main__":
    asyncio.run(main(int(sys.argv[1]) if len(sys.argv) > 1 else 20))
