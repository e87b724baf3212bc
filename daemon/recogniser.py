"""The daemon's side of recognition: one engine worker, one request at a time, and no utterance lost to a dead worker.

A request to a worker that dies, stops answering or is stopped is sent once more, to the next one, from the audio kept
here. A model that cannot be loaded is not tried over and over: it is broken, with its reason, until its directory
changes or somebody dictates again.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import time
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import TypeVar

from daemon.errors import DeadlinePassed, WorkerDied, WorkerError
from daemon.worker import Worker
from models import bundle
from models.recogniser import RATE_HZ, SAMPLE_BYTES, Transcript
from models.wire import Head

log = logging.getLogger(__name__)

_T = TypeVar("_T")

_ATTEMPTS = 2
# The slowest decode that is still a working one: 0.6 B parameters on one contended core stay below real time.
_DEADLINE_LEAST_S, _DEADLINE_PER_AUDIO_S = 5.0, 5.0
# A worker says four times a second that it lives. The first silence means a stopped process and costs only a retry; at
# the second attempt it may also be a machine out of memory, which must get its chance.
_SILENCE_S = {1: 1.5, 2: 10.0}
_CATCH_UP_S = 0.05  # if it was our own loop that stood still, what the worker has said meanwhile is read in this time
_LOAD_S = 120.0  # 2.4 GB of weights from a cold disk of 25 MB/s
_BARREN_STARTS = 3  # starts in a row that end before the worker is ready; then the model is broken
_LOOK_S = 2.0  # between two looks at the directory of a broken model


class Phase(StrEnum):
    """Whether the engine can recognise."""

    LOADING = "loading"
    READY = "ready"
    BROKEN = "broken"


@dataclass(frozen=True, slots=True)
class EngineState:
    """What ``status`` tells of the engine. ``message`` says in one line what is wrong, or is None."""

    phase: Phase
    message: str | None
    model: str  # before it is ready, the name of its directory
    provider: str | None  # the one in use; None while it is not ready
    practice: bool
    directory: Path


@dataclass(frozen=True, slots=True)
class Recognition:
    """A transcript with what it cost.

    ``queue_ms`` is the wait for earlier requests, for a model that is still loading and for failed attempts;
    ``recognise_ms`` the round trip to the worker that answered, ``engine_ms`` the part of it spent inside the engine.
    """

    transcript: Transcript
    queue_ms: float
    recognise_ms: float
    engine_ms: float
    model: str
    provider: str
    attempts: int


@dataclass(frozen=True, slots=True)
class _Request:
    pcm: bytes
    done: asyncio.Future[Recognition]
    asked_s: float = field(default_factory=time.monotonic)


@dataclass(frozen=True, slots=True)
class _Switch:
    engine: _Engine
    done: asyncio.Future[None]


class EngineClient:
    """Recognises with the model in ``directory``, in the order of the requests."""

    def __init__(self, directory: str | Path, threads: int = 1, engine: str = "sherpa") -> None:
        self._options = ("--threads", str(threads), "--engine", engine)
        self._engine = _Engine(Path(directory), self._options)
        self._jobs: asyncio.Queue[_Request | _Switch] = asyncio.Queue()
        self._serving: asyncio.Task[None] | None = None

    @property
    def state(self) -> EngineState:
        """The engine as it stands now."""
        return self._engine.state

    @property
    def pid(self) -> int | None:
        """The process id of the engine worker, if there is one."""
        return self._engine.pid

    async def start(self) -> None:
        """Begin to load the model. Returns at once."""
        await self._engine.start()
        self._serving = asyncio.create_task(self._serve(), name="recognise")

    async def wait_ready(self, timeout_s: float) -> EngineState:
        """Wait until the model is ready. Raises WorkerError with the reason if it is broken, or after ``timeout_s``."""
        await self._engine.usable(timeout_s)
        return self.state

    async def recognise(self, pcm: bytes) -> Recognition:
        """Recognise int16 little-endian mono PCM at 16 kHz.

        Raises WorkerError: at once while the model is broken, and when the second attempt fails too. The caller keeps
        the audio until then.
        """
        if self._serving is None or self._serving.done():
            raise WorkerError("the engine is not running")
        if self._engine.fault is not None:
            self._engine.try_again()
            raise WorkerError(self._engine.fault)
        done: asyncio.Future[Recognition] = asyncio.get_running_loop().create_future()
        self._jobs.put_nowait(_Request(pcm, done))
        return await done

    async def use(self, directory: str | Path) -> None:
        """Switch to the model in ``directory``, which serves from when it is loaded.

        Raises WorkerError with the reason if it cannot be loaded; then the present one goes on.
        """
        if self._serving is None or self._serving.done():
            raise WorkerError("the engine is not running")
        engine = _Engine(Path(directory), self._options)
        await engine.start()
        try:
            await engine.usable(_LOAD_S)
            done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
            self._jobs.put_nowait(_Switch(engine, done))
            await done
        except (WorkerError, asyncio.CancelledError):
            if engine is not self._engine:
                await engine.stop()
            raise

    async def stop(self) -> None:
        """End the worker; open requests fail with WorkerError."""
        if self._serving is not None:
            self._serving.cancel()
            await asyncio.wait({self._serving})
            self._serving = None
        while not self._jobs.empty():
            _fail(self._jobs.get_nowait(), WorkerError("the engine was stopped"))
        await self._engine.stop()

    async def _serve(self) -> None:
        while True:
            job = await self._jobs.get()
            if job.done.done():  # its caller has given up
                continue
            try:
                if isinstance(job, _Switch):
                    before, self._engine = self._engine, job.engine
                    await before.stop()
                    _finish(job.done, None)
                else:
                    _finish(job.done, await self._recognise(job))
            except WorkerError as error:
                _fail(job, error)
            finally:  # whatever ends this task, nobody waits for ever
                _fail(job, WorkerError("the engine was stopped"))

    async def _recognise(self, request: _Request) -> Recognition:
        for attempt in range(1, _ATTEMPTS):
            try:
                return await self._attempt(request, attempt)
            except (WorkerDied, DeadlinePassed) as error:
                log.warning("attempt %d to recognise %d bytes failed: %s", attempt, len(request.pcm), error)
        return await self._attempt(request, _ATTEMPTS)

    async def _attempt(self, request: _Request, attempt: int) -> Recognition:
        await self._engine.usable(_LOAD_S)
        sent_s = time.monotonic()
        answer = await self._engine.ask(request.pcm, silence_s=_SILENCE_S[attempt])
        return Recognition(
            transcript=Transcript.of(answer),
            queue_ms=(sent_s - request.asked_s) * 1000,
            recognise_ms=(time.monotonic() - sent_s) * 1000,
            engine_ms=answer["engine_ms"],
            model=self.state.model,
            provider=self.state.provider or "",
            attempts=attempt,
        )


class _Engine:
    """One model directory and the worker that serves it."""

    def __init__(self, directory: Path, options: tuple[str, ...]) -> None:
        self.fault: str | None = None  # why the model is broken
        self._directory = directory.absolute()
        self._options = options
        self._worker = self._new_worker()
        self._heard_s = 0.0  # when the worker last said something
        self._faulted = asyncio.Event()
        self._asked = asyncio.Event()
        self._mending: asyncio.Task[None] | None = None

    @property
    def pid(self) -> int | None:
        return self._worker.pid

    @property
    def state(self) -> EngineState:
        ready, fault = self._worker.ready, self.fault
        is_default = self._directory == bundle.default_directory().absolute()
        return EngineState(
            phase=Phase.BROKEN if fault else Phase.READY if ready else Phase.LOADING,
            message=fault or (None if ready else self._worker.last_error),
            model=ready["model"] if ready else "practice" if is_default else self._directory.name,
            provider=ready["provider"] if ready else None,
            practice=bool(ready["practice"]) if ready else is_default,
            directory=self._directory,
        )

    async def start(self) -> None:
        await self._worker.start()

    async def stop(self) -> None:
        if self._mending is not None:
            self._mending.cancel()
            await asyncio.wait({self._mending})
        await self._worker.stop()

    def try_again(self) -> None:
        """Let a broken model be loaded once more."""
        self._asked.set()

    async def usable(self, timeout_s: float) -> None:
        """Wait until the worker is ready. Raises WorkerError when the model is broken, or after ``timeout_s``."""
        if self._worker.ready and self.fault is None:
            return
        ready = asyncio.create_task(self._worker.wait_ready(timeout_s))
        faulted = asyncio.create_task(self._faulted.wait())
        try:
            await asyncio.wait({ready, faulted}, return_when=asyncio.FIRST_COMPLETED)
            if self.fault is not None:
                raise WorkerError(self.fault)
            await ready
        finally:
            faulted.cancel()
            ready.cancel()
            await asyncio.gather(faulted, ready, return_exceptions=True)

    async def ask(self, pcm: bytes, silence_s: float) -> Head:
        """Send one request to the worker, which is ready; its answer.

        A worker that takes longer than the deadline, or is not heard of for ``silence_s``, is killed. Raises WorkerDied
        if the worker ended, DeadlinePassed if it was killed, WorkerError if it answers with an error.
        """
        deadline_s = max(_DEADLINE_LEAST_S, _DEADLINE_PER_AUDIO_S * len(pcm) / SAMPLE_BYTES / RATE_HZ)
        self._heard_s = time.monotonic()
        end_s = self._heard_s + deadline_s
        answer = asyncio.create_task(
            self._worker.request({"kind": "recognise"}, pcm, deadline_s=deadline_s + silence_s)
        )
        killed = None
        try:
            while not answer.done():
                wait_s = min(end_s, self._heard_s + silence_s) - time.monotonic()
                await asyncio.wait({answer}, timeout=max(wait_s, 0.0))
                if self._overdue(end_s, deadline_s, silence_s):
                    await asyncio.wait({answer}, timeout=_CATCH_UP_S)
                killed = None if answer.done() else self._overdue(end_s, deadline_s, silence_s)
                if killed:
                    self._worker.kill()
                    await asyncio.wait({answer})  # the next request must not go to a process that is not buried yet
            return (await answer)[0]
        except WorkerDied:
            if killed:
                raise DeadlinePassed(killed) from None
            raise
        finally:
            answer.cancel()
            await asyncio.gather(answer, return_exceptions=True)

    def _overdue(self, end_s: float, deadline_s: float, silence_s: float) -> str | None:
        """Why the worker must be killed, or None while it may go on."""
        now_s = time.monotonic()
        if now_s >= end_s:
            return f"the engine worker did not answer within {deadline_s:.0f} s and was killed"
        if now_s >= self._heard_s + silence_s:
            return f"the engine worker gave no sign of life for {silence_s:.1f} s and was killed"
        return None

    def _new_worker(self) -> Worker:
        arguments = ("--model", str(self._directory), *self._options)
        return Worker("_engine", *arguments, on_message=self._hear, on_end=self._ended)

    def _hear(self, _head: Head, _body: bytes) -> None:
        self._heard_s = time.monotonic()

    def _ended(self, reason: str) -> None:
        if self._worker.refused is not None:
            self._break(self._worker.refused)
        elif self._worker.barren >= _BARREN_STARTS:
            self._break(f"the model in {self._directory} cannot be loaded: {reason}, {_BARREN_STARTS} times in a row")

    def _break(self, fault: str) -> None:
        self.fault = fault
        self._faulted.set()
        self._mending = asyncio.create_task(self._mend(), name="mend the engine")

    async def _mend(self) -> None:
        """Start a broken model again when its directory has changed or somebody wants to dictate."""
        await self._worker.stop()
        self._asked.clear()
        before = await asyncio.to_thread(_contents, self._directory)
        while not self._asked.is_set() and await asyncio.to_thread(_contents, self._directory) == before:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(_LOOK_S):
                    await self._asked.wait()
        self._worker = self._new_worker()
        self.fault = None
        self._faulted.clear()
        await self._worker.start()


def _contents(directory: Path) -> frozenset[tuple[str, int, int]]:
    """Names, sizes and times of the files in ``directory``; nothing if it cannot be read."""
    try:
        found = [(entry.name, entry.stat()) for entry in directory.iterdir()]
    except OSError:
        return frozenset()
    return frozenset((name, status.st_size, status.st_mtime_ns) for name, status in found)


def _finish(done: asyncio.Future[_T], result: _T) -> None:
    if not done.done():
        done.set_result(result)


def _fail(job: _Request | _Switch, error: WorkerError) -> None:
    if not job.done.done():
        job.done.set_exception(error)
