"""Whoever is cancelled while he waits for a recognition withdraws it, and nobody else notices."""

import asyncio
import contextlib
import os
import random
import signal

import psutil
import pytest

from daemon.engine import recogniser
from daemon.engine import worker as engine_worker
from daemon.engine.choice import Plan
from daemon.engine.recogniser import EngineClient
from models import audio_file, bundle
from models.choice import Backend
from models.sherpa import SherpaRecogniser
from tests import recordings
from tests.daemon.scripted_backend import LIMIT_S, ON_CPU, Scripted, in_decode, until
from tests.daemon.scripted_decoder import turns
from tests.daemon.sherpa_stand_in import HANG, SLOW, SPEAK, pcm_of


@contextlib.asynccontextmanager
async def _client(plan):
    client = EngineClient(plan)
    await client.start()
    try:
        yield client
    finally:
        await client.stop()


async def _withdrawn(request):
    request.cancel()
    with pytest.raises(asyncio.CancelledError):
        await request


async def test_an_engine_that_does_not_stop_goes_on_and_the_next_one_waits(stand_in):
    async with _client(Plan(stand_in / "model")) as client:
        await client.wait_ready(LIMIT_S)
        assert not client.stops
        pid = client.pid
        running = await in_decode(client, pcm_of(SLOW), stand_in / "slow")
        waiting = asyncio.create_task(client.recognise(pcm_of(HANG)))  # which would never end, if it were asked for
        after = asyncio.create_task(client.recognise(pcm_of(SPEAK, 2000)))
        await asyncio.sleep(0)
        await _withdrawn(waiting)
        await _withdrawn(running)
        await asyncio.sleep(0.1)
        (stand_in / "go").touch()
        heard = await after

        assert (heard.transcript.text, heard.attempts) == ("heard 2000", 1)
        assert heard.queue_ms > 100, "it waited for the slow one"
        assert client.pid == pid
    assert not (stand_in / "hanging").exists()


@pytest.mark.parametrize("end", ["deadline", "death"])
async def test_a_worker_that_fails_in_what_was_withdrawn_is_not_asked_for_it_again(stand_in, monkeypatch, end):
    monkeypatch.setattr(engine_worker, "_DEADLINE_LEAST_S", 0.6 if end == "deadline" else 60)
    async with _client(Plan(stand_in / "model")) as client:
        await client.wait_ready(LIMIT_S)
        first = client.pid
        await _withdrawn(await in_decode(client, pcm_of(HANG), stand_in / "hanging"))
        (stand_in / "hanging").unlink()
        if end == "death":
            os.kill(first, signal.SIGKILL)
        monkeypatch.setattr(engine_worker, "_DEADLINE_LEAST_S", 60)  # of the next one
        heard = await client.recognise(pcm_of(SPEAK))

        assert (heard.transcript.text, heard.attempts) == ("heard 1600", 1)
        assert not psutil.pid_exists(first)
    assert not (stand_in / "hanging").exists()


@pytest.mark.parametrize("action", ["dies", "hangs"])
async def test_a_gpu_that_is_lost_in_what_was_withdrawn_is_lost(tmp_path, monkeypatch, action):
    monkeypatch.setattr(recogniser, "_SILENCE_S", {1: 2.0, 2: 10.0})
    scripted = Scripted(tmp_path, monkeypatch)
    scripted.manner(f"loads {action} 1")
    async with scripted.client() as client:
        await client.wait_ready(LIMIT_S)
        request = asyncio.create_task(client.recognise(bytes(100)))
        await turns()  # so that it is sent
        await _withdrawn(request)
        heard = await client.recognise(bytes(200))

        assert (heard.transcript.text, heard.attempts) == ("cpu 200", 1)
        assert client.state.backend == ON_CPU


async def test_what_is_withdrawn_while_a_dead_worker_is_replaced_is_not_sent_again(stand_in):
    async with _client(Plan(stand_in / "model")) as client:
        await client.wait_ready(LIMIT_S)
        request = await in_decode(client, pcm_of(HANG), stand_in / "hanging")
        assert not client.stops
        (stand_in / "load_waits").touch()
        os.kill(client.pid, signal.SIGKILL)
        (stand_in / "hanging").unlink()
        await until(lambda: client.stops)
        await _withdrawn(request)
        (stand_in / "load_waits").unlink()
        assert (await client.recognise(pcm_of(SPEAK))).transcript.text == "heard 1600"
    assert not (stand_in / "hanging").exists()


async def test_what_is_withdrawn_while_the_model_loads_is_never_sent(stand_in):
    async with _client(Plan(stand_in / "model")) as client:
        request = asyncio.create_task(client.recognise(pcm_of(HANG)))
        await turns()
        await _withdrawn(request)
        assert (await client.recognise(pcm_of(SPEAK))).transcript.text == "heard 1600"
    assert not (stand_in / "hanging").exists()


@pytest.mark.skipif(not recordings.practice_model() or not recordings.practice_clips(), reason="no practice model")
async def test_two_hundred_decodes_withdrawn_at_any_moment_leave_the_engine_as_it_was():
    directory, moments = recordings.practice_model(), random.Random(1)  # noqa: S311
    clip = audio_file.read(recordings.practice_clips()[0]).pcm
    direct = SherpaRecogniser(bundle.find(directory)).recognise(clip)
    backend = Backend("ort", "cpu", 1)
    async with _client(Plan(directory, backend, backend)) as client:
        await client.wait_ready(LIMIT_S)
        assert client.stops
        full_ms = (await client.recognise(clip * 4)).recognise_ms
        sizes = []
        for _ in range(200):
            request = asyncio.create_task(client.recognise(clip * 4))
            await asyncio.sleep(moments.uniform(0, full_ms / 1000))
            request.cancel()
            heard = await client.recognise(clip)
            assert heard.transcript.tokens == direct.tokens, "what was withdrawn came instead"
            assert heard.attempts == 1
            sizes.append(psutil.Process(client.pid).memory_info().rss)

    assert min(sizes[-20:]) - min(sizes[20:40]) < 4 << 20
