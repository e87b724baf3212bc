"""The icon in the panel and its menu: shows a View and says which entry was chosen."""

from __future__ import annotations

from PySide6.QtCore import QObject, QTimer, Signal
from PySide6.QtGui import QAction, QColor, QPalette
from PySide6.QtWidgets import QMenu, QSystemTrayIcon

from gui.picture import picture
from gui.present import Does, Entry, View

_LOOK_MS = 2000  # between two looks for a panel
_REMARK_MS = 8000


class Tray(QObject):
    """Shows the last View that it was given, in a panel that may come late, go and come back.

    ``chosen`` carries the Does of a menu entry, ``clicked`` is the plain click on the icon. Qt decides how to talk to a
    panel when an icon is made, once: for a panel that appears later the icon is made anew.
    """

    chosen = Signal(Does)
    clicked = Signal()

    def __init__(self, view: View) -> None:
        super().__init__()
        self._view = view
        self._menu = QMenu()
        self._menu.setPalette(_readable(self._menu.palette()))
        self._menu.triggered.connect(lambda action: self.chosen.emit(action.data()))
        self._there = QSystemTrayIcon.isSystemTrayAvailable()
        self._fill_menu()
        self._icon = self._new_icon()
        self._looking = QTimer(self)
        self._looking.timeout.connect(self._look)
        self._looking.start(_LOOK_MS)

    @property
    def in_a_panel(self) -> bool:
        """Whether there was a panel at the last look."""
        return self._there

    def show(self, view: View) -> None:
        """Show another view. An open menu stays open."""
        if view == self._view:
            return
        before, self._view = self._view, view
        if (view.icon, view.practice) != (before.icon, before.practice):
            self._icon.setIcon(picture(view.icon, practice=view.practice))
        if view.tooltip != before.tooltip:
            self._icon.setToolTip(view.tooltip)
        if view.menu != before.menu:
            self._fill_menu()

    def remark(self, text: str) -> None:
        """Tell the user one line, without asking for anything."""
        self._icon.showMessage("swictation", text, picture(self._view.icon, practice=False), _REMARK_MS)

    def close(self) -> None:
        """Take the icon out of the panel."""
        self._looking.stop()
        self._icon.hide()

    def _new_icon(self) -> QSystemTrayIcon:
        icon = QSystemTrayIcon(picture(self._view.icon, practice=self._view.practice))
        icon.setToolTip(self._view.tooltip)
        icon.setContextMenu(self._menu)
        icon.activated.connect(self._activated)
        icon.show()
        return icon

    def _look(self) -> None:
        before, self._there = self._there, QSystemTrayIcon.isSystemTrayAvailable()
        if self._there and not before:
            self._icon.hide()
            self._icon.deleteLater()
            self._icon = self._new_icon()

    def _activated(self, reason: QSystemTrayIcon.ActivationReason) -> None:
        if reason == QSystemTrayIcon.ActivationReason.Trigger:
            self.clicked.emit()

    def _fill_menu(self) -> None:
        """Bring the menu up to the view, line by line if its shape is the same: then nothing moves under a pointer."""
        wanted = [entry for section in self._view.menu for entry in (*section, None)][:-1]
        actions = self._menu.actions()
        if [action.isSeparator() for action in actions] != [entry is None for entry in wanted]:
            self._menu.clear()
            actions = [self._menu.addSeparator() if entry is None else self._menu.addAction("") for entry in wanted]
        for action, entry in zip(actions, wanted, strict=True):
            if entry is not None:
                _fill(action, entry)


def _readable(palette: QPalette) -> QPalette:
    """The palette with disabled lines in six tenths of the text's strength: they tell faults and notices."""
    text, ground = palette.color(QPalette.ColorRole.WindowText), palette.color(QPalette.ColorRole.Window)
    pairs = ((text.redF(), ground.redF()), (text.greenF(), ground.greenF()), (text.blueF(), ground.blueF()))
    mixed = QColor.fromRgbF(*(0.6 * ink + 0.4 * paper for ink, paper in pairs))
    for role in (QPalette.ColorRole.WindowText, QPalette.ColorRole.Text, QPalette.ColorRole.ButtonText):
        palette.setColor(QPalette.ColorGroup.Disabled, role, mixed)
    return palette


def _fill(action: QAction, entry: Entry) -> None:
    action.setText(entry.text.replace("&", "&&"))
    action.setEnabled(entry.does is not None and entry.enabled)
    action.setData(entry.does)
