"""``python -m tests.gui.show_window NAME``: one window of the tray as a process of its own, on the screen."""

import sys

from PySide6.QtWidgets import QApplication

from gui.first_run import FirstRun
from gui.history_window import HistoryWindow
from gui.latency_window import LatencyWindow
from gui.link import Link
from gui.overlay import Overlay
from gui.settings_window import SettingsWindow

WINDOWS = {
    "history": HistoryWindow, "latency": LatencyWindow, "overlay": Overlay, "settings": SettingsWindow,
    "first-run": FirstRun,
}  # fmt: skip

if __name__ == "__main__":
    name = sys.argv[1]
    qt = QApplication(["swictation"])
    qt.setQuitOnLastWindowClosed(False)
    link = Link()
    window = WINDOWS[name](link)
    if name != "overlay":
        window.show()
    link.open()
    sys.exit(qt.exec())
