"""Insertion: puts texts into a small window of its own by each way in, and ranks the ways by what arrived."""

from __future__ import annotations

import asyncio
import contextlib
import os
import re
import statistics
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from daemon.doctor.finding import Finding, State
from daemon.doctor.probe import ProbeWindow, probe_window
from daemon.insert.choose import choose_desktop
from daemon.insert.contract import TYPE, Desktop
from daemon.insert.rules import ways_for
from daemon.limits import InsertRule
from daemon.messages import Outcome, Target

Json = dict[str, Any]

_NAME = "insertion"
PROBES = (
    "The quick brown fox: 'one' \"two\" $HOME `x` \\n ",
    "Žluťoučký “kůň” … naïve café, Łódź. ",
    "漢字かな交じり文 한국어 Съешь ещё 🎉 👩‍🚀 ",
)
_SHOWN_S = 20.0  # the first window of a Qt program under load
_FOCUS_S = 10.0  # a window manager that keeps windows from taking the focus asks for a click
_ANSWER_S = 60.0  # the user reads what the desktop asks
_ARRIVE_S = 5.0
_LATE_S = 0.5  # in which a text that was held must not arrive after all
_LOOK_S = 0.05


@dataclass(frozen=True, slots=True)
class Trial:
    """One text by one way: what was said of it, and whether it stood there exactly in the end."""

    outcome: Outcome
    reason: str | None
    insert_ms: float | None
    exact: bool

    @property
    def lied(self) -> bool:
        """Whether what was said of it is not so."""
        return self.exact if self.outcome is Outcome.HELD else self.outcome is Outcome.CONFIRMED and not self.exact


@dataclass(frozen=True, slots=True)
class Way:
    """A way in and its trials. What it held it could not do here, which is no fault of a way that was not first."""

    name: str
    trials: tuple[Trial, ...]

    @property
    def exact(self) -> int:
        """How many texts arrived exactly and were told to."""
        return sum(trial.exact and not trial.lied for trial in self.trials)

    @property
    def held(self) -> int:
        """How many were held."""
        return sum(trial.outcome is Outcome.HELD for trial in self.trials)

    @property
    def works(self) -> bool:
        """Whether every text arrived, but for those that no keys can type."""
        possible = len(self.trials) - self.held if self.name == TYPE else len(self.trials)
        return 0 < self.exact == possible and not self.lied

    @property
    def median_ms(self) -> float | None:
        """The median time of what arrived."""
        times = [trial.insert_ms for trial in self.trials if trial.exact and trial.insert_ms is not None]
        return statistics.median(times) if times else None

    @property
    def reason(self) -> str | None:
        """The first reason that was given."""
        return next((trial.reason for trial in self.trials if trial.reason), None)

    @property
    def lied(self) -> bool:
        """Whether something that was said of it is not so."""
        return any(trial.lied for trial in self.trials)

    @property
    def rank(self) -> tuple[bool, int, bool, float]:
        """The best way has the least: true, all texts, with a receipt, fast."""
        receipt = all(trial.outcome is Outcome.CONFIRMED for trial in self.trials if trial.exact)
        return (self.lied, -self.exact, not receipt, self.median_ms or 0.0)

    def as_json(self) -> Json:
        """As plain values."""
        return {
            "way": self.name,
            "texts": len(self.trials),
            "exact": self.exact,
            "held": self.held,
            "lied": self.lied,
            "outcomes": [trial.outcome.value for trial in self.trials],
            "median_ms": None if self.median_ms is None else round(self.median_ms, 1),
            "reason": self.reason,
        }

    def in_words(self, *, whole_reason: bool = False) -> str:
        """In a few words; of a reason without what one can do about it, unless it is wanted whole."""
        if self.lied:
            return f"{self.name} says what is not so: {self._lie()}"
        if not self.exact:
            if self.reason is None:
                return f"{self.name} changed or lost the text"
            return f"{self.name} not here ({self.reason if whole_reason else self.reason.split(': ')[0]})"
        took = f", {self.median_ms:.0f} ms" if self.median_ms is not None else ""
        held = f", {self.held} not possible" if self.held else ""
        return f"{self.name} {self.exact} of {len(self.trials)} exact{took}{held}"

    def _lie(self) -> str:
        late = any(trial.lied and trial.outcome is Outcome.HELD for trial in self.trials)
        return "a text that it held arrived" if late else "a text that it confirmed is not there"


async def check(method: str, rules: Sequence[InsertRule] = ()) -> list[Finding]:
    """Two findings: insertion by the ways that ``insert.method`` means, and the tray's panel."""
    desktop = choose_desktop(method, sys.platform, os.environ)
    if isinstance(desktop, str):
        mend = "swictation config set insert.method auto" if method != "auto" else None
        return [Finding(_NAME, State.BAD, desktop, mend), _no_window("there is no screen to look at")]
    await desktop.start()
    try:
        missing = await _permission(desktop)
        async with probe_window(desktop.name) as probe:
            if not await probe.until(lambda: probe.window is not None, _SHOWN_S):
                reason = "the test window did not open: see whether `swictation tray` starts"
                return [Finding(_NAME, State.UNKNOWN, reason), _no_window(reason)]
            if missing is not None:
                return [Finding(_NAME, State.BAD, missing), tray(there=probe.tray)]
            return [await _try(desktop, rules, probe), tray(there=probe.tray)]
    finally:
        await desktop.stop()


def judge(desktop: str, order: Sequence[str], tried: Sequence[Way]) -> Finding:
    """What the ways that were tried come to; ``order`` are those that a text is put in by here, the first one first."""
    ranked = sorted(tried, key=lambda way: way.rank)
    said = "; ".join(way.in_words(whole_reason=way.name == order[0]) for way in ranked)
    says = f"{desktop}, texts with accents, quotes, emoji and CJK, the best way first: {said}"
    details = tuple(way.as_json() for way in ranked)
    first, *others = [next(way for way in tried if way.name == name) for name in order]
    state = State.BAD
    if not any(way.lied for way in tried):
        if first.works:
            state = State.OK
        elif first.held == len(first.trials) and any(way.works for way in others):
            state, says = State.WARN, f"{says}; {first.name} comes first here, and in vain"
    return Finding(_NAME, state, says, private=_titles(tried), details=details)


def _titles(tried: Sequence[Way]) -> tuple[str, ...]:
    """The titles of windows in the reasons, which may be anybody's: a report leaves them out."""
    reasons = (trial.reason or "" for way in tried for trial in way.trials)
    return tuple(dict.fromkeys(title for reason in reasons for title in re.findall(r'"(.+)"', reason)))


def tray(*, there: bool) -> Finding:
    """Whether the tray's icon has a place."""
    if there:
        return Finding("tray", State.OK, "the desktop has a panel for it")
    says = "this desktop shows no tray icons: start a panel that does (on GNOME, switch the AppIndicator extension on)"
    return Finding("tray", State.WARN, says)


def _no_window(reason: str) -> Finding:
    return Finding("tray", State.UNKNOWN, reason)


async def _permission(desktop: Desktop) -> str | None:
    """What is missing before anything can be inserted, once the user has answered the desktop's question, if any."""
    missing = await desktop.ask()
    if desktop.name == "portal":
        from daemon.insert.portal.access import ASKING  # dbus-fast is there on Linux only

        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(_ANSWER_S):
                while missing == ASKING:
                    await asyncio.sleep(_LOOK_S)
                    missing = desktop.notice
    return missing


async def _try(desktop: Desktop, rules: Sequence[InsertRule], probe: ProbeWindow) -> Finding:
    target = await _focused(desktop, probe)
    if target is None:
        says = "the test window did not get the keyboard: run it again and click into that window"
        return Finding(_NAME, State.UNKNOWN, says)
    order = ways_for(target.application, rules, desktop.ways)
    if not order:
        return Finding(_NAME, State.BAD, "insert.rules allows no way into the test window", "swictation config path")
    tried = [Way(name, await _trials(desktop, name, target, probe)) for name in dict.fromkeys((*order, *desktop.ways))]
    return judge(desktop.name, order, tried)


async def _trials(desktop: Desktop, way: str, target: Target, probe: ProbeWindow) -> tuple[Trial, ...]:
    """Each text by one way; a chord that got nothing in is not tried again."""
    trials: list[Trial] = []
    for text in PROBES:
        wanted = probe.text + text
        done = await desktop.insert(text, target, [way])
        held = done.outcome is Outcome.HELD
        exact = await probe.until(lambda wanted=wanted: probe.text == wanted, _LATE_S if held else _ARRIVE_S)
        trials.append(Trial(done.outcome, done.reason, done.insert_ms, exact))
        if held and way != TYPE:
            break
    return tuple(trials)


async def _focused(desktop: Desktop, probe: ProbeWindow) -> Target | None:
    """The window as the desktop sees it, once it has the keyboard."""
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(_FOCUS_S):
            while not probe.gone:
                target = await desktop.focus()
                if target is not None and probe.is_target(target):
                    return target
                await asyncio.sleep(_LOOK_S)
    return None
