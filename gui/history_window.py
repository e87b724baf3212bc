"""The history window: what was said, to be found, copied, inserted once more, decoded again or deleted."""

from __future__ import annotations

from typing import Any

from PySide6.QtCore import QLocale, QModelIndex, QSize, Qt, QTimer
from PySide6.QtGui import QGuiApplication, QKeySequence, QResizeEvent, QShortcut
from PySide6.QtWidgets import (
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QMessageBox,
    QPlainTextEdit,
    QPushButton,
    QStackedWidget,
    QVBoxLayout,
    QWidget,
)

from gui.history_attention import Attention
from gui.history_list import HistoryList, HistoryView
from gui.history_model import ATTENTION, NEEDS_USER, PAGE, SETTLED, Item, about, emptiness, item, question, with_newest
from gui.link import Link
from gui.moments import when
from gui.refresh import Refresh, absence

_SIZE = QSize(720, 640)
_TYPING_MS = 150  # after the last letter of a search
_FOCUS_BACK_MS = 150  # a window manager's time to give the keyboard back to the window that had it
_WORK_S = 30.0  # an insertion or a decode at most
_TEXT_LINES = 4
_KEPT = 1000  # of the older ones while the newest are in sight
_SEARCH_LENGTH = 200  # what the daemon takes


class HistoryWindow(QWidget):
    """Shows the history, newest first, with what needs the user on top."""

    def __init__(self, link: Link) -> None:
        super().__init__()
        self.setWindowTitle("History")
        self.resize(_SIZE)
        self._link = link
        self._fetching = False
        self._searched: str | None = None
        self._search = QLineEdit(placeholderText="Search what was said", clearButtonEnabled=True)
        self._search.setAccessibleName("Search")
        self._search.setMaxLength(_SEARCH_LENGTH)
        self._clear = QPushButton("Delete all…")
        self._attention = Attention()
        self._list = HistoryList()
        self._view = HistoryView(self._list)
        self._empty = QLabel("Reading the history …", alignment=Qt.AlignmentFlag.AlignCenter, wordWrap=True)
        self._pages, self._details = QStackedWidget(), QWidget()
        self._text = QPlainTextEdit(readOnly=True, tabChangesFocus=True)
        self._text.setAccessibleName("The whole text")
        self._about, self._told = QLabel(wordWrap=True), QLabel(wordWrap=True)
        self._copy, self._insert = QPushButton("&Copy"), QPushButton("&Insert again")
        self._decode, self._delete = QPushButton("Decode a&gain"), QPushButton("&Delete")
        self._lay_out()
        self._refresh = Refresh(link, self, self._ask)
        self._connect()
        self._choose()

    # -- laying out ----------------------------------------------------------------------------------------------------

    def _lay_out(self) -> None:
        for label in (self._empty, self._about, self._told):
            label.setTextFormat(Qt.TextFormat.PlainText)
        self._told.hide()
        lines = _TEXT_LINES * self._text.fontMetrics().lineSpacing()
        self._text.setFixedHeight(lines + 2 * round(self._text.document().documentMargin()) + 2)
        self._pages.addWidget(self._empty)
        self._pages.addWidget(self._view)
        head, foot = QHBoxLayout(), QHBoxLayout()
        head.addWidget(self._search, 1)
        head.addWidget(self._clear)
        for button in (self._copy, self._insert, self._decode):
            foot.addWidget(button)
        foot.addStretch(1)
        foot.addWidget(self._delete)
        inside = QVBoxLayout(self._details)
        inside.setContentsMargins(0, 0, 0, 0)
        inside.addWidget(self._text)
        inside.addWidget(self._about)
        inside.addLayout(foot)
        whole = QVBoxLayout(self)
        whole.addLayout(head)
        whole.addWidget(self._attention)
        whole.addWidget(self._pages, 1)
        whole.addWidget(self._details)
        whole.addWidget(self._told)

    def _connect(self) -> None:
        self._typing = QTimer(self, singleShot=True, interval=_TYPING_MS)
        self._typing.timeout.connect(self._refresh.again)
        self._search.textChanged.connect(lambda _text: self._typing.start())
        self._search.returnPressed.connect(self._view.setFocus)
        self._clear.clicked.connect(self._count_all)
        self._list.wants_more.connect(self._fetch_more)
        self._view.selectionModel().currentChanged.connect(self._choose)
        self._list.modelReset.connect(self._choose)
        self._view.copy.connect(self._copy_chosen)
        self._view.delete.connect(lambda: self._on_chosen(self._delete_one))
        self._copy.clicked.connect(self._copy_chosen)
        self._insert.clicked.connect(lambda: self._on_chosen(self._insert_one))
        self._decode.clicked.connect(lambda: self._on_chosen(self._decode_one))
        self._delete.clicked.connect(lambda: self._on_chosen(self._delete_one))
        self._attention.insert.connect(self._insert_one)
        self._attention.copy.connect(self._copy_one)
        self._attention.decode.connect(self._decode_one)
        self._attention.delete.connect(self._ask_then_delete)
        self._refresh.absent.connect(lambda why: self._empty.setText(absence(why)))
        QShortcut(QKeySequence(QKeySequence.StandardKey.Close), self, self.close)
        QShortcut(QKeySequence(QKeySequence.StandardKey.Find), self, self._find)
        QShortcut(QKeySequence(Qt.Key.Key_Escape), self, self._leave)

    def resizeEvent(self, event: QResizeEvent) -> None:  # noqa: N802 - Qt's name
        """Leave the list its room."""
        super().resizeEvent(event)
        self._attention.fit(self.height())

    # -- asking --------------------------------------------------------------------------------------------------------

    def _question(self, outcomes: tuple[str, ...], limit: int, before: int | None = None) -> dict[str, Any]:
        search = self._search.text().strip() or None
        return {"search": search, "outcomes": list(outcomes), "limit": limit, "before": before}

    def _ask(self) -> None:
        self._link.ask("history", self._take_attention, self._refused, **self._question(NEEDS_USER, ATTENTION))

    def _take_attention(self, answer: dict[str, Any]) -> None:
        self._attention.show_items([item(entry) for entry in answer["entries"]], answer["total"])
        question = self._question(SETTLED, PAGE)
        self._link.ask("history", lambda rest: self._take(rest, question["search"]), self._refused, **question)

    def _take(self, answer: dict[str, Any], search: str | None) -> None:
        self._refresh.answered()
        chosen = self._chosen()
        page = [item(entry) for entry in answer["entries"]]
        known = self._list.items if search == self._searched else []
        if self._view.verticalScrollBar().value() == 0:
            known = known[:_KEPT]  # nobody reads them, and a window may stay open for months
        self._searched = search
        self._list.set_items(with_newest(known, page, answer["total"]), answer["total"])
        self._empty.setText(emptiness(search or "", attention=self._attention.isVisibleTo(self)))
        self._pages.setCurrentIndex(1 if self._list.items else 0)
        self._details.setVisible(bool(self._list.items))
        self._choose_again(chosen)

    def _refused(self, line: str) -> None:
        self._refresh.answered()
        self._say(line)

    def _fetch_more(self) -> None:
        if self._fetching:
            return
        self._fetching = True
        question = self._question(SETTLED, PAGE, before=self._list.items[-1].number)
        self._link.ask(
            "history", lambda more: self._append(more, question), lambda _line: self._append(None, question), **question
        )

    def _append(self, answer: dict[str, Any] | None, question: dict[str, Any]) -> None:
        self._fetching = False
        items = self._list.items
        fits = items and items[-1].number == question["before"] and question["search"] == self._searched
        if answer is not None and fits:
            page = [item(entry) for entry in answer["entries"]]
            total = len(items) + len(page) if len(page) < PAGE else self._list.total
            self._list.set_items([*items, *page], total)

    # -- one utterance -------------------------------------------------------------------------------------------------

    def _chosen(self) -> Item | None:
        index = self._view.currentIndex()
        return self._list.items[index.row()] if index.isValid() else None

    def _choose_again(self, one: Item | None) -> None:
        """After the list was made anew: the same utterance, or the newest."""
        if self._list.items and not self._view.currentIndex().isValid():
            ids = [item.id for item in self._list.items]
            row = ids.index(one.id) if one is not None and one.id in ids else 0
            self._view.setCurrentIndex(self._list.index(row))

    def _choose(self, _index: QModelIndex | None = None) -> None:
        one = self._chosen()
        self._text.setPlainText((one.text or one.line) if one is not None else "")
        self._about.setText(about(one, when(one.at_s)) if one is not None else "")
        self._copy.setEnabled(one is not None and one.text is not None)
        self._insert.setEnabled(one is not None and one.text is not None)
        self._decode.setEnabled(one is not None and one.audio_kept)
        self._delete.setEnabled(one is not None)

    def _on_chosen(self, act: Any) -> None:
        one = self._chosen()
        if one is not None:
            act(one)

    def _copy_chosen(self) -> None:
        self._on_chosen(self._copy_one)

    def _copy_one(self, one: Item) -> None:
        if one.text is not None:
            QGuiApplication.clipboard().setText(one.text)
            self._say("Copied.")

    def _insert_one(self, one: Item) -> None:
        self.hide()
        QTimer.singleShot(
            _FOCUS_BACK_MS,
            lambda: self._link.ask("insert", self._inserted, self._come_back, timeout_s=_WORK_S, id=one.id),
        )

    def _inserted(self, entry: dict[str, Any]) -> None:
        if entry["outcome"] not in {"confirmed", "sent"}:
            self._come_back(f"Not inserted: {entry['reason']}")

    def _come_back(self, line: str) -> None:
        self._say(line)
        self.show()

    def _decode_one(self, one: Item) -> None:
        self._say("Decoding …")
        self._link.ask("decode_again", self._decoded, self._say, timeout_s=_WORK_S, id=one.id)

    def _decoded(self, entry: dict[str, Any]) -> None:
        self._say("Decoded again." if entry["text"] else "Decoded again: no speech was heard.")
        self._refresh.again()

    def _delete_one(self, one: Item) -> None:
        self._link.ask("delete", lambda _result: self._deleted("Deleted."), self._say, id=one.id)

    def _deleted(self, line: str) -> None:
        self._say(line)
        self._list.set_items([], 0)
        self._refresh.again()

    def _ask_then_delete(self, one: Item) -> None:
        self._confirm("This was never inserted. Delete it for good?", "Delete", lambda: self._delete_one(one))

    def _count_all(self) -> None:
        self._link.ask("history", self._ask_then_clear, self._say, search=None, outcomes=None, limit=1, before=None)

    def _ask_then_clear(self, answer: dict[str, Any]) -> None:
        status = self._link.snapshot.status
        if answer["total"] == 0 or status is None:
            self._say("There is nothing to delete.")
            return
        count = QLocale.system().toString(answer["total"])
        waiting = status["history"]["held"] + status["history"]["failed"]
        self._confirm(question(answer["total"], waiting, count), "Delete all", self._clear_all)

    def _clear_all(self) -> None:
        self._link.ask("clear_history", lambda _result: self._deleted("All is deleted."), self._say)

    # -- telling and asking the user -----------------------------------------------------------------------------------

    def _confirm(self, text: str, yes: str, then: Any) -> None:
        box = QMessageBox(QMessageBox.Icon.Warning, "History", text, parent=self)
        box.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        box.setTextFormat(Qt.TextFormat.PlainText)
        agreed = box.addButton(yes, QMessageBox.ButtonRole.DestructiveRole)
        box.setDefaultButton(box.addButton("Keep", QMessageBox.ButtonRole.RejectRole))
        agreed.clicked.connect(then)
        box.open()

    def _say(self, line: str) -> None:
        self._told.setText(line)
        self._told.setVisible(bool(line))

    def _find(self) -> None:
        self._search.setFocus()
        self._search.selectAll()

    def _leave(self) -> None:
        """Escape: first out of the search, then out of the window."""
        if self._search.text():
            self._search.clear()
        else:
            self.close()
