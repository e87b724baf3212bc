"""What a window shows, kept at the history's newest state: asked for only while somebody can see it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from PySide6.QtCore import QEvent, QObject, QTimer, Signal
from PySide6.QtWidgets import QWidget

from gui.link import Link

_REST_MS = 200  # between an answer and the next question: five new pictures a second are as good as live


class Refresh(QObject):
    """Calls ``ask`` when the history's revision is another than the one that was last asked for, and after ``again``.

    One question at a time and never two within a rest, however fast utterances come; none while ``window`` is hidden.
    Whoever asks says ``answered`` when the answer, or the refusal, is there. ``absent`` carries why there is no daemon.
    """

    absent = Signal(str)

    def __init__(self, link: Link, window: QWidget, ask: Callable[[], object]) -> None:
        super().__init__(window)
        self._link = link
        self._window = window
        self._ask = ask
        self._asked_for: object = None
        self._waiting = False
        self._rest = QTimer(self)
        self._rest.setSingleShot(True)
        self._rest.setInterval(_REST_MS)
        self._rest.timeout.connect(self._look)
        link.changed.connect(self._look)
        window.installEventFilter(self)

    def again(self) -> None:
        """Ask even though the history is the same: the question is another."""
        self._asked_for = None
        self._look()

    def answered(self) -> None:
        """The answer to the last ``ask`` is there."""
        self._waiting = False
        self._rest.start()

    def eventFilter(self, _watched: QObject, event: QEvent) -> bool:  # noqa: N802 - Qt's name
        """Look when the window appears."""
        if event.type() == QEvent.Type.Show:
            QTimer.singleShot(0, self._look)
        return False

    def _look(self) -> None:
        status: dict[str, Any] | None = self._link.snapshot.status
        if status is None:
            self._asked_for = None  # another daemon may come, with another history
            self.absent.emit(self._link.snapshot.why)
            return
        revision = (status["history"]["revision"],)
        if self._window.isVisible() and not self._waiting and not self._rest.isActive() and revision != self._asked_for:
            self._asked_for = revision
            self._waiting = True
            self._ask()


def absence(why: str) -> str:
    """What stands in an empty window while there is no daemon to ask."""
    return f"swictation is not running. {why}".strip()
