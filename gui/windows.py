"""The tray's windows: each made when it is first asked for, once, and brought to the front when asked again."""

from __future__ import annotations

import gc
from collections.abc import Callable

from PySide6.QtWidgets import QWidget

from gui.link import Link
from gui.menu import Does
from gui.picture import program_picture


class Windows:
    """Opens the window of a menu entry."""

    def __init__(self, link: Link) -> None:
        self._link = link
        self._open: dict[Does, QWidget] = {}

    def open(self, does: Does) -> None:
        """Show the window, in front of the others."""
        window = self._open.get(does)
        if window is None:
            window = self._open[does] = _MADE[does](self._link)
            window.setWindowIcon(program_picture())
            gc.freeze()  # what was imported for it stays: going through all of it took 60 ms of a frame
        if window.isMinimized():
            window.showNormal()
        window.show()
        window.raise_()
        window.activateWindow()

    def close(self) -> None:
        """End what they have at work, and take them off the screen."""
        for window in self._open.values():
            if (close_down := getattr(window, "close_down", None)) is not None:
                close_down()
            window.close()


# The modules are imported when a window is wanted: the icon is up sooner, and who never looks pays nothing.


def _latency(link: Link) -> QWidget:
    from gui.latency_window import LatencyWindow

    return LatencyWindow(link)


def _history(link: Link) -> QWidget:
    from gui.history_window import HistoryWindow

    return HistoryWindow(link)


def _settings(link: Link) -> QWidget:
    from gui.settings_window import SettingsWindow

    return SettingsWindow(link)


def _first_run(link: Link) -> QWidget:
    from gui.first_run import FirstRun

    return FirstRun(link)


def _doctor(_link: Link) -> QWidget:
    from gui.doctor_window import DoctorWindow

    return DoctorWindow()


_MADE: dict[Does, Callable[[Link], QWidget]] = {
    Does.LATENCY: _latency,
    Does.HISTORY: _history,
    Does.SETTINGS: _settings,
    Does.FIRST_RUN: _first_run,
    Does.DOCTOR: _doctor,
}
WINDOWS = frozenset(_MADE)
