"""One model on one backend, and the worker process that serves it.

A model that cannot be loaded is not tried over and over: it is broken, with its reason, until its directory changes or
somebody dictates again. A GPU that cannot be had is not waited for: its owner is told, and takes another engine.
"""

from __future__ import annotations

import asyncio
import contextlib
import functools
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any

from daemon.engine.choice import Plan
from daemon.engine.pace import Pace
from daemon.errors import DeadlinePassed, WorkerDied, WorkerError
from daemon.worker import Worker
from models import bundle
from models.choice import Backend, Wish
from models.recogniser import RATE_HZ, SAMPLE_BYTES
from models.wire import Head

# The slowest decode that is still a working one: 0.6 B parameters on one contended core stay below real time.
_DEADLINE_LEAST_S, _DEADLINE_PER_AUDIO_S = 5.0, 5.0
_CATCH_UP_S = 0.05  # if it was our own loop that stood still, what the worker has said meanwhile is read in this time
_BARREN_STARTS = 3  # starts in a row that end before the worker is ready; then the model is broken
_GPU_LOAD_S = 60.0  # graphs of eight lengths on a slow card take ten; a driver that hangs never ends
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
    engine: str
    threads: int
    int8: bool | None  # None before it is ready
    provider_fault: str | None  # why the GPU, which was asked for, is not in use
    self_test: Head | None  # the worker's, if it made one
    asked: Wish

    @property
    def backend(self) -> Backend | None:
        """What decodes; None while it is not ready."""
        return Backend(self.engine, self.provider, self.threads) if self.provider else None


class Engine:
    """The model of ``plan`` on ``backend``.

    On a GPU it is broken for good at the first worker that does not become ready, and ``on_gpu_fault`` is told.
    """

    def __init__(self, plan: Plan, backend: Backend, on_gpu_fault: Callable[[Engine], None]) -> None:
        self.fault: str | None = None  # why it is broken
        self.plan = plan
        self.backend = backend
        self._directory = plan.directory.absolute()
        self._on_gpu_fault = on_gpu_fault
        self._worker = self._new_worker()
        self._pace = Pace()
        self._before = frozenset[tuple[str, int, int]]()  # what the directory held before the worker read it
        self._heard_s = 0.0  # when the worker last said something
        self._faulted = asyncio.Event()
        self._asked = asyncio.Event()
        self._mending: asyncio.Task[None] | None = None
        self._watching: asyncio.TimerHandle | None = None

    @property
    def pid(self) -> int | None:
        """The process id of the worker, if there is one."""
        return self._worker.pid

    @property
    def stops(self) -> bool:
        """Whether a request ends when it is withdrawn: its decode can be stopped, or no worker is there to begin it."""
        return self._worker.ready is None or bool(self._worker.ready.get("stops"))

    @property
    def pace_ms(self) -> float | None:
        """What a decode takes for a second of audio; None while nothing can be decoded, or the last decode failed."""
        if self._worker.ready is None or self.fault is not None:
            return None
        return self._pace.ms(self._worker.ready.get("pace_ms"))

    @property
    def state(self) -> EngineState:
        """The engine as it stands now."""
        ready, fault = self._worker.ready, self.fault
        said: Head = ready or {}
        is_default = self._directory == bundle.default_directory().absolute()
        return EngineState(
            phase=Phase.BROKEN if fault else Phase.READY if ready else Phase.LOADING,
            message=fault or (None if ready else self._worker.last_error),
            model=said.get("model", "practice" if is_default else self._directory.name),
            provider=said.get("provider"),
            practice=bool(said.get("practice", is_default)),
            directory=self._directory,
            engine=self.backend.engine,
            threads=self.backend.threads,
            int8=said.get("int8"),
            provider_fault=said.get("provider_fault"),
            self_test=said.get("self_test"),
            asked=self.plan.wish,
        )

    async def start(self) -> None:
        """Begin to load the model. Returns at once."""
        self._before = await asyncio.to_thread(_contents, self._directory)
        await self._worker.start()
        self._watch_loading()

    async def stop(self) -> None:
        """End the worker; whoever waits for it is told."""
        if self._mending is not None:
            self._mending.cancel()
            await asyncio.wait({self._mending})
        self.fault = self.fault or "the engine was stopped"
        self._faulted.set()
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

    async def ask(self, pcms: Sequence[bytes], silence_s: float, wanted: asyncio.Future[Any]) -> Head:
        """Send one request to the worker, which is ready; its answer.

        If ``wanted`` is cancelled the request is withdrawn, and the answer may be of the kind ``cancelled``.
        A worker that takes longer than the deadline, or is not heard of for ``silence_s``, is killed. Raises WorkerDied
        if the worker ended, DeadlinePassed if it was killed, DeviceLost if it lost its GPU, WorkerError if it answers
        with another error.
        """
        number = self._worker.new_id()
        head: Head = {"kind": "recognise", "id": number}
        if len(pcms) > 1:
            head = {"kind": "recognise_many", "id": number, "lengths": [len(pcm) for pcm in pcms]}
        audio = b"".join(pcms)
        audio_s = len(audio) / SAMPLE_BYTES / RATE_HZ
        deadline_s = max(_DEADLINE_LEAST_S, _DEADLINE_PER_AUDIO_S * audio_s)
        self._heard_s = sent_s = time.monotonic()
        end_s = sent_s + deadline_s
        answer = asyncio.create_task(self._worker.request(head, audio, deadline_s=deadline_s + silence_s))
        withdraw = functools.partial(self._withdraw, number)
        wanted.add_done_callback(withdraw)
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
            said = (await answer)[0]
        except WorkerError as error:
            self._pace.failed()
            if killed and isinstance(error, WorkerDied):
                raise DeadlinePassed(killed) from None
            raise
        else:
            if said["kind"] != "cancelled":
                self._pace.decoded((time.monotonic() - sent_s) * 1000, audio_s)
            return said
        finally:
            wanted.remove_done_callback(withdraw)
            answer.cancel()
            await asyncio.gather(answer, return_exceptions=True)

    def _withdraw(self, number: int, wanted: asyncio.Future[Any]) -> None:
        if wanted.cancelled():
            with contextlib.suppress(WorkerDied):  # then it is withdrawn already
                self._worker.send({"kind": "cancel", "id": number})

    @property
    def _on_gpu(self) -> bool:
        return self.backend.provider == "cuda"

    def _overdue(self, end_s: float, deadline_s: float, silence_s: float) -> str | None:
        """Why the worker must be killed, or None while it may go on."""
        now_s = time.monotonic()
        if now_s >= end_s:
            return f"the engine worker did not answer within {deadline_s:.0f} s and was killed"
        if now_s >= self._heard_s + silence_s:
            return f"the engine worker gave no sign of life for {silence_s:.1f} s and was killed"
        return None

    def _new_worker(self) -> Worker:
        return Worker("_engine", *self.plan.arguments(self.backend), on_message=self._hear, on_end=self._ended)

    def _hear(self, _head: Head, _body: bytes) -> None:
        self._heard_s = time.monotonic()

    def _watch_loading(self) -> None:
        if self._watching is not None:
            self._watching.cancel()
        if self._on_gpu:
            self._watching = asyncio.get_running_loop().call_later(_GPU_LOAD_S, self._loading_too_long)

    def _loading_too_long(self) -> None:
        if self._worker.ready is None and self.fault is None:
            self._worker.kill()
            self._break(f"the engine worker did not load the model on the GPU within {_GPU_LOAD_S:g} s and was killed")

    def _ended(self, reason: str) -> None:
        if self.fault is not None:
            return
        if not self._worker.barren:  # a test that was passed is not made again
            self._worker.arguments = self.plan.arguments(self.backend, judged=True)
        if self._worker.refused is not None:
            self._break(self._worker.refused)
        elif self._worker.barren >= (1 if self._on_gpu else _BARREN_STARTS):
            times = "" if self._on_gpu else f", {_BARREN_STARTS} times in a row"
            self._break(f"the model in {self._directory} cannot be loaded: {reason}{times}")
        else:
            self._watch_loading()

    def _break(self, fault: str) -> None:
        self.fault = fault
        self._faulted.set()
        if self._on_gpu:
            self._on_gpu_fault(self)
        else:
            self._mending = asyncio.create_task(self._mend(), name="mend the engine")

    async def _mend(self) -> None:
        """Start a broken model again when its directory has changed or somebody wants to dictate."""
        await self._worker.stop()
        self._asked.clear()
        while not self._asked.is_set() and await asyncio.to_thread(_contents, self._directory) == self._before:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(_LOOK_S):
                    await self._asked.wait()
        self._before = await asyncio.to_thread(_contents, self._directory)
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
