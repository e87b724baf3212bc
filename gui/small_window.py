"""The small window in place of the icon, on a desktop that has no tray."""

from __future__ import annotations

from PySide6.QtCore import QSize, Qt, Signal
from PySide6.QtGui import QCloseEvent
from PySide6.QtWidgets import QHBoxLayout, QLabel, QMenu, QProgressBar, QPushButton, QVBoxLayout, QWidget

from gui.menu import Does
from gui.picture import picture, program_picture
from gui.popup import readable
from gui.present import Icon, View

_ICON_PX = 44
_WIDTH_PX = 380
_WHY = "This desktop has no tray, so swictation shows this window. It goes when a tray appears."


class SmallWindow(QWidget):
    """Shows a View, with the tray's own ``menu`` behind a button.

    ``chosen`` carries Does.START or Does.STOP. ``left`` tells that the user closed it: nothing would be left to see.
    """

    chosen = Signal(object)
    left = Signal()

    def __init__(self, menu: QMenu) -> None:
        super().__init__()
        self.setWindowTitle("swictation")
        self.setWindowIcon(program_picture())
        self._does: Does | None = None
        self._icon, self._title, self._last = QLabel(), QLabel(), QLabel()
        self._level = QProgressBar(maximum=3, textVisible=False)
        self._level.setAccessibleName("Level of the microphone")
        self._level.setFixedHeight(8)
        kept = self._level.sizePolicy()
        kept.setRetainSizeWhenHidden(True)  # nothing below it jumps
        self._level.setSizePolicy(kept)
        self._button, more = QPushButton(), QPushButton("&Menu")
        more.setMenu(menu)
        self._button.clicked.connect(lambda: self.chosen.emit(self._does))
        self._lay_out(more)

    def show_view(self, view: View) -> None:
        """Bring everything up to ``view``."""
        icon = picture(view.icon, practice=view.practice, level=view.level, standing=view.standing)
        self._icon.setPixmap(icon.pixmap(QSize(_ICON_PX, _ICON_PX), self.devicePixelRatio()))
        self._icon.setAccessibleName(view.title)
        self._title.setText(view.title)
        self._level.setValue(view.level)
        self._level.setVisible(view.icon is Icon.LISTENING)
        self._last.setText(view.last)
        self._does, text = view.button
        self._button.setText(text)

    def remark(self, text: str) -> None:
        """Tell one line, until the next view with another last utterance."""
        self._last.setText(text)

    def closeEvent(self, event: QCloseEvent) -> None:  # noqa: N802 - Qt's name
        """Tell that the user wants it gone."""
        super().closeEvent(event)
        if event.spontaneous():
            self.left.emit()

    def _lay_out(self, more: QPushButton) -> None:
        font = self._title.font()
        font.setPointSizeF(font.pointSizeF() * 1.3)
        font.setBold(True)
        self._title.setFont(font)
        self._last.setWordWrap(True)
        self._last.setTextFormat(Qt.TextFormat.PlainText)
        why = QLabel(_WHY)
        why.setWordWrap(True)
        why.setPalette(readable(self.palette()))
        why.setEnabled(False)
        self._button.setDefault(True)
        words = QVBoxLayout()
        words.addWidget(self._title)
        words.addWidget(self._level)
        head = QHBoxLayout()
        head.setSpacing(14)
        head.addWidget(self._icon)
        head.addLayout(words, 1)
        buttons = QHBoxLayout()
        buttons.addWidget(self._button, 1)
        buttons.addWidget(more)
        whole = QVBoxLayout(self)
        whole.setContentsMargins(18, 16, 18, 14)
        whole.setSpacing(12)
        whole.addLayout(head)
        whole.addWidget(self._last)
        whole.addLayout(buttons)
        whole.addWidget(why)
        self.setFixedWidth(_WIDTH_PX)
