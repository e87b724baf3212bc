"""The doctor's window: what ``swictation doctor`` finds, part by part, and the command that mends what is broken."""

from __future__ import annotations

from typing import Any

from PySide6.QtCore import QSize, Qt
from PySide6.QtGui import QColor, QFontDatabase, QGuiApplication, QKeySequence, QPalette, QShortcut, QShowEvent
from PySide6.QtWidgets import (
    QFileDialog,
    QFrame,
    QGridLayout,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QProgressBar,
    QPushButton,
    QScrollArea,
    QVBoxLayout,
    QWidget,
)

from gui.settings.command import Command
from gui.settings.words import Words, fault_colour, good, warning

Json = dict[str, Any]

_SIZE = QSize(680, 560)
_MARGIN = 16
_STATES = {"ok": "In order", "warn": "Could be better", "bad": "Broken", "unknown": "Not tried"}
_LOOKING = "Each part is tried. For a moment a small window opens, and texts are put into it: please do not type."


def headline(result: Json) -> str:
    """What it all comes to, in one line."""
    broken = [finding["name"] for finding in result["findings"] if finding["state"] == "bad"]
    return f"Dictation will not work: see {', '.join(broken)}." if broken else "Dictation will work."


def first(findings: list[Json]) -> list[Json]:
    """The findings, those on top that need somebody."""
    return sorted(findings, key=lambda finding: ("bad", "warn", "unknown", "ok").index(finding["state"]))


class FindingRow(QWidget):
    """One part: how it is, what was seen, and the command that mends it with a button that copies it."""

    def __init__(self, finding: Json) -> None:
        super().__init__()
        name, state = finding["name"], finding["state"]
        title, how = QLabel(name.capitalize()), QLabel(_STATES[state])
        font = title.font()
        font.setBold(True)
        title.setFont(font)
        how.setAlignment(Qt.AlignmentFlag.AlignRight)
        palette = how.palette()
        palette.setColor(QPalette.ColorRole.WindowText, self._colour(state))
        how.setPalette(palette)
        grid = QGridLayout(self)
        grid.setContentsMargins(0, 0, 0, 0)
        grid.setVerticalSpacing(4)
        grid.addWidget(title, 0, 0)
        grid.addWidget(how, 0, 1)
        grid.addWidget(Words(finding["says"]), 1, 0, 1, 2)
        if finding["mend"] is not None:
            grid.addLayout(_command(name, finding["mend"]), 2, 0, 1, 2)

    def _colour(self, state: str) -> QColor:
        colours = {"ok": good, "warn": warning, "bad": fault_colour}
        plain = self.palette().color(QPalette.ColorRole.WindowText)
        return colours[state](self) if state in colours else plain


class DoctorWindow(QWidget):
    """Examines when it is shown and on request, by a command of its own that needs no daemon."""

    def __init__(self) -> None:
        super().__init__()
        self.setWindowTitle("Doctor")
        self.resize(_SIZE)
        self._command = Command(self)
        self._command.done.connect(self._show_result)
        self._command.failed.connect(self._show_failure)
        self._headline, self._words = QLabel(), Words(_LOOKING)
        self._busy = QProgressBar(maximum=0, textVisible=False)
        self._busy.setAccessibleName("The examination is running")
        self._rows = QScrollArea(widgetResizable=True)
        self._rows.setFrameShape(QFrame.Shape.NoFrame)
        self._again, self._save = QPushButton("&Examine again"), QPushButton("&Save a report…")
        self._again.clicked.connect(self._examine)
        self._save.clicked.connect(self._save_report)
        QShortcut(QKeySequence(Qt.Key.Key_Escape), self, self.close)
        QShortcut(QKeySequence(QKeySequence.StandardKey.Close), self, self.close)
        self._lay_out()

    def showEvent(self, event: QShowEvent) -> None:  # noqa: N802 - Qt's name
        """Examine, if that was not the desktop that shows the window again."""
        super().showEvent(event)
        if not event.spontaneous():
            self._examine()

    def close_down(self) -> None:
        """The tray ends: so does an examination."""
        self._command.close()

    def _lay_out(self) -> None:
        font = self._headline.font()
        font.setPointSizeF(font.pointSizeF() * 1.3)
        font.setBold(True)
        self._headline.setFont(font)
        self._headline.setWordWrap(True)
        foot = QHBoxLayout()
        done = QPushButton("&Close")
        done.clicked.connect(self.close)
        foot.addWidget(self._again)
        foot.addWidget(self._save)
        foot.addStretch(1)
        foot.addWidget(done)
        column = QVBoxLayout(self)
        column.setContentsMargins(_MARGIN, _MARGIN, _MARGIN, 12)
        column.setSpacing(10)
        column.addWidget(self._headline)
        column.addWidget(self._words)
        column.addWidget(self._busy)
        column.addWidget(self._rows, 1)
        column.addLayout(foot)

    def _examine(self) -> None:
        self._run("doctor", "--json")

    def _run(self, *arguments: str) -> None:
        if not self._command.running:
            self._tell("Looking …", _LOOKING, busy=True)
            self._command.start(*arguments)

    def _save_report(self) -> None:
        file, _kind = QFileDialog.getSaveFileName(self, "Save a report", "swictation-report.txt", "Text (*.txt)")
        if file:
            self._run("doctor", "--json", "--report", file)

    def _show_result(self, result: Json) -> None:
        self._tell(headline(result), "", busy=False)
        inside = QWidget()
        column = QVBoxLayout(inside)
        column.setContentsMargins(0, 4, 12, 4)
        column.setSpacing(14)
        for finding in first(result["findings"]):
            column.addWidget(FindingRow(finding))
        column.addStretch(1)
        self._rows.setWidget(inside)

    def _show_failure(self, line: str) -> None:
        self._tell("The examination ended before its end.", line, busy=False)

    def _tell(self, headline: str, words: str, *, busy: bool) -> None:
        self._headline.setText(headline)
        self._words.tell(words)
        self._busy.setVisible(busy)
        self._rows.setEnabled(not busy)
        self._again.setEnabled(not busy)
        self._save.setEnabled(not busy)


def _command(name: str, command: str) -> QHBoxLayout:
    line, copy = QLineEdit(command, readOnly=True), QPushButton("Copy")
    line.setFont(QFontDatabase.systemFont(QFontDatabase.SystemFont.FixedFont))
    line.setCursorPosition(0)
    line.setAccessibleName(f"Mends {name}")
    copy.setAccessibleName(f"Copy the command that mends {name}")
    copy.clicked.connect(lambda: QGuiApplication.clipboard().setText(command))
    row = QHBoxLayout()
    row.setSpacing(6)
    row.addWidget(line, 1)
    row.addWidget(copy)
    return row
