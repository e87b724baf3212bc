"""A small window that the doctor inserts into. It tells on stdout, as JSON lines, what it is and what it holds."""

from __future__ import annotations

import json

from PySide6.QtCore import QEvent, QTimer
from PySide6.QtGui import QKeySequence, QShortcut
from PySide6.QtWidgets import QApplication, QLabel, QPlainTextEdit, QSystemTrayIcon, QVBoxLayout, QWidget

_LIFE_MS = 180_000  # should whoever asked be gone
_SIZE = (460, 170)


class ProbeWindow(QWidget):
    """Takes the focus, and every text."""

    def __init__(self) -> None:
        super().__init__()
        self.setWindowTitle("swictation doctor")
        self.resize(*_SIZE)
        self._field = QPlainTextEdit()
        self._field.setAccessibleName("What arrives")
        self._field.textChanged.connect(self._tell_text)
        QShortcut(QKeySequence("Ctrl+Shift+V"), self._field, self._field.paste)  # as in a terminal
        told = QLabel("Texts are put in here to see whether they arrive. Please do not type; click here if asked to.")
        told.setWordWrap(True)
        column = QVBoxLayout(self)
        column.addWidget(told)
        column.addWidget(self._field, 1)

    def present(self) -> None:
        """Show it in front, with the cursor in the field."""
        self.show()
        self.raise_()
        self.activateWindow()
        self._field.setFocus()
        tray = QSystemTrayIcon.isSystemTrayAvailable()
        _tell(kind="shown", window=int(self.winId()), title=self.windowTitle(), tray=tray)

    def changeEvent(self, event: QEvent) -> None:  # noqa: N802 - Qt's name
        """Tell that it has the keyboard, or has lost it."""
        super().changeEvent(event)
        if event.type() == QEvent.Type.ActivationChange:
            _tell(kind="active", active=self.isActiveWindow())

    def _tell_text(self) -> None:
        _tell(kind="text", text=self._field.toPlainText())


def _tell(**said: object) -> None:
    print(json.dumps(said), flush=True)


def main() -> int:
    """Run the window until it is closed or killed, at most three minutes."""
    qt = QApplication(["swictation"])
    window = ProbeWindow()
    window.present()
    QTimer.singleShot(_LIFE_MS, qt.quit)
    return qt.exec()
