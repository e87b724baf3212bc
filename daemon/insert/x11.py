"""Insertion on X11, as the daemon sees it: a worker process with a connection of its own, which a deadline ends.

See ``x11_worker`` for what is asked of it and ``x11_paste`` for what it does.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable

from daemon.errors import DeadlinePassed, WorkerDied, WorkerError
from daemon.insert.contract import LATER
from daemon.messages import Insertion, Outcome, Target
from daemon.worker import Worker
from models.wire import Head

log = logging.getLogger(__name__)

_READY_S = 3.0
_FOCUS_S = 2.0
# Receipt 3 s, modifiers 1.5 s, copying two owners 3 s and a copy begun before 3 s. A worker that is not done by then
# waits for a server that does not answer; its connection ends with it, and a chord on its way finds no text any more.
_INSERT_S = 11.0
_UNDO_S = 5.0  # keys that are let go in 1.5 s, and 2,000 presses


class X11Inserter:
    """Inserts by the paste chord on ``display``, which ``wayland`` says is XWayland. See ``contract.Inserter``."""

    name = "x11"

    def __init__(
        self,
        display: str,
        *,
        wayland: bool = False,
        insert_limit_s: float = _INSERT_S,
        changed: Callable[[], None] = lambda: None,
    ) -> None:
        self.undoable = False
        self._display = display
        self._wayland = wayland
        self._insert_limit_s = insert_limit_s
        self._changed = changed
        self._worker = Worker(
            "_insert", display, on_message=self._hear, on_end=lambda _reason: self._note_undo(possible=False)
        )

    @property
    def pid(self) -> int | None:
        """The process id of the worker."""
        return self._worker.pid

    async def start(self) -> None:
        """Start the worker."""
        await self._worker.start()

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
        return None if answer["window"] is None else Target(answer["window"], answer["title"])

    async def prepare(self) -> None:
        """Let the user's clipboard and selection be copied; an insertion waits for it."""
        try:
            self._worker.send({"kind": "prepare"})
        except WorkerDied as error:
            log.warning("the clipboard was not copied: %s", error)

    async def insert(self, text: str, target: Target | None) -> Insertion:
        """Paste ``text`` into ``target``, once or never."""
        began_s = time.monotonic()
        if target is None:
            which = "X11 window had the keyboard focus, and in a Wayland session only those can be reached"
            return _held(
                f"no {which if self._wayland else 'window had the keyboard focus'}: "
                f"click where the text belongs and {LATER}"
            )
        try:
            await self._worker.wait_ready(_READY_S)
            head = {"kind": "insert", "target": target.window}
            answer, _ = await self._worker.request(head, text.encode(), deadline_s=self._insert_limit_s)
        except WorkerError as error:
            return _held(self._interrupted(error))
        if answer["kind"] == "held":
            return _held(answer["reason"])
        return Insertion(Outcome.CONFIRMED, None, (answer["receipt_s"] - began_s) * 1000)

    async def undo(self) -> str | None:
        """Take the last text back by BackSpaces."""
        try:
            answer, _ = await self._worker.request({"kind": "undo"}, deadline_s=_UNDO_S)
        except WorkerError as error:
            return f"{error}: see what stands there"
        return None if answer["kind"] == "undone" else str(answer["reason"])

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
                return f"the X server {self._display} does not answer: once it does, {LATER}"
            case WorkerDied():
                return f"insertion was interrupted, see whether the text stands there: if not, {LATER}"
        return f"{error}: {LATER}"


def _held(reason: str) -> Insertion:
    return Insertion(Outcome.HELD, reason)
