"""A request to the daemon that is answered many times, until either side hangs up."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

from PySide6.QtCore import QObject, Qt, Signal, Slot

from daemon.client import Client
from daemon.errors import NoDaemon, SwictationError


class Stream(QObject):
    """Gives every answer to ``each``, and to ``ended`` how it came to its end, both on Qt's thread.

    ``ended`` gets None where the daemon had answered and then hung up, and one line where it refused the request, or is
    not there. After ``close`` neither is called again: whoever listens may be gone.
    """

    _came = Signal(object)
    _stopped = Signal(object)

    def __init__(
        self,
        parent: QObject,
        verb: str,
        each: Callable[[Any], object],
        ended: Callable[[str | None], object],
        arguments: dict[str, Any],
    ) -> None:
        super().__init__(parent)  # which keeps it for as long as the thread may still speak to it
        self._each = each
        self._ended = ended
        self._closed = False
        self._client: Client | None = None
        self._came.connect(self._hand_on, Qt.ConnectionType.QueuedConnection)
        self._stopped.connect(self._end, Qt.ConnectionType.QueuedConnection)
        self.reading = threading.Thread(target=self._read, args=(verb, arguments), name=verb, daemon=True)
        self.reading.start()

    def close(self) -> None:
        """Hang up. A second time it does nothing."""
        self._closed = True
        if (client := self._client) is not None:
            client.hang_up()

    def _read(self, verb: str, arguments: dict[str, Any]) -> None:
        answered, line = False, None
        try:
            with Client(timeout_s=None) as client:
                self._client = client
                while not self._closed:
                    answer = client.answer() if answered else client.ask(verb, **arguments)
                    answered = True
                    self._came.emit(answer)
        except NoDaemon as error:
            line = None if answered else str(error)
        except SwictationError as error:
            line = str(error)
        self._stopped.emit(line)

    @Slot(object)
    def _hand_on(self, answer: Any) -> None:
        if not self._closed:
            self._each(answer)

    @Slot(object)
    def _end(self, line: str | None) -> None:
        if not self._closed:
            self._closed = True
            self._ended(line)
        self.deleteLater()
