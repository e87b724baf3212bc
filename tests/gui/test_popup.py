"""The menu's actions. What a person sees of them and chooses is in test_tray.py."""

from PySide6.QtGui import QAction

from gui.popup import Popup
from gui.present import view
from tests.gui.scripted_daemon import LISTENING, status


def _actions(popup):
    return len(popup.menu.findChildren(QAction))


def test_menu_keeps_its_actions_however_often_its_shape_changes(qt):
    popup = Popup()
    shapes = [view(status("listening", listening=LISTENING)).menu, view(status()).menu]
    assert [len(section) for section in shapes[0]] != [len(section) for section in shapes[1]]
    for sections in shapes:
        popup.show_sections(sections)
    before = _actions(popup)
    for sections in shapes * 20:
        popup.show_sections(sections)
    assert _actions(popup) == before


def test_entries_stand_in_their_order_after_every_change(qt):
    popup = Popup()
    for shown in (status(), status("listening", listening=LISTENING), status("broken", faults=["a fault"]), status()):
        sections = view(shown).menu
        popup.show_sections(sections)
        texts = [None if action.isSeparator() else action.text() for action in popup.menu.actions()]
        assert texts == [entry and entry.text for section in sections for entry in (*section, None)][:-1]
