"""A desktop that a worker process puts the text into: what the daemon sends it, and what it makes of the answers.

One for every worker that speaks the protocol of ``x11.worker``: a process of its own, as a display server may freeze
and the user's clipboard has to outlive the daemon.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Sequence

from daemon.errors import DeadlinePassed, WorkerDied, WorkerError
from daemon.insert.contract import LATER
from daemon.messages import Insertion, Outcome, Target
from daemon.worker import Worker
from models.wire import Head

log = logging.getLogger(__name__)

_READY_S = 3.0
_FOCUS_S = 2.0
# Receipts 5 s, modifiers 1.5 s, copying two owners 3 s, a copy begun before 3 s, and 2,000 keys. A worker that is not
# done by then waits for a server that does not answer; its connection ends with it, and keys on their way find no text.
_INSERT_S = 16.0
_UNDO_S = 5.0  # keys that are let go in 1.5 s, and 2,000 presses


class WorkerDesktop:
    """Inserts through the worker of the hidden verb ``verb``, given ``display``. See ``contract.Desktop``.

    ``server`` is what the user calls the display, as in "the X server :0"; ``changed`` is called when ``undoable`` has.
    """

    notice: str | None = None

    def __init__(
        self,
        name: str,
        verb: str,
        display: str,
        *,
        ways: tuple[str, ...],
        server: str,
        insert_limit_s: float = _INSERT_S,
        changed: Callable[[], None] = lambda: None,
    ) -> None:
        self.name = name
        self.ways = ways
        self.undoable = False
        self._server = server
        self._insert_limit_s = insert_limit_s
        self._changed = changed
        self._worker = Worker(
            verb, display, on_message=self._hear, on_end=lambda _reason: self._note_undo(possible=False)
        )

    @property
    def pid(self) -> int | None:
        """The process id of the worker."""
        return self._worker.pid

    async def start(self) -> None:
        """Start the worker."""
        await self._worker.start()

    async def wait_ready(self, limit_s: float) -> None:
        """Wait until the worker answers. Raises WorkerError."""
        await self._worker.wait_ready(limit_s)

    async def stop(self) -> None:
        """End the worker; the user's clipboard stays."""
        await self._worker.stop()

    async def focus(self) -> Target | None:
        """The window that has the keyboard focus; None if there is none or the worker cannot say."""
        try:
            answer, _ = await self._worker.request({"kind": "focus"}, deadline_s=_FOCUS_S)
        except WorkerError as error:
            log.warning("the focused window is not known: %s", error)
            return None
        return self._target(answer)

    async def ask(self) -> str | None:
        """Nothing has to be asked for."""

    async def prepare(self) -> None:
        """Let the user's clipboard and selection be copied; an insertion waits for it."""
        try:
            self._worker.send({"kind": "prepare"})
        except WorkerDied as error:
            log.warning("the clipboard was not copied: %s", error)

    async def insert(self, text: str, target: Target, ways: Sequence[str]) -> Insertion:
        """Insert ``text`` into ``target``, once or never."""
        began_s = time.monotonic()
        try:
            await self._worker.wait_ready(_READY_S)
            head = {"kind": "insert", "target": target.window, "ways": list(ways)}
            answer, _ = await self._worker.request(head, text.encode(), deadline_s=self._insert_limit_s)
        except WorkerError as error:
            return Insertion(Outcome.HELD, self._interrupted(error))
        return insertion_of(answer, began_s)

    async def undo(self) -> str | None:
        """Take the last text back by BackSpaces."""
        try:
            answer, _ = await self._worker.request({"kind": "undo"}, deadline_s=_UNDO_S)
        except WorkerError as error:
            return f"{error}: see what stands there"
        return None if answer["kind"] == "undone" else str(answer["reason"])

    def _target(self, answer: Head) -> Target | None:
        if answer["window"] is None:
            return None
        return Target(answer["window"], answer["title"], answer["application"], answer["pid"], self.name)

    def _hear(self, head: Head, _body: bytes) -> None:
        if head["kind"] == "undo":
            self._note_undo(possible=bool(head["possible"]))

    def _note_undo(self, *, possible: bool) -> None:
        if possible != self.undoable:
            self.undoable = possible
            self._changed()

    def _interrupted(self, error: WorkerError) -> str:
        match error:
            case DeadlinePassed():
                return f"{self._server} does not answer: once it does, {LATER}"
            case WorkerDied():
                return f"insertion was interrupted, see whether the text stands there: if not, {LATER}"
        return f"{error}: {LATER}"


def insertion_of(answer: Head, began_s: float) -> Insertion:
    """What a worker's answer to an insertion that was asked for at ``began_s`` (``time.monotonic()``) means."""
    silent = tuple(answer["silent"])
    if answer["kind"] == "held":
        return Insertion(Outcome.HELD, answer["reason"], silent=silent)
    took_ms = (answer["receipt_s"] - began_s) * 1000
    return Insertion(Outcome(answer["kind"]), answer.get("reason"), took_ms, answer["way"], silent)
