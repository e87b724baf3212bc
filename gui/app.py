"""The composition root of the tray: which parts it has, how they are joined, and how it begins and ends."""

from __future__ import annotations

import dataclasses
import gc
import os
import re
import signal
import socket
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from PySide6.QtCore import QSocketNotifier, QTimer
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QApplication, QWidget

from daemon import paths
from daemon.errors import SwictationError
from daemon.single import Lock
from gui.announce import Announcer
from gui.autostart import switchable
from gui.link import Answered, Link
from gui.menu import Does, Known
from gui.notices import Notice
from gui.picture import program_picture
from gui.popup import Popup
from gui.present import view
from gui.small_window import SmallWindow
from gui.tray import Tray
from gui.windows import WINDOWS, Windows

# A menu holds the keyboard until it is gone from the screen; a chord that is sent before never reaches the window.
_MENU_GONE_MS = 150
_LAST_WORD_MS = 2000  # how long the daemon may take to agree to its end
_NO_PANEL_MS = 10_000
_OVERLAY_MS = 100


class App:
    """The tray, its windows, the link to the daemon, and what each menu entry does."""

    def __init__(self, qt: QApplication) -> None:
        self._qt = qt
        self._link = Link()
        self._known = Known()
        self._asked_first = False
        first = view(None, self._link.snapshot.why)
        self._popup = Popup()
        self._popup.show_sections(first.menu)
        self._tray = Tray(first, self._popup.menu)
        self._windows = Windows(self._link)
        self._small: SmallWindow | None = None
        self._no_panel = QTimer(singleShot=True, interval=_NO_PANEL_MS)
        self._no_panel.timeout.connect(self._stand_in)
        self._overlay: QWidget | None = None
        self._announcer = Announcer(self._link, lambda notice: self._do(notice.does, notice.argument), self._remark)
        self._does: dict[Does, Callable[[Any], object]] = {
            Does.START: lambda _: self._link.ask("start"),
            Does.START_HANDS_FREE: lambda _: self._link.ask("start", hands_free=True),
            Does.STOP: lambda _: self._link.ask("stop"),
            Does.CANCEL: lambda _: self._link.ask("cancel"),
            Does.INSERT_LAST: lambda _: self._when_gone("insert_last"),
            Does.INSERT: lambda number: self._when_gone("insert", id=number),
            Does.UNDO_LAST: lambda _: self._when_gone("undo", self._undone),
            Does.COPY_LAST: lambda _: self._link.ask("last", self._copy),
            Does.MICROPHONE: lambda name: self._link.ask("set_config", key="microphone.device", value=name),
            Does.AUTOSTART: lambda on: self._link.ask("autostart", self._take_autostart, on=on),
            Does.START_DAEMON: lambda _: self._link.start_daemon(),
            Does.QUIT_TRAY: lambda _: qt.quit(),
            Does.QUIT_ALL: lambda _: self._quit_all(),
        }
        self._popup.chosen.connect(lambda entry: self._do(entry.does, entry.argument))
        self._popup.menu.aboutToShow.connect(self._ask_beside)
        self._tray.clicked.connect(lambda: self._link.ask("toggle"))
        self._tray.noticed.connect(lambda notice: self._do(notice.does, notice.argument))
        self._tray.panel.connect(self._panel_changed)
        self._link.changed.connect(self._show)
        self._link.refused.connect(lambda line: self._remark(Notice("refused", "swictation", line)))

    def run(self) -> int:
        """Show the tray until it is told to end; gives back the exit status."""
        self._panel_changed()
        QTimer.singleShot(_OVERLAY_MS, self._make_overlay)
        self._link.open()
        try:
            return self._qt.exec()
        finally:
            self._announcer.close()
            self._windows.close()
            self._tray.close()
            self._link.close()

    def _do(self, does: Does | None, argument: Any) -> None:
        if does in WINDOWS:
            self._windows.open(does)
        elif does is not None:
            self._does[does](argument)

    # -- following the daemon ------------------------------------------------------------------------------------------

    def _show(self) -> None:
        snapshot = self._link.snapshot
        shown = view(snapshot.status, snapshot.why, self._known)
        self._tray.show(shown)
        self._popup.show_sections(shown.menu)
        if self._small is not None:
            self._small.show_view(shown)
        if snapshot.status is not None and not self._asked_first:
            self._asked_first = True
            self._ask_beside()
            self._offer_first_run()

    def _ask_beside(self) -> None:
        """Ask for what the menu shows beside the status; who refuses it has the menu do without."""
        if self._link.snapshot.status is not None:
            self._link.ask("microphones", self._take_microphones, _let_be)
            self._link.ask("autostart", self._take_autostart, _let_be, on=None)

    def _take_microphones(self, found: list[dict[str, Any]]) -> None:
        names = tuple((one["name"], one.get("description") or one["name"]) for one in found if not one.get("monitor"))
        self._known = dataclasses.replace(self._known, microphones=names)
        self._show()

    def _take_autostart(self, answer: dict[str, Any]) -> None:
        self._known = dataclasses.replace(self._known, autostart=answer["on"] if switchable(answer) else None)
        self._show()

    def _make_overlay(self) -> None:
        from gui.overlay import Overlay  # later than the icon, which is what one waits for

        self._overlay = Overlay(self._link)
        gc.freeze()  # as for windows

    def _offer_first_run(self) -> None:
        from gui.first_run import offer

        offer(self._link, lambda: self._windows.open(Does.FIRST_RUN))

    # -- what entries do -----------------------------------------------------------------------------------------------

    def _when_gone(self, verb: str, then: Answered | None = None, **arguments: Any) -> None:
        QTimer.singleShot(_MENU_GONE_MS, lambda: self._link.ask(verb, then, **arguments))

    def _undone(self, answer: dict[str, Any]) -> None:
        if not answer["undone"]:
            self._remark(Notice("undo", "Nothing was undone", answer["reason"] or ""))

    def _copy(self, entry: dict[str, Any] | None) -> None:
        if entry is None or entry["text"] is None:
            self._remark(Notice("copy", "There is no text to copy", "Nothing was dictated, or its text was not kept."))
        else:
            QGuiApplication.clipboard().setText(entry["text"])

    def _quit_all(self) -> None:
        self._link.ask("quit", lambda _result: self._qt.quit(), lambda _line: self._qt.quit())
        QTimer.singleShot(_LAST_WORD_MS, self._qt.quit)

    def _remark(self, notice: Notice) -> None:
        if self._small is not None and self._small.isVisible():
            self._small.remark(f"{notice.title}: {notice.body}")
        else:
            self._tray.remark(notice)

    # -- without a panel -----------------------------------------------------------------------------------------------

    def _panel_changed(self) -> None:
        """A panel that goes is mostly one that is restarted: it gets time to come back."""
        if self._tray.in_a_panel:
            self._no_panel.stop()
            if self._small is not None:
                self._small.hide()
        else:
            self._no_panel.start()

    def _stand_in(self) -> None:
        if self._small is None:
            self._small = SmallWindow(self._popup.menu)
            self._small.chosen.connect(lambda does: self._do(does, None))
            self._small.left.connect(self._qt.quit)
        snapshot = self._link.snapshot
        self._small.show_view(view(snapshot.status, snapshot.why, self._known))
        self._small.show()


def _let_be(_line: str) -> None:
    """Who cannot be asked is not bothered."""


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
    qt.setDesktopFileName(paths.APP_ID)
    qt.setWindowIcon(program_picture())
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
