"""The way to the daemon: its newest status as a Qt signal, and requests that never make the tray wait.

Sockets are read on threads, because a daemon that is stopped makes a reader wait. What the threads bring is handed over
in one attribute each, of which only the newest value counts, and everything that Qt sees happens on Qt's own thread.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from PySide6.QtCore import QObject, Qt, Signal, Slot

from daemon.client import Client, ask
from daemon.errors import NoDaemon, SwictationError
from daemon.launch import ensure_daemon

Json = dict[str, Any]

_FIRST_PAUSE_S, _LONGEST_PAUSE_S = 0.1, 2.0
_END_S = 1.0


@dataclass(frozen=True, slots=True)
class Snapshot:
    """The daemon's last status; or None, and in one line why there is none."""

    status: Json | None
    why: str = ""


@dataclass(frozen=True, slots=True)
class _Refusal:
    message: str


Answered = Callable[[Any], None]

_STARTING = "It is being started."


class Link(QObject):
    """Follows the daemon from ``open`` to ``close``.

    ``changed`` is emitted when ``snapshot`` is another. ``refused`` carries the one line with which a request failed.
    A daemon that is not there is started once, at the beginning; one that ends later was perhaps told to, and is only
    waited for, until ``start_daemon``.
    """

    changed = Signal()
    refused = Signal(str)
    _came = Signal()
    _answered = Signal(object, object)

    def __init__(self) -> None:
        super().__init__()
        self.snapshot = Snapshot(None, _STARTING)
        self._newest = self.snapshot
        self._client: Client | None = None
        self._closing = False
        self._start_wanted = True
        self._awake = threading.Event()
        self._following = threading.Thread(target=self._follow, name="link", daemon=True)
        self._came.connect(self._take_over, Qt.ConnectionType.QueuedConnection)
        self._answered.connect(self._hand_on, Qt.ConnectionType.QueuedConnection)

    def open(self) -> None:
        """Begin to follow."""
        self._following.start()

    def close(self) -> None:
        """End. A thread that hangs in a daemon's start is left behind; it ends with the process."""
        self._closing = True
        self._awake.set()
        if (client := self._client) is not None:
            client.hang_up()
        if self._following.is_alive():
            self._following.join(_END_S)

    def start_daemon(self) -> None:
        """Start the daemon, if it is not running."""
        self._start_wanted = True
        self._awake.set()

    def ask(self, verb: str, then: Answered | None = None, **arguments: Any) -> None:
        """Send a request; ``then`` gets its result on Qt's thread."""
        threading.Thread(target=self._ask, args=(verb, then, arguments), name=verb, daemon=True).start()

    # -- on threads of their own ---------------------------------------------------------------------------------------

    def _ask(self, verb: str, then: Answered | None, arguments: Json) -> None:
        try:
            result = ask(verb, **arguments)
        except SwictationError as error:
            result = _Refusal(str(error))
        if not self._closing:
            self._answered.emit(then, result)

    def _follow(self) -> None:
        pause_s, why = _FIRST_PAUSE_S, ""
        while not self._closing:
            try:
                if self._start_wanted:
                    self._bring(Snapshot(None, _STARTING))
                    self._start_wanted, why = False, ""
                    ensure_daemon()
                for status in self._statuses():
                    pause_s, why = _FIRST_PAUSE_S, ""
                    self._bring(Snapshot(status))
            except NoDaemon:
                self._bring(Snapshot(None, why))  # why it did not start stays worth knowing
            except (SwictationError, OSError) as error:
                why = str(error)
                self._bring(Snapshot(None, why))
            if self._awake.wait(pause_s):
                self._awake.clear()
            pause_s = min(2 * pause_s, _LONGEST_PAUSE_S)

    def _statuses(self) -> Iterator[Json]:
        with Client() as client:
            self._client = client
            try:
                yield from client.watch()
            finally:
                self._client = None

    def _bring(self, snapshot: Snapshot) -> None:
        self._newest = snapshot
        if not self._closing:
            self._came.emit()

    # -- on Qt's thread ------------------------------------------------------------------------------------------------

    @Slot()
    def _take_over(self) -> None:
        if self.snapshot != self._newest:
            self.snapshot = self._newest
            self.changed.emit()

    @Slot(object, object)
    def _hand_on(self, then: Answered | None, result: Any) -> None:
        if isinstance(result, _Refusal):
            self.refused.emit(result.message)
        elif then is not None:
            then(result)
