"""Waiting as an application does: Qt runs, and other threads get their turn (``QTest.qWait`` gives them none)."""

from PySide6.QtCore import QEventLoop, Qt, QTimer
from PySide6.QtGui import QAccessible
from PySide6.QtWidgets import QWidget

from tests.desktop import wait_until


def spin(ms):
    loop = QEventLoop()
    QTimer.singleShot(ms, loop.quit)
    loop.exec()


def settle(what, probe, limit_s=30):
    """The first true value of ``probe``."""
    return wait_until(what, lambda: spin(10) or probe(), limit_s)


def nameless(window):
    """The visible controls for which a screen reader has no word."""
    controls = [
        one for one in window.findChildren(QWidget) if one.isVisible() and one.focusPolicy() != Qt.FocusPolicy.NoFocus
    ]
    assert controls
    names = {one: QAccessible.queryAccessibleInterface(one).text(QAccessible.Text.Name) for one in controls}
    return [(one.metaObject().className(), one.objectName(), one.parent()) for one, name in names.items() if not name]
