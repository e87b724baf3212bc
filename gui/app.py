"""The composition root of the tray: which parts it has, how they are joined, and how it begins and ends."""

from __future__ import annotations

import os
import re
import signal
import socket
import sys
from pathlib import Path
from typing import Any

from PySide6.QtCore import QSocketNotifier, QTimer
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QApplication

from daemon import paths
from daemon.errors import SwictationError
from daemon.single import Lock
from gui.link import Link
from gui.present import Does, view
from gui.tray import Tray

# A menu holds the keyboard until it is gone from the screen; a chord that is sent before never reaches the window.
_MENU_GONE_MS = 150
_LAST_WORD_MS = 2000  # how long the daemon may take to agree to its end
_NO_PANEL_MS = 10_000


class App:
    """The tray, the link to the daemon, and what each menu entry does."""

    def __init__(self, qt: QApplication) -> None:
        self._qt = qt
        self._link = Link()
        self._tray = Tray(view(None, self._link.snapshot.why))
        self._does = {
            Does.START: lambda: self._link.ask("start"),
            Does.START_HANDS_FREE: lambda: self._link.ask("start", hands_free=True),
            Does.STOP: lambda: self._link.ask("stop"),
            Does.CANCEL: lambda: self._link.ask("cancel"),
            Does.INSERT_LAST: lambda: QTimer.singleShot(_MENU_GONE_MS, lambda: self._link.ask("insert_last")),
            Does.COPY_LAST: lambda: self._link.ask("last", self._copy),
            Does.START_DAEMON: self._link.start_daemon,
            Does.QUIT_TRAY: qt.quit,
            Does.QUIT_ALL: self._quit_all,
        }
        self._tray.chosen.connect(lambda does: self._does[does]())
        self._tray.clicked.connect(lambda: self._link.ask("toggle"))
        self._link.changed.connect(self._show)
        self._link.refused.connect(self._tray.remark)

    def run(self) -> int:
        """Show the tray until it is told to end; gives back the exit status."""
        QTimer.singleShot(_NO_PANEL_MS, self._tell_without_panel)
        self._link.open()
        try:
            return self._qt.exec()
        finally:
            self._tray.close()
            self._link.close()

    def _show(self) -> None:
        snapshot = self._link.snapshot
        self._tray.show(view(snapshot.status, snapshot.why))

    def _copy(self, entry: dict[str, Any] | None) -> None:
        if entry is None or entry["text"] is None:
            self._tray.remark("There is no text to copy: nothing has been dictated yet, or its text was not kept.")
        else:
            QGuiApplication.clipboard().setText(entry["text"])

    def _quit_all(self) -> None:
        self._link.ask("quit", lambda _result: self._qt.quit())
        QTimer.singleShot(_LAST_WORD_MS, self._qt.quit)

    def _tell_without_panel(self) -> None:
        if not self._tray.in_a_panel:
            print(
                "swictation: this desktop has no tray: the icon appears when one is started; "
                "`swictation status`, `start` and `stop` do without it",
                file=sys.stderr,
            )


def main() -> int:
    """Run the tray in the foreground; a second one on the same screen says so and ends with 0."""
    try:
        screen = _screen()
        lock = Lock(paths.private(paths.runtime_directory()) / f"tray-{screen}.lock")
        holder = lock.take()
    except SwictationError as error:
        print(f"swictation: {error}", file=sys.stderr)
        return 1
    if holder is not None:
        print(f"the tray is already running (process {holder})")
        return 0
    qt = QApplication(["swictation"])
    qt.setApplicationDisplayName("swictation")
    qt.setDesktopFileName("swictation")
    qt.setQuitOnLastWindowClosed(False)
    _wakeup = _quit_on_signals(qt)
    return App(qt).run()


def _screen() -> str:
    """The name of the session's screen, fit for a file's name. Raises SwictationError where there is none."""
    if sys.platform != "linux":
        return "screen"
    name = os.environ.get("WAYLAND_DISPLAY") or os.environ.get("DISPLAY")
    if not name:
        raise SwictationError("the tray needs a screen: start it in a desktop session, or use `swictation status`")
    return re.sub(r"[^\w-]", "_", Path(name).name)


def _quit_on_signals(qt: QApplication) -> tuple[socket.socket, socket.socket, QSocketNotifier]:
    """Let the usual signals end the application. Qt's loop does not return to Python for a signal by itself."""
    ours, theirs = socket.socketpair()
    ours.setblocking(False)
    theirs.setblocking(False)
    signal.set_wakeup_fd(theirs.fileno())
    notifier = QSocketNotifier(ours.fileno(), QSocketNotifier.Type.Read)
    notifier.activated.connect(lambda: ours.recv(64))
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda _number, _frame: qt.quit())
    return ours, theirs, notifier
