"""Insertion: opens a small window of its own, puts texts into it and looks at what arrived.

The window is a process of the tray's, which also tells whether the desktop has a panel for the tray.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import statistics
import sys
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from daemon.doctor.finding import Finding, State
from daemon.insert.choose import choose
from daemon.insert.contract import Inserter
from daemon.insert.null import NullInserter
from daemon.messages import Outcome, Target
from daemon.worker import program

_NAME = "insertion"
PROBES = (
    "The quick brown fox: 'one' \"two\" $HOME `x` \\n ",
    "Žluťoučký “kůň” … naïve café, Łódź. ",
    "漢字かな交じり文 한국어 Съешь ещё 🎉 👩‍🚀 ",
)
_SHOWN_S = 20.0  # the first window of a Qt program under load
_FOCUS_S = 10.0  # a window manager that keeps windows from taking the focus asks for a click
_ARRIVE_S = 5.0
_LOOK_S = 0.05


@dataclass(slots=True)
class ProbeWindow:
    """What the window has told: its id, whether there is a panel for the tray, and its text so far."""

    window: int | None = None
    tray: bool = False
    text: str = ""
    gone: bool = False
    news: asyncio.Event = field(default_factory=asyncio.Event)

    async def until(self, probe: Any, limit_s: float) -> bool:
        """Whether ``probe()`` comes true in time, and before the window is gone."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(limit_s):
                while not (probe() or self.gone):
                    self.news.clear()
                    await self.news.wait()
        return bool(probe())


@dataclass(frozen=True, slots=True)
class Trial:
    """One probe: what the inserter said of it, and whether it stood there exactly in the end."""

    outcome: Outcome
    reason: str | None
    insert_ms: float | None
    exact: bool


async def check(method: str) -> list[Finding]:
    """Two findings: insertion by the way that ``insert.method`` means, and the tray's panel."""
    inserter = choose(method, sys.platform, os.environ)
    if isinstance(inserter, NullInserter):
        mend = "swictation config set insert.method auto" if method != "auto" else None
        return [Finding(_NAME, State.BAD, inserter.reason, mend), _no_window("there is no screen to look at")]
    async with _probe_window(inserter.name) as probe:
        if not await probe.until(lambda: probe.window is not None, _SHOWN_S):
            reason = "the test window did not open: see whether `swictation tray` starts"
            return [Finding(_NAME, State.UNKNOWN, reason), _no_window(reason)]
        await inserter.start()
        try:
            return [await _try(inserter, probe), tray(there=probe.tray)]
        finally:
            await inserter.stop()


def judge(way: str, trials: list[Trial]) -> Finding:
    """What the trials of one way in come to."""
    exact = sum(trial.exact for trial in trials)
    times = [trial.insert_ms for trial in trials if trial.insert_ms is not None]
    took = f", {statistics.median(times):.0f} ms in the median" if times else ""
    says = f"{way}: {exact} of {len(trials)} texts with accents, quotes, emoji and CJK arrived exactly{took}"
    if exact == len(trials):
        return Finding(_NAME, State.OK, says)
    reason = next((trial.reason for trial in trials if trial.reason), None)
    lied = any(trial.outcome is Outcome.CONFIRMED and not trial.exact for trial in trials)
    why = f": {reason}" if reason else ", although it was confirmed" if lied else ""
    return Finding(_NAME, State.BAD, says + why)


def tray(*, there: bool) -> Finding:
    """Whether the tray's icon has a place."""
    if there:
        return Finding("tray", State.OK, "the desktop has a panel for it")
    says = "this desktop shows no tray icons: start a panel that does (on GNOME, switch the AppIndicator extension on)"
    return Finding("tray", State.WARN, says)


def _no_window(reason: str) -> Finding:
    return Finding("tray", State.UNKNOWN, reason)


async def _try(inserter: Inserter, probe: ProbeWindow) -> Finding:
    target = await _focused(inserter, probe)
    if target is None:
        says = "the test window did not get the keyboard: run it again and click into that window"
        return Finding(_NAME, State.UNKNOWN, says)
    trials = []
    for text in PROBES:
        wanted = probe.text + text
        done = await inserter.insert(text, target)
        exact = await probe.until(lambda wanted=wanted: probe.text == wanted, _ARRIVE_S if done.reason is None else 1.0)
        trials.append(Trial(done.outcome, done.reason, done.insert_ms, exact))
    return judge(inserter.name, trials)


async def _focused(inserter: Inserter, probe: ProbeWindow) -> Target | None:
    """The window as the inserter sees it, once it has the keyboard."""
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(_FOCUS_S):
            while not probe.gone:
                target = await inserter.focus()
                if target is not None and (target.window == probe.window or sys.platform != "linux"):
                    return target
                await asyncio.sleep(_LOOK_S)
    return None


@asynccontextmanager
async def _probe_window(way: str) -> AsyncGenerator[ProbeWindow, None]:
    probe = ProbeWindow()
    environment = {**os.environ, "QT_QPA_PLATFORM": "xcb"} if way == "x11" else None  # on XWayland, too
    process = await asyncio.create_subprocess_exec(
        *program("gui"),
        "_probe",
        env=environment,
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.DEVNULL,
    )
    reading = asyncio.create_task(_read(process.stdout, probe), name="read the test window")
    try:
        yield probe
    finally:
        if process.returncode is None:
            process.kill()
        await process.wait()
        await reading


async def _read(lines: asyncio.StreamReader | None, probe: ProbeWindow) -> None:
    assert lines is not None
    while line := await lines.readline():
        told = json.loads(line)
        if told["kind"] == "shown":
            probe.window, probe.tray = told["window"], told["tray"]
        else:
            probe.text = told["text"]
        probe.news.set()
    probe.gone = True
    probe.news.set()
