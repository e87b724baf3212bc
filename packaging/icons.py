"""Draw the program's icon: ``python packaging/icons.py DIRECTORY|FILE.ico``.

DIRECTORY becomes an icon theme's, ``48x48/apps/swictation.png`` and so on with ``scalable/apps/swictation.svg``;
FILE.ico is what Windows wants.
"""

from __future__ import annotations

import os
import shutil
import struct
import sys
from pathlib import Path

from PySide6.QtCore import QBuffer, QIODevice, Qt
from PySide6.QtGui import QGuiApplication, QImage, QPainter
from PySide6.QtSvg import QSvgRenderer

THEME_SIZES = (16, 22, 24, 32, 48, 64, 128, 256, 512)
_ICO_SIZES = (16, 24, 32, 48, 64, 128, 256)
_ICON = Path(__file__).parents[1] / "gui" / "icons" / "swictation.svg"


def main(target: Path) -> int:
    """Write what was asked for."""
    os.environ["QT_QPA_PLATFORM"] = "offscreen"
    _qt = QGuiApplication([])
    if target.suffix == ".ico":
        target.write_bytes(ico())
    else:
        _write_theme(target)
    return 0


def png(size: int) -> bytes:
    """The icon, ``size`` pixels wide and high."""
    picture = QSvgRenderer(str(_ICON))
    if not picture.isValid():
        raise SystemExit(f"{_ICON} cannot be drawn")
    image = QImage(size, size, QImage.Format.Format_ARGB32)
    image.fill(Qt.GlobalColor.transparent)
    painter = QPainter(image)
    picture.render(painter)
    painter.end()
    buffer = QBuffer()
    buffer.open(QIODevice.OpenModeFlag.WriteOnly)
    image.save(buffer, "PNG")
    return bytes(buffer.data().data())


def ico() -> bytes:
    """Every size that Windows wants, as a directory of PNGs, which it has read since Vista."""
    pictures = [png(size) for size in _ICO_SIZES]
    offset = 6 + 16 * len(pictures)
    directory = struct.pack("<HHH", 0, 1, len(pictures))
    for size, picture in zip(_ICO_SIZES, pictures, strict=True):
        side = size % 256  # 256 is written as 0
        directory += struct.pack("<BBBBHHII", side, side, 0, 0, 1, 32, len(picture), offset)
        offset += len(picture)
    return directory + b"".join(pictures)


def _write_theme(directory: Path) -> None:
    for size in THEME_SIZES:
        (_place(directory, f"{size}x{size}") / "swictation.png").write_bytes(png(size))
    shutil.copy(_ICON, _place(directory, "scalable"))


def _place(directory: Path, size: str) -> Path:
    place = directory / size / "apps"
    place.mkdir(parents=True, exist_ok=True)
    return place


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
