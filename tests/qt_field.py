"""A Qt editor that writes what it holds into the file named on its command line."""

import sys
from pathlib import Path

from PySide6.QtWidgets import QApplication, QPlainTextEdit


def main() -> int:
    file = Path(sys.argv[1])
    qt = QApplication(["field"])
    field = QPlainTextEdit()
    field.setWindowTitle(file.name)
    field.textChanged.connect(lambda: file.write_text(field.toPlainText(), encoding="utf-8"))
    field.show()
    field.setFocus()
    return qt.exec()


if __name__ == "__main__":
    sys.exit(main())
