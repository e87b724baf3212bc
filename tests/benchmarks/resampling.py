"""How much of a difference between two ways of doing the same things is chance."""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence

from daemon.latency import percentile

KINDS = WITHOUT, WITH, AGAIN = ("without", "with", "without again")  # each thing is done in these ways, in random order
PARTS = (0.5, 0.9, 0.95)
_RESAMPLES = 2000


def ratio(above: Sequence[float], below: Sequence[float], part: float) -> float:
    """The percentile ``part`` of ``above`` over that of ``below``."""
    return percentile(above, part) / percentile(below, part)


def compared(found: Mapping[str, Mapping[int, float]]) -> list[str]:
    """A line for each way against that without: the ratios of the percentiles ``PARTS``.

    ``found`` has for each of ``KINDS`` a figure for each thing's number. Behind a ratio stands the range of 90 % of
    those of things drawn anew.
    """
    return [f"{kind} over without: {_in_words(found[kind], found[WITHOUT])}" for kind in (WITH, AGAIN)]


def _in_words(above: Mapping[int, float], below: Mapping[int, float]) -> str:
    both, chance = sorted(above.keys() & below.keys()), random.Random(1)  # noqa: S311 - a bootstrap, no secret
    drawn = [chance.choices(both, k=len(both)) for _ in range(_RESAMPLES)]
    words = []
    for part in PARTS:
        ratios = [ratio([above[one] for one in numbers], [below[one] for one in numbers], part) for numbers in drawn]
        least, most = percentile(ratios, 0.05), percentile(ratios, 0.95)
        whole = ratio(list(above.values()), list(below.values()), part)
        words.append(f"p{100 * part:.0f} {whole:.2f} x ({least:.2f} to {most:.2f})")
    return ", ".join(words)
