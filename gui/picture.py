"""The icons as pixels: drawn from the SVG files at every size that trays ask for, with the practice badge where due."""

from __future__ import annotations

from functools import cache
from importlib.resources import files

from PySide6.QtCore import QByteArray, QRectF, Qt
from PySide6.QtGui import QIcon, QPainter, QPixmap
from PySide6.QtSvg import QSvgRenderer

from gui.present import Icon

# 16 and 22 are what panels use at 100 %, the others their 150 %, 200 % and 300 %.
_SIZES_PX = (16, 22, 24, 32, 44, 48, 66)
_BESIDE_BADGE = 0.82  # the picture shrinks so much that the badge hides none of its meaning
_BADGE = "practice"
_STANDING = "standing"
_CLEARING = QRectF(0.5, 0.4375, 0.5625, 0.625)  # around the badge, in parts of the size
_CLEARING_RADIUS = 0.1


@cache
def picture(icon: Icon, *, practice: bool = False, level: int = 0, standing: bool = False) -> QIcon:
    """The icon of a state; ``level``, 0 to 3, is how loud the microphone is. Needs a QGuiApplication.

    ``standing`` adds a red dot: the microphone is open though nothing is dictated.
    """
    name = f"{icon}-{level}" if icon is Icon.LISTENING and level else str(icon)
    result = QIcon()
    for size_px in _SIZES_PX:
        result.addPixmap(_drawn(name, size_px, practice=practice, standing=standing))
    return result


@cache
def program_picture() -> QIcon:
    """The icon of the program itself, for its windows. Needs a QGuiApplication."""
    result = QIcon()
    for size_px in (*_SIZES_PX, 128, 256):
        result.addPixmap(_drawn("swictation", size_px, practice=False))
    return result


def _drawn(name: str, size_px: int, *, practice: bool, standing: bool = False) -> QPixmap:
    pixmap = QPixmap(size_px, size_px)
    pixmap.fill(Qt.GlobalColor.transparent)
    whole = QRectF(0, 0, size_px, size_px)
    painter = QPainter(pixmap)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    if practice:
        inner_px = size_px * _BESIDE_BADGE
        _renderer(name).render(painter, QRectF(0, 0, inner_px, inner_px))
        _clear_corner(painter, size_px)
        _renderer(_BADGE).render(painter, whole)
    else:
        _renderer(name).render(painter, whole)
    if standing:
        _renderer(_STANDING).render(painter, whole)
    painter.end()
    return pixmap


def _clear_corner(painter: QPainter, size_px: int) -> None:
    corner = QRectF(_CLEARING.topLeft() * size_px, _CLEARING.size() * size_px)
    radius_px = _CLEARING_RADIUS * size_px
    painter.save()
    painter.setCompositionMode(QPainter.CompositionMode.CompositionMode_Clear)
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(Qt.GlobalColor.black)
    painter.drawRoundedRect(corner, radius_px, radius_px)
    painter.restore()


@cache
def _renderer(name: str) -> QSvgRenderer:
    return QSvgRenderer(QByteArray(files("gui").joinpath("icons", f"{name}.svg").read_bytes()))
