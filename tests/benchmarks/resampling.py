"""How much of a difference between two ways of doing the same things is chance."""

from __future__ import annotations

import random
from collections.abc import Mapping

from daemon.latency import percentile

PARTS = (0.5, 0.9, 0.95)
_RESAMPLES = 2000


def ratio(above: Mapping[int, float], below: Mapping[int, float], part: float) -> float:
    """The percentile ``part`` of ``above`` over that of ``below``; both hold one figure for each thing's number."""
    return percentile(list(above.values()), part) / percentile(list(below.values()), part)


def ratios_in_words(above: Mapping[int, float], below: Mapping[int, float]) -> str:
    """The ratios of the percentiles ``PARTS``, each with the range of 90 % of those of things drawn anew from both."""
    both, chance = sorted(above.keys() & below.keys()), random.Random(1)  # noqa: S311 - a bootstrap, no secret
    drawn = [chance.choices(both, k=len(both)) for _ in range(_RESAMPLES)]
    words = []
    for part in PARTS:
        ratios = [
            percentile([above[one] for one in numbers], part) / percentile([below[one] for one in numbers], part)
            for numbers in drawn
        ]
        least, most = percentile(ratios, 0.05), percentile(ratios, 0.95)
        words.append(f"p{100 * part:.0f} {ratio(above, below, part):.2f} x ({least:.2f} to {most:.2f})")
    return ", ".join(words)
