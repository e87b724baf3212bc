"""A page of the settings: a heading, and fields whose labels, controls and explanations stand in line."""

from __future__ import annotations

from typing import Any, Protocol

from PySide6.QtCore import QObject, Qt
from PySide6.QtWidgets import QGridLayout, QLabel, QLayout, QSizePolicy, QVBoxLayout, QWidget

from gui.settings.controls import Limit
from gui.settings.values import Json, Values
from gui.settings.words import Words

_HEADING = 1.25
_GAP_PX, _CLOSE_PX = 6, 3
_LABELS_PX = 140
_RESTART = "Takes effect when swictation is started again."


class Control(Protocol):
    """What a field needs of its control, beside being a QWidget."""

    chosen: Any

    def show_value(self, value: Any, limit: Limit) -> None:
        """Show what is."""

    def editing(self) -> bool:
        """Whether the user is at it, and must not be disturbed."""


class Field(QObject):
    """Joins a control to a key of the configuration.

    What the user chooses is sent at once; refused, the daemon's line stands under the control and the control shows
    again what is. A key that this daemon does not know is not shown.
    """

    def __init__(self, values: Values, key: str, control: Any, words: Words, label: QWidget | None) -> None:
        super().__init__(control)
        self.key = key
        self.words = words
        self._values = values
        self._control: Control = control
        self._explained = words.text()
        self._parts = (control,) if label is None else (label, control)
        self._sent = 0  # changes that the daemon has not answered
        control.chosen.connect(self._choose)
        values.changed.connect(self._show)
        self._show()

    def _show(self) -> None:
        known = self.key in self._values.values
        for part in self._parts:
            part.setVisible(known)
        self.words.setVisible(known and bool(self.words.text()))
        if known and not self._sent and not self._control.editing():
            self._control.show_value(self._values.values[self.key], self._values.limits.get(self.key))

    def _choose(self, value: Any) -> None:
        if not self._sent and value == self._values.values.get(self.key):
            self.words.tell(self._explained)
            return
        self._sent += 1
        self._values.set(self.key, value, self._done, self._refused)

    def _done(self, result: Json) -> None:
        self._sent -= 1
        late = self.key in result["restart_needed_for"]
        self.words.tell(_RESTART if late else self._explained)

    def _refused(self, line: str) -> None:
        self._sent -= 1
        self.words.tell(line, fault=True)
        self._show()


class Page(QWidget):
    """Fields below each other under ``heading``."""

    def __init__(self, heading: str) -> None:
        super().__init__()
        self.heading = heading
        title = QLabel(heading, textFormat=Qt.TextFormat.PlainText)
        font = title.font()
        font.setPointSizeF(font.pointSizeF() * _HEADING)
        font.setBold(True)
        title.setFont(font)
        self._whole = QVBoxLayout(self)
        self._whole.setContentsMargins(20, 14, 20, 8)
        self._whole.setSpacing(10)
        self._whole.addWidget(title)
        self._grid = QGridLayout()
        self._grid.setHorizontalSpacing(14)
        self._grid.setVerticalSpacing(_CLOSE_PX)
        self._grid.setColumnMinimumWidth(0, _LABELS_PX)
        self._grid.setColumnStretch(1, 1)
        self._whole.addLayout(self._grid)
        self._row = 0

    def field(self, values: Values, key: str, label: str, control: Any, explained: str = "") -> Field:
        """A key of the configuration. ``label`` has its mnemonic; without one the control bears its own words."""
        words = Words(explained)
        named = self._label(label, control)
        self._beside(control, words)
        return Field(values, key, control, words, named)

    def row(self, label: str, control: QWidget, words: Words | None = None) -> None:
        """Something else that has a name, or none."""
        self._label(label, control)
        self._beside(control, words)

    def section(self, heading: str) -> None:
        """A smaller heading between fields."""
        title = QLabel(heading, textFormat=Qt.TextFormat.PlainText)
        font = title.font()
        font.setBold(True)
        title.setFont(font)
        self._grid.addWidget(title, self._row, 0, 1, 2)
        self._grid.setRowMinimumHeight(self._row + 1, _CLOSE_PX)
        self._row += 2

    def add(self, part: QWidget | QLayout, stretch: int = 0) -> None:
        """Something as wide as the page."""
        if isinstance(part, QWidget):
            self._whole.addWidget(part, stretch)
        else:
            self._whole.addLayout(part, stretch)

    def end(self) -> None:
        """Nothing more comes: what is left of the height stays empty."""
        self._whole.addStretch(1)

    def _label(self, text: str, control: QWidget) -> QWidget | None:
        if not text:
            return None
        label = QLabel(text)
        label.setBuddy(control)
        control.setAccessibleName(text.replace("&", ""))
        label.setMinimumHeight(min(control.sizeHint().height(), 2 * label.sizeHint().height()))
        self._grid.addWidget(label, self._row, 0, Qt.AlignmentFlag.AlignTop)
        return label

    def _beside(self, control: QWidget, words: Words | None) -> None:
        if control.sizePolicy().horizontalPolicy() == QSizePolicy.Policy.Fixed:  # it would hold its column narrow
            self._grid.addWidget(control, self._row, 1, Qt.AlignmentFlag.AlignLeft)
        else:
            self._grid.addWidget(control, self._row, 1)
        if words is not None:
            self._grid.addWidget(words, self._row + 1, 1)
        self._grid.setRowMinimumHeight(self._row + 2, _GAP_PX)
        self._row += 3
