"""The list of the history window: two drawn lines for each utterance, as plain text."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QAbstractListModel, QModelIndex, QPersistentModelIndex, QRect, QSize, Qt, Signal
from PySide6.QtGui import QColor, QKeyEvent, QPainter, QPalette
from PySide6.QtWidgets import QApplication, QListView, QStyle, QStyledItemDelegate, QStyleOptionViewItem

from gui.history_model import Item, beneath
from gui.moments import when

_PAD_PX = 6
_FAINT = 0.65

_Index = QModelIndex | QPersistentModelIndex


class HistoryList(QAbstractListModel):
    """The utterances that are loaded, newest first. ``wants_more`` asks for those before the last one."""

    wants_more = Signal()

    def __init__(self) -> None:
        super().__init__()
        self.items: list[Item] = []
        self.total = 0

    def set_items(self, items: Sequence[Item], total: int) -> None:
        """Show others. Where they are the old ones with newer ones before or older ones after, nothing else moves."""
        self.total = total
        old, new = self.items, list(items)
        more = len(new) - len(old)
        if new == old:
            return
        if old and more > 0 and new[more:] == old:
            self.beginInsertRows(QModelIndex(), 0, more - 1)
            self.items = new
            self.endInsertRows()
        elif old and more > 0 and new[: len(old)] == old:
            self.beginInsertRows(QModelIndex(), len(old), len(new) - 1)
            self.items = new
            self.endInsertRows()
        else:
            self.beginResetModel()
            self.items = new
            self.endResetModel()

    def rowCount(self, parent: _Index | None = None) -> int:  # noqa: N802 - Qt's name
        """How many are loaded."""
        return 0 if parent is not None and parent.isValid() else len(self.items)

    def data(self, index: _Index, role: int = Qt.ItemDataRole.DisplayRole) -> object:
        """The text's line; for a screen reader with what became of it."""
        one = self.items[index.row()]
        if role == Qt.ItemDataRole.DisplayRole:
            return one.line
        if role == Qt.ItemDataRole.AccessibleTextRole:
            return f"{one.line}, {beneath(one, when(one.at_s))}"
        return None

    def canFetchMore(self, parent: _Index) -> bool:  # noqa: N802 - Qt's name
        """Whether the history goes on beyond what is loaded."""
        return not parent.isValid() and 0 < len(self.items) < self.total

    def fetchMore(self, _parent: _Index) -> None:  # noqa: N802 - Qt's name
        """Called by the view when its end comes into sight."""
        self.wants_more.emit()


class TwoLines(QStyledItemDelegate):
    """Draws the text and, fainter, what became of it."""

    def sizeHint(self, option: QStyleOptionViewItem, _index: _Index) -> QSize:  # noqa: N802 - Qt's name
        """Two lines high."""
        return QSize(0, 2 * option.fontMetrics.height() + 2 * _PAD_PX)

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: _Index) -> None:
        """Draw one utterance."""
        model = index.model()
        assert isinstance(model, HistoryList)
        one = model.items[index.row()]
        view = option.widget
        style = view.style() if view is not None else QApplication.style()
        style.drawPrimitive(QStyle.PrimitiveElement.PE_PanelItemViewItem, option, painter, view)
        chosen = bool(option.state & QStyle.StateFlag.State_Selected)
        ink = option.palette.color(QPalette.ColorRole.HighlightedText if chosen else QPalette.ColorRole.Text)
        inner = option.rect.adjusted(2 * _PAD_PX, _PAD_PX, -2 * _PAD_PX, -_PAD_PX)
        height = option.fontMetrics.height()
        painter.save()
        _line(painter, option, QRect(inner.left(), inner.top(), inner.width(), height), one.line, ink)
        faint = QColor(ink)
        if not chosen:  # on the highlight's colour there is no contrast to spare
            faint.setAlphaF(_FAINT)
        below = QRect(inner.left(), inner.top() + height, inner.width(), height)
        _line(painter, option, below, beneath(one, when(one.at_s)), faint)
        painter.restore()


def _line(painter: QPainter, option: QStyleOptionViewItem, place: QRect, text: str, ink: QColor) -> None:
    painter.setPen(ink)
    elided = option.fontMetrics.elidedText(text, Qt.TextElideMode.ElideRight, place.width())
    painter.drawText(place, Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter, elided)


class HistoryView(QListView):
    """The view of the list: Enter copies, Delete deletes. Rows that come in above leave what is read where it is."""

    copy = Signal()
    delete = Signal()

    def __init__(self, model: HistoryList) -> None:
        super().__init__()
        self.setModel(model)
        self.setItemDelegate(TwoLines(self))
        self.setUniformItemSizes(True)
        self.setVerticalScrollMode(QListView.ScrollMode.ScrollPerPixel)
        self.setAccessibleName("History")
        model.rowsInserted.connect(self._keep_place)
        self.activated.connect(self.copy)

    def _keep_place(self, _parent: QModelIndex, first: int, last: int) -> None:
        bar = self.verticalScrollBar()
        if first == 0 and bar.value() > 0:
            height = self.sizeHintForRow(0)
            self.doItemsLayout()
            bar.setValue(bar.value() + (last + 1) * height)

    def keyPressEvent(self, event: QKeyEvent) -> None:  # noqa: N802 - Qt's name
        """Delete, and what every list knows."""
        if event.key() == Qt.Key.Key_Delete and self.currentIndex().isValid():
            self.delete.emit()
        else:
            super().keyPressEvent(event)
