"""The way to the daemon: its newest status as a Qt signal, requests and streams that never make the tray wait.

Sockets are read on threads, because a daemon that is stopped makes a reader wait. What the threads bring is handed over
in one attribute each, of which only the newest value counts, and everything that Qt sees happens on Qt's own thread.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from PySide6.QtCore import QObject, Qt, QTimer, Signal, Slot

from daemon.client import Client
from daemon.errors import NoDaemon, SwictationError
from daemon.launch import ensure_daemon
from gui.stream import Stream

Json = dict[str, Any]

_FIRST_PAUSE_S, _LONGEST_PAUSE_S = 0.1, 2.0
_END_S = 1.0
_ANSWER_S = 5.0
# A daemon that is frozen is shown as such 2 to 3 s later: one question a second, and so long for each answer.
_BEAT_S, _SILENCE_S, _LOOK_MS = 1.0, 2.0, 250

_STARTING = "It is being started."
_SILENT = "It is there and does not answer. If it stays so, end its process: the tray starts another on request."


@dataclass(frozen=True, slots=True)
class Snapshot:
    """The daemon's last status; or None, and in one line why there is none."""

    status: Json | None
    why: str = ""


Answered = Callable[[Any], object]
Refused = Callable[[str], object]


class Link(QObject):
    """Follows the daemon from ``open`` to ``close``.

    ``changed`` is emitted when ``snapshot`` is another. ``refused`` carries the one line with which a request failed
    that nobody else wanted to tell. A daemon that is not there is started once, at the beginning; one that ends later
    was perhaps told to, and is only waited for, until ``start_daemon``. One that is there and does not answer counts as
    not there until it does.
    """

    changed = Signal()
    refused = Signal(str)
    _came = Signal()
    _answered = Signal(object, object)

    def __init__(self) -> None:
        super().__init__()
        self.snapshot = Snapshot(None, _STARTING)
        self._newest = self.snapshot
        self._clients: dict[str, Client] = {}
        self._closing = False
        self._start_wanted = True
        self._preview = False
        self._asked_anew = False
        self._asked_s: float | None = None  # when the beat sent a question that has no answer yet
        self._awake = threading.Event()
        self._resting = threading.Event()
        self._threads = [
            threading.Thread(target=work, name=work.__name__, daemon=True) for work in (self._follow, self._beat)
        ]
        self._came.connect(self._take_over, Qt.ConnectionType.QueuedConnection)
        self._answered.connect(self._hand_on, Qt.ConnectionType.QueuedConnection)
        self._looking = QTimer(self)
        self._looking.timeout.connect(self._take_over)

    def open(self) -> None:
        """Begin to follow."""
        self._looking.start(_LOOK_MS)
        for thread in self._threads:
            thread.start()

    def close(self) -> None:
        """End. A thread that hangs in a daemon's start is left behind; it ends with the process."""
        self._closing = True
        self._looking.stop()
        self._awake.set()
        self._resting.set()
        for client in tuple(self._clients.values()):
            client.hang_up()
        streams = self.findChildren(Stream)
        for stream in streams:
            stream.close()
        until_s = time.monotonic() + _END_S
        for thread in (*self._threads, *(stream.reading for stream in streams)):
            if thread.is_alive():
                thread.join(max(0.0, until_s - time.monotonic()))

    def start_daemon(self) -> None:
        """Start the daemon, if it is not running."""
        self._start_wanted = True
        self._awake.set()

    def preview(self, wanted: bool) -> None:
        """Have the daemon decode what is still being said, for the ``snapshot``, or not any more."""
        if wanted == self._preview:
            return
        self._preview = wanted
        if (following := self._clients.get("follow")) is not None:
            self._asked_anew = True
            following.hang_up()

    def ask(
        self,
        verb: str,
        then: Answered | None = None,
        refused: Refused | None = None,
        *,
        timeout_s: float = _ANSWER_S,
        **arguments: Any,
    ) -> None:
        """Send a request. On Qt's thread ``then`` gets its result, or ``refused`` the one line why there is none.

        Without a ``refused`` that line is emitted by the signal of this name, and notified. Requests that are open at
        one time may be answered in any order: one that must follow another is sent from that one's ``then``.
        """
        told = self.refused.emit if refused is None else refused

        def work() -> None:
            try:
                with Client(timeout_s) as client:
                    self._answer(then, client.ask(verb, **arguments))
            except SwictationError as error:
                self._answer(told, str(error))

        threading.Thread(target=work, name=verb, daemon=True).start()

    def stream(self, verb: str, each: Answered, ended: Callable[[str | None], object], **arguments: Any) -> Stream:
        """Send a request that is answered many times; see ``Stream``. It ends with the link at the latest."""
        return Stream(self, verb, each, ended, arguments)

    # -- on threads of their own ---------------------------------------------------------------------------------------

    def _answer(self, whom: Answered | None, answer: Any) -> None:
        if whom is not None and not self._closing:
            self._answered.emit(whom, answer)

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
                if self._asked_anew:
                    self._asked_anew = False
                    continue
                self._bring(Snapshot(None, why))  # why it did not start stays worth knowing
            except (SwictationError, OSError) as error:
                why = str(error)
                self._bring(Snapshot(None, why))
            if self._awake.wait(pause_s):
                self._awake.clear()
            pause_s = min(2 * pause_s, _LONGEST_PAUSE_S)

    def _statuses(self) -> Iterator[Json]:
        with Client(timeout_s=None) as client:  # the beat notices a daemon that is silent
            self._clients["follow"] = client
            if self._closing:  # too late to be hung up
                return
            yield client.ask("watch", levels=True, preview=self._preview)
            while True:
                yield client.answer()

    def _beat(self) -> None:
        """Ask again and again, over one connection: a frozen daemon's queue of new ones is short."""
        while not self._closing:
            try:
                with Client(timeout_s=None) as client:
                    self._clients["beat"] = client
                    while not self._closing:
                        self._asked_s = time.monotonic()
                        client.ask("status")
                        self._asked_s = None
                        self._resting.wait(_BEAT_S)
            except SwictationError:
                self._asked_s = None  # there is none, which the other thread tells
            self._resting.wait(_BEAT_S)

    def _bring(self, snapshot: Snapshot) -> None:
        self._newest = snapshot
        if not self._closing:
            self._came.emit()

    # -- on Qt's thread ------------------------------------------------------------------------------------------------

    @Slot()
    def _take_over(self) -> None:
        asked_s = self._asked_s
        silent = asked_s is not None and time.monotonic() - asked_s > _SILENCE_S
        snapshot = Snapshot(None, _SILENT) if silent else self._newest
        if self.snapshot != snapshot:
            self.snapshot = snapshot
            self.changed.emit()

    @Slot(object, object)
    def _hand_on(self, whom: Answered, answer: Any) -> None:
        if not self._closing:
            whom(answer)
