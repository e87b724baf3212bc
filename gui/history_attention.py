"""The top of the history window: texts that were not inserted and speech that was not recognised, with what to do."""

from __future__ import annotations

import re
from collections.abc import Sequence

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import (
    QFrame,
    QGridLayout,
    QHBoxLayout,
    QLabel,
    QPushButton,
    QScrollArea,
    QSizePolicy,
    QVBoxLayout,
    QWidget,
)

from gui.history_model import Item
from gui.moments import when

_PART = 0.3  # of the window's height at most
_HINT = re.compile(r"[:;] insert it with `[^`]*`")  # the button beside it is the same for a hand on the mouse


class Attention(QFrame):
    """One row with buttons for each of the items; hidden where there are none. The signals carry an Item."""

    insert = Signal(object)
    copy = Signal(object)
    decode = Signal(object)
    delete = Signal(object)

    def __init__(self) -> None:
        super().__init__()
        self._shown: tuple[tuple[Item, ...], int] | None = None
        self._title = QLabel()
        bold = self._title.font()
        bold.setBold(True)
        self._title.setFont(bold)
        self._area = QScrollArea(widgetResizable=True)
        self._area.setFrameShape(QFrame.Shape.NoFrame)
        self._area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self._area.setAccessibleName("Not inserted")
        self.setFrameShape(QFrame.Shape.StyledPanel)
        self.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Maximum)
        layout = QVBoxLayout(self)
        layout.addWidget(self._title)
        layout.addWidget(self._area)
        self.hide()

    def show_items(self, items: Sequence[Item], total: int) -> None:
        """Show others; buttons that stay what they were are not made anew under a pointer."""
        if self._shown == (tuple(items), total):
            return
        self._shown = (tuple(items), total)
        more = f"; the newest {len(items)} of {total}, the search finds the others" if total > len(items) else ""
        self._title.setText(f"Not inserted{more}")
        rows = QWidget()
        grid = QGridLayout(rows)
        grid.setContentsMargins(0, 0, 0, 0)
        grid.setColumnStretch(0, 1)
        for row, one in enumerate(items):
            grid.addWidget(_told(one), row, 0)
            grid.addLayout(self._buttons(one), row, 1)
        self._area.setWidget(rows)
        self.setVisible(bool(items))
        self.fit(self.window().height())

    def fit(self, height_px: int) -> None:
        """Take no more than a part of the window's height."""
        rows = self._area.widget()
        if rows is not None:
            self._area.setFixedHeight(min(max(0, rows.heightForWidth(self.width())), round(_PART * height_px)))

    def _buttons(self, one: Item) -> QHBoxLayout:
        layout = QHBoxLayout()
        layout.addStretch(1)
        offered = (
            ("Insert", self.insert, one.text is not None),
            ("Copy", self.copy, one.text is not None),
            ("Decode again", self.decode, one.text is None and one.audio_kept),
            ("Delete", self.delete, True),
        )
        for words, signal, there in offered:
            if there:
                button = QPushButton(words)
                button.setAccessibleDescription(one.line)
                button.clicked.connect(lambda _checked=False, signal=signal: signal.emit(one))
                layout.addWidget(button, 0, Qt.AlignmentFlag.AlignTop)
        return layout


def _told(one: Item) -> QLabel:
    reason = _HINT.sub("", one.reason or one.result)
    label = QLabel(f"{one.line}\n{when(one.at_s)} · {reason}", textFormat=Qt.TextFormat.PlainText, wordWrap=True)
    label.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
    label.setAlignment(Qt.AlignmentFlag.AlignTop | Qt.AlignmentFlag.AlignLeft)
    return label
