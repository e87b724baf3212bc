"""The hotkey, set by pressing it."""

from __future__ import annotations

import sys

from PySide6.QtCore import QEvent, Qt, Signal
from PySide6.QtGui import QFocusEvent, QKeyEvent
from PySide6.QtWidgets import QPushButton, QSizePolicy

from gui.link import Link
from gui.settings.controls import Limit
from gui.settings.keys import chord_name, held_names, is_modifier, right_modifier_name
from gui.stream import Stream

_WAITING = "Press the key …"
_EMPTY = "no hotkey"


class KeyField(QPushButton):
    """Shows the hotkey. Once clicked it waits for a key, which the daemon has let go for as long; Escape leaves it.

    ``chosen`` carries the key's name, ``said`` a line about what is going on.
    """

    chosen = Signal(object)
    said = Signal(str, bool)

    def __init__(self, link: Link) -> None:
        super().__init__()
        self._link = link
        self._value = ""
        self._pause: Stream | None = None
        self._lone: str | None = None  # a modifier of the right half that has been pressed alone so far
        self.setMinimumWidth(self.fontMetrics().horizontalAdvance("M" * 16))
        self.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Fixed)
        self.clicked.connect(self._wait)

    @property
    def waiting(self) -> bool:
        """Whether a key is awaited."""
        return self._pause is not None

    def show_value(self, value: str, _limit: Limit) -> None:
        """Show what is."""
        self._value = value
        self.setText((value or _EMPTY).replace("&", "&&"))
        self.setAccessibleDescription(value)

    def editing(self) -> bool:
        """Whether the user is at it."""
        return self.waiting

    def event(self, event: QEvent) -> bool:
        """Take every key while one is awaited, Tab and the window's shortcuts as well."""
        if self.waiting and isinstance(event, QKeyEvent):
            if event.type() == QEvent.Type.KeyPress and not event.isAutoRepeat():
                self._pressed(event)
            elif event.type() == QEvent.Type.KeyRelease and not event.isAutoRepeat():
                self._released()
            event.accept()
            return True
        return super().event(event)

    def focusOutEvent(self, event: QFocusEvent) -> None:  # noqa: N802 - Qt's name
        """Leave it where somebody goes elsewhere: nobody else may be kept from the keyboard."""
        super().focusOutEvent(event)
        self._leave()

    def _wait(self) -> None:
        if not self.waiting:
            self._lone = None
            self._pause = self._link.stream("pause_hotkey", lambda _answer: self._arm(), self._unpaused)

    def _arm(self) -> None:
        self.setText(_WAITING)
        self.setFocus(Qt.FocusReason.OtherFocusReason)
        self.grabKeyboard()
        self.said.emit("Alone or with Ctrl, Alt or Super; Escape leaves it as it is.", False)

    def _unpaused(self, line: str | None) -> None:
        self._leave()
        self.said.emit(line or "", bool(line))

    def _pressed(self, event: QKeyEvent) -> None:
        key, held = event.key(), event.modifiers()
        if is_modifier(key):
            number = event.nativeScanCode() if sys.platform == "win32" else event.nativeVirtualKey()
            self._lone = right_modifier_name(number, sys.platform)
            self.setText("+".join([*held_names(held), "…"]) if self._lone is None else f"{self._lone} …")
            return
        self._lone = None
        if key == Qt.Key.Key_Escape and not held_names(held):
            self._leave()
            return
        name = chord_name(key, held)
        if name is None:
            self.said.emit("That key has no name here: take another.", True)
            self.setText(_WAITING)
        else:
            self._take(name)

    def _released(self) -> None:
        if self._lone is not None:
            self._take(self._lone)
        else:
            self.setText(_WAITING)

    def _take(self, name: str) -> None:
        self._leave()
        self.setText(name)
        self.chosen.emit(name)

    def _leave(self) -> None:
        if self._pause is not None:
            self._pause.close()
            self._pause = None
            self.releaseKeyboard()
            self.said.emit("", False)
        self.setText((self._value or _EMPTY).replace("&", "&&"))
