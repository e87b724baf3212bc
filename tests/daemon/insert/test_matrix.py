"""A part of the matrix of ``tests/benchmarks/matrix.py``: the quick targets, and how its results are told."""

import asyncio
import shutil

import pytest

from daemon.insert.contract import SHIFT_INSERT, TYPE
from tests.accessible_desktop import LAUNCHER
from tests.benchmarks.matrix import matrix_on
from tests.benchmarks.matrix_cell import AS_CHOSEN, FAULTS, LENGTH, TEXTS, Cell, Trial, result_of, table
from tests.benchmarks.matrix_desktops import X11Seat

SETTLED_S = 0.4
PASSWORD = "password field"  # noqa: S105 - a target's name


@pytest.fixture(scope="module")
def seat(tmp_path_factory):
    seat = X11Seat(tmp_path_factory.mktemp("desktop"))
    yield seat
    seat.stop()


def right(result):
    """Whether nothing that was said of the cell is false."""
    return not any(result[fault] for fault in FAULTS)


@pytest.mark.display
@pytest.mark.skipif(not LAUNCHER.exists() or shutil.which("dbus-daemon") is None, reason="needs at-spi2-core and dbus")
@pytest.mark.parametrize("target", ["xterm", PASSWORD])
@pytest.mark.parametrize("way", [AS_CHOSEN, SHIFT_INSERT, TYPE])
async def test_what_is_said_of_a_text_is_true(seat, target, way, monkeypatch):
    if target == PASSWORD:  # a slow program tells late what has the cursor
        monkeypatch.setattr("tests.benchmarks.matrix._SPEECH_S", 1.5)
    async with matrix_on(seat, SETTLED_S) as matrix:
        window = await asyncio.to_thread(seat.open, target)
        try:
            results = [await matrix.cell(Cell("X11", target, way, text), window, 1) for text in TEXTS]
        finally:
            window.close()
    assert all(map(right, results)), results
    if target == PASSWORD:
        assert [result["outcomes"] for result in results] == [{"held": 1}] * 2
    elif way != TYPE:
        assert [(result["exact"], result["outcomes"]) for result in results] == [(1, {"confirmed": 1})] * 2


@pytest.mark.parametrize(
    ("outcomes", "content", "wrong"),
    [
        (["confirmed"], "one", set()),
        (["confirmed"], "", {"confirmed_not_there"}),
        (["confirmed"], "oneone", {"twice"}),
        (["held"], "", set()),
        (["held"], "one", {"held_and_there"}),
        (["sent"], "", set()),
        (["sent", "confirmed"], "onetwo", set()),
        (["sent", "confirmed"], "one", {"confirmed_not_there"}),
    ],
)
def test_what_is_wrong_with_a_cell(outcomes, content, wrong):
    trials = [Trial(text, outcome) for text, outcome in zip(["one", "two"], outcomes, strict=False)]
    result = result_of(trials, content, password=False, clipboard_kept=True)
    assert {fault for fault in FAULTS if result[fault]} == wrong


def test_a_password_field_may_have_nothing():
    result = result_of([Trial("one", "sent")], "one", password=True, clipboard_kept=False)
    assert {fault for fault in FAULTS if result[fault]} == {"into_a_password", "clipboard_changed"}


def test_the_texts_of_a_target_are_all_different():
    cells = [Cell("X11", "xterm", way, text) for way in (AS_CHOSEN, TYPE) for text in TEXTS]
    words = [cell.words(number) for cell in cells for number in range(20)]
    assert len(set(words)) == len(words)
    assert {len(one) for one in words} == {LENGTH}


def test_the_table():
    good = result_of([Trial("one", "confirmed", None, 3.2)] * 1, "one", password=False, clipboard_kept=True)
    bad = result_of([Trial("a", "confirmed", None, 3.0), Trial("b", "held")], "", password=False, clipboard_kept=True)
    lines = table({"X11/xterm/type/ASCII": good, "X11/xterm/type/Unicode": bad, "X11/foot/type/ASCII": good})
    assert lines[2] == "| X11 | xterm | type | 1/1, confirmed, 3 ms | 0/2, 1 confirmed, 1 held, 3 ms |"
    assert lines[3] == "| X11 | foot | type | 1/1, confirmed, 3 ms | not run |"
    assert lines[5].endswith("the text was not there: **1** of 3: X11/xterm/type/Unicode")
    assert "came twice: **0** of 3" in lines[6]
