"""The legend of the latency window: which colour is which stage, what it usually takes, and its part of the wait."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QRectF, Qt
from PySide6.QtGui import QColor, QPainter, QPalette, QPen, QPixmap
from PySide6.QtWidgets import QGridLayout, QHBoxLayout, QLabel, QWidget

from gui.latency_model import STAGES, Chart, duration, percent

_COLUMNS = 3
_SWATCH_PX = 12
_GAP_PX = 6


class Legend(QWidget):
    """A swatch and a line for each stage, and for the mark of utterances without a receipt."""

    def __init__(self) -> None:
        super().__init__()
        self._swatches = [QLabel() for _ in range(len(STAGES) + 1)]
        self._lines = [QLabel(textFormat=Qt.TextFormat.PlainText) for _ in self._swatches]
        grid = QGridLayout(self)
        grid.setContentsMargins(0, 2, 0, 2)
        grid.setHorizontalSpacing(28)
        grid.setVerticalSpacing(4)
        grid.setColumnStretch(_COLUMNS, 1)
        for number, (swatch, line) in enumerate(zip(self._swatches, self._lines, strict=True)):
            pair = QHBoxLayout()
            pair.setSpacing(_GAP_PX)
            pair.addWidget(swatch)
            pair.addWidget(line, 1)
            grid.addLayout(pair, number // _COLUMNS, number % _COLUMNS)
        self._lines[-1].setText("inserted, and no receipt is possible there")
        self._dress()

    def show_shares(self, shown: Chart) -> None:
        """Show what each stage usually takes."""
        known = {share.stage: share for share in shown.shares}
        for stage, line in zip(STAGES, self._lines, strict=False):
            share = known.get(stage)
            told = f"  {duration(share.p50_ms)} · {percent(share.share)}" if share else ""
            line.setText(stage.words + told)
        any_sent = any(bar.sent for bar in shown.bars)
        self._swatches[-1].setVisible(any_sent)
        self._lines[-1].setVisible(any_sent)

    def changeEvent(self, event: QEvent) -> None:  # noqa: N802 - Qt's name
        """Follow a desktop that goes from light to dark."""
        if event.type() == QEvent.Type.PaletteChange:
            self._dress()
        super().changeEvent(event)

    def _dress(self) -> None:
        dark = self.palette().color(QPalette.ColorRole.Base).lightnessF() < 0.5
        ratio = self.devicePixelRatioF()
        for stage, swatch in zip(STAGES, self._swatches, strict=False):
            swatch.setPixmap(_square(QColor(stage.dark if dark else stage.light), ratio))
        self._swatches[-1].setPixmap(_ring(self.palette().color(QPalette.ColorRole.Text), ratio))


def _blank(ratio: float) -> QPixmap:
    pixmap = QPixmap(round(_SWATCH_PX * ratio), round(_SWATCH_PX * ratio))
    pixmap.setDevicePixelRatio(ratio)
    pixmap.fill(Qt.GlobalColor.transparent)
    return pixmap


def _square(colour: QColor, ratio: float) -> QPixmap:
    pixmap = _blank(ratio)
    painter = QPainter(pixmap)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(colour)
    painter.drawRoundedRect(QRectF(0, 0, _SWATCH_PX, _SWATCH_PX), 2, 2)
    painter.end()
    return pixmap


def _ring(colour: QColor, ratio: float) -> QPixmap:
    pixmap = _blank(ratio)
    painter = QPainter(pixmap)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.setPen(QPen(colour, 1.2))
    painter.drawEllipse(QRectF(3, 3, 6, 6))
    painter.end()
    return pixmap
