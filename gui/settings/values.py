"""The configuration as the daemon has it: asked for anew at each of its revisions, changed one key at a time."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from PySide6.QtCore import QEvent, QObject, QTimer, Signal
from PySide6.QtWidgets import QWidget

from gui.link import Link

_CHANGE_LIMIT_S = 180.0  # another model is loaded and judged before the daemon agrees

Json = dict[str, Any]


class Values(QObject):
    """What ``config`` answered last: ``values``, ``limits`` by dotted key, and the ``file``; empty before.

    It is asked while ``window`` is visible, one question at a time. ``changed`` tells of every answer; ``refused``
    carries the one line why there is none.
    """

    changed = Signal()
    refused = Signal(str)

    def __init__(self, link: Link, window: QWidget) -> None:
        super().__init__(window)
        self.link = link
        self.values: Json = {}
        self.limits: Json = {}
        self.file = ""
        self._window = window
        self._asked_for: object = None
        self._asking = False
        link.changed.connect(self._look)
        window.installEventFilter(self)

    def set(
        self, key: str, value: Any, then: Callable[[Json], object] | None, refused: Callable[[str], object] | None
    ) -> None:
        """Have the daemon change one key; ``then`` and ``refused`` as for ``Link.ask``. The values follow."""

        def taken(result: Json) -> None:
            if then is not None:
                then(result)
            self._again()

        self.link.ask("set_config", taken, refused, timeout_s=_CHANGE_LIMIT_S, key=key, value=value)

    def eventFilter(self, _watched: QObject, event: QEvent) -> bool:  # noqa: N802 - Qt's name
        """Look when the window appears."""
        if event.type() == QEvent.Type.Show:
            QTimer.singleShot(0, self._again)
        return False

    def _again(self) -> None:
        self._asked_for = None
        self._look()

    def _look(self) -> None:
        status = self.link.snapshot.status
        if status is None:
            self._asked_for = None  # another daemon may come, with another configuration
            return
        revision = (status["config_revision"],)
        if self._window.isVisible() and not self._asking and revision != self._asked_for:
            self._asked_for = revision
            self._asking = True
            self.link.ask("config", self._take, self._refuse)

    def _take(self, answer: Json) -> None:
        self._asking = False
        self.values, self.limits, self.file = answer["values"], answer["limits"], answer["file"]
        self.changed.emit()
        self._look()

    def _refuse(self, line: str) -> None:
        self._asking = False
        self.refused.emit(line)
