"""The overlay: what the microphone hears, on the screen while something is dictated, and out of everybody's way."""

from __future__ import annotations

from typing import Any

from PySide6.QtCore import QPointF, QRect, QRectF, Qt, QTimer
from PySide6.QtGui import (
    QColor,
    QCursor,
    QFontMetricsF,
    QGuiApplication,
    QPainter,
    QPainterPath,
    QPaintEvent,
    QPen,
    QRegion,
    QTextCharFormat,
    QTextLayout,
    QTextOption,
)
from PySide6.QtWidgets import QWidget

from gui.link import Link
from gui.overlay_model import Area, Picture, picture, placed

_WIDTH_PX = 340
_PAD_PX = 12
_BAR_PX = 5
_MARGIN_PX = 32  # to the screen's edges
_RADIUS_PX = 8
_LINES = 3  # the end of a longer text
_FRAME_MS = 67  # fifteen pictures a second at most
# One face for light and dark desktops, as the volume display of most of them: the border keeps it apart from both.
_GROUND, _BORDER, _INK = QColor("#1f2428"), QColor("#7d858c"), QColor("#ffffff")
_FAINT, _TROUGH, _LEVEL, _URGENT = QColor("#a3abb2"), QColor("#3a4249"), QColor("#4fc38a"), QColor("#ffb454")

_SHOW, _PLACE, _TEXT = "overlay.show", "overlay.place", "overlay.text"


class Overlay(QWidget):
    """Follows the link from its making on. It never takes the keyboard, and clicks go through it.

    On Wayland it stays away: a program has no way there to show a window that is sure not to take the keyboard from the
    one that is dictated into, nor to place it.
    """

    def __init__(self, link: Link) -> None:
        super().__init__(
            None,
            Qt.WindowType.Tool
            | Qt.WindowType.FramelessWindowHint
            | Qt.WindowType.WindowStaysOnTopHint
            | Qt.WindowType.WindowDoesNotAcceptFocus
            | Qt.WindowType.WindowTransparentForInput
            | Qt.WindowType.BypassWindowManagerHint,
        )
        self.setAttribute(Qt.WidgetAttribute.WA_ShowWithoutActivating)
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.setWindowTitle("swictation is listening")
        self._link = link
        self._possible = not QGuiApplication.platformName().startswith("wayland")
        self._config_revision: object = None
        self._place: str | None = None  # None: not to be shown, or not known yet
        self._with_text = False
        self._picture: Picture | None = None
        self._text = QTextLayout()
        self._frame = QTimer(self, singleShot=True, interval=_FRAME_MS)
        self._frame.timeout.connect(self._follow)
        link.changed.connect(self._follow)

    # -- following the daemon ------------------------------------------------------------------------------------------

    def _follow(self) -> None:
        status = self._link.snapshot.status
        if status is not None and status["config_revision"] != self._config_revision:
            self._config_revision = status["config_revision"]
            self._link.ask("config", self._configure, lambda _line: None)
        if self._frame.isActive():
            return
        wanted = picture(status, self._picture, with_text=self._with_text) if self._place is not None else None
        if wanted != self._picture:
            self._picture = wanted
            self._frame.start()
            self._draw()

    def _configure(self, answer: dict[str, Any]) -> None:
        values = answer["values"]
        place = values[_PLACE] if values[_SHOW] and self._possible else None
        with_text = values.get(_TEXT, True)  # an older daemon shows what it has
        self._link.preview(place is not None and with_text)
        if (place, with_text) != (self._place, self._with_text):
            self._place, self._with_text, self._picture = place, with_text, None
            self._frame.stop()
            self._draw()
            self._follow()

    def _draw(self) -> None:
        if self._picture is None:
            self.hide()
            return
        self._set_text(self._picture)
        height = self._height()
        if not self.isVisible() or height != self.height():
            self._stand(height)
        self.show()
        self.update()

    def _stand(self, height: int) -> None:
        screen = QGuiApplication.screenAt(QCursor.pos()) or QGuiApplication.primaryScreen()
        room = screen.availableGeometry()
        area = Area(room.left(), room.top(), room.width(), room.height())
        left, top = placed(self._place or "", area, _WIDTH_PX, height, _MARGIN_PX)
        self.setGeometry(left, top, _WIDTH_PX, height)
        self.setMask(_rounded(self.rect()))

    # -- drawing -------------------------------------------------------------------------------------------------------

    def _set_text(self, shown: Picture) -> None:
        """Lay the text out; what is not settled is fainter."""
        between = " " if shown.settled and shown.unsettled else ""
        faint = QTextLayout.FormatRange()
        faint.start = len((shown.settled + between).encode("utf-16-le")) // 2
        faint.length = len(shown.unsettled.encode("utf-16-le")) // 2
        faint.format = QTextCharFormat()
        faint.format.setForeground(_FAINT)
        self._text = QTextLayout(shown.settled + between + shown.unsettled, self.font())
        wrapped = QTextOption()
        wrapped.setWrapMode(QTextOption.WrapMode.WrapAtWordBoundaryOrAnywhere)
        self._text.setTextOption(wrapped)
        self._text.setFormats([faint])
        self._text.beginLayout()
        while (line := self._text.createLine()).isValid():
            line.setLineWidth(_WIDTH_PX - 2 * _PAD_PX)
        self._text.endLayout()

    def _height(self) -> int:
        line = QFontMetricsF(self.font()).lineSpacing()
        lines = min(_LINES, self._text.lineCount()) if self._text.text() else 0
        return round(3 * _PAD_PX - 4 + line + _BAR_PX + (lines * line + _PAD_PX / 2 if lines else 0))

    def paintEvent(self, _event: QPaintEvent) -> None:  # noqa: N802 - Qt's name
        """Draw the last picture."""
        shown = self._picture
        if shown is None:
            return
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.fillRect(self.rect(), _GROUND)
        painter.setPen(QPen(_BORDER, 1))
        painter.drawRoundedRect(QRectF(self.rect()).adjusted(0.5, 0.5, -0.5, -0.5), _RADIUS_PX, _RADIUS_PX)
        line = QFontMetricsF(self.font()).lineSpacing()
        head = QRectF(_PAD_PX, _PAD_PX - 2, self.width() - 2 * _PAD_PX, line)
        painter.setPen(_INK)
        painter.drawText(head, Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter, shown.title)
        painter.setPen(_URGENT if shown.urgent else _FAINT)
        painter.drawText(head, Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter, shown.clock)
        bar = QRectF(_PAD_PX, head.bottom() + _PAD_PX / 2, head.width(), _BAR_PX)
        _draw_level(painter, bar, shown.level)
        self._draw_text(painter, bar.bottom() + _PAD_PX / 2 + 2, line)
        painter.end()

    def _draw_text(self, painter: QPainter, top: float, line: float) -> None:
        painter.setPen(_INK)
        count = self._text.lineCount()
        first = max(0, count - _LINES)
        for number in range(first, count):
            self._text.lineAt(number).setPosition(QPointF(0, (number - first) * line))
            self._text.lineAt(number).draw(painter, QPointF(_PAD_PX, top))


def _draw_level(painter: QPainter, bar: QRectF, level: float | None) -> None:
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(_TROUGH)
    painter.drawRoundedRect(bar, _BAR_PX / 2, _BAR_PX / 2)
    if level:
        painter.setBrush(_LEVEL)
        painter.drawRoundedRect(
            QRectF(bar.left(), bar.top(), max(_BAR_PX, bar.width() * level), _BAR_PX), _BAR_PX / 2, _BAR_PX / 2
        )


def _rounded(rectangle: QRect) -> QRegion:
    path = QPainterPath()
    path.addRoundedRect(QRectF(rectangle), _RADIUS_PX - 3, _RADIUS_PX - 3)  # its steps stay outside the drawn border
    return QRegion(path.toFillPolygon().toPolygon())
