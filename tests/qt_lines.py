"""A Qt window with lines to fill in, ``plain`` or ``password``, that writes what stands in them into a file."""

import sys
from pathlib import Path

from PySide6.QtWidgets import QApplication, QLineEdit, QVBoxLayout, QWidget


def main() -> int:
    file, kinds = Path(sys.argv[1]), sys.argv[2:]
    qt = QApplication(["lines"])
    window = QWidget()
    window.setWindowTitle(file.name)
    window.setMinimumWidth(400)
    column = QVBoxLayout(window)
    lines = [QLineEdit() for _kind in kinds]

    def write() -> None:
        file.write_text("\n".join(line.text() for line in lines), encoding="utf-8")

    for line, kind in zip(lines, kinds, strict=True):
        line.setEchoMode(QLineEdit.EchoMode.Password if kind == "password" else QLineEdit.EchoMode.Normal)
        line.textChanged.connect(write)
        column.addWidget(line)
    window.show()
    lines[0].setFocus()
    return qt.exec()


if __name__ == "__main__":
    sys.exit(main())
