"""What the latency window says, as tables: an answer in, a chart and sentences out."""

import datetime as dt
import itertools

import pytest
from PySide6.QtGui import QColor

from daemon.latency import WAITED
from gui.latency_export import csv_text, put
from gui.latency_model import (
    SHOWN,
    STAGES,
    chart,
    described,
    duration,
    emptiness,
    mode_words,
    percent,
    spread,
    ticks,
    verdict,
)
from gui.moments import decimal
from tests.gui.spoken import Spoken, entries, entry

PARTS = {"endpoint_wait": 10.0, "queue": 0.0, "recognise": 20.0, "text": 1.0, "insert": 40.0}


def charted(made, **filters):
    return chart(Spoken(made).timings({"limit": 400, **filters}))


def with_parts(number, **parts):
    made = entry(number)
    parts = PARTS | parts
    made["timings_ms"] |= {**parts, "felt": sum(parts.values())}
    return made


def lightness(name):
    """L* of a colour, 0 to 100."""
    colour = QColor(name)
    linear = [
        part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4
        for part in (colour.redF(), colour.greenF(), colour.blueF())
    ]
    luminance = sum(weight * part for weight, part in zip((0.2126, 0.7152, 0.0722), linear, strict=True))
    return 116 * luminance ** (1 / 3) - 16 if luminance > 0.008856 else 903.3 * luminance


def test_stages_are_those_that_the_daemon_sums_up():
    assert tuple(stage.name for stage in STAGES) == WAITED


@pytest.mark.parametrize(("shade", "ground"), [("light", "#ffffff"), ("dark", "#1b1e20")])
def test_stages_are_told_apart_by_lightness_alone(shade, ground):
    shades = [lightness(getattr(stage, shade)) for stage in STAGES]
    assert all(abs(one - other) >= 6 for one, other in itertools.combinations([*shades, lightness(ground)], 2))
    assert all(abs(one - other) >= 9 for one, other in itertools.pairwise(shades))


def test_only_what_arrived_has_a_bar_and_the_newest_is_last():
    made = [*entries(40, held=2, failed=1), entry(41, "nothing"), entry(42, "sent")]
    shown = charted(made)
    assert len(shown.bars) == len([one for one in made if one["timings_ms"]["felt"] is not None])
    assert [bar.at_s for bar in shown.bars] == sorted(bar.at_s for bar in shown.bars)
    assert shown.bars[-1].sent
    assert all(sum(bar.parts_ms) == pytest.approx(bar.felt_ms) for bar in shown.bars)


def test_many_show_the_newest_and_count_all():
    shown = charted(entries(20_000))
    assert len(shown.bars) == SHOWN
    assert shown.waited > 19_000
    assert spread(shown, "19,355").endswith("of 19,355 utterances")


def test_one_utterance_is_a_bar_and_no_wall():
    shown = charted([entry(1)])
    assert (len(shown.bars), shown.places) == (1, 20)
    assert spread(shown, "1") == "one utterance so far"
    assert shown.top_ms > shown.bars[0].felt_ms


def test_few_high_bars_do_not_flatten_the_rest():
    usual = [with_parts(number) for number in range(1, 100)]
    shown = charted([*usual, with_parts(100, insert=30_000.0)])
    assert 71.0 < shown.top_ms < 200
    assert charted(usual).top_ms == pytest.approx(71.0 * 1.12)


@pytest.mark.parametrize(
    ("parts", "said"),
    [
        ({"endpoint_wait": 700.0}, "Most of the wait is the silence after speech: 92 %"),
        ({"insert": 20.0, "recognise": 21.0}, "The longest part of the wait is the recognition: 40 %"),
        ({"insert": 400.0}, "Most of the wait is the insertion: 93 %"),
        ({"queue": 300.0}, "Most of the wait is the queue for the engine: 81 %"),
    ],
)
def test_slowest_stage_is_named(parts, said):
    assert verdict(charted([with_parts(1, **parts)])) == said


def test_nothing_says_why_and_what_to_do():
    shown = charted([entry(1, "nothing")])
    assert verdict(shown) == ""
    assert "dictate a sentence" in emptiness(shown, filtered=False)
    assert emptiness(shown, filtered=True) == "No utterance matches this filter."
    assert emptiness(charted([entry(1)]), filtered=False) == ""
    assert shown.top_ms > 0


def test_filter_leaves_the_lists_whole():
    shown = charted([entry(1, model="one"), entry(2, model="two")], model="one")
    assert (len(shown.bars), shown.models) == (1, ("one", "two"))


def test_numbers_of_one_utterance():
    bar = charted([with_parts(1, queue=0.34) | {"outcome": "sent"}]).bars[0]
    first, second = described(bar, "12:00:37").splitlines()
    assert first == (
        f"71 ms: silence after speech 10 ms, waiting for the engine {decimal(0.3)} ms, recognising 20 ms, "
        f"text rules {decimal(1)} ms, inserting 40 ms"
    )
    assert second.startswith("12:00:37, push to talk · ")
    assert second.endswith("parakeet-110m on CPU · inserted without a receipt")


@pytest.mark.parametrize(
    ("ms", "said"),
    [
        (None, "not known"),
        (0.04, f"{decimal(0.0)} ms"),
        (9.94, f"{decimal(9.9)} ms"),
        (9.96, "10 ms"),
        (9994, "9994 ms"),
        (12_345, f"{decimal(12.3)} s"),
    ],
)
def test_durations(ms, said):
    assert duration(ms) == said


def test_words():
    assert [percent(share) for share in (0, 0.001, 0.01, 0.614)] == ["0 %", "under 1 %", "1 %", "61 %"]
    assert [mode_words(mode) for mode in ("hands_free", "another")] == ["hands-free", "another"]


def test_ticks_tell_the_date_where_it_changes():
    zone = dt.timezone.utc  # noqa: UP017 - as the function's argument
    made = [entry(number) | {"at_s": number * 3600.0} for number in range(1, 49)]
    shown = charted(made)
    chosen = ticks(shown.bars, shown.places, zone)
    assert [index for index, _ in chosen] == [2, 12, 22, 32, 42]
    assert [new for _, new in chosen] == [True, False, False, True, False]
    assert ticks((), 20) == []
    today = charted([entry(number) for number in range(1, 4)])
    assert [new for _, new in ticks(today.bars, today.places, zone)] == [False]


def test_table_has_a_line_for_each_and_nothing_for_what_is_not_known():
    lines = csv_text([with_parts(1), entry(2, "nothing")], dt.UTC).splitlines()
    names = lines[0].split(",")
    first, second = (dict(zip(names, line.split(","), strict=True)) for line in lines[1:])
    assert (first["felt_ms"], first["tokens"], first["outcome"]) == ("71.0", "9", "confirmed")
    assert first["at"].endswith("+00:00")
    assert second["felt_ms"] == ""
    assert csv_text([]) == ""


def test_file_is_saved_whole_or_not_at_all(tmp_path):
    file = tmp_path / "latency.csv"
    assert put(file, b"new") == f"Saved as {file}"
    assert file.read_bytes() == b"new"
    said = put(tmp_path / "none" / "latency.csv", b"new")
    assert said.startswith("Not saved: No such file or directory: choose another place")
    assert [one.name for one in tmp_path.iterdir()] == ["latency.csv"]
