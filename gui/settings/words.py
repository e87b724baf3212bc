"""Labels that explain: smaller and fainter than what they explain, or in the colour of a fault."""

from __future__ import annotations

from PySide6.QtCore import QEvent, Qt
from PySide6.QtGui import QColor, QPalette
from PySide6.QtWidgets import QLabel, QSizePolicy, QWidget

_SMALL = 0.92
_INK = 0.68  # of the text's strength, the rest is paper: contrast 5 : 1 on light and on dark
_FAULT = {False: QColor("#b3261e"), True: QColor("#ff8a80")}
_WARNING = {False: QColor("#8a5300"), True: QColor("#f5b04c")}
_GOOD = {False: QColor("#1b7f3b"), True: QColor("#6fd08c")}


def is_dark(widget: QWidget) -> bool:
    """Whether a widget's desktop is a dark one."""
    return widget.palette().color(QPalette.ColorRole.Window).lightnessF() < 0.5


def good(widget: QWidget) -> QColor:
    """The colour of what is proved."""
    return _GOOD[is_dark(widget)]


def warning(widget: QWidget) -> QColor:
    """The colour of what is in order for now."""
    return _WARNING[is_dark(widget)]


def fault_colour(widget: QWidget) -> QColor:
    """The colour of what does not work."""
    return _FAULT[is_dark(widget)]


def faint(palette: QPalette) -> QColor:
    """Between the text's colour and the window's."""
    ink, paper = palette.color(QPalette.ColorRole.WindowText), palette.color(QPalette.ColorRole.Window)
    pairs = ((ink.redF(), paper.redF()), (ink.greenF(), paper.greenF()), (ink.blueF(), paper.blueF()))
    return QColor.fromRgbF(*(_INK * one + (1 - _INK) * other for one, other in pairs))


class Words(QLabel):
    """Plain text in several lines. ``tell`` says something, as a ``fault`` or as an explanation."""

    def __init__(self, text: str = "") -> None:
        super().__init__(text, textFormat=Qt.TextFormat.PlainText, wordWrap=True)
        self._is_fault = False
        font = self.font()
        font.setPointSizeF(font.pointSizeF() * _SMALL)
        self.setFont(font)
        policy = QSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Minimum)
        policy.setHeightForWidth(True)
        self.setSizePolicy(policy)
        self.setAlignment(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignTop)
        self._dress()
        if not text:
            self.hide()

    @property
    def is_fault(self) -> bool:
        """Whether what stands there is a fault."""
        return self._is_fault

    def tell(self, text: str, *, fault: bool = False) -> None:
        """Say ``text``, or nothing."""
        self._is_fault = fault
        self.setText(text)
        self.setVisible(bool(text))
        self._dress()

    def changeEvent(self, event: QEvent) -> None:  # noqa: N802 - Qt's name
        """Follow a desktop that goes from light to dark."""
        super().changeEvent(event)
        if event.type() == QEvent.Type.ApplicationPaletteChange:
            self._dress()

    def _dress(self) -> None:
        above = self.parentWidget()
        palette = QPalette(above.palette() if above is not None else QPalette())
        colour = _FAULT[is_dark(self)] if self._is_fault else faint(palette)
        own = QPalette()
        own.setColor(QPalette.ColorRole.WindowText, colour)
        self.setPalette(own)
