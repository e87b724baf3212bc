"""What the latency window shows, as pure functions of the daemon's answer to ``timings``. Times are milliseconds."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from gui.moments import decimal
from gui.settings.engine_words import place

Json = dict[str, Any]

SHOWN = 200  # bars, the newest
ASKED = 400  # of the newest utterances some were not inserted, and have no bar
_FEWEST_PLACES = 20  # one utterance alone is a bar, not a wall
_HEADROOM = 1.12
_OUTLIER = 1.6  # times the 95th percentile of what is shown: higher bars are cut, and say so
_TICKS = 5


@dataclass(frozen=True, slots=True)
class Stage:
    """A stage of the wait: its name in a timing, its name in words, its colour on light and on dark ground."""

    name: str
    words: str
    light: str
    dark: str


# They differ in lightness as well as in hue: they stay apart for every kind of colour blindness, and in grey.
STAGES = (
    Stage("endpoint_wait", "silence after speech", "#b4c4d1", "#465b6b"),
    Stage("queue", "waiting for the engine", "#dd8a1b", "#a85f00"),
    Stage("recognise", "recognising", "#2c7cc0", "#3f9be0"),
    Stage("text", "text rules", "#7d3f98", "#d6a3e6"),
    Stage("insert", "inserting", "#10325a", "#e3f1fb"),
)


@dataclass(frozen=True, slots=True)
class Bar:
    """One utterance whose text arrived. ``parts_ms`` are in the order of STAGES; a part that is not known is None."""

    at_s: float
    mode: str
    model: str | None
    provider: str | None
    sent: bool  # inserted without a receipt
    audio_s: float
    felt_ms: float
    parts_ms: tuple[float | None, ...]


@dataclass(frozen=True, slots=True)
class Share:
    """A stage over everything that matches the filter: its median, and its part of the wait, 0 to 1."""

    stage: Stage
    p50_ms: float
    share: float


@dataclass(frozen=True, slots=True)
class Chart:
    """Everything that the window shows; ``bars`` are oldest first, ``p50_ms`` and ``p95_ms`` of the felt latency."""

    bars: tuple[Bar, ...]
    p50_ms: float | None
    p95_ms: float | None
    waited: int  # how many utterances the percentiles are of
    shares: tuple[Share, ...]
    models: tuple[str, ...]
    modes: tuple[str, ...]

    @property
    def places(self) -> int:
        """Bars that the width has room for."""
        return max(_FEWEST_PLACES, len(self.bars))

    @property
    def top_ms(self) -> float:
        """The upper end of the scale: over the highest bar, unless few are far over the rest."""
        felt = sorted(bar.felt_ms for bar in self.bars)
        if not felt:
            return 100.0
        usual = felt[int(0.95 * (len(felt) - 1))]
        lines = max(self.p50_ms or 0.0, min(self.p95_ms or 0.0, _OUTLIER * usual))
        return max(1.0, _HEADROOM * max(min(felt[-1], _OUTLIER * usual), lines))


def chart(answer: Json) -> Chart:
    """The chart of an answer to ``timings``."""
    entries = sorted(answer["entries"], key=lambda entry: entry["number"])
    bars = tuple(_bar(entry) for entry in entries if entry["timings_ms"]["felt"] is not None)[-SHOWN:]
    rows = {row["stage"]: row for row in answer["summary"]}
    felt = rows.get("felt")
    return Chart(
        bars=bars,
        p50_ms=felt["p50_ms"] if felt else None,
        p95_ms=felt["p95_ms"] if felt else None,
        waited=felt["count"] if felt else 0,
        shares=tuple(
            Share(stage, rows[stage.name]["p50_ms"], rows[stage.name]["share"] or 0.0)
            for stage in STAGES
            if felt and stage.name in rows
        ),
        models=tuple(answer["models"]),
        modes=tuple(answer["modes"]),
    )


def _bar(entry: Json) -> Bar:
    timings = entry["timings_ms"]
    return Bar(
        at_s=entry["at_s"],
        mode=entry["mode"],
        model=entry["model"],
        provider=entry["provider"],
        sent=entry["outcome"] == "sent",
        audio_s=entry["audio_s"],
        felt_ms=timings["felt"],
        parts_ms=tuple(timings[stage.name] for stage in STAGES),
    )


def verdict(shown: Chart) -> str:
    """Where most of the wait goes, in a sentence; "" where nothing was waited for."""
    if not shown.shares:
        return ""
    slowest = max(shown.shares, key=lambda share: share.share)
    if slowest.share >= 0.5:
        return f"Most of the wait is the {_noun(slowest.stage)}: {percent(slowest.share)}"
    return f"The longest part of the wait is the {_noun(slowest.stage)}: {percent(slowest.share)}"


def spread(shown: Chart, count: str) -> str:
    """The percentiles in two lines; ``count`` is the number of utterances in the user's own way of writing."""
    if shown.waited == 1:
        return "one utterance so far"
    return f"half within {duration(shown.p50_ms)}, 95 % within {duration(shown.p95_ms)}\nof {count} utterances"


def _noun(stage: Stage) -> str:
    return {"queue": "queue for the engine", "recognise": "recognition", "insert": "insertion"}.get(
        stage.name, stage.words
    )


def emptiness(shown: Chart, *, filtered: bool) -> str:
    """Why there are no bars, and what to do, in a sentence; "" where there are some."""
    if shown.bars:
        return ""
    if filtered:
        return "No utterance matches this filter."
    return "Nothing has been inserted yet: dictate a sentence, and what it cost stands here."


def duration(ms: float | None) -> str:
    """A time of the wait in words: three figures at most."""
    if ms is None:
        return "not known"
    if ms < 9.95:
        return f"{decimal(ms)} ms"
    return f"{ms:.0f} ms" if ms < 9995 else f"{decimal(ms / 1000)} s"


def percent(share: float) -> str:
    """A part of the whole in words; a small one is not nothing."""
    return f"{share * 100:.0f} %" if share >= 0.01 or share == 0 else "under 1 %"


def mode_words(mode: str) -> str:
    """A mode as people call it."""
    return {"hold": "push to talk", "toggle": "toggle", "hands_free": "hands-free"}.get(mode, mode)


def described(bar: Bar, when: str) -> str:
    """The numbers of one utterance, in two lines; ``when`` is its time in the user's own way of writing."""
    parts = [
        f"{stage.words} {duration(part_ms)}"
        for stage, part_ms in zip(STAGES, bar.parts_ms, strict=True)
        if part_ms is not None
    ]
    where = " on ".join(word for word in (bar.model, place(bar.provider)) if word)
    about = (
        f"{when}, {mode_words(bar.mode)}",
        f"{decimal(bar.audio_s)} s of audio",
        where,
        "inserted without a receipt" if bar.sent else "",
    )
    return f"{duration(bar.felt_ms)}: {', '.join(parts)}\n{' · '.join(word for word in about if word)}"


def ticks(bars: Sequence[Bar], places: int, zone: dt.tzinfo | None = None) -> list[tuple[int, bool]]:
    """Which places of the axis get a time: (index of a bar, whether it is the first one of its day)."""
    if not bars:
        return []
    step = max(1, -(-places // _TICKS))
    last = max(0, len(bars) - 1 - step // 2)  # a label at the very edge would be cut
    chosen = sorted(range(last, -1, -step))
    days = [dt.datetime.fromtimestamp(bars[index].at_s, zone).date() for index in chosen]
    return [(index, day != before) for index, day, before in zip(chosen, days, [days[-1], *days], strict=False)]
