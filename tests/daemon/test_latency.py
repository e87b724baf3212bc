"""Percentiles and shares, on numbers that can be checked by hand."""

import pytest

from daemon.latency import Timings, percentile, sum_known, summarise


@pytest.mark.parametrize(
    ("values", "fraction", "expected"),
    [([7.0], 0.95, 7.0), ([1.0, 2.0, 3.0], 0.5, 2.0), ([4.0, 1.0, 3.0, 2.0], 0.5, 2.5), (list(range(101)), 0.95, 95.0)],
)
def test_percentile(values, fraction, expected):
    assert percentile(values, fraction) == pytest.approx(expected)


def test_shares_are_of_the_felt_latency_and_unknown_stages_stay_out():
    rows = [
        Timings(endpoint_wait=700, queue=0, recognise=80, text=0, insert=20, felt=800, decode=75, speech=1000),
        Timings(endpoint_wait=300, queue=10, recognise=60, text=0, insert=30, felt=400, decode=55, speech=2000),
        Timings(endpoint_wait=500, speech=900),  # held: nobody waited to the end
    ]
    summary = {row.stage: row for row in summarise(rows)}
    assert summary["endpoint_wait"].count == 3
    assert summary["endpoint_wait"].share == pytest.approx(1000 / 1200)
    assert summary["felt"].share == pytest.approx(1.0)
    assert summary["felt"].p50_ms == pytest.approx(600)
    assert summary["decode"].share is None
    assert "encode" not in summary
    waited = sum(summary[stage].share for stage in ("endpoint_wait", "queue", "recognise", "text", "insert"))
    assert waited == pytest.approx(1.0)


def test_no_rows_give_no_table():
    assert summarise([]) == []


def test_a_sum_with_an_unknown_part_is_unknown():
    assert sum_known([1.0, 2.5]) == 3.5
    assert sum_known([1.0, None]) is None
