"""How long 200 characters take on Wayland: by us, and by the programs that others start for it, one after the other.

Run from the repository: ``python -m tests.benchmarks.insert_wayland [TRIALS]``. It brings up a sway of its own.
"""

from __future__ import annotations

import asyncio
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from daemon.insert.ladder import Ladder
from daemon.insert.wayland.desktop import WlrootsDesktop, WlrootsWindows
from daemon.messages import Outcome
from tests.benchmarks.insert import _ASCII as ASCII
from tests.benchmarks.insert import _UNICODE as UNICODE
from tests.sway import SwayApplication, SwayDesktop

_LOOK_S = 0.0005
_LIMIT_S = 5.0
_SPEAKING_S = 0.3


async def _there(application: SwayApplication, before: bytes, text: str) -> bool:
    """Whether the text comes to stand behind what was there before."""
    until_s = time.monotonic() + _LIMIT_S
    while time.monotonic() < until_s:
        if application.file.read_bytes() == before + text.encode():
            return True
        await asyncio.sleep(_LOOK_S)
    return False


async def _ours(inserter: Ladder, application: SwayApplication, text: str) -> tuple[float, float, bool]:
    """Milliseconds to the receipt and to the text being there, and whether it was confirmed and is exact."""
    before = application.file.read_bytes()
    await inserter.prepare()
    await asyncio.sleep(_SPEAKING_S)
    target = await inserter.focus()
    began_s = time.monotonic()
    result = await inserter.insert(text, target)
    there = await _there(application, before, text)
    good = there and result.outcome is Outcome.CONFIRMED
    return result.insert_ms or _LIMIT_S * 1000, (time.monotonic() - began_s) * 1000, good


async def _theirs(desktop: SwayDesktop, application: SwayApplication, text: str) -> tuple[float, bool]:
    """The same by wl-copy for both selections and wtype for the chord, which tell nothing of a receipt."""
    before = application.file.read_bytes()
    await asyncio.sleep(_SPEAKING_S)
    began_s = time.monotonic()
    for command in (("wl-copy",), ("wl-copy", "-p"), ("wtype", "-M", "shift", "-k", "Insert", "-m", "shift")):
        subprocess.run(command, env=desktop.all_environment(), input=text.encode(), check=True)
    there = await _there(application, before, text)
    return (time.monotonic() - began_s) * 1000, there


async def _rows(desktop: SwayDesktop, inserter: Ladder, name: str, trials: int) -> None:
    application: SwayApplication = getattr(desktop, name)()
    for kind, text in (("ASCII", ASCII), ("Unicode", UNICODE)):
        ours = [await _ours(inserter, application, text) for _ in range(trials)]
        theirs = [await _theirs(desktop, application, text) for _ in range(trials)]
        receipts = [receipt_ms for receipt_ms, _, _ in ours]
        cells = (
            *(name, kind),
            f"{sum(good for _, _, good in ours)}/{trials}",
            f"{statistics.median(receipts):.1f}",
            f"{max(receipts):.1f}",
            f"{statistics.median(there_ms for _, there_ms, _ in ours):.1f}",
            f"{sum(good for _, good in theirs)}/{trials}",
            f"{statistics.median(there_ms for there_ms, _ in theirs):.1f}",
        )
        print(f"| {' | '.join(cells)} |", flush=True)
    application.close()


async def main(trials: int) -> None:
    """Print the table."""
    with tempfile.TemporaryDirectory() as directory, SwayDesktop(Path(directory)) as desktop:
        os.environ.update(desktop.environment)
        windows = WlrootsDesktop(WlrootsWindows(desktop.environment["WAYLAND_DISPLAY"]), None)
        inserter = Ladder(windows)
        await inserter.start()
        await windows.wait_ready(30)
        print(
            "| target | 200 characters | confirmed and exact | receipt, median ms | worst ms | there, median ms "
            "| wl-copy + wtype: exact | there, median ms |\n|---|---|---|---|---|---|---|---|"
        )
        for name in ("foot", "qt"):
            await _rows(desktop, inserter, name, trials)
        await inserter.stop()


if __name__ == "__main__":
    asyncio.run(main(int(sys.argv[1]) if len(sys.argv) > 1 else 20))
