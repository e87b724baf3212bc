"""The latency window with a daemon behind it."""

import subprocess
import sys
import time

import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtGui import QImage
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QFileDialog

from gui.latency_model import SHOWN
from gui.latency_window import LatencyWindow
from tests.gui.spoken import entries, entry
from tests.gui.waiting import nameless, settle, spin


@pytest.fixture
def open_window(told):
    windows = []

    def start(made):
        spoken, link = told(made)
        window = LatencyWindow(link)
        windows.append(window)
        window.show()
        settle("the chart", lambda: window._bars is not None and window._shown is not None)
        return spoken, window

    yield start
    for window in windows:
        window.close()


def bars(window):
    return len(window._shown.bars)


@pytest.mark.parametrize("count", [1, 20, 20_000])
def test_shows_few_and_many(open_window, count):
    _, window = open_window(entries(count))
    assert bars(window) == min(SHOWN, sum(one["timings_ms"]["felt"] is not None for one in entries(count)))
    assert window._pages.currentIndex() == 1
    assert window._felt.text().endswith(" ms")
    assert "wait is the" in window._verdict.text()


def test_nothing_is_a_sentence_until_something_comes(open_window):
    spoken, window = open_window([])
    assert "dictate a sentence" in window._empty.text()
    assert window._pages.currentIndex() == 0
    assert not window._csv.isEnabled()
    spoken.say(entry(1))
    settle("the bar", lambda: window._pages.currentIndex() == 1)
    assert window._csv.isEnabled()


def test_hidden_it_asks_nothing_and_shown_again_it_catches_up(open_window):
    spoken, window = open_window(entries(3))
    window.hide()
    asked = len(spoken.asked("timings"))
    spoken.say(entry(4))
    spin(500)
    assert len(spoken.asked("timings")) == asked
    window.show()
    settle("the new bar", lambda: bars(window) == 4)


def test_same_revision_is_asked_for_once(open_window):
    spoken, _window = open_window(entries(3))
    for _ in range(5):
        spoken.daemon.show(spoken.daemon._shown | {"uptime_s": 9.0})
        spin(100)
    assert len(spoken.asked("timings")) == 1


def test_fast_utterances_are_asked_for_five_times_a_second_at_most(open_window):
    spoken, window = open_window(entries(3))
    began_s = time.monotonic()
    for number in range(4, 24):
        spoken.say(entry(number))
        spin(50)
    settle("the last of them", lambda: bars(window) == sum(1 for one in spoken.entries if one["timings_ms"]["felt"]))
    assert len(spoken.asked("timings")) <= 3 + 5 * (time.monotonic() - began_s)


def test_filters_by_model_and_mode(open_window):
    spoken, window = open_window([*entries(10), entry(11, model="other", mode="toggle")])
    window._model.setCurrentIndex(window._model.findData("other"))
    window._model.activated.emit(window._model.currentIndex())
    settle("one model", lambda: bars(window) == 1)
    window._mode.setCurrentIndex(window._mode.findData("hands_free"))
    window._mode.activated.emit(window._mode.currentIndex())
    settle("no match", lambda: window._empty.text() == "No utterance matches this filter.")
    assert spoken.asked("timings")[-1] | {"limit": 0} == {
        "verb": "timings", "limit": 0, "before": None, "model": "other", "mode": "hands_free",
    }  # fmt: skip


def test_keys_walk_through_the_bars(open_window):
    spoken, window = open_window(entries(5))
    chart = window._bars
    hint = window._numbers.text()
    for key, index in ((Qt.Key.Key_Left, 4), (Qt.Key.Key_Left, 3), (Qt.Key.Key_Home, 0), (Qt.Key.Key_Left, 0)):
        QTest.keyClick(chart, key)
        bar = window._shown.bars[index]
        assert window._numbers.text().startswith(f"{bar.felt_ms:.0f} ms: silence after speech")
    spoken.say(entry(6))
    settle("another bar", lambda: bars(window) == 6)
    assert window._numbers.text().startswith(f"{window._shown.bars[0].felt_ms:.0f} ms")  # the same one, moved
    QTest.keyClick(chart, Qt.Key.Key_Escape)
    assert window._numbers.text() == hint


def test_pointer_tells_the_bar_under_it(open_window):
    _, window = open_window(entries(200))
    plot = window._bars._plot
    QTest.mouseMove(plot.viewport(), QPoint(plot.width() // 2, plot.height() // 2))
    settle("the numbers", lambda: "silence after speech" in window._numbers.text())


def saved(window, button, path):
    button.click()
    dialog = settle("the dialog", lambda: window.findChild(QFileDialog))
    dialog.fileSelected.emit(str(path))
    dialog.close()
    settle("what became of it", window._told.text)


def test_table_holds_everything_that_matches(open_window, tmp_path):
    spoken, window = open_window(entries(2500))
    saved(window, window._csv, tmp_path / "latency.csv")
    lines = (tmp_path / "latency.csv").read_text().splitlines()
    assert window._told.text() == f"Saved as {tmp_path / 'latency.csv'}"
    assert len(lines) == 2501
    assert lines[1].split(",")[1] == "u1"
    assert [request["before"] for request in spoken.asked("timings")] == [None, None, 1501, 501]


def test_picture_is_a_picture(open_window, tmp_path):
    _, window = open_window(entries(20))
    saved(window, window._picture, tmp_path / "latency.png")
    assert QImage(str(tmp_path / "latency.png")).width() > 600


def test_full_disk_is_one_line(open_window, tmp_path):
    _, window = open_window(entries(20))
    saved(window, window._picture, "/dev/full/latency.png")
    assert window._told.text().startswith("Not saved: ")


def test_refusal_is_told_and_the_window_goes_on(open_window):
    spoken, window = open_window(entries(3))
    spoken.daemon.refuses = "the history cannot be read: free some space"
    spoken.say(entry(4))
    settle("the line", lambda: window._told.text() == "the history cannot be read: free some space")
    spoken.daemon.refuses = None
    spoken.say(entry(5))
    settle("the bars", lambda: bars(window) == 5)


def test_every_control_has_a_name(open_window):
    _, window = open_window(entries(20))
    assert nameless(window) == []


def test_plotting_library_is_read_only_when_the_window_is_shown():
    code = "import sys, gui.latency_window; sys.exit(bool({'numpy', 'pyqtgraph'} & set(sys.modules)))"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
