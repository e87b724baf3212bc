"""A GPU that cannot be had, or is lost in mid-utterance: the CPU decodes it, and the state says so."""

import asyncio

import psutil
import pytest

from daemon.engine import recogniser
from daemon.engine import worker as engine_worker
from daemon.engine.recogniser import Phase
from daemon.errors import WorkerError
from daemon.messages import Mode, Outcome
from tests.daemon.fakes import frames
from tests.daemon.scripted_backend import LIMIT_S, ON_CPU, ON_GPU, Scripted, until
from tests.daemon.test_dictation import Bench


@pytest.fixture
def scripted(tmp_path, monkeypatch):
    monkeypatch.setattr(recogniser, "_SILENCE_S", {1: 2.0, 2: 10.0})
    return Scripted(tmp_path, monkeypatch)


async def test_the_gpu_decodes_while_it_can(scripted):
    async with scripted.client() as client:
        heard = await client.recognise(bytes(320))
        state = client.state

    assert (heard.transcript.text, heard.provider, heard.attempts) == ("cuda 320", "cuda", 1)
    assert (state.backend, state.provider_fault) == (ON_GPU, None)


@pytest.mark.parametrize(
    ("action", "reason"),
    [("loses", "CUDA failure 999"), ("dies", "ended with status 139"), ("hangs", "no sign of life")],
)
async def test_the_utterance_in_hand_and_those_after_it_are_decoded_on_the_cpu(scripted, action, reason):
    scripted.manner(f"loads {action} 2")
    async with scripted.client() as client:
        first = await client.recognise(bytes(100))
        lost = psutil.Process(client.pid)
        rest = await asyncio.gather(*(client.recognise(bytes(100 * number)) for number in (2, 3)))

        assert first.transcript.text == "cuda 100"
        assert [(one.transcript.text, one.attempts) for one in rest] == [("cpu 200", 2), ("cpu 300", 1)]
        assert client.state.backend == ON_CPU
        assert reason in client.state.provider_fault
        await until(lambda: not lost.is_running())
    assert len(scripted.starts()) == 2


async def test_a_batch_goes_to_the_cpu_as_a_whole(scripted):
    scripted.manner("loads loses 1")
    async with scripted.client() as client:
        heard = await client.recognise_many([bytes(100), bytes(300)])

    assert [one.transcript.text for one in heard] == ["cpu 100", "cpu 300"]
    assert [one.engine_ms for one in heard] == [3.0, 9.0]


async def test_an_error_of_the_audio_is_not_the_gpus(scripted):
    scripted.manner("loads errs 1")
    async with scripted.client() as client:
        with pytest.raises(WorkerError, match="CUDA failure 999"):
            await client.recognise(bytes(100))
        assert (await client.recognise(bytes(100))).provider == "cuda"


@pytest.mark.parametrize(
    ("load", "reason"),
    [("refuses", "no onnxruntime here"), ("dies", "ended with status 139"), ("hangs", "did not load the model")],
)
async def test_a_gpu_that_does_not_load_leaves_the_cpu_to_decode(scripted, monkeypatch, load, reason):
    monkeypatch.setattr(engine_worker, "_GPU_LOAD_S", 1.0 if load == "hangs" else 60.0)
    scripted.manner(f"{load} none 0")
    async with scripted.client() as client:
        heard = await client.recognise(bytes(100))  # asked for while it loads
        state = await client.wait_ready(LIMIT_S)

    assert (heard.transcript.text, heard.attempts) == ("cpu 100", 1)
    assert (state.phase, state.backend, state.message) == (Phase.READY, ON_CPU, None)
    assert reason in state.provider_fault


async def test_a_worker_that_fell_back_by_itself_stays_and_says_why(scripted):
    scripted.manner("cpu none 0")
    async with scripted.client() as client:
        state = await client.wait_ready(LIMIT_S)

    assert (state.engine, state.provider, state.provider_fault) == ("ort", "cpu", "there is no driver")
    assert len(scripted.starts()) == 1


@pytest.mark.parametrize("load", ["refuses", "cpu"])
async def test_a_gpu_that_is_tried_in_vain_changes_nothing_but_the_reason(scripted, load):
    scripted.manner("loads loses 1")
    async with scripted.client() as client:
        await client.recognise(bytes(100))
        pid = client.pid
        scripted.manner(f"{load} none 0")

        assert not await client.move(scripted.plan())

        assert (client.pid, client.state.backend) == (pid, ON_CPU)
        assert client.state.provider_fault in {"no onnxruntime here", "there is no driver"}
        scripted.manner("loads none 0")

        assert await client.move(scripted.plan())

        assert (client.state.backend, client.state.provider_fault) == (ON_GPU, None)
        assert (await client.recognise(bytes(100))).provider == "cuda"
        assert not psutil.pid_exists(pid)


async def test_a_move_does_not_undo_the_users_choice(scripted):
    async with scripted.client(scripted.plan(ON_CPU)) as client:
        await client.wait_ready(LIMIT_S)
        scripted.manner("slowly none 0")
        move = asyncio.create_task(client.move(scripted.plan()))
        await until(lambda: len(scripted.starts()) == 2)
        chosen = scripted.plan(ON_CPU)
        await client.use(chosen)
        (scripted.place / "go").touch()
        with pytest.raises(WorkerError, match="chosen meanwhile"):
            await move

        assert client.plan is chosen
        assert client.state.backend == ON_CPU


async def test_a_model_is_judged_once_and_not_when_its_worker_is_replaced(scripted):
    plan = scripted.plan(ON_CPU, judge=True)
    async with scripted.client(plan) as client:
        state = await client.wait_ready(LIMIT_S)
        psutil.Process(client.pid).kill()
        await until(lambda: len(scripted.starts()) == 2)

    assert state.self_test["verdict"] == "passed"
    first, second = scripted.starts()
    assert "--judge" in first
    assert "--judge" not in second


async def test_what_was_said_arrives_although_the_gpu_is_lost(scripted, tmp_path):
    scripted.manner("loads loses 1")
    bench = Bench(tmp_path / "dictation")
    async with scripted.client() as client:
        bench.recogniser = client
        dictation = bench.another()
        running = asyncio.create_task(dictation.run())
        take = dictation.begin(frames("#" * 25), Mode.HOLD, 0.0)
        await asyncio.wait_for(take.settled.wait(), LIMIT_S)
        await dictation.settle_all()
        running.cancel()

    [(outcome, text)] = bench.outcomes()
    assert outcome is Outcome.CONFIRMED
    assert text.startswith("cpu ")
    assert bench.inserter.inserted == [f"{text} "]
    assert bench.spool.unsettled() == []
