"""Notifications that wait for nobody: by the desktop's own command where it is there, else by the tray's icon.

QtDBus cannot be used from Python for this: the call wants an unsigned number, and PySide sends a signed one.
"""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QObject, QProcess, QStandardPaths

from gui.notices import Notice

_COMMAND = "notify-send"
_AT_ONCE = 4  # a server that is frozen lets no command end


class Notifier(QObject):
    """Shows notices. ``choose`` gets one whose button was pressed; ``remark`` shows one where there is no command."""

    def __init__(self, choose: Callable[[Notice], object], remark: Callable[[Notice], object]) -> None:
        super().__init__()
        self._choose = choose
        self._remark = remark
        self._open: list[QProcess] = []

    def tell(self, notice: Notice) -> None:
        """Show a notice."""
        command = QStandardPaths.findExecutable(_COMMAND)
        if not command:
            self._remark(notice)
            return
        while len(self._open) >= _AT_ONCE:
            self._end(self._open[0])
        process = QProcess(self)
        process.finished.connect(lambda status, _how: self._finished(process, notice, status))
        process.errorOccurred.connect(lambda error: self._failed(process, notice, error))
        self._open.append(process)
        process.start(command, _arguments(notice))

    def close(self) -> None:
        """Leave the open ones to the desktop."""
        for process in tuple(self._open):
            self._end(process)

    def _finished(self, process: QProcess, notice: Notice, status: int) -> None:
        if process not in self._open:
            return
        self._open.remove(process)
        chosen = bytes(process.readAllStandardOutput().data()).strip()
        process.deleteLater()
        if status:
            self._remark(notice)
        elif chosen:
            self._choose(notice)

    def _failed(self, process: QProcess, notice: Notice, error: QProcess.ProcessError) -> None:
        if error == QProcess.ProcessError.FailedToStart and process in self._open:
            self._open.remove(process)
            process.deleteLater()
            self._remark(notice)

    def _end(self, process: QProcess) -> None:
        self._open.remove(process)
        process.finished.connect(process.deleteLater)
        process.kill()


def _arguments(notice: Notice) -> list[str]:
    action = [f"--action=default={notice.button}", f"--action=chosen={notice.button}"] if notice.button else []
    return ["--app-name=swictation", "--icon=swictation", *action, "--", notice.title, _marked_up(notice.body)]


def _marked_up(text: str) -> str:
    """``text`` for servers that read the body as markup, which the freedesktop rules let them."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
