"""One supervised worker process: start, ready, send or request, deadline, kill, restart with back-off.

A worker is this program started with a hidden verb (``_engine``, ``_capture``, ``_insert``), speaking ``models.wire``
messages on stdin and stdout. It announces itself with ``{"kind": "ready", ...}`` once it can be used. A request carries
an ``id``, and so does its answer; an answer of kind ``error`` carries a one-line ``message``.
"""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import logging
import os
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from daemon.errors import DeadlinePassed, DeviceLost, WorkerDied, WorkerError
from models import wire
from models.wire import Head

log = logging.getLogger(__name__)

OnMessage = Callable[[Head, bytes], None]
OnEnd = Callable[[str], None]

_STREAM_LIMIT = 1 << 22
_QUIT_GRACE_S = 1.0


def program(package: str) -> list[str]:
    """The beginning of a command line that starts ``daemon`` or ``gui`` of this same installation.

    From a checkout and a wheel that is the package under our interpreter; a frozen bundle has a program for each.
    """
    if not getattr(sys, "frozen", False):
        return [sys.executable, "-m", package]
    name = {"daemon": "swictation", "gui": "swictation-tray"}[package]
    return [str(Path(sys.executable).with_name(name))]


@dataclass(slots=True)
class Backoff:
    """How long to wait before the next start: nothing after a long life, then doubling from 0.1 s to 5 s.

    ``long_life_s`` is how long a worker must have lived for its end to count as the first one again.
    """

    first_s: float = 0.1
    most_s: float = 5.0
    long_life_s: float = 30.0
    failures: int = field(default=0, init=False)

    def wait_s(self, lived_s: float) -> float:
        """The pause before the next start of a worker that lived ``lived_s``."""
        self.failures = 1 if lived_s >= self.long_life_s else self.failures + 1
        if self.failures == 1:
            return 0.0
        return min(self.most_s, self.first_s * 2.0 ** (self.failures - 2))


class Worker:
    """A worker process that is started again whenever it ends, until ``stop``.

    ``on_message`` sees every message that answers no request; ``on_end`` is told in one line why a process ended.
    Both are called on the loop. ``verb`` and ``arguments`` make its command line; ``environment`` is added to ours.
    """

    def __init__(
        self,
        verb: str,
        *arguments: str,
        environment: Mapping[str, str] | None = None,
        on_message: OnMessage = lambda _head, _body: None,
        on_end: OnEnd = lambda _reason: None,
    ) -> None:
        self.name = verb.lstrip("_")
        self.ready: Head | None = None  # what the worker said when it became ready; None while it is not
        self.last_error: str | None = None  # why the last process ended or refused to start
        self.refused: str | None = None  # why the present process says that it can never start
        self.barren = 0  # processes in a row that ended before they were ready
        self.starts = 0
        self._verb = verb
        self.arguments = arguments  # of the processes to come
        self._environment = dict(environment or {})
        self._on_message = on_message
        self._on_end = on_end
        self._process: asyncio.subprocess.Process | None = None
        self._changed = asyncio.Event()  # set, and replaced, whenever ``ready`` or the process changes
        self._open: dict[int, asyncio.Future[tuple[Head, bytes]]] = {}
        self._bore = False  # whether the present process has been ready
        self._ids = itertools.count(1)
        self._supervisor: asyncio.Task[None] | None = None
        self._backoff = Backoff()

    @property
    def pid(self) -> int | None:
        """The process id of the running worker."""
        return self._process.pid if self._process else None

    async def start(self) -> None:
        """Begin to keep the worker running. Returns at once; see ``wait_ready``."""
        self._supervisor = asyncio.create_task(self._supervise(), name=f"supervise {self.name}")

    async def wait_ready(self, timeout_s: float) -> Head:
        """What the worker said when it became ready. Raises WorkerError if it does not within ``timeout_s``."""
        try:
            async with asyncio.timeout(timeout_s):
                while self.ready is None:
                    await self._changed.wait()
                return self.ready
        except TimeoutError:
            reason = self.last_error or f"it was not ready within {timeout_s:.0f} s"
            raise WorkerError(f"the {self.name} worker cannot be used: {reason}") from None

    def send(self, head: Head, body: bytes = b"") -> None:
        """Send a message that needs no answer. Raises WorkerDied if there is no process."""
        if self._process is None or self._process.stdin is None or self._process.stdin.is_closing():
            raise WorkerDied(f"the {self.name} worker is not running")
        self._process.stdin.write(wire.pack(head, body))

    def new_id(self) -> int:
        """An id for a request."""
        return next(self._ids)

    async def request(self, head: Head, body: bytes = b"", *, deadline_s: float) -> tuple[Head, bytes]:
        """Send a request and wait for its answer. It gets an id, if its head has none.

        Raises WorkerDied if the process ends first, DeadlinePassed after killing a process that did not answer within
        ``deadline_s``, and WorkerError if it answers with an error: DeviceLost if that came of its GPU.
        """
        number = head.get("id") or self.new_id()
        answer: asyncio.Future[tuple[Head, bytes]] = asyncio.get_running_loop().create_future()
        self._open[number] = answer
        try:
            self.send({**head, "id": number}, body)
            async with asyncio.timeout(deadline_s):
                result, content = await answer
        except TimeoutError:
            self.kill()
            raise DeadlinePassed(f"the {self.name} worker did not answer within {deadline_s:.1f} s") from None
        finally:
            del self._open[number]
        if result.get("kind") == "error":
            kind = DeviceLost if result.get("device_lost") else WorkerError
            raise kind(str(result.get("message", "unknown error")))
        return result, content

    def kill(self) -> None:
        """End the process now, as it stands; the supervisor starts the next one."""
        self.ready = None  # nobody is to ask a process that is about to go
        if self._process is not None and self._process.returncode is None:
            with contextlib.suppress(ProcessLookupError):
                self._process.kill()

    async def stop(self) -> None:
        """End the worker for good: close its stdin, give it a second to leave, then kill it."""
        if self._supervisor is None:
            return
        self._supervisor.cancel()
        await asyncio.wait({self._supervisor})  # which, unlike a suppressed CancelledError, lets our own one through
        self._supervisor = None

    async def _supervise(self) -> None:
        try:
            while True:
                started_s = time.monotonic()
                await self._run_once()
                await asyncio.sleep(self._backoff.wait_s(time.monotonic() - started_s))
        finally:
            await self._leave()

    async def _run_once(self) -> None:
        self.refused, self._bore = None, False
        self.starts += 1
        try:
            process = await self._spawn()
        except OSError as error:  # no memory, no more processes, an interpreter that an upgrade took away
            self._ended(f"cannot be started: {error.strerror}")
            return
        self._process = process
        assert process.stdout is not None
        try:
            while (message := await wire.read_async(process.stdout)) is not None:
                self._dispatch(*message)
            await process.wait()
        except ValueError as error:  # broken framing: nothing after it can be trusted
            self.last_error = str(error)
            self.kill()
            await process.wait()
        status = process.returncode or 0
        self._ended(f"ended with signal {-status}" if status < 0 else f"ended with status {status}")

    async def _spawn(self) -> asyncio.subprocess.Process:
        return await asyncio.create_subprocess_exec(
            *program("daemon"),
            self._verb,
            *self.arguments,
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            env={**os.environ, **self._environment},
            limit=_STREAM_LIMIT,
            start_new_session=True,  # a Ctrl+C in the daemon's terminal is the daemon's to handle
        )

    def _dispatch(self, head: Head, body: bytes) -> None:
        answer = self._open.get(head.get("id", 0))
        if answer is not None and not answer.done():
            answer.set_result((head, body))
        elif head["kind"] == "ready":
            self.ready, self.last_error, self._bore = head, None, True
            self._announce()
        elif head["kind"] == "failed":  # it cannot start: the reason is worth more than its exit status
            self.refused = self.last_error = str(head["message"])
        elif "id" not in head:
            self._on_message(head, body)

    def _ended(self, how: str) -> None:
        self._process = self.ready = None
        self.barren = 0 if self._bore else self.barren + 1
        self.last_error = reason = self.refused or f"the {self.name} worker {how}"
        log.warning("%s", reason)
        for answer in self._open.values():
            if not answer.done():
                answer.set_exception(WorkerDied(reason))
        self._announce()
        self._on_end(reason)

    def _announce(self) -> None:
        self._changed.set()
        self._changed = asyncio.Event()

    async def _leave(self) -> None:
        process, self._process, self.ready = self._process, None, None
        if process is None or process.returncode is not None:
            return
        if process.stdin is not None:
            process.stdin.close()
        # no asyncio.timeout: we are here because our task was cancelled, and in Python 3.11.2 it then never fires
        gone = asyncio.ensure_future(process.wait())
        await asyncio.wait({gone}, timeout=_QUIT_GRACE_S)
        if not gone.done():
            with contextlib.suppress(ProcessLookupError):
                process.kill()
            await gone
