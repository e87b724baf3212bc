"""The history window with a daemon behind it."""

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QGuiApplication
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QMessageBox, QPushButton

from gui.history_window import HistoryWindow
from tests.gui.scripted_daemon import status
from tests.gui.spoken import entries, entry
from tests.gui.waiting import nameless, settle, spin


@pytest.fixture
def open_window(told):
    windows = []

    def start(made):
        spoken, link = told(made)
        window = HistoryWindow(link)
        windows.append(window)
        window.show()
        settle("the history", lambda: spoken.asked("history")[1:] and not window._refresh._waiting)
        return spoken, window

    yield start
    for window in windows:
        window.close()


def numbers(window):
    return [one.number for one in window._list.items]


def button(window, words):
    return next(one for one in window._attention.findChildren(QPushButton) if one.text() == words)


def answer(window, words):
    box = settle("the question", lambda: window.findChild(QMessageBox))
    next(one for one in box.buttons() if one.text() == words).click()
    return box.text()


def test_newest_is_on_top_and_chosen(open_window):
    _, window = open_window(entries(20))
    assert numbers(window) == list(range(20, 0, -1))
    assert window._text.toPlainText() == "thank you for the quick answer"
    assert not window._attention.isVisible()


def test_nothing_is_a_sentence(open_window):
    _, window = open_window([])
    assert window._empty.text() == "Nothing has been dictated yet."
    assert window._pages.currentIndex() == 0


def test_what_needs_the_user_stands_on_top_with_its_reason(open_window):
    _, window = open_window(entries(20, held=2, failed=1))
    assert numbers(window) == list(range(17, 0, -1))
    assert window._attention.isVisible()
    words = [one.text() for one in window._attention.findChildren(QPushButton)]
    assert words == ["Insert", "Copy", "Delete"] * 2 + ["Decode again", "Delete"]


def test_long_history_comes_page_by_page(open_window):
    spoken, window = open_window(entries(20_000))
    assert len(window._list.items) == 100
    window._view.scrollToBottom()
    settle("the second page", lambda: len(window._list.items) == 200)
    settled = [one["number"] for one in spoken.entries]
    assert numbers(window) == settled[-1:-201:-1]
    spoken.say(entry(20_001))
    settle("the newest", lambda: numbers(window)[0] == 20_001)
    assert len(numbers(window)) == 201
    assert spoken.asked("history")[-1]["limit"] == 100


def test_row_that_is_read_stays_where_it_is(open_window):
    spoken, window = open_window(entries(90))
    bar = window._view.verticalScrollBar()
    bar.setValue(400)
    top = window._view.indexAt(window._view.rect().topLeft()).row()
    read = numbers(window)[top]
    window._view.setCurrentIndex(window._list.index(12))
    chosen = numbers(window)[12]
    spoken.say(entry(91), entry(92))
    settle("both", lambda: len(numbers(window)) == 92)
    spin(50)
    assert numbers(window)[window._view.indexAt(window._view.rect().topLeft()).row()] == read
    assert window._chosen().number == chosen


def test_search_as_one_types(open_window):
    spoken, window = open_window(entries(200, held=6))
    QTest.keyClick(window, Qt.Key.Key_F, Qt.KeyboardModifier.ControlModifier)
    QTest.keyClicks(window._search, "SHORT")
    settle("what was found", lambda: window._list.items and all("short" in one.text for one in window._list.items))
    settle("one of the held ones", lambda: len(window._attention.findChildren(QPushButton)) == 3)
    searches = {request["search"] for request in spoken.asked("history")}
    assert searches == {None, "SHORT"}  # not one for each letter
    window._search.setText("no such thing")
    settle("nothing", lambda: window._empty.text() == "No text has “no such thing” in it.")
    window._leave()
    settle("everything again", lambda: len(window._list.items) == 100)


def test_enter_copies(open_window):
    _, window = open_window([entry(1, text="first"), entry(2, text="<b>two</b>\nlines")])
    QTest.keyClick(window._view, Qt.Key.Key_Return)
    assert QGuiApplication.clipboard().text() == "<b>two</b>\nlines"
    assert window._text.toPlainText() == "<b>two</b>\nlines"
    QTest.keyClick(window._view, Qt.Key.Key_Down)
    window._copy.click()
    assert QGuiApplication.clipboard().text() == "first"


def test_held_text_can_be_copied(open_window):
    _, window = open_window([entry(1, "held", "kept for later", reason="no window had the focus")])
    button(window, "Copy").click()
    assert QGuiApplication.clipboard().text() == "kept for later"


def test_delete_key_deletes_one(open_window):
    spoken, window = open_window(entries(5))
    QTest.keyClick(window._view, Qt.Key.Key_Down)
    QTest.keyClick(window._view, Qt.Key.Key_Delete)
    settle("it is gone", lambda: numbers(window) == [5, 3, 2, 1])
    assert [request["id"] for request in spoken.asked("delete")] == ["u4"]


def test_text_that_was_never_inserted_is_deleted_on_a_second_word_only(open_window):
    spoken, window = open_window(entries(5, held=1))
    button(window, "Delete").click()
    assert "never inserted" in answer(window, "Keep")
    spin(100)
    assert spoken.asked("delete") == []
    button(window, "Delete").click()
    answer(window, "Delete")
    settle("it is gone", lambda: not window._attention.isVisible())


def test_delete_all_asks_once_and_names_the_count(open_window):
    spoken, window = open_window(entries(30, held=2, failed=1))
    window._clear.click()
    said = answer(window, "Keep")
    assert said == "Delete all 30 entries of the history, for good? 3 texts were never inserted."
    assert spoken.asked("clear_history") == []
    spin(50)
    window._clear.click()
    answer(window, "Delete all")
    settle("nothing is left", lambda: window._empty.text() == "Nothing has been dictated yet.")
    assert not window._attention.isVisible()


def test_insert_hides_the_window_first(open_window):
    spoken, window = open_window(entries(5, held=1))
    button(window, "Insert").click()
    assert not window.isVisible()
    assert spoken.asked("insert") == []
    settle("the request", lambda: spoken.asked("insert"))
    assert spoken.asked("insert") == [{"verb": "insert", "id": "u5"}]
    spin(200)
    assert not window.isVisible()


def test_insertion_that_fails_brings_the_window_back(open_window):
    spoken, window = open_window(entries(5))
    spoken.daemon.answers["insert"] = lambda _request: entry(5, "held", reason="no window had the focus")
    window._insert.click()
    settle("the window", window.isVisible)
    assert window._told.text() == "Not inserted: no window had the focus"
    spoken.daemon.refuses = "the text is gone"
    window._insert.click()
    settle("the refusal", lambda: window.isVisible() and window._told.text() == "the text is gone")


def test_decode_again_only_where_the_audio_is_kept(open_window):
    spoken, window = open_window(entries(9))
    assert not window._decode.isEnabled()
    QTest.keyClick(window._view, Qt.Key.Key_Down)
    assert window._decode.isEnabled()
    window._decode.click()
    settle("the new text", lambda: window._list.items[0].text == "decoded again")
    assert [request["id"] for request in spoken.asked("decode_again")] == ["u8"]


def test_without_a_daemon_it_says_so_and_with_the_next_one_it_goes_on(open_window, daemons):
    spoken, window = open_window([])
    spoken.daemon.stop()
    settle("the sentence", lambda: window._empty.text().startswith("swictation is not running."))
    spoken.entries += entries(3)
    daemons(status(history=spoken.status()), answers=spoken.answers)
    settle("the history", lambda: numbers(window) == [3, 2, 1])


def test_every_control_has_a_name(open_window):
    _, window = open_window(entries(20, held=1, failed=1))
    assert nameless(window) == []
