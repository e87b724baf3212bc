"""One step of the first run: its mark, its name, a line about it, and what it takes to get it done."""

from __future__ import annotations

from itertools import pairwise

from PySide6.QtCore import QRectF, QSize, Qt
from PySide6.QtGui import QColor, QPainter, QPaintEvent, QPalette, QPen
from PySide6.QtWidgets import QHBoxLayout, QLabel, QVBoxLayout, QWidget

from gui.first_run_steps import Mark, Step
from gui.settings.words import Words, fault_colour, good, warning

_MARK_PX = 28
_WORDS = {
    Mark.OPEN: "not yet proved",
    Mark.FOR_NOW: "does for now",
    Mark.PROVED: "proved working",
    Mark.FAULT: "does not work",
}


class MarkSign(QWidget):
    """A disc: empty with the step's number, amber with "!", green with a tick, red with a cross."""

    def __init__(self, number: int) -> None:
        super().__init__()
        self._number = number
        self._mark = Mark.OPEN
        self.setFixedSize(QSize(_MARK_PX, _MARK_PX))

    def show_mark(self, mark: Mark) -> None:
        """Show how far the step is."""
        self._mark = mark
        self.setAccessibleName(f"Step {self._number}: {_WORDS[mark]}")
        self.update()

    def paintEvent(self, _event: QPaintEvent) -> None:  # noqa: N802 - Qt's name
        """Draw the disc."""
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        disc = QRectF(self.rect()).adjusted(1.5, 1.5, -1.5, -1.5)
        colour = self._colour()
        if self._mark == Mark.OPEN:
            painter.setPen(QPen(colour, 1.5))
            painter.drawEllipse(disc)
        else:
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(colour)
            painter.drawEllipse(disc)
            colour = self.palette().color(QPalette.ColorRole.Window)
        self._sign(painter, colour)
        painter.end()

    def _colour(self) -> QColor:
        if self._mark == Mark.PROVED:
            return good(self)
        if self._mark == Mark.FAULT:
            return fault_colour(self)
        if self._mark == Mark.FOR_NOW:
            return warning(self)
        return self.palette().color(QPalette.ColorRole.WindowText)

    def _sign(self, painter: QPainter, colour: QColor) -> None:
        pen = QPen(colour, 2.2, Qt.PenStyle.SolidLine, Qt.PenCapStyle.RoundCap, Qt.PenJoinStyle.RoundJoin)
        painter.setPen(pen)
        unit = self.width() / 28
        if self._mark == Mark.PROVED:
            points: tuple[tuple[float, float], ...] = ((8.5, 14.5), (12.5, 18.5), (19.5, 10))
        elif self._mark == Mark.FAULT:
            points = ((10, 10), (18, 18), (14, 14), (18, 10), (10, 18))
        else:
            font = painter.font()
            font.setBold(True)
            painter.setFont(font)
            text = "!" if self._mark == Mark.FOR_NOW else str(self._number)
            painter.drawText(self.rect(), Qt.AlignmentFlag.AlignCenter, text)
            return
        for (left, top), (right, bottom) in pairwise(points):
            painter.drawLine(round(left * unit), round(top * unit), round(right * unit), round(bottom * unit))


class StepRow(QWidget):
    """A step with its mark; what belongs to it goes ``inside``."""

    def __init__(self, number: int, name: str) -> None:
        super().__init__()
        self._sign, self._line = MarkSign(number), Words(" ")
        title = QLabel(name)
        font = title.font()
        font.setBold(True)
        title.setFont(font)
        self.inside = QVBoxLayout()
        self.inside.setSpacing(6)
        column = QVBoxLayout()
        column.setSpacing(4)
        column.addWidget(title)
        column.addWidget(self._line)
        column.addLayout(self.inside)
        whole = QHBoxLayout(self)
        whole.setContentsMargins(0, 0, 0, 0)
        whole.setSpacing(14)
        whole.addWidget(self._sign, 0, Qt.AlignmentFlag.AlignTop)
        whole.addLayout(column, 1)

    def show_step(self, step: Step) -> None:
        """Show how far the step is."""
        self._sign.show_mark(step.mark)
        if step.line != self._line.text() or self._line.is_fault != (step.mark == Mark.FAULT):
            self._line.tell(step.line, fault=step.mark == Mark.FAULT)
