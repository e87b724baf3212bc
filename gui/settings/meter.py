"""A level meter."""

from __future__ import annotations

from PySide6.QtCore import QRectF, QSize, Qt
from PySide6.QtGui import QPainter, QPaintEvent, QPalette
from PySide6.QtWidgets import QSizePolicy, QWidget

from gui.settings.microphone_words import LOWEST_DBFS
from gui.settings.words import good

_HEIGHT_PX, _RADIUS_PX = 10, 5
_FALL = 0.75  # what is left of a louder moment at the next level


class Meter(QWidget):
    """Shows a level of -60 to 0 dBFS; green while there is speech in it."""

    def __init__(self) -> None:
        super().__init__()
        self._share = 0.0
        self._speech = False
        self.setAccessibleName("Level")
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)

    @property
    def share(self) -> float:
        """How much of the meter is lit, 0 to 1."""
        return self._share

    def show_level(self, level_dbfs: float | None, *, speech: bool) -> None:
        """Rise at once, fall slowly; None is nothing at all."""
        now = 0.0 if level_dbfs is None else min(1.0, max(0.0, 1 - level_dbfs / LOWEST_DBFS))
        self._share = 0.0 if level_dbfs is None else max(now, self._share * _FALL)
        self._speech = speech
        self.setAccessibleDescription("no level" if level_dbfs is None else f"{level_dbfs:.0f} dBFS")
        self.update()

    def sizeHint(self) -> QSize:  # noqa: N802 - Qt's name
        """Wide enough to see the difference of a word."""
        return QSize(180, _HEIGHT_PX)

    def paintEvent(self, _event: QPaintEvent) -> None:  # noqa: N802 - Qt's name
        """Draw the bar."""
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(Qt.PenStyle.NoPen)
        whole = QRectF(self.rect())
        ground = self.palette().color(QPalette.ColorRole.WindowText)
        ground.setAlphaF(0.14)
        painter.setBrush(ground)
        painter.drawRoundedRect(whole, _RADIUS_PX, _RADIUS_PX)
        lit = QRectF(0, 0, whole.width() * self._share, whole.height())
        painter.setClipRect(lit)
        painter.setBrush(good(self) if self._speech else self.palette().color(QPalette.ColorRole.Highlight))
        painter.drawRoundedRect(whole, _RADIUS_PX, _RADIUS_PX)
        painter.end()
