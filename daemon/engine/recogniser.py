"""The daemon's side of recognition: one engine, one request at a time, and no utterance lost to a dead worker.

A request to a worker that dies, stops answering or is stopped is sent once more, to the next one, from the audio kept
here. If that worker had the GPU, the next one has the CPU: what broke there may break again, and somebody waits.

A request whose caller is cancelled is withdrawn: it is not sent, or stopped in the engine; where the engine cannot be
stopped (``EngineClient.stops``), its answer is thrown away when it comes, and the next request waits for that.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Coroutine, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, TypeVar

from daemon.engine.choice import Plan
from daemon.engine.recognition import Recognition, heard
from daemon.engine.worker import Engine, EngineState, Phase
from daemon.errors import DeadlinePassed, DeviceLost, WorkerDied, WorkerError
from models.choice import Backend

__all__ = ["EngineClient", "EngineState", "Phase", "Recognition"]

log = logging.getLogger(__name__)

_T = TypeVar("_T")

_ATTEMPTS = 2
# A worker says four times a second that it lives. The first silence means a stopped process and costs only a retry; at
# the second attempt it may also be a machine out of memory, which must get its chance.
_SILENCE_S = {1: 1.5, 2: 10.0}
_OTHER = "another model or engine was chosen meanwhile"
_LOAD_S = 120.0  # 2.4 GB of weights from a cold disk of 25 MB/s


@dataclass(frozen=True, slots=True)
class _Request:
    pcms: tuple[bytes, ...]
    done: asyncio.Future[list[Recognition]]
    asked_s: float = field(default_factory=time.monotonic)


@dataclass(frozen=True, slots=True)
class _Switch:
    engine: Engine
    instead_of: Engine | None  # None: of whatever serves when its turn comes
    done: asyncio.Future[None]


class EngineClient:
    """Recognises as ``plan`` says, in the order of the requests."""

    def __init__(self, plan: Plan) -> None:
        self.gpu_fault: str | None = plan.gpu_fault  # why a GPU that is wanted is not in use
        self._engine = self._new_engine(plan, plan.backend)
        self._jobs: asyncio.Queue[_Request | _Switch] = asyncio.Queue()
        self._working = False
        self._serving: asyncio.Task[None] | None = None
        self._leaving: set[asyncio.Task[None]] = set()

    @property
    def state(self) -> EngineState:
        """The engine as it stands now."""
        state = self._engine.state
        if state.provider == "cuda":
            return state
        return replace(state, provider_fault=state.provider_fault or self.gpu_fault)

    @property
    def plan(self) -> Plan:
        """What it was told last."""
        return self._engine.plan

    @property
    def pid(self) -> int | None:
        """The process id of the engine worker, if there is one."""
        return self._engine.pid

    @property
    def busy(self) -> bool:
        """Whether anybody waits for an answer."""
        return self._working or not self._jobs.empty()

    @property
    def stops(self) -> bool:
        """Whether a request ends when its caller is cancelled; if not, its decode may go on, and the next one waits."""
        return self._engine.stops

    @property
    def pace_ms(self) -> float | None:
        """What a decode takes for a second of audio; None while nothing can be decoded, or the last decode failed."""
        return self._engine.pace_ms

    async def start(self) -> None:
        """Begin to load the model. Returns at once."""
        await self._engine.start()
        self._serving = asyncio.create_task(self._serve(), name="recognise")

    async def wait_ready(self, timeout_s: float) -> EngineState:
        """Wait until the model is ready. Raises WorkerError with the reason if it is broken, or after ``timeout_s``."""
        await self._usable(timeout_s)
        return self.state

    async def recognise(self, pcm: bytes) -> Recognition:
        """Recognise int16 little-endian mono PCM at 16 kHz.

        Raises WorkerError: at once while the model is broken, and when the second attempt fails too. The caller keeps
        the audio until then. Cancelled, it withdraws the request.
        """
        return (await self.recognise_many([pcm]))[0]

    async def recognise_many(self, pcms: Sequence[bytes]) -> list[Recognition]:
        """Recognise several utterances in one request, which the engine may decode together.

        Raises WorkerError as ``recognise`` does, and then none of them is recognised.
        """
        self._check_serving()
        if self._engine.fault is not None:
            self._engine.try_again()
            raise WorkerError(self._engine.fault)
        if not pcms:
            return []
        done: asyncio.Future[list[Recognition]] = asyncio.get_running_loop().create_future()
        self._jobs.put_nowait(_Request(tuple(pcms), done))
        return await done

    async def use(self, plan: Plan) -> None:
        """Switch to another model or backend, which serves from when it is loaded.

        Raises WorkerError with the reason if it cannot be loaded, on the CPU either; then the present one goes on.
        """
        try:
            engine, fault = await self._loaded(plan, plan.backend), plan.gpu_fault
        except WorkerError as error:
            if plan.backend.provider == "cpu":
                raise
            engine, fault = await self._loaded(plan, plan.on_cpu), str(error)
        await self._switch(engine, None)
        self.gpu_fault = engine.state.provider_fault or fault

    def learn(self, plan: Plan) -> None:
        """Take over what is known of the present model now, and what shall replace its GPU."""
        present = self._engine.plan
        if plan.concerns(present):
            self._engine.plan = replace(plan, backend=present.backend)
            self.gpu_fault = plan.gpu_fault or self.gpu_fault

    async def move(self, plan: Plan) -> bool:
        """Switch the present model to another backend; whether it serves there now.

        If it cannot, nothing changes but ``gpu_fault``, where the GPU was asked for. Raises WorkerError if it cannot be
        loaded on the CPU, or another switch was faster.
        """
        present, to_gpu = self._engine, plan.backend.provider == "cuda"
        if not plan.concerns(present.plan):
            raise WorkerError(_OTHER)
        try:
            engine = await self._loaded(plan, plan.backend)
        except WorkerError as error:
            if not to_gpu:
                raise
            self.gpu_fault = str(error)
            return False
        if to_gpu and engine.state.provider != "cuda":
            self.gpu_fault = engine.state.provider_fault
            await self._end(engine)
            return False
        await self._switch(engine, present)
        return True

    async def stop(self) -> None:
        """End the worker; open requests fail with WorkerError."""
        if self._serving is not None:
            self._serving.cancel()
            await asyncio.wait({self._serving})
            self._serving = None
        while not self._jobs.empty():
            _fail(self._jobs.get_nowait(), WorkerError("the engine was stopped"))
        await self._left()
        await self._end(self._engine)
        await self._left()

    # -- engines come and go -------------------------------------------------------------------------------------------

    def _check_serving(self) -> None:
        if self._serving is None or self._serving.done():
            raise WorkerError("the engine is not running")

    def _new_engine(self, plan: Plan, backend: Backend) -> Engine:
        return Engine(plan, backend, self._gpu_broken)

    async def _loaded(self, plan: Plan, backend: Backend) -> Engine:
        """A ready engine beside the present one. Raises WorkerError, and then nothing of it is left."""
        self._check_serving()
        engine = self._new_engine(plan, backend)
        await engine.start()
        try:
            await engine.usable(_LOAD_S)
        except (WorkerError, asyncio.CancelledError):
            await self._end(engine)
            raise
        return engine

    async def _switch(self, engine: Engine, instead_of: Engine | None) -> None:
        done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._jobs.put_nowait(_Switch(engine, instead_of, done))
        try:
            await done
        except (WorkerError, asyncio.CancelledError):
            if engine is not self._engine:
                await self._end(engine)
            raise

    def _gpu_broken(self, engine: Engine) -> None:
        if engine is self._engine:
            self._leave_gpu(engine.fault or "")

    def _leave_gpu(self, reason: str) -> None:
        """Go on with the CPU, if it is the GPU that failed."""
        before = self._engine
        if before.backend.provider == "cpu":
            return
        log.warning("the CPU takes over from the GPU: %s", reason)
        self.gpu_fault = reason
        self._engine = self._new_engine(before.plan, before.plan.on_cpu)
        starting = self._engine

        async def replace_it() -> None:
            await asyncio.gather(starting.start(), before.stop())

        self._apart(replace_it())

    async def _end(self, engine: Engine) -> None:
        """End an engine, to the last even if we are cancelled meanwhile: its process would be left."""
        await asyncio.wait({self._apart(engine.stop())})

    def _apart(self, work: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        task = asyncio.create_task(work, name="replace an engine")
        self._leaving.add(task)
        task.add_done_callback(self._leaving.discard)
        return task

    async def _left(self) -> None:
        while self._leaving:
            await asyncio.wait(self._leaving)

    async def _usable(self, timeout_s: float) -> Engine:
        """The engine that serves, once it is ready; where it was replaced meanwhile, the one after it."""
        while True:
            engine = self._engine
            try:
                await engine.usable(timeout_s)
            except WorkerError:
                if engine is self._engine:
                    raise
            else:
                return engine

    # -- requests ------------------------------------------------------------------------------------------------------

    async def _serve(self) -> None:
        while True:
            job = await self._jobs.get()
            if job.done.done():  # its caller has given up
                continue
            self._working = True
            try:
                if isinstance(job, _Switch):
                    await self._take(job)
                    _finish(job.done, None)
                elif (recognised := await self._recognise(job)) is not None:
                    _finish(job.done, recognised)
            except WorkerError as error:
                _fail(job, error)
            finally:  # whatever ends this task, nobody waits for ever
                self._working = False
                _fail(job, WorkerError("the engine was stopped"))

    async def _take(self, switch: _Switch) -> None:
        before = self._engine
        if switch.instead_of not in {None, before}:
            raise WorkerError(_OTHER)
        self._engine = switch.engine
        if switch.engine.state.provider == "cuda":
            self.gpu_fault = None
        await self._end(before)

    async def _recognise(self, request: _Request) -> list[Recognition] | None:
        """What was heard; None if the request was withdrawn."""
        for attempt in range(1, _ATTEMPTS):
            try:
                return await self._attempt(request, attempt)
            except (WorkerDied, DeadlinePassed, DeviceLost) as error:
                log.warning("attempt %d to recognise %d bytes failed: %s", attempt, sum(map(len, request.pcms)), error)
                self._leave_gpu(str(error))
        return await self._attempt(request, _ATTEMPTS)

    async def _attempt(self, request: _Request, attempt: int) -> list[Recognition] | None:
        engine = await self._usable(_LOAD_S)
        if request.done.done():
            return None
        state = engine.state
        sent_s = time.monotonic()
        answer = await engine.ask(request.pcms, _SILENCE_S[attempt], request.done)
        if request.done.done():
            return None
        return heard(
            answer,
            request.pcms,
            queue_ms=(sent_s - request.asked_s) * 1000,
            round_trip_ms=(time.monotonic() - sent_s) * 1000,
            state=state,
            attempts=attempt,
        )


def _finish(done: asyncio.Future[_T], result: _T) -> None:
    if not done.done():
        done.set_result(result)


def _fail(job: _Request | _Switch, error: WorkerError) -> None:
    if not job.done.done():
        job.done.set_exception(error)
