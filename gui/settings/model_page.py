"""The page of the models: those that are here, those that can be had, and what can be done with each."""

from __future__ import annotations

from typing import Any

from PySide6.QtCore import QSize, Qt
from PySide6.QtGui import QShowEvent
from PySide6.QtWidgets import (
    QAbstractItemView,
    QHBoxLayout,
    QHeaderView,
    QLabel,
    QMessageBox,
    QProgressBar,
    QPushButton,
    QSizePolicy,
    QTreeWidget,
    QTreeWidgetItem,
    QWidget,
)

from gui.settings.command import Command
from gui.settings.model_words import Row, follow, rows
from gui.settings.page import Page
from gui.settings.values import Values
from gui.settings.words import Words


class ModelPage(Page):
    """Gets, uses, verifies and removes models."""

    def __init__(self, values: Values) -> None:
        super().__init__("Model")
        self._values = values
        self._rows: tuple[Row, ...] = ()
        self._seen: object = None
        self._doing = ""
        self._command = Command(self)
        self._list, self._about, self._said = _list(), Words(" "), Words()
        self._get, self._use = QPushButton("&Get"), QPushButton("&Use")
        self._verify, self._remove = QPushButton("&Verify"), QPushButton("&Remove")
        self._bar, self._progress, self._cancel = QProgressBar(), QLabel(), QPushButton("&Stop")
        self._work = self._lay_out()
        self._list.itemSelectionChanged.connect(self._show)
        self._get.clicked.connect(lambda: self._start("Fetching", "pull", "--progress", "json"))
        self._verify.clicked.connect(lambda: self._start("Verifying", "verify", "--json"))
        self._remove.clicked.connect(self._ask_remove)
        self._use.clicked.connect(self._use_it)
        self._cancel.clicked.connect(self._command.cancel)
        self._command.told.connect(lambda told: follow(told, self._bar, self._progress.setText))
        self._command.done.connect(self._done)
        self._command.failed.connect(self._failed)
        values.changed.connect(self._changed)

    def showEvent(self, event: QShowEvent) -> None:  # noqa: N802 - Qt's name
        """Look which there are."""
        super().showEvent(event)
        self._ask()

    def close_down(self) -> None:
        """End what is at work; a download can be taken up again."""
        self._command.close()

    # -- laying out ----------------------------------------------------------------------------------------------------

    def _lay_out(self) -> QWidget:
        self.add(self._list, 1)
        self.add(self._about)
        buttons = QHBoxLayout()
        for button in (self._get, self._use, self._verify, self._remove):
            button.setEnabled(False)
            buttons.addWidget(button)
        buttons.addStretch(1)
        self.add(buttons)
        work = QWidget()
        line = QHBoxLayout(work)
        line.setContentsMargins(0, 0, 0, 0)
        self._bar.setTextVisible(False)
        self._bar.setAccessibleName("Progress")
        self._bar.setFixedWidth(100)
        self._progress.setTextFormat(Qt.TextFormat.PlainText)
        self._progress.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)
        line.addWidget(self._bar)
        line.addWidget(self._progress, 1)
        line.addWidget(self._cancel)
        work.hide()
        self.add(work)
        self.add(self._said)
        return work

    # -- showing -------------------------------------------------------------------------------------------------------

    def _changed(self) -> None:
        directory = (self._values.values.get("model.dir"),)
        if self.isVisible() and directory != self._seen:
            self._ask()

    def _ask(self) -> None:
        self._seen = (self._values.values.get("model.dir"),)
        self._values.link.ask("models", self._take, lambda line: self._said.tell(line, fault=True))

    def _take(self, models: list[dict[str, Any]]) -> None:
        chosen = self._chosen()
        self._rows = rows(models)
        self._list.clear()
        for row in self._rows:
            line = QTreeWidgetItem([row.title, row.state, row.size])
            line.setSizeHint(0, QSize(0, self._list.fontMetrics().height() + 10))
            line.setTextAlignment(2, Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
            font = line.font(0)
            font.setBold(row.state == "in use")
            line.setFont(0, font)
            self._list.addTopLevelItem(line)
        names = [row.name for row in self._rows]
        index = names.index(chosen.name) if chosen is not None and chosen.name in names else 0
        if (item := self._list.topLevelItem(index)) is not None:
            self._list.setCurrentItem(item)
        self._show()

    def _chosen(self) -> Row | None:
        item = self._list.currentItem()
        index = -1 if item is None else self._list.indexOfTopLevelItem(item)
        return self._rows[index] if 0 <= index < len(self._rows) else None

    def _show(self) -> None:
        row, busy = self._chosen(), self._command.running
        self._about.tell(" " if row is None else row.fault or row.about, fault=row is not None and bool(row.fault))
        for button, can in (
            (self._get, row is not None and row.can_get),
            (self._use, row is not None and row.can_use),
            (self._verify, row is not None and row.can_verify),
            (self._remove, row is not None and row.can_remove),
        ):
            button.setEnabled(can and not busy and not self._doing)
        self._cancel.setEnabled(busy)
        self._work.setVisible(bool(self._doing))

    # -- doing ---------------------------------------------------------------------------------------------------------

    def _start(self, doing: str, action: str, *options: str) -> None:
        row = self._chosen()
        if row is not None:
            self._begin(f"{doing} {row.title} …")
            self._command.start("models", action, row.name, *options)
            self._show()

    def _begin(self, doing: str) -> None:
        self._doing = doing
        self._said.tell("")
        self._progress.setText(doing)
        self._bar.setRange(0, 0)
        self._show()

    def _done(self, last: Any) -> None:
        faults = [fault for each in last for fault in each["faults"]] if isinstance(last, list) else []
        title = self._doing.removesuffix(" …").partition(" ")[2]
        good = "is sound" if isinstance(last, list) else "is removed" if "removed" in (last or {}) else "is installed"
        self._end("; ".join(faults) or f"{title} {good}.", fault=bool(faults))

    def _failed(self, line: str) -> None:
        self._end(line or "Left. What has come so far is kept, and Get goes on from there.", fault=bool(line))

    def _end(self, line: str, *, fault: bool) -> None:
        self._doing = ""
        self._said.tell(line, fault=fault)
        self._ask()

    def _use_it(self) -> None:
        row = self._chosen()
        if row is None:
            return
        self._begin(f"Loading {row.title} …")
        self._values.set(
            "model.dir",
            row.directory,
            lambda _result: self._end(f"{row.title} is in use.", fault=False),
            lambda line: self._end(line, fault=True),
        )

    def _ask_remove(self) -> None:
        row = self._chosen()
        if row is None:
            return
        box = QMessageBox(QMessageBox.Icon.Question, "Remove a model", f"Remove {row.title} from this computer?")
        box.setParent(self, box.windowFlags())
        box.setInformativeText("It can be fetched again." if row.about else "")
        remove = box.addButton("&Remove", QMessageBox.ButtonRole.AcceptRole)
        box.setDefaultButton(box.addButton("&Keep", QMessageBox.ButtonRole.RejectRole))
        box.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        box.buttonClicked.connect(
            lambda button: self._start("Removing", "remove", "--json") if button is remove else None
        )
        box.open()


def _list() -> QTreeWidget:
    made = QTreeWidget()
    made.setAccessibleName("Models")
    made.setHeaderLabels(["Model", "State", "Size"])
    made.setRootIsDecorated(False)
    made.setAllColumnsShowFocus(True)
    made.setUniformRowHeights(True)
    made.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
    made.setTabKeyNavigation(False)
    head = made.header()
    head.setStretchLastSection(False)
    head.setSectionsMovable(False)
    head.setSectionResizeMode(0, QHeaderView.ResizeMode.Stretch)
    head.setSectionResizeMode(1, QHeaderView.ResizeMode.ResizeToContents)
    head.setSectionResizeMode(2, QHeaderView.ResizeMode.ResizeToContents)
    return made
