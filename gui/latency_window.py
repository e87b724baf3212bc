"""The latency window: what the user waited for, utterance by utterance and stage by stage."""

from __future__ import annotations

import importlib
import threading
from pathlib import Path
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QBuffer, QByteArray, QLocale, QSize, QStandardPaths, Qt, Signal, Slot
from PySide6.QtGui import QKeySequence, QShortcut, QShowEvent
from PySide6.QtWidgets import (
    QComboBox,
    QFileDialog,
    QHBoxLayout,
    QLabel,
    QPushButton,
    QStackedWidget,
    QVBoxLayout,
    QWidget,
)

from gui.latency_export import CsvExport, put
from gui.latency_legend import Legend
from gui.latency_model import ASKED, Bar, Chart, chart, described, duration, emptiness, mode_words, spread, verdict
from gui.link import Link
from gui.moments import when
from gui.refresh import Refresh, absence

if TYPE_CHECKING:
    from gui.latency_chart import LatencyChart

_SIZE = QSize(880, 620)
_LARGE = 2.8  # times the font's size, for the newest felt latency
_HINT = "Point at a bar, or walk through them with the arrow keys, for the numbers of one utterance.\n"


class LatencyWindow(QWidget):
    """Shows the last utterances' latency, with filters by model and mode, and saves it as a table or a picture."""

    _loaded = Signal()

    def __init__(self, link: Link) -> None:
        super().__init__()
        self.setWindowTitle("Latency")
        self.resize(_SIZE)
        self._link = link
        self._export: CsvExport | None = None
        self._bars: LatencyChart | None = None
        self._shown: Chart | None = None
        self._felt, self._caption, self._spread, self._verdict = QLabel(), QLabel(), QLabel(), QLabel()
        self._legend, self._numbers, self._told = Legend(), QLabel(_HINT), QLabel()
        self._empty = QLabel("Reading what was measured …", alignment=Qt.AlignmentFlag.AlignCenter, wordWrap=True)
        self._model, self._mode = _filter("All models", "Model"), _filter("All modes", "Mode")
        self._csv, self._picture = QPushButton("Save as &CSV…"), QPushButton("Save as &picture…")
        self._sheet, self._pages = QWidget(), QStackedWidget()
        self._lay_out()
        self._refresh = Refresh(link, self, self._ask)
        self._refresh.absent.connect(lambda why: self._empty.setText(absence(why)))
        QShortcut(QKeySequence(QKeySequence.StandardKey.Close), self, self.close)
        self._loaded.connect(self._add_bars, Qt.ConnectionType.QueuedConnection)
        for choice in (self._model, self._mode):
            choice.activated.connect(self._refresh.again)
        self._csv.clicked.connect(lambda: self._save_as("csv", self._save_csv))
        self._picture.clicked.connect(lambda: self._save_as("png", self._save_picture))

    def showEvent(self, event: QShowEvent) -> None:  # noqa: N802 - Qt's name
        """Fetch the plotting library when it is first needed, on a thread: it takes 0.4 s."""
        super().showEvent(event)
        if self._bars is None:
            threading.Thread(target=self._load, name="plotting").start()  # one in mid-import must not be cut off

    def _load(self) -> None:
        importlib.import_module("gui.latency_chart")
        self._loaded.emit()

    @Slot()
    def _add_bars(self) -> None:
        from gui.latency_chart import LatencyChart

        if self._bars is None:
            self._bars = LatencyChart()
            self._bars.pointed.connect(self._tell)
            self._sheet_layout.addWidget(self._bars, 1)
            self._draw()

    # -- laying out ----------------------------------------------------------------------------------------------------

    def _lay_out(self) -> None:
        large = self._felt.font()
        large.setPointSizeF(large.pointSizeF() * _LARGE)
        large.setBold(True)
        self._felt.setFont(large)
        bold = self._verdict.font()
        bold.setBold(True)
        self._verdict.setFont(bold)
        for label in (self._felt, self._caption, self._spread, self._verdict, self._numbers, self._told, self._empty):
            label.setTextFormat(Qt.TextFormat.PlainText)
        self._told.setWordWrap(True)
        self._told.hide()
        head = QHBoxLayout()
        head.setSpacing(14)
        head.addWidget(self._felt)
        head.addWidget(self._caption, 1)
        head.addWidget(self._spread)
        self._spread.setAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
        self._sheet_layout = QVBoxLayout(self._sheet)
        self._sheet_layout.setContentsMargins(0, 0, 0, 0)
        self._sheet_layout.addLayout(head)
        self._sheet_layout.addWidget(self._verdict)
        self._sheet_layout.addWidget(self._legend)
        full = QWidget()
        inside = QVBoxLayout(full)
        inside.setContentsMargins(0, 0, 0, 0)
        inside.addWidget(self._sheet, 1)
        inside.addWidget(self._numbers)
        self._pages.addWidget(self._empty)
        self._pages.addWidget(full)
        whole = QVBoxLayout(self)
        whole.addWidget(self._pages, 1)
        whole.addWidget(self._told)
        whole.addLayout(self._foot())

    def _foot(self) -> QHBoxLayout:
        foot = QHBoxLayout()
        foot.addWidget(self._model)
        foot.addWidget(self._mode)
        foot.addStretch(1)
        foot.addWidget(self._csv)
        foot.addWidget(self._picture)
        return foot

    # -- showing -------------------------------------------------------------------------------------------------------

    def _chosen(self) -> dict[str, Any]:
        return {"model": self._model.currentData(), "mode": self._mode.currentData()}

    def _ask(self) -> None:
        self._link.ask("timings", self._take, self._refused, limit=ASKED, before=None, **self._chosen())

    def _refused(self, line: str) -> None:
        self._refresh.answered()
        self._say(line)

    def _take(self, answer: dict[str, Any]) -> None:
        self._refresh.answered()
        self._shown = chart(answer)
        _offer(self._model, [(name, name) for name in self._shown.models])
        _offer(self._mode, [(name, mode_words(name).capitalize()) for name in self._shown.modes])
        self._draw()

    def _draw(self) -> None:
        shown = self._shown
        if shown is None or self._bars is None:
            return
        filtered = any(value is not None for value in self._chosen().values())
        self._empty.setText(emptiness(shown, filtered=filtered))
        self._pages.setCurrentIndex(1 if shown.bars else 0)
        self._csv.setEnabled(bool(shown.bars))
        self._picture.setEnabled(bool(shown.bars))
        if not shown.bars:
            return
        newest = shown.bars[-1]
        self._felt.setText(duration(newest.felt_ms))
        self._caption.setText(
            f"from the end of speech to the text at the cursor\n{when(newest.at_s, seconds=True)}, the newest"
        )
        self._spread.setText(spread(shown, QLocale.system().toString(shown.waited)))
        self._verdict.setText(verdict(shown))
        self._legend.show_shares(shown)
        self._bars.show_chart(shown)

    def _tell(self, bar: Bar | None) -> None:
        self._numbers.setText(_HINT if bar is None else described(bar, when(bar.at_s, seconds=True)))

    def _say(self, line: str) -> None:
        self._told.setText(line)
        self._told.setVisible(bool(line))

    # -- saving --------------------------------------------------------------------------------------------------------

    def _save_as(self, suffix: str, save: Any) -> None:
        dialog = QFileDialog(self, f"Save the latencies as {suffix.upper()}")
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.setAcceptMode(QFileDialog.AcceptMode.AcceptSave)
        dialog.setDefaultSuffix(suffix)
        dialog.setNameFilter(f"{suffix.upper()} (*.{suffix})")
        dialog.setDirectory(QStandardPaths.writableLocation(QStandardPaths.StandardLocation.DocumentsLocation))
        dialog.selectFile(f"swictation-latency.{suffix}")
        dialog.fileSelected.connect(lambda name: save(Path(name)))
        dialog.open()

    def _save_csv(self, path: Path) -> None:
        self._export = CsvExport(self._link, path, self._chosen(), self._say)

    def _save_picture(self, path: Path) -> None:
        content = QByteArray()
        buffer = QBuffer(content)
        buffer.open(QBuffer.OpenModeFlag.WriteOnly)
        self._sheet.grab().save(buffer, "PNG")
        self._say(put(path, bytes(content.data())))


def _filter(everything: str, name: str) -> QComboBox:
    choice = QComboBox()
    choice.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToContents)
    choice.addItem(everything, None)
    choice.setAccessibleName(name)
    choice.setAccessibleDescription(name)  # on Linux the name of a box of choices is what is chosen
    return choice


def _offer(choice: QComboBox, offered: list[tuple[str, str]]) -> None:
    """Bring a filter's list up to date without letting go of what is chosen, even where it is no longer there."""
    have = [choice.itemData(index) for index in range(1, choice.count())]
    for value, words in offered:
        if value not in have:
            choice.addItem(words, value)
    for index in reversed(range(1, choice.count())):
        if choice.itemData(index) not in [value for value, _ in offered] and index != choice.currentIndex():
            choice.removeItem(index)
