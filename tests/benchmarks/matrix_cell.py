"""One cell of the matrix: what was tried, what the outcome said, and what stood there afterwards. All pure."""

from __future__ import annotations

import statistics
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

AS_CHOSEN = "as chosen"
LENGTH = 200
TEXTS = {
    "ASCII": "The quick brown fox jumps over 13 lazy dogs; (it did) $HOME `id` 'once' \"twice\", and again. " * 3,
    "Unicode": "Žluťoučký “kůň” – naïve café; Съешь ещё булок; 漢字かな 한국어 🎉 ẞ. " * 5,  # noqa: RUF001 - such texts exist
}


@dataclass(frozen=True, slots=True)
class Cell:
    """Which text by which way into which target."""

    desktop: str
    target: str
    way: str
    text: str

    @property
    def key(self) -> str:
        """Its name in the file of results."""
        return f"{self.desktop}/{self.target}/{self.way}/{self.text}"

    def words(self, number: int) -> str:
        """The text of one trial, 200 characters, like no other of this target."""
        mark = f"<{self.way}:{self.text}:{number:02}:"
        return mark + TEXTS[self.text][: LENGTH - len(mark) - 1] + ">"


@dataclass(frozen=True, slots=True)
class Trial:
    """One insertion: the text, what was said of it, and how long it took until the receipt."""

    text: str
    outcome: str
    reason: str | None = None
    insert_ms: float | None = None


def result_of(trials: Iterable[Trial], content: str, *, password: bool, clipboard_kept: bool) -> dict[str, Any]:
    """What the cell came to, as plain JSON values; ``content`` is what stood in the target at the end."""
    trials = list(trials)
    there = [content.count(trial.text) for trial in trials]
    times_ms = [trial.insert_ms for trial in trials if trial.insert_ms is not None]
    said = [trial.outcome for trial in trials]
    reasons = Counter(trial.reason for trial in trials if trial.reason)
    return {
        "trials": len(trials),
        "exact": sum(number == 1 for number in there),
        "outcomes": dict(Counter(said)),
        "median_ms": round(statistics.median(times_ms), 1) if times_ms else None,
        "reason": reasons.most_common(1)[0][0] if reasons else None,
        "confirmed_not_there": sum(one == "confirmed" and not number for one, number in zip(said, there, strict=True)),
        "twice": sum(number > 1 for number in there),
        "held_and_there": sum(one == "held" and number > 0 for one, number in zip(said, there, strict=True)),
        "into_a_password": sum(there) if password else 0,
        "clipboard_changed": int(not clipboard_kept),
    }


FAULTS = {
    "confirmed_not_there": "cells in which the outcome said confirmed and the text was not there",
    "twice": "cells in which a text came twice",
    "held_and_there": "cells in which the outcome said held and the text was there",
    "into_a_password": "cells in which a text came into a password field",
    "clipboard_changed": "cells after which the clipboard was not as before",
}


def table(results: Mapping[str, Mapping[str, Any]]) -> list[str]:
    """The results as lines of Markdown: a row for each desktop, target and way, then what is wrong."""
    lines = [
        "| desktop | target | way | ASCII: exact, outcome, median | Unicode: exact, outcome, median |",
        "|" + "---|" * 5,
    ]
    rows = list(dict.fromkeys(key.rpartition("/")[0] for key in results))
    for row in rows:
        cells = (_in_words(results.get(f"{row}/{text}")) for text in TEXTS)
        lines.append("| " + " | ".join((*row.split("/"), *cells)) + " |")
    lines.append("")
    for fault, words in FAULTS.items():
        wrong = [key for key, result in results.items() if result[fault]]
        lines.append(f"- {words}: **{len(wrong)}** of {len(results)}{': ' if wrong else ''}{', '.join(wrong)}")
    return lines


def _in_words(result: Mapping[str, Any] | None) -> str:
    if result is None:
        return "not run"
    said = ", ".join(
        outcome if number == result["trials"] else f"{number} {outcome}"
        for outcome, number in result["outcomes"].items()
    )
    time = "" if result["median_ms"] is None else f", {result['median_ms']:.0f} ms"
    return f"{result['exact']}/{result['trials']}, {said}{time}"
