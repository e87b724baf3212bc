"""Sees to it, while nobody dictates, that the best backend decodes: measures what is not known, retries a lost GPU.

The daemon starts with what is known. Nobody waits for a measurement: it begins when the daemon has been idle for a
while, ends the moment a dictation begins, and the engine is switched between two utterances.
"""

from __future__ import annotations

import asyncio
import contextlib
import dataclasses
import logging
import time
from collections.abc import Awaitable, Callable, Coroutine
from pathlib import Path
from typing import Any

from daemon.engine import choice as engine_choice
from daemon.engine import measure as engine_measure
from daemon.engine.choice import Known, Memory, Plan
from daemon.engine.measure import NotMeasured
from daemon.engine.recogniser import EngineClient, Phase
from daemon.errors import WorkerError
from models import choice
from models.choice import Backend, Machine, Measured

log = logging.getLogger(__name__)

Measure = Callable[[Path, Backend], Awaitable[list[Measured]]]

_CALM_S = 10.0  # without a dictation before anything is done that takes the processor
_LOOK_S = 1.0
_RETRY_FIRST_S, _RETRY_MOST_S = 60.0, 600.0


class EngineKeeper:
    """Keeps the engine of ``client`` at its best.

    ``idle`` says whether nobody dictates or waits, ``next_change`` gives an event that the next change of the daemon's
    state sets, and ``changed`` tells of ours. ``measure`` is ``engine_measure.measure`` for this installation, and is
    not called while the machine is ``crowded``.
    """

    def __init__(
        self,
        client: EngineClient,
        memory: Memory,
        *,
        measure: Measure,
        idle: Callable[[], bool],
        next_change: Callable[[], asyncio.Event],
        changed: Callable[[], None],
        machine: Callable[[], Machine] = engine_choice.machine,
        crowded: Callable[[], bool] = engine_measure.crowded,
        calm_s: float = _CALM_S,
        retry_first_s: float = _RETRY_FIRST_S,
    ) -> None:
        self.measuring = False
        self._client = client
        self._memory = memory
        self._measure = measure
        self._idle = idle
        self._next_change = next_change
        self._changed = changed
        self._machine = machine
        self._crowded = crowded
        self._calm_s = calm_s
        self._retry_first_s = retry_first_s
        self._noted_pid: int | None = None  # of the worker whose self-test is noted, which says nothing of later files
        self._tries = 0  # at a GPU that was not to be had, in a row
        self._next_try_s = 0.0
        self._not_before_s = 0.0  # when to go on after something that was impossible
        self._quiet_since_s = time.monotonic()

    def status(self) -> dict[str, Any]:
        """What ``status`` tells of the backend, what was asked for, and what was found out."""
        state, known = self._client.state, self._client.plan.known
        verdict = state.self_test or known.verdicts.get(engine_choice.place(state.engine, state.provider or ""))
        return {
            "engine": state.engine,
            "threads": state.threads,
            "asked": {"engine": state.asked.engine, "provider": state.asked.provider},
            "provider_fault": state.provider_fault,
            "self_test": {name: verdict[name] for name in ("verdict", "reason")} if verdict else None,
            "measuring": self.measuring,
            "measured": known.as_json(),
        }

    async def run(self) -> None:
        """Do what is to be done whenever there is time for it, for as long as the daemon lives."""
        while True:
            await self._calm()
            change = self._next_change()
            try:
                done = await self._while_idle(self._step())
            except (WorkerError, OSError) as error:
                log.warning("the engine stays as it is: %s", error)
                self._not_before_s = time.monotonic() + _RETRY_MOST_S
                done = False
            if not done:
                await self._rest(change)

    async def _calm(self) -> None:
        """Wait until the daemon has been idle, and the engine ready, for long enough."""
        while time.monotonic() - self._quiet_since_s < self._calm_s or not self._quiet():
            await asyncio.sleep(min(_LOOK_S, self._calm_s / 4))
            if not self._quiet():
                self._quiet_since_s = time.monotonic()

    async def _rest(self, change: asyncio.Event) -> None:
        """Wait until something changes, or it is time to try what did not work."""
        times_s = [at_s - time.monotonic() for at_s in (self._next_try_s, self._not_before_s)]
        wait_s = min((time_s for time_s in times_s if time_s > 0), default=_RETRY_MOST_S)
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(wait_s):
                await change.wait()

    def _quiet(self) -> bool:
        return self._idle() and not self._client.busy and self._client.state.phase is Phase.READY

    async def _while_idle(self, work: Coroutine[Any, Any, bool]) -> bool:
        """What ``work`` gives; it is dropped, and gives False, the moment somebody dictates."""
        task = asyncio.create_task(work, name="keep the engine")
        try:
            while not task.done():
                change = asyncio.create_task(self._next_change().wait())
                if not self._idle():
                    self._quiet_since_s = time.monotonic()
                    return False
                await asyncio.wait({task, change}, return_when=asyncio.FIRST_COMPLETED)
                change.cancel()
            return task.result()
        finally:
            change.cancel()
            if not task.done():
                task.cancel()
                await asyncio.wait({task})

    async def _step(self) -> bool:
        """Note a verdict, and measure or switch; whether there may be more to do."""
        if time.monotonic() < self._not_before_s:
            return False
        plan, open_to_it = await asyncio.to_thread(self._look)
        plan = await self._note_verdict(plan)
        self._client.learn(plan)
        missing = choice.unmeasured(open_to_it, plan.known.rows)
        if missing and not self._crowded():
            return await self._measure_one(plan, missing[0])
        return await self._move(plan, open_to_it)

    def _look(self) -> tuple[Plan, list[Backend]]:
        """The plan for the present model from what is remembered now, and what it can be chosen from."""
        present, machine = self._client.plan, self._machine()
        known = self._memory.known(present.directory)
        int8 = engine_choice.is_int8(present.directory)
        plan = engine_choice.plan(present.directory, present.wish, known, machine)
        return plan, choice.candidates(present.wish, machine, int8=int8)

    async def _note_verdict(self, plan: Plan) -> Plan:
        state, pid = self._client.state, self._client.pid
        if state.self_test is None or state.provider is None or pid == self._noted_pid:
            return plan
        self._noted_pid = pid
        known = engine_choice.with_verdict(plan.known, state.engine, state.provider, state.self_test)
        if known == plan.known:
            return plan
        return await self._noted(plan, known)

    async def _noted(self, plan: Plan, known: Known) -> Plan:
        await asyncio.to_thread(self._memory.note, plan.directory, known)
        return dataclasses.replace(plan, known=known)

    async def _measure_one(self, plan: Plan, backend: Backend) -> bool:
        self.measuring = True
        self._changed()
        try:
            rows = await self._measure(plan.directory, backend)
        except NotMeasured as error:
            log.info("%s", error)
            self._not_before_s = time.monotonic() + _RETRY_MOST_S
            return False
        finally:
            self.measuring = False
            self._changed()
        log.info("measured: %s", "; ".join(_in_words(row) for row in rows))
        self._client.learn(await self._noted(plan, engine_choice.with_rows(plan.known, *rows)))
        return True

    async def _move(self, plan: Plan, open_to_it: list[Backend]) -> bool:
        """Switch to the best backend, or to a GPU that may be had again; whether there is more to do."""
        present = self._client.state.backend
        on_gpu = next((one for one in open_to_it if one.provider == "cuda"), None)
        wanted = self._lost_gpu(plan, on_gpu, present)
        if wanted is not None and time.monotonic() >= self._next_try_s:
            return await self._try_gpu(dataclasses.replace(plan, backend=wanted))
        if plan.backend.provider == "cpu" and present != plan.backend and await self._client.move(plan):
            self._tell_moved()
        return False

    def _lost_gpu(self, plan: Plan, on_gpu: Backend | None, present: Backend | None) -> Backend | None:
        """The backend on the GPU that should be in use, or that could not be had when it was measured."""
        wanted = plan.backend if plan.backend.provider == "cuda" else on_gpu if plan.gpu_fault else None
        if wanted is None or present == wanted or self._client.state.int8:
            self._tries, self._next_try_s = 0, 0.0
            return None
        if self._next_try_s == 0.0:
            self._next_try_s = time.monotonic() + self._retry_first_s
        return wanted

    async def _try_gpu(self, plan: Plan) -> bool:
        self._tries += 1
        self._next_try_s = time.monotonic() + retry_pause_s(self._retry_first_s, self._tries)
        if not await self._client.move(plan):
            log.info("the GPU cannot be had: %s", self._client.gpu_fault)
            self._changed()
            return False
        self._tries, self._next_try_s = 0, 0.0
        faultless = tuple(row for row in plan.known.rows if row.backend.provider == "cpu" or row.fault is None)
        if faultless != plan.known.rows:  # what it did when it could not be had says nothing now
            await self._noted(plan, dataclasses.replace(plan.known, rows=faultless))
        self._tell_moved()
        return True

    def _tell_moved(self) -> None:
        log.info("the engine is now %s", self._client.state.backend)
        self._changed()


def retry_pause_s(first_s: float, tries: int) -> float:
    """How long to leave a GPU alone that could not be had in so many tries."""
    return min(_RETRY_MOST_S, first_s * 2.0**tries)


def _in_words(row: Measured) -> str:
    return f"{row.backend} {row.fault or f'{row.median_ms:.0f} ms'}"
