"""The icon in the panel: shows a View and says that it was clicked."""

from __future__ import annotations

from PySide6.QtCore import QObject, QTimer, Signal
from PySide6.QtGui import QIcon
from PySide6.QtWidgets import QMenu, QSystemTrayIcon

from gui.notices import Notice
from gui.picture import picture
from gui.present import View

_LOOK_MS = 1000  # between two looks for a panel
_REMARK_MS = 8000


class Tray(QObject):
    """Shows the last View that it was given, in a panel that may come late, go and come back.

    ``clicked`` is the plain click on the icon, ``noticed`` a click on a notice that has something to do, ``panel``
    tells that one has come or gone. Qt decides how to talk to a panel when an icon is made, once: for a panel that
    appears later the icon is made anew.
    """

    clicked = Signal()
    noticed = Signal(object)
    panel = Signal()

    def __init__(self, view: View, menu: QMenu) -> None:
        super().__init__()
        self._view = view
        self._menu = menu
        self._notice: Notice | None = None
        self._there = QSystemTrayIcon.isSystemTrayAvailable()
        self._icon = self._new_icon()
        self._looking = QTimer(self)
        self._looking.timeout.connect(self._look)
        self._looking.start(_LOOK_MS)

    @property
    def in_a_panel(self) -> bool:
        """Whether there was a panel at the last look."""
        return self._there

    def show(self, view: View) -> None:
        """Show another view."""
        before, self._view = self._view, view
        if _of(view) is not _of(before):
            self._icon.setIcon(_of(view))
        if view.tooltip != before.tooltip:
            self._icon.setToolTip(view.tooltip)

    def remark(self, notice: Notice) -> None:
        """Tell something beside the icon; a click on it is what its button would have been."""
        self._notice = notice
        body = notice.body + (f"\nClick here: {notice.button}" if notice.button else "")
        self._icon.showMessage(notice.title, body, picture(self._view.icon), _REMARK_MS)

    def close(self) -> None:
        """Take the icon out of the panel."""
        self._looking.stop()
        self._icon.hide()

    def _new_icon(self) -> QSystemTrayIcon:
        icon = QSystemTrayIcon(_of(self._view))
        icon.setToolTip(self._view.tooltip)
        icon.setContextMenu(self._menu)
        icon.activated.connect(self._activated)
        icon.messageClicked.connect(self._message_clicked)
        icon.show()
        return icon

    def _look(self) -> None:
        before, self._there = self._there, QSystemTrayIcon.isSystemTrayAvailable()
        if self._there and not before:
            self._icon.hide()
            self._icon.deleteLater()
            self._icon = self._new_icon()
        if self._there != before:
            self.panel.emit()

    def _activated(self, reason: QSystemTrayIcon.ActivationReason) -> None:
        if reason == QSystemTrayIcon.ActivationReason.Trigger:
            self.clicked.emit()

    def _message_clicked(self) -> None:
        if self._notice is not None and self._notice.does is not None:
            self.noticed.emit(self._notice)


def _of(view: View) -> QIcon:
    return picture(view.icon, practice=view.practice, level=view.level, standing=view.standing)
