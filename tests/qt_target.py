"""A Qt editor that is slow or deaf in a given way: ``python -m tests.qt_target FILE [OPTIONS]``.

What stands in it is in FILE at once. ``--deaf WAY`` ignores those keys. ``--block S`` sleeps in the handler of each key
that pastes; ``--later S`` pastes that long after the key, while it goes on answering: as a browser whose page hangs, or
an input method. ``--pages`` has a process of its own for its page, as a browser.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import time
from pathlib import Path

from PySide6.QtCore import QEvent, QObject, Qt, QTimer
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QApplication, QPlainTextEdit

_SHIFT, _CONTROL = Qt.KeyboardModifier.ShiftModifier, Qt.KeyboardModifier.ControlModifier
_WAYS = {
    (Qt.Key.Key_Insert, _SHIFT): "shift+insert",
    (Qt.Key.Key_V, _CONTROL): "ctrl+v",
    (Qt.Key.Key_V, _CONTROL | _SHIFT): "ctrl+shift+v",
}


class Temper(QObject):
    """Does to the keys that paste what the arguments say."""

    def __init__(self, edit: QPlainTextEdit, asked: argparse.Namespace) -> None:
        super().__init__(edit)
        self._edit, self._asked = edit, asked

    def eventFilter(self, _watched: QObject, event: QEvent) -> bool:  # noqa: N802 - Qt's name
        """Handle a key that pastes."""
        if not isinstance(event, QKeyEvent) or event.type() != QEvent.Type.KeyPress:
            return False
        way = _WAYS.get((Qt.Key(event.key()), event.modifiers()))
        if way is None:
            return False
        if way not in self._asked.deaf:
            time.sleep(self._asked.block)
            QTimer.singleShot(round(self._asked.later * 1000), self._edit.paste)
        return True


def main() -> int:
    """Show the window until it is closed."""
    parser = argparse.ArgumentParser()
    parser.add_argument("file", type=Path)
    parser.add_argument("--deaf", action="append", default=[])
    parser.add_argument("--block", type=float, default=0.0)
    parser.add_argument("--later", type=float, default=0.0)
    parser.add_argument("--pages", action="store_true")
    asked = parser.parse_args()
    page = (sys.executable, "-c", "input()", "--type=renderer")
    pages = [subprocess.Popen(page, stdin=subprocess.PIPE)] if asked.pages else []
    application = QApplication([sys.argv[0]])
    edit = QPlainTextEdit()
    edit.setWindowTitle(asked.file.name)
    edit.installEventFilter(Temper(edit, asked))
    edit.textChanged.connect(lambda: asked.file.write_text(edit.toPlainText(), encoding="utf-8"))
    asked.file.touch()
    edit.show()
    status = application.exec()
    for one in pages:
        one.communicate()
    return status


if __name__ == "__main__":
    sys.exit(main())
