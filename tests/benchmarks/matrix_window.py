"""A Qt window of the matrix: ``python -m tests.benchmarks.matrix_window FILE KIND``. What it holds is in the file.

``edit`` is an editor, ``slow`` one that stands still for 1.4 s at every burst of keys, ``deaf`` one that takes no key,
``password`` a field for a password.
"""

import sys
import time
from pathlib import Path

from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QApplication, QLineEdit, QPlainTextEdit

_STANDS_STILL_S = 1.4
_BURST_S = 0.1


class SlowEdit(QPlainTextEdit):
    """Busy when the first key of a burst comes."""

    _last_s = 0.0

    def keyPressEvent(self, event: QKeyEvent) -> None:  # noqa: N802 - Qt's name
        """Stand still, then take the key."""
        if time.monotonic() - self._last_s > _BURST_S:
            time.sleep(_STANDS_STILL_S)
        self._last_s = time.monotonic()
        super().keyPressEvent(event)


class DeafEdit(QPlainTextEdit):
    """Has the focus and takes no key."""

    def keyPressEvent(self, event: QKeyEvent) -> None:  # noqa: N802 - Qt's name
        """Ignore it."""
        event.ignore()


def main() -> int:
    """Show it until it is ended."""
    file, kind = Path(sys.argv[1]), sys.argv[2]
    qt = QApplication(["matrix"])
    if kind == "password":
        field = line = QLineEdit()
        line.setEchoMode(QLineEdit.EchoMode.Password)
        line.textChanged.connect(lambda: file.write_text(line.text(), encoding="utf-8"))
    else:
        field = edit = {"edit": QPlainTextEdit, "slow": SlowEdit, "deaf": DeafEdit}[kind]()
        edit.textChanged.connect(lambda: file.write_text(edit.toPlainText(), encoding="utf-8"))
    field.setWindowTitle(file.name)
    field.resize(600, 300)
    field.show()
    field.setFocus()
    return qt.exec()


if __name__ == "__main__":
    sys.exit(main())
