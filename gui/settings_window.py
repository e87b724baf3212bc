"""The settings window: pages beside a list of them, kept at the daemon's configuration."""

from __future__ import annotations

from PySide6.QtCore import QSize, Qt
from PySide6.QtGui import QKeySequence, QPalette, QShortcut
from PySide6.QtWidgets import (
    QFrame,
    QHBoxLayout,
    QLabel,
    QListWidget,
    QPushButton,
    QSizePolicy,
    QStackedWidget,
    QVBoxLayout,
    QWidget,
)

from gui.link import Link
from gui.settings.desktop_page import DesktopPage
from gui.settings.dictation_pages import PrivacyPage, SpeechPage, TextPage
from gui.settings.engine_page import EnginePage
from gui.settings.hotkey_page import HotkeyPage
from gui.settings.microphone_page import MicrophonePage
from gui.settings.model_page import ModelPage
from gui.settings.page import Page
from gui.settings.values import Values
from gui.settings.words import Words

_SIZE = QSize(720, 540)
_LIST_PX = 140


class SettingsWindow(QWidget):
    """Every change is sent at once; the daemon says whether it holds."""

    def __init__(self, link: Link) -> None:
        super().__init__()
        self.setWindowTitle("Settings")
        self.resize(_SIZE)
        self._link = link
        self._values = Values(link, self)
        self._models = ModelPage(self._values)
        pages: tuple[Page, ...] = (
            HotkeyPage(self._values),
            MicrophonePage(self._values),
            self._models,
            EnginePage(self._values),
            SpeechPage(self._values),
            TextPage(self._values),
            PrivacyPage(self._values),
            DesktopPage(self._values),
        )
        self._list, self._stack = _list(pages), QStackedWidget()
        for page in pages:
            self._stack.addWidget(page)
        self._list.currentRowChanged.connect(self._stack.setCurrentIndex)
        self._list.setCurrentRow(0)
        self._absent, self._why = QWidget(), Words(" ")
        self._start = QPushButton("&Start swictation")
        self._foot = Words(" ")
        self._lay_out()
        self._start.clicked.connect(link.start_daemon)
        self._values.changed.connect(self._tell)
        self._values.refused.connect(lambda line: self._foot.tell(line, fault=True))
        link.changed.connect(self._show)
        for sequence in (QKeySequence.StandardKey.Close, QKeySequence(Qt.Key.Key_Escape)):
            QShortcut(sequence, self, self.close)
        self._show()

    def show_page(self, heading: str) -> None:
        """Turn to the page of that heading."""
        found = self._list.findItems(f" {heading}", Qt.MatchFlag.MatchExactly)
        if found:
            self._list.setCurrentItem(found[0])

    def close_down(self) -> None:
        """The tray ends: so does what the window has at work."""
        self._models.close_down()

    def _lay_out(self) -> None:
        beside = QHBoxLayout()
        beside.setSpacing(0)
        beside.addWidget(_framed(self._list))
        beside.addWidget(self._stack, 1)
        self._both = QWidget()
        self._both.setLayout(beside)
        beside.setContentsMargins(0, 0, 0, 0)
        self._lay_out_absence()
        foot = QHBoxLayout()
        foot.setContentsMargins(12, 8, 12, 10)
        self._foot.setAlignment(Qt.AlignmentFlag.AlignVCenter)
        foot.addWidget(self._foot, 1)
        done = QPushButton("&Close")
        done.clicked.connect(self.close)
        foot.addWidget(done)
        line = QFrame()
        line.setFrameShape(QFrame.Shape.HLine)
        line.setFrameShadow(QFrame.Shadow.Sunken)
        whole = QVBoxLayout(self)
        whole.setContentsMargins(0, 0, 0, 0)
        whole.setSpacing(0)
        whole.addWidget(self._both, 1)
        whole.addWidget(self._absent, 1)
        whole.addWidget(line)
        whole.addLayout(foot)

    def _lay_out_absence(self) -> None:
        title = QLabel("swictation is not running", alignment=Qt.AlignmentFlag.AlignHCenter)
        font = title.font()
        font.setBold(True)
        title.setFont(font)
        self._why.setAlignment(Qt.AlignmentFlag.AlignHCenter)
        self._start.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Fixed)
        column = QVBoxLayout(self._absent)
        column.setContentsMargins(60, 20, 60, 20)
        column.setSpacing(12)
        column.addStretch(1)
        column.addWidget(title)
        column.addWidget(self._why)
        column.addWidget(self._start, 0, Qt.AlignmentFlag.AlignHCenter)
        column.addStretch(1)

    def _show(self) -> None:
        snapshot = self._link.snapshot
        there = snapshot.status is not None
        self._both.setVisible(there)
        self._absent.setVisible(not there)
        self._why.tell(snapshot.why or "Settings are its own: start it to see and to change them.")

    def _tell(self) -> None:
        self._foot.tell(f"Changes apply at once. They are kept in {self._values.file}")


def _list(pages: tuple[Page, ...]) -> QListWidget:
    made = QListWidget()
    made.setAccessibleName("Pages")
    made.setFrameShape(QFrame.Shape.NoFrame)
    for page in pages:
        made.addItem(f" {page.heading}")
        made.item(made.count() - 1).setSizeHint(QSize(0, made.fontMetrics().height() + 12))
    return made


def _framed(pages: QListWidget) -> QWidget:
    """The list on ground of its own colour that leaves it some air."""
    ground = QWidget()
    ground.setAutoFillBackground(True)
    ground.setBackgroundRole(QPalette.ColorRole.Base)
    ground.setFixedWidth(_LIST_PX)
    inside = QVBoxLayout(ground)
    inside.setContentsMargins(8, 10, 8, 8)
    inside.addWidget(pages)
    return ground
