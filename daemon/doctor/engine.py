"""The model and what decodes with it: files, sums, the self-test in an engine worker, and a GPU against the CPU."""

from __future__ import annotations

import asyncio
import dataclasses
from pathlib import Path

from daemon.commands.model_list import PRACTICE, store_here
from daemon.doctor.finding import Finding, State
from daemon.engine.choice import Known, Plan, gpu_here
from daemon.errors import BundleError, WorkerError
from daemon.worker import Worker
from models import bundle, catalogue
from models.choice import Backend
from models.errors import StoreError
from models.wire import Head

_MODEL, _PROVIDER = "model", "engine"
_LIMIT_S = 180.0


async def check(plan: Plan) -> list[Finding]:
    """Two findings: the model, and what decodes with it."""
    if (broken := await asyncio.to_thread(files, plan.directory)) is not None:
        return [broken, _not_tried()]
    try:
        heard = await _hear(plan, plan.backend)
    except WorkerError as error:
        return [_broken(plan.directory, str(error)), _not_tried()]
    on_cpu = await _hear(plan, plan.on_cpu) if heard["provider"] != "cpu" else None
    return [model(heard, plan.directory), provider(plan, heard, on_cpu, gpu=gpu_here())]


def files(directory: Path) -> Finding | None:
    """What is wrong with the files of a model; None if they are whole and have their sums."""
    store = store_here()
    try:
        if directory.parent == store.directory and (faults := store.faults(directory.name)):
            return Finding(_MODEL, State.BAD, "; ".join(faults), _mend(directory), (str(directory),))
        bundle.validate(bundle.find(directory))
    except (BundleError, StoreError) as error:
        return _broken(directory, str(error))
    return None


def model(heard: Head, directory: Path) -> Finding:
    """What the self-test of a model that loads came to."""
    about = f"{heard['model']}: files whole, loaded in {heard['load_ms']:.0f} ms"
    tested = heard["self_test"]
    if tested is not None:
        about += f"; {tested['reason']}"
    if heard["practice"]:
        understands = f"{about}; the practice model understands synthesised speech only"
        return Finding(_MODEL, State.WARN, understands, "swictation models pull")
    return Finding(_MODEL, State.OK, about, private=(directory.name,))


def provider(plan: Plan, heard: Head, on_cpu: Head | None, *, gpu: bool) -> Finding:
    """What was asked for, what is had and why, and the times of both where there is a GPU."""
    asked, threads = plan.wish, heard["threads"]
    got = f"{heard['engine']} on {heard['provider']}, {threads} thread{'s' * (threads > 1)}"
    says = f"asked for {asked.engine} on {asked.provider}, got {got}{_decode(heard)}"
    if on_cpu is not None:
        same = heard["self_test"]["text_sha256"] == on_cpu["self_test"]["text_sha256"]
        says += f"; the CPU{_decode(on_cpu)}, {'the same' if same else 'another'} text"
        if not same:
            return Finding(_PROVIDER, State.WARN, says, "swictation config set model.provider cpu")
    fault = heard["provider_fault"] or plan.gpu_fault
    if fault and asked.provider == "cuda":
        return Finding(_PROVIDER, State.WARN, f"{says}: {fault}", "swictation config set model.provider auto")
    if gpu and heard["provider"] == "cpu" and asked.provider == "auto":
        why = f": {fault}" if fault else "; this machine has an NVIDIA GPU"
        return Finding(_PROVIDER, State.WARN, says + why, "swictation models measure")
    return Finding(_PROVIDER, State.OK, says)


def _decode(heard: Head) -> str:
    return f", {heard['self_test']['decode_ms']:.0f} ms for the recording" if heard["self_test"] is not None else ""


def _not_tried() -> Finding:
    return Finding(_PROVIDER, State.UNKNOWN, "not tried, for want of a model")


def _broken(directory: Path, reason: str) -> Finding:
    return Finding(_MODEL, State.BAD, reason, _mend(directory), (str(directory),))


def _mend(directory: Path) -> str:
    """A model that can be had is got again; another one can only be left."""
    if directory == bundle.default_directory():
        return "pip install --force-reinstall swictation"
    can_be_had = {entry.name for entry in catalogue.ENTRIES}
    if directory.parent == store_here().directory and directory.name in can_be_had:
        return f"swictation models pull {directory.name}"
    return f"swictation models use {PRACTICE}"


async def _hear(plan: Plan, backend: Backend) -> Head:
    """What an engine worker of our own says once the model has passed its self-test. Raises WorkerError."""
    ended: asyncio.Future[Head] = asyncio.get_running_loop().create_future()

    def end(reason: str) -> None:
        if not ended.done():
            ended.set_exception(WorkerError(reason))

    unjudged = dataclasses.replace(plan, known=Known(), judge=True)
    worker = Worker("_engine", *unjudged.arguments(backend), on_end=end)
    await worker.start()
    ready: asyncio.Future[Head] = asyncio.ensure_future(worker.wait_ready(_LIMIT_S))
    try:
        done, _pending = await asyncio.wait({ready, ended}, return_when=asyncio.FIRST_COMPLETED)
        return done.pop().result()
    finally:
        ready.cancel()
        ended.cancel()
        await worker.stop()
