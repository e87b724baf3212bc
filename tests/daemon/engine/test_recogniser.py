"""EngineClient with real worker processes: most around a stand-in for sherpa-onnx, the last around the real one."""

import asyncio
import contextlib
import os
import signal
import time

import psutil
import pytest

from daemon.engine import recogniser
from daemon.engine import worker as engine_worker
from daemon.engine.choice import Plan
from daemon.engine.recogniser import EngineClient, Phase
from daemon.errors import DeadlinePassed, WorkerDied, WorkerError
from models import audio_file, bundle
from models.sherpa import SherpaRecogniser
from tests import recordings
from tests.daemon.scripted_backend import in_decode
from tests.daemon.sherpa_stand_in import END, FAIL, HANG, SLOW, SPEAK, pcm_of
from tests.models import tiny

_READY_S = 30.0


@contextlib.asynccontextmanager
async def _client(directory):
    client = EngineClient(Plan(directory))
    await client.start()
    try:
        yield client
    finally:
        await client.stop()


async def _until(condition):
    async with asyncio.timeout(_READY_S):
        while not condition():
            await asyncio.sleep(0.02)


async def test_state_from_loading_to_ready(stand_in):
    async with _client(stand_in / "model") as client:
        assert client.state.phase is Phase.LOADING
        assert (client.state.model, client.state.provider, client.state.practice) == ("model", None, False)

        state = await client.wait_ready(_READY_S)

        assert state == client.state
        assert (state.phase, state.message, state.model, state.provider) == (Phase.READY, None, "model", "cpu")
        assert state.directory == stand_in / "model"
        pid = client.pid
    assert not psutil.pid_exists(pid)


async def test_requests_made_before_it_is_ready_are_answered_in_their_order(stand_in):
    async with _client(stand_in / "model") as client:
        answered = []

        async def ask(samples):
            heard = await client.recognise(pcm_of(SPEAK, samples))
            answered.append(heard.transcript.text)
            return heard

        heard = await asyncio.gather(*(ask(samples) for samples in (3000, 1000, 2000)))

    assert answered == ["heard 3000", "heard 1000", "heard 2000"]
    assert [one.attempts for one in heard] == [1, 1, 1]
    assert heard[0].queue_ms > 0
    assert heard[2].queue_ms >= heard[1].queue_ms >= heard[0].queue_ms
    assert all(one.recognise_ms >= one.engine_ms > 0 for one in heard)
    assert (heard[0].model, heard[0].provider) == ("model", "cpu")


async def test_an_utterance_that_the_engine_refuses_is_not_tried_again(stand_in):
    async with _client(stand_in / "model") as client:
        pid = (await client.wait_ready(_READY_S)) and client.pid
        with pytest.raises(WorkerError, match=r"the engine failed on 0\.1 s of audio: the stand-in was asked to fail"):
            await client.recognise(pcm_of(FAIL))

        assert client.pid == pid
        assert (await client.recognise(pcm_of(SPEAK))).transcript.text == "heard 1600"


async def test_a_worker_that_ends_in_a_decode_costs_one_more_attempt(stand_in):
    (stand_in / "decode_ends").write_text("1")
    async with _client(stand_in / "model") as client:
        heard = await client.recognise(pcm_of(END))

    assert (heard.transcript.text, heard.attempts) == ("heard 1600", 2)


async def test_the_second_attempt_is_the_last_and_the_next_request_works(stand_in):
    (stand_in / "decode_ends").write_text("2")
    async with _client(stand_in / "model") as client:
        with pytest.raises(WorkerDied, match="the engine worker ended with status 255"):
            await client.recognise(pcm_of(END))

        assert (await client.recognise(pcm_of(END))).attempts == 1


async def test_a_decode_without_end_is_killed_at_its_deadline(stand_in, monkeypatch):
    monkeypatch.setattr(engine_worker, "_DEADLINE_LEAST_S", 0.6)
    async with _client(stand_in / "model") as client:
        first = (await client.wait_ready(_READY_S)) and client.pid
        with pytest.raises(DeadlinePassed, match="did not answer within 1 s and was killed"):
            await client.recognise(pcm_of(HANG))

        assert not psutil.pid_exists(first)
        monkeypatch.setattr(engine_worker, "_DEADLINE_LEAST_S", 60)
        assert (await client.recognise(pcm_of(SPEAK))).transcript.text == "heard 1600"


@pytest.mark.parametrize("stands_still", [False, True], ids=["", "and the loop stood still"])
async def test_a_slow_decode_that_gives_signs_of_life_is_left_alone(stand_in, monkeypatch, stands_still):
    monkeypatch.setattr(recogniser, "_SILENCE_S", {1: 2.5, 2: 2.5})
    monkeypatch.setattr(engine_worker, "_DEADLINE_LEAST_S", 60)
    async with _client(stand_in / "model") as client:
        await client.wait_ready(_READY_S)
        request = await in_decode(client, pcm_of(SLOW), stand_in / "slow")
        if stands_still:
            time.sleep(3.0)  # the daemon's own fault: the worker spoke meanwhile
        await asyncio.sleep(0.3 if stands_still else 3.0)
        (stand_in / "go").touch()

        assert (await request).attempts == 1


@pytest.mark.parametrize("when", ["idle", "decoding"])
async def test_a_stopped_worker_is_replaced(stand_in, when):
    async with _client(stand_in / "model") as client:
        await client.wait_ready(_READY_S)
        stopped = client.pid
        if when == "idle":
            os.kill(stopped, signal.SIGSTOP)
            heard = await client.recognise(pcm_of(SPEAK))
        else:
            request = await in_decode(client, pcm_of(SLOW), stand_in / "slow")
            os.kill(stopped, signal.SIGSTOP)
            (stand_in / "go").touch()
            heard = await request

        assert (heard.transcript.text, heard.attempts) == ("heard 1600", 2)
        assert not psutil.pid_exists(stopped)


async def test_a_caller_that_gives_up_does_not_disturb_the_others(stand_in):
    async with _client(stand_in / "model") as client:
        await client.wait_ready(_READY_S)
        running = await in_decode(client, pcm_of(SLOW), stand_in / "slow")
        waiting = asyncio.create_task(client.recognise(pcm_of(SLOW, 3000)))
        await asyncio.sleep(0)
        running.cancel()
        waiting.cancel()
        (stand_in / "go").touch()

        heard = await client.recognise(pcm_of(SPEAK, 4000))

        assert (heard.transcript.text, heard.attempts) == ("heard 4000", 1)


async def test_stopping_fails_what_is_open(stand_in):
    async with _client(stand_in / "model") as client:
        await client.wait_ready(_READY_S)
        requests = [
            await in_decode(client, pcm_of(SLOW), stand_in / "slow"),
            asyncio.create_task(client.recognise(pcm_of(SLOW))),
        ]
        await asyncio.sleep(0)
        pid = client.pid
        await client.stop()
        for request in requests:
            with pytest.raises(WorkerError, match="the engine was stopped"):
                await request
        with pytest.raises(WorkerError, match="the engine is not running"):
            await client.recognise(pcm_of(SPEAK))
    assert not psutil.pid_exists(pid)


async def test_a_broken_model_says_why_at_once_and_is_not_started_over_and_over(stand_in):
    tokens = stand_in / "model" / "tokens.txt"
    tokens.write_text("cut off")
    async with _client(stand_in / "model") as client:
        with pytest.raises(WorkerError, match=r"tokens\.txt is damaged at line 1"):
            await client.wait_ready(_READY_S)
        state = client.state
        assert state.phase is Phase.BROKEN
        assert state.message.startswith(str(tokens))
        await _until(lambda: client.pid is None)
        await asyncio.sleep(1.5)
        assert (client.pid, client.state) == (None, state)

        with pytest.raises(WorkerError, match=r"tokens\.txt is damaged at line 1"):
            await client.recognise(pcm_of(SPEAK))


async def test_a_broken_model_is_loaded_when_its_directory_is_mended(stand_in, monkeypatch):
    monkeypatch.setattr(engine_worker, "_LOOK_S", 0.1)
    (stand_in / "model" / "tokens.txt").unlink()
    async with _client(stand_in / "model") as client:
        await _until(lambda: client.state.phase is Phase.BROKEN)
        await _until(lambda: client.pid is None)
        tiny.bundle(stand_in / "model")

        await _until(lambda: client.state.phase is Phase.READY)

        assert client.state.message is None
        assert (await client.recognise(pcm_of(SPEAK))).transcript.text == "heard 1600"


async def test_a_model_on_which_the_engine_ends_without_a_word_is_broken_until_somebody_dictates(stand_in):
    (stand_in / "load_ends").write_text("3")
    async with _client(stand_in / "model") as client:
        with pytest.raises(WorkerError, match="cannot be loaded: the engine worker ended with status 255, 3 times"):
            await client.recognise(pcm_of(SPEAK))
        with pytest.raises(WorkerError, match="cannot be loaded"):
            await client.recognise(pcm_of(SPEAK))

        await _until(lambda: client.state.phase is Phase.READY)
        assert (await client.recognise(pcm_of(SPEAK))).transcript.text == "heard 1600"


async def test_switching_models_keeps_the_order_and_ends_the_old_worker(stand_in):
    tiny.bundle(stand_in / "other")
    async with _client(stand_in / "model") as client:
        await client.wait_ready(_READY_S)
        old = client.pid
        switch = asyncio.create_task(client.use(Plan(stand_in / "other")))
        during = await client.recognise(pcm_of(SPEAK))
        await switch
        after = await client.recognise(pcm_of(SPEAK))

        assert (during.model, after.model) == ("model", "other")
        assert client.state.directory == stand_in / "other"
        assert not psutil.pid_exists(old)


async def test_stopping_in_the_midst_of_a_switch_leaves_no_process(stand_in):
    plan = Plan(tiny.bundle(stand_in / "other"))
    async with _client(stand_in / "model") as client:
        await client.wait_ready(_READY_S)
        old = client.pid
        os.kill(old, signal.SIGSTOP)  # so that its end takes a second
        switch = asyncio.create_task(client.use(plan))
        await _until(lambda: client.plan is plan)
        new = client.pid
    await asyncio.wait({switch})

    assert isinstance(switch.exception(), WorkerError)
    assert not psutil.pid_exists(old)
    assert not psutil.pid_exists(new)


async def test_several_utterances_in_one_request_come_in_their_order(stand_in):
    async with _client(stand_in / "model") as client:
        heard = await client.recognise_many([pcm_of(SPEAK, samples) for samples in (3000, 1000)])
        assert await client.recognise_many([]) == []

    assert [one.transcript.text for one in heard] == ["heard 3000", "heard 1000"]
    assert heard[0].recognise_ms == pytest.approx(3 * heard[1].recognise_ms)
    assert heard[0].attempts == heard[1].attempts == 1


async def test_a_model_that_cannot_be_loaded_does_not_replace_the_present_one(stand_in):
    async with _client(stand_in / "model") as client:
        await client.wait_ready(_READY_S)
        pid = client.pid
        with pytest.raises(WorkerError, match=r"the model directory .*absent does not exist"):
            await client.use(Plan(stand_in / "absent"))

        assert (client.pid, client.state.model) == (pid, "model")
        assert (await client.recognise(pcm_of(SPEAK))).transcript.text == "heard 1600"


async def test_a_broken_model_is_replaced_by_a_sound_one(stand_in):
    async with _client(stand_in / "absent") as client:
        await _until(lambda: client.state.phase is Phase.BROKEN)
        await client.use(Plan(stand_in / "model"))

        assert (await client.recognise(pcm_of(SPEAK))).model == "model"


@recordings.needs_model
@pytest.mark.parametrize("end", [signal.SIGKILL, signal.SIGSTOP])
async def test_a_real_decode_that_is_killed_or_stopped_half_way_gives_the_same_words(end):
    clips = recordings.practice_clips() or recordings.human_clips("librispeech-test-other", 2)
    if not clips:
        pytest.skip("no recording of speech is here")
    short = audio_file.read(clips[0]).pcm
    speech = short * (180 * 32_000 // len(short))
    direct = SherpaRecogniser(bundle.find(recordings.any_model())).recognise(speech)
    async with _client(recordings.any_model()) as client:
        await client.wait_ready(_READY_S)
        process = psutil.Process(client.pid)
        idle_s = process.cpu_times().user
        request = asyncio.create_task(client.recognise(speech))
        await _until(lambda: process.cpu_times().user > idle_s + 0.1)
        assert not request.done()
        os.kill(process.pid, end)

        heard = await request

        assert heard.attempts == 2
        assert heard.transcript.text == direct.text != ""
        assert heard.transcript.tokens == direct.tokens
        assert not process.is_running()
        again = await client.recognise(short)
        assert again.attempts == 1
