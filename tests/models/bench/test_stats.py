"""The statistics of a bench, as tables."""

import math

import pytest

from models.bench.stats import Line, Summary, fit, ratio, summarise


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ([], None),
        ([4.0], Summary(1, 4.0, 4.0, 4.0, 4.0, 4.0, None)),
        ([1.0, 3.0], Summary(2, 2.0, 1.0, 3.0, 2.0, 2.9, math.sqrt(2))),
        ([2.0] * 5, Summary(5, 2.0, 2.0, 2.0, 2.0, 2.0, 0.0)),
        ([*range(101)], Summary(101, 50.0, 0.0, 100.0, 50.0, 95.0, math.sqrt(858.5))),
        ([9.0, 1.0, 5.0], Summary(3, 5.0, 1.0, 9.0, 5.0, 8.6, 4.0)),
    ],
)
def test_summarise(values, expected):
    found = summarise(values)

    if expected is None:
        assert found is None
    else:
        for name in Summary.__slots__:
            assert getattr(found, name) == pytest.approx(getattr(expected, name)), name


@pytest.mark.parametrize(
    ("points", "expected"),
    [
        ([], None),
        ([(1, 5)], None),
        ([(1, 5), (1, 6)], None),  # one length alone has no slope
        ([(1, 5), (2, 7)], Line(2.0, 3.0, 1.0)),
        ([(0, 1), (1, 2), (2, 3), (10, 11)], Line(1.0, 1.0, 1.0)),
        ([(0, 4), (5, 4)], Line(0.0, 4.0, None)),  # nothing varies, so nothing is explained
        ([(0, 0), (0, 2), (1, 1), (1, 3)], Line(1.0, 1.0, 0.2)),
        ([(-1, 1), (0, 0), (1, 1)], Line(0.0, 2 / 3, 0.0)),
    ],
)
def test_fit(points, expected):
    found = fit(points)

    if expected is None:
        assert found is None
    else:
        assert (found.slope, found.intercept) == pytest.approx((expected.slope, expected.intercept))
        assert found.r_squared == (None if expected.r_squared is None else pytest.approx(expected.r_squared))


@pytest.mark.parametrize(
    ("values", "others", "expected"),
    [
        ([], [], None),
        ([1.0], [0.0], None),
        ([2.0, 4.0, 90.0], [1.0, 2.0, 30.0], 2.0),  # a slow moment that met both of a pair
        ([1.0, 1.0, 9.0], [2.0, 2.0], 0.5),  # one that ended early has fewer
    ],
)
def test_ratio(values, others, expected):
    assert ratio(values, others) == expected
