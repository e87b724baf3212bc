"""A command of swictation as a child of the tray: what takes long and writes files, such as fetching a model."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import sys
from typing import Any

from PySide6.QtCore import QObject, QProcess, Signal

from daemon import launch

_LAST_WORD_MS = 2000


class Command(QObject):
    """Runs one command at a time.

    ``told`` carries each line of its output, read as JSON; ``done`` the last one, if it came to a good end; ``failed``
    the last line that it said on stderr, empty if it was told to stop.
    """

    told = Signal(object)
    done = Signal(object)
    failed = Signal(str)

    def __init__(self, parent: QObject) -> None:
        super().__init__(parent)
        self._process: QProcess | None = None
        self._last: Any = None
        self._cancelled = False

    @property
    def running(self) -> bool:
        """Whether it is at work."""
        return self._process is not None

    def start(self, *arguments: str) -> None:
        """Run ``swictation ARGUMENTS``. One is at work already: nothing."""
        if self._process is not None:
            return
        program, *rest = launch.command(*arguments)
        self._last, self._cancelled = None, False
        self._process = QProcess(self)
        self._process.readyReadStandardOutput.connect(self._read)
        self._process.finished.connect(self._finish)
        self._process.errorOccurred.connect(self._not_started)
        self._process.start(program, rest)

    def cancel(self) -> None:
        """Interrupt it as Ctrl+C does: it tidies up, and can be taken up again."""
        if self._process is None:
            return
        self._cancelled = True
        if sys.platform == "win32":  # it has no console to get a Ctrl+C from
            self._process.kill()
        else:
            with contextlib.suppress(ProcessLookupError):
                os.kill(self._process.processId(), signal.SIGINT)

    def close(self) -> None:
        """Interrupt it and see it end."""
        self.cancel()
        if self._process is not None and not self._process.waitForFinished(_LAST_WORD_MS):
            self._process.kill()

    def _read(self) -> None:
        process = self._process
        while process is not None and process.canReadLine():
            with contextlib.suppress(ValueError):
                self._last = json.loads(bytes(process.readLine().data()))
                self.told.emit(self._last)

    def _finish(self, status: int, _how: QProcess.ExitStatus) -> None:
        process = self._process
        if process is None:
            return
        self._read()
        said = bytes(process.readAllStandardError().data()).decode(errors="replace").strip().splitlines()
        self._let_go(process)
        if self._cancelled:
            self.failed.emit("")
        elif status == 0 or (self._last is not None and not said):
            self.done.emit(self._last)
        else:
            self.failed.emit(said[-1].removeprefix("swictation: ") if said else f"it ended with status {status}")

    def _not_started(self, error: QProcess.ProcessError) -> None:
        if error == QProcess.ProcessError.FailedToStart and self._process is not None:
            self._let_go(self._process)
            self.failed.emit("the program could not be started: install swictation again")

    def _let_go(self, process: QProcess) -> None:
        self._process = None
        process.deleteLater()
