"""Controls of one value each, all alike: ``show_value`` shows it, ``chosen`` tells that the user wants another."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from PySide6.QtCore import QEvent, QObject, Qt, QTimer, Signal
from PySide6.QtGui import QPainter, QPaintEvent, QPalette
from PySide6.QtWidgets import (
    QCheckBox,
    QComboBox,
    QDoubleSpinBox,
    QSizePolicy,
    QStyle,
    QStyleOptionButton,
    QWidget,
)

Limit = Mapping[str, Any] | None

_CHOICE, _NUMBER = "M" * 16, "0" * 16  # as wide as these
_DARK = 128  # a lightness below, of 255
_STEPPING_MS = 400  # steps that follow each other so fast are one change


class _NoWheel(QObject):
    """Keeps a wheel that only passes over from changing what is under it."""

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:  # noqa: N802 - Qt's name
        if event.type() == QEvent.Type.Wheel and isinstance(watched, QWidget) and not watched.hasFocus():
            event.ignore()
            return True
        return False


class Switch(QCheckBox):
    """True or false."""

    chosen = Signal(object)

    def __init__(self, text: str) -> None:
        super().__init__(text)
        self.clicked.connect(lambda on: self.chosen.emit(on))  # noqa: PLW0108 - a bound emit gets no argument

    def show_value(self, value: bool, _limit: Limit) -> None:
        """Show what is."""
        self.setChecked(value)

    def editing(self) -> bool:
        """Whether the user is at it."""
        return self.isDown()

    def paintEvent(self, event: QPaintEvent) -> None:  # noqa: N802 - Qt's name
        """Draw it, with a box that is seen on dark ground, where Qt outlines it in something darker still."""
        super().paintEvent(event)
        if self.palette().color(QPalette.ColorRole.Window).lightness() < _DARK:
            option = QStyleOptionButton()
            self.initStyleOption(option)
            box = self.style().subElementRect(QStyle.SubElement.SE_CheckBoxIndicator, option, self)
            painter = QPainter(self)
            painter.setPen(self.palette().color(QPalette.ColorRole.PlaceholderText))
            painter.drawRect(box.adjusted(0, 0, -1, -1))
            painter.end()


class Choice(QComboBox):
    """One of some words; ``words`` says what they mean."""

    chosen = Signal(object)

    def __init__(self, words: Mapping[str, str]) -> None:
        super().__init__()
        self._words = words
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Fixed)
        self.setMinimumWidth(self.fontMetrics().horizontalAdvance(_CHOICE))
        self.installEventFilter(_NoWheel(self))
        self.activated.connect(lambda index: self.chosen.emit(self.itemData(index)))

    def show_value(self, value: str, limit: Limit) -> None:
        """Show what is, among what can be."""
        offered = list(limit["words"]) if limit is not None else [value]
        if [self.itemData(index) for index in range(self.count())] != offered:
            self.clear()
            for word in offered:
                self.addItem(self._words.get(word, word), word)
        self.setCurrentIndex(offered.index(value) if value in offered else -1)

    def editing(self) -> bool:
        """Whether the user is at it."""
        return self.view().isVisible()


class Number(QDoubleSpinBox):
    """A number within a range, whole where the configuration's is. ``zero`` are words for nothing."""

    chosen = Signal(object)

    def __init__(self, unit: str, zero: str = "", step: float = 1) -> None:
        super().__init__()
        self._whole = True
        self._settling = QTimer(self)
        self._settling.setSingleShot(True)
        self._settling.setInterval(_STEPPING_MS)
        self._settling.timeout.connect(self._choose)
        self.setSuffix(f" {unit}" if unit else "")
        self.setSpecialValueText(zero)
        self.setSingleStep(step)
        self.setGroupSeparatorShown(True)
        self.setKeyboardTracking(False)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Fixed)
        self.setMinimumWidth(self.fontMetrics().horizontalAdvance(_NUMBER))
        self.installEventFilter(_NoWheel(self))
        self.valueChanged.connect(self._settling.start)
        self.editingFinished.connect(self._finish)

    def show_value(self, value: float, limit: Limit) -> None:
        """Show what is, and let it go from the lowest to the highest."""
        self._whole = isinstance(value, int)
        self.blockSignals(True)
        self.setDecimals(0 if self._whole or value == round(value) else 1)
        if limit is not None:
            self.setRange(limit["low"], limit["high"])
        self.setValue(value)
        self.blockSignals(False)

    def editing(self) -> bool:
        """Whether the user is at it."""
        return self._settling.isActive() or (self.hasFocus() and self.lineEdit().isModified())

    def _finish(self) -> None:
        self.lineEdit().setModified(False)
        if self._settling.isActive():
            self._settling.stop()
            self._choose()

    def _choose(self) -> None:
        self.chosen.emit(round(self.value()) if self._whole else self.value())
