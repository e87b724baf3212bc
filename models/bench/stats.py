"""What is said of a row of measurements: pure functions."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True, slots=True)
class Summary:
    """Measurements of one thing, in the unit that they came in. ``sd`` is the sample's, None of a single value."""

    count: int
    mean: float
    min: float
    max: float
    p50: float
    p95: float
    sd: float | None


@dataclass(frozen=True, slots=True)
class Line:
    """The straight line nearest to some points: ``y = intercept + slope * x``.

    ``r_squared`` is the share of the variance of y that the line explains; None where y does not vary.
    """

    slope: float
    intercept: float
    r_squared: float | None


def summarise(values: Sequence[float]) -> Summary | None:
    """What is to be said of ``values``, or None if there are none."""
    if not values:
        return None
    given = np.asarray(values, np.float64)
    p50, p95 = np.percentile(given, [50, 95])
    return Summary(
        count=given.size,
        mean=float(given.mean()),
        min=float(given.min()),
        max=float(given.max()),
        p50=float(p50),
        p95=float(p95),
        sd=float(given.std(ddof=1)) if given.size > 1 else None,
    )


def fit(points: Sequence[tuple[float, float]]) -> Line | None:
    """The least-squares line through points (x, y), or None if they have not two different x."""
    if len({x for x, _y in points}) < 2:
        return None
    x, y = np.asarray(points, np.float64).T
    away_x, away_y = x - x.mean(), y - y.mean()
    slope = float(away_x @ away_y / (away_x @ away_x))
    residual, total = away_y - slope * away_x, float(away_y @ away_y)
    r_squared = 1 - float(residual @ residual) / total if total > 0 else None
    return Line(slope, float(y.mean() - slope * x.mean()), r_squared)


def ratio(values: Sequence[float], others: Sequence[float]) -> float | None:
    """How many times as long as ``others`` the ``values`` took: the median over the pairs, which were measured in turn.

    What slows the machine for a while slows both of a pair, so this is steadier than a ratio of medians.
    """
    pairs = [(value, other) for value, other in zip(values, others, strict=False) if other > 0]
    return float(np.median([value / other for value, other in pairs])) if pairs else None
