"""What the history window shows, as pure functions of the daemon's answers to ``history``."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from gui.latency_model import duration, mode_words
from gui.moments import decimal
from gui.settings.engine_words import place

Json = dict[str, Any]

PAGE = 100
ATTENTION = 20  # texts that need the user; the search finds the rest
NEEDS_USER = ("held", "failed")
SETTLED = ("confirmed", "sent", "nothing")
_LONGEST_LINE = 160  # characters of a text in one line: no screen shows more


@dataclass(frozen=True, slots=True)
class Item:
    """One utterance of the history."""

    number: int
    id: str
    at_s: float
    outcome: str
    reason: str | None
    text: str | None
    mode: str
    model: str | None
    provider: str | None
    audio_s: float
    felt_ms: float | None
    audio_kept: bool

    @property
    def line(self) -> str:
        """The text in one line; or why there is none."""
        if self.text:
            return " ".join(self.text.split())[:_LONGEST_LINE]
        missing = {"nothing": "no speech was heard", "failed": "not recognised"}
        return f"({missing.get(self.outcome, 'the text was not kept')})"

    @property
    def result(self) -> str:
        """What became of it, in words."""
        known = {
            "confirmed": "inserted",
            "sent": "sent, without a receipt",
            "held": "not inserted",
            "failed": "not recognised",
            "nothing": "",  # the line says it
        }
        return known.get(self.outcome, self.outcome)


def item(entry: Json) -> Item:
    """An entry of the answer."""
    return Item(
        number=entry["number"],
        id=entry["id"],
        at_s=entry["at_s"],
        outcome=entry["outcome"],
        reason=entry["reason"],
        text=entry["text"],
        mode=entry["mode"],
        model=entry["model"],
        provider=entry["provider"],
        audio_s=entry["audio_s"],
        felt_ms=entry["timings_ms"]["felt"],
        audio_kept=entry["audio_kept"],
    )


def with_newest(known: Sequence[Item], page: Sequence[Item], total: int) -> list[Item]:
    """The newest page with the older ones that are known already; without them if some of those are gone."""
    oldest = page[-1].number if page else 0
    whole = [*page, *(one for one in known if one.number < oldest)]
    return whole if len(whole) <= total else list(page)


def beneath(one: Item, when: str) -> str:
    """The line under a text in the list; ``when`` is its time in the user's own way of writing."""
    felt = duration(one.felt_ms) if one.felt_ms is not None else ""
    return " · ".join(part for part in (when, one.result, felt) if part)


def about(one: Item, when: str) -> str:
    """Everything that is known of an utterance beside its text."""
    where = " on ".join(word for word in (one.model, place(one.provider)) if word)
    parts = (beneath(one, when), mode_words(one.mode), f"{decimal(one.audio_s)} s of audio", where)
    return " · ".join(part for part in parts if part) + (f"\n{one.reason}" if one.reason else "")


def emptiness(search: str, *, attention: bool) -> str:
    """The sentence in place of an empty list."""
    if search:
        return f"No text has “{search}” in it."
    return "Everything else is above." if attention else "Nothing has been dictated yet."


def question(total: int, never_inserted: int, count: str) -> str:
    """What is asked before everything is deleted; ``count`` is the total in the user's own way of writing."""
    entries = "the one entry" if total == 1 else f"all {count} entries"
    warning = ""
    if never_inserted:
        texts = "one text was" if never_inserted == 1 else f"{never_inserted} texts were"
        warning = f" {texts.capitalize()} never inserted."
    return f"Delete {entries} of the history, for good?{warning}"
