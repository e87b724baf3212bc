"""The bars of the latency window, drawn by pyqtgraph. Importing this takes its 0.4 s, and brings numpy."""

from __future__ import annotations

from typing import Any

import pyqtgraph
from PySide6.QtCore import QDateTime, QEvent, QLocale, QPointF, Qt, Signal
from PySide6.QtGui import QColor, QFocusEvent, QKeyEvent, QPalette
from PySide6.QtWidgets import QVBoxLayout, QWidget

from gui.latency_model import STAGES, Bar, Chart, duration, ticks

_NEAR = 0.06  # of the scale: two lines that are nearer share one label
_BELOW = -0.045  # of the scale: the row of marks under the bars
_WIDTH = 0.8
_BAND = 0.15  # of the ink, behind the bar that is pointed at


class LatencyChart(QWidget):
    """Stacked bars, newest right, with the lines of median and 95th percentile.

    ``pointed`` carries the Bar under the pointer, or the one chosen by the arrow keys, Home and End; None for none.
    """

    pointed = Signal(object)

    def __init__(self) -> None:
        super().__init__()
        self._shown: Chart | None = None
        self._index: int | None = None
        self._plot: Any = pyqtgraph.PlotWidget()
        for part in (self._plot, self._plot.viewport()):
            part.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self._plot.setMouseEnabled(x=False, y=False)
        self._plot.setMenuEnabled(False)
        self._plot.hideButtons()
        self._plot.showAxis("right")
        self._plot.setLabel("left", "ms")
        self._plot.getAxis("left").setStyle(stopAxisAtTick=(True, False), maxTickLevel=0)
        self._plot.scene().sigMouseMoved.connect(self._hover)
        self._band = self._bars()
        self._stages = [self._bars() for _ in STAGES]
        self._sent, self._cut = pyqtgraph.ScatterPlotItem(pxMode=True), pyqtgraph.ScatterPlotItem(pxMode=True)
        self._p50, self._p95 = (pyqtgraph.InfiniteLine(angle=0) for _ in range(2))
        for item in (self._sent, self._cut, self._p50, self._p95):
            self._plot.addItem(item)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self._plot)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setAccessibleName("Latency of the last utterances; the arrow keys tell one after the other")
        self._dress()

    def show_chart(self, shown: Chart) -> None:
        """Show another chart. The utterance that was pointed at stays so wherever its bar moves."""
        pointed = self._shown.bars[self._index] if self._shown is not None and self._index is not None else None
        self._point(None)
        self._shown = shown
        xs, low = self._places(shown), [0.0] * len(shown.bars)
        for number, item in enumerate(self._stages):
            heights = [bar.parts_ms[number] or 0.0 for bar in shown.bars]
            item.setOpts(x=xs, y0=low, height=heights, width=_WIDTH)
            low = [base + height for base, height in zip(low, heights, strict=True)]
        top_ms = shown.top_ms
        self._plot.setXRange(-0.5, shown.places - 0.5, padding=0.01)
        any_sent = any(bar.sent for bar in shown.bars)
        self._plot.setYRange(2 * _BELOW * top_ms if any_sent else 0.0, top_ms, padding=0)
        pairs = list(zip(xs, shown.bars, strict=True))
        self._sent.setData(pos=[(x, _BELOW * top_ms) for x, bar in pairs if bar.sent])
        self._cut.setData(pos=[(x, 0.975 * top_ms) for x, bar in pairs if bar.felt_ms > top_ms])
        self._draw_lines(shown)
        self._label_times(shown)
        if pointed in shown.bars:
            self._point(shown.bars.index(pointed))
        self.setAccessibleDescription(f"{len(shown.bars)} bars")

    def leaveEvent(self, event: QEvent) -> None:  # noqa: N802 - Qt's name
        """Let go of what the pointer was at."""
        self._point(None)
        super().leaveEvent(event)

    def focusInEvent(self, event: QFocusEvent) -> None:  # noqa: N802 - Qt's name
        """Show to whoever came by a key where the keyboard is."""
        if event.reason() in {Qt.FocusReason.TabFocusReason, Qt.FocusReason.BacktabFocusReason}:
            self._point(len(self._shown.bars) - 1 if self._shown is not None and self._shown.bars else None)
        super().focusInEvent(event)

    def focusOutEvent(self, event: QFocusEvent) -> None:  # noqa: N802 - Qt's name
        """Let go of what the keys had chosen."""
        self._point(None)
        super().focusOutEvent(event)

    def changeEvent(self, event: QEvent) -> None:  # noqa: N802 - Qt's name
        """Follow a desktop that goes from light to dark."""
        if event.type() == QEvent.Type.PaletteChange:
            self._dress()
        super().changeEvent(event)

    def keyPressEvent(self, event: QKeyEvent) -> None:  # noqa: N802 - Qt's name
        """Choose a bar: the arrows the next, Home the oldest, End the newest; Escape none."""
        last = len(self._shown.bars) - 1 if self._shown is not None else -1
        at = self._index
        wanted = {
            Qt.Key.Key_Left: last if at is None else max(0, at - 1),
            Qt.Key.Key_Right: last if at is None else min(last, at + 1),
            Qt.Key.Key_Home: 0,
            Qt.Key.Key_End: last,
            Qt.Key.Key_Escape: None,
        }
        key = Qt.Key(event.key())
        if key not in wanted or last < 0 or (key == Qt.Key.Key_Escape and at is None):
            super().keyPressEvent(event)
            return
        self._point(wanted[key])

    def _bars(self) -> Any:
        item = pyqtgraph.BarGraphItem(x=[], y0=[], height=[], width=_WIDTH, pen=None)
        self._plot.addItem(item)
        return item

    def _places(self, shown: Chart) -> list[int]:
        first = shown.places - len(shown.bars)
        return list(range(first, shown.places))

    def _hover(self, position: QPointF) -> None:
        if self._shown is None:
            return
        place = round(self._plot.getPlotItem().vb.mapSceneToView(position).x())
        index = place - (self._shown.places - len(self._shown.bars))
        self._point(index if 0 <= index < len(self._shown.bars) else None)

    def _point(self, index: int | None) -> None:
        if index == self._index or self._shown is None:
            return
        self._index = index
        bar: Bar | None = None if index is None else self._shown.bars[index]
        places = [] if index is None else [self._places(self._shown)[index]]
        tops = [self._shown.top_ms] * len(places)
        self._band.setOpts(x=places, y0=[0.0] * len(places), height=tops, width=1.0)
        self.pointed.emit(bar)

    def _draw_lines(self, shown: Chart) -> None:
        lines = ((self._p50, shown.p50_ms), (self._p95, shown.p95_ms))
        for line, value_ms in lines:
            line.setVisible(value_ms is not None)
            line.setValue(value_ms or 0.0)
        marks = []
        if shown.p50_ms is not None and shown.p95_ms is not None:
            apart = shown.p95_ms - shown.p50_ms > _NEAR * shown.top_ms
            marks = [(shown.p50_ms, f"p50 {duration(shown.p50_ms)}"), (shown.p95_ms, f"p95 {duration(shown.p95_ms)}")]
            marks = marks if apart else [(shown.p95_ms, f"p50, p95 {duration(shown.p95_ms)}")]
        self._plot.getAxis("right").setTicks([marks])

    def _label_times(self, shown: Chart) -> None:
        locale, first = QLocale.system(), shown.places - len(shown.bars)
        labels = []
        for index, new_day in ticks(shown.bars, shown.places):
            moment = QDateTime.fromMSecsSinceEpoch(round(shown.bars[index].at_s * 1000))
            date = locale.toString(moment.date(), QLocale.FormatType.ShortFormat) + " " if new_day else ""
            labels.append((first + index, date + locale.toString(moment.time(), QLocale.FormatType.ShortFormat)))
        self._plot.getAxis("bottom").setTicks([labels])

    def _dress(self) -> None:
        """Colours of the palette."""
        palette = self.palette()
        ground, ink = palette.color(QPalette.ColorRole.Base), palette.color(QPalette.ColorRole.Text)
        faint = QColor(ink)
        faint.setAlphaF(0.35)
        self._plot.setBackground(ground)
        for name in ("left", "bottom", "right"):
            axis = self._plot.getAxis(name)
            axis.setPen(faint)
            axis.setTextPen(ink)
            axis.setStyle(tickLength=-4, hideOverlappingLabels=False)
        dark = ground.lightnessF() < 0.5
        for item, stage in zip(self._stages, STAGES, strict=True):
            item.setOpts(brush=stage.dark if dark else stage.light)
        band = QColor(ink)
        band.setAlphaF(_BAND)
        self._band.setOpts(brush=band)
        for line, style in ((self._p50, Qt.PenStyle.DashLine), (self._p95, Qt.PenStyle.DotLine)):
            line.setPen(ink, width=1, style=style)
        self._sent.setSymbol("o")
        self._sent.setSize(5)
        self._sent.setPen(ink)
        self._sent.setBrush(None)
        self._cut.setSymbol("t1")
        self._cut.setSize(8)
        self._cut.setBrush(ink)
        self._cut.setPen(ground)
