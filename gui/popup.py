"""The menu on the screen: follows the Sections that it is given, and says which entry was chosen."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QObject, Signal
from PySide6.QtGui import QAction, QActionGroup, QColor, QPalette
from PySide6.QtWidgets import QMenu

from gui.menu import Entry, Sections


class Popup(QObject):
    """``menu`` as a QMenu, for the icon and the small window. ``chosen`` carries the Entry."""

    chosen = Signal(object)

    def __init__(self) -> None:
        super().__init__()
        self.menu = QMenu()
        self.menu.setPalette(readable(self.menu.palette()))
        # once for all entries, those of submenus too: PySide keeps a part of every connection that was ever made
        self.menu.triggered.connect(self._choose)
        self._shown: Sections = ()
        self._spare: dict[QMenu, list[QAction]] = {}
        self._groups: dict[QMenu, QActionGroup] = {}

    def show_sections(self, sections: Sections) -> None:
        """Show other entries. An open menu stays open; nothing moves under the pointer if its shape is the same."""
        if sections != self._shown:
            self._shown = sections
            self._follow(self.menu, [entry for section in sections for entry in (*section, None)][:-1])
            if self.menu.isVisible():
                _keep_on_screen(self.menu)

    def _follow(self, menu: QMenu, wanted: Sequence[Entry | None]) -> None:
        shapes = [_wanted_shape(entry) for entry in wanted]
        actions = menu.actions()
        if [_shape(action) for action in actions] != shapes:
            actions = self._arrange(menu, actions, shapes)
        for action, entry in zip(actions, wanted, strict=True):
            if entry is not None and (action.data() is None or action.data().entry != entry):
                self._fill(action, entry)  # a panel is told of every touch

    def _arrange(self, menu: QMenu, present: Sequence[QAction], shapes: Sequence[str]) -> list[QAction]:
        """Give ``menu`` actions of these shapes. None is ever deleted: PySide keeps a part of each that was."""
        spare = self._spare.setdefault(menu, [])
        spare[:0] = present
        actions = []
        for shape in shapes:
            found = next((action for action in spare if _shape(action) == shape), None)
            if found is None:
                found = self._new_action(menu, shape)
            else:
                spare.remove(found)
                menu.addAction(found)  # which puts it at the end
            actions.append(found)
        for action in spare:  # after the others have come: Qt closes an open menu that is empty
            menu.removeAction(action)
        return actions

    def _new_action(self, menu: QMenu, shape: str) -> QAction:
        if shape == "line":
            return menu.addSeparator()
        if shape == "menu":
            submenu = menu.addMenu("")
            submenu.setPalette(menu.palette())
            self._groups[submenu] = QActionGroup(submenu)  # one of them holds, as in every submenu of ours
            return submenu.menuAction()
        action = menu.addAction("")
        if menu in self._groups:
            self._groups[menu].addAction(action)
        return action

    def _fill(self, action: QAction, entry: Entry) -> None:
        if action.text() != entry.text:
            action.setText(entry.text)
        action.setEnabled(bool(entry.submenu) or (entry.does is not None and entry.enabled))
        action.setCheckable(entry.checked is not None)
        action.setChecked(bool(entry.checked))
        action.setData(_Held(entry))
        if (submenu := _submenu(action)) is not None:
            self._follow(submenu, entry.submenu)

    def _choose(self, action: QAction) -> None:
        entry = action.data().entry
        action.setChecked(bool(entry.checked))  # what holds is the daemon's to say
        self.chosen.emit(entry)


class _Held:
    """An Entry that Qt takes for an object, and gives back as it is."""

    def __init__(self, entry: Entry) -> None:
        self.entry = entry


def _submenu(action: QAction) -> QMenu | None:
    menu = action.menu()
    return menu if isinstance(menu, QMenu) else None


def _keep_on_screen(menu: QMenu) -> None:
    """Move an open menu up that has grown past the lower edge: it mostly hangs on a panel there."""
    menu.resize(menu.sizeHint())
    room, place = menu.screen().availableGeometry(), menu.geometry()
    menu.move(place.left(), max(room.top(), min(place.top(), room.bottom() - place.height() + 1)))


def _shape(action: QAction) -> str:
    return "line" if action.isSeparator() else "entry" if _submenu(action) is None else "menu"


def _wanted_shape(entry: Entry | None) -> str:
    return "line" if entry is None else "menu" if entry.submenu else "entry"


def readable(palette: QPalette) -> QPalette:
    """The palette with disabled lines in six tenths of the text's strength: they tell faults and notices."""
    text, ground = palette.color(QPalette.ColorRole.WindowText), palette.color(QPalette.ColorRole.Window)
    pairs = ((text.redF(), ground.redF()), (text.greenF(), ground.greenF()), (text.blueF(), ground.blueF()))
    mixed = QColor.fromRgbF(*(0.6 * ink + 0.4 * paper for ink, paper in pairs))
    for role in (QPalette.ColorRole.WindowText, QPalette.ColorRole.Text, QPalette.ColorRole.ButtonText):
        palette.setColor(QPalette.ColorGroup.Disabled, role, mixed)
    return palette
