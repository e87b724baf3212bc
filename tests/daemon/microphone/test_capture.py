"""The microphone through its real worker, PortAudio and a PulseAudio server of our own."""

from __future__ import annotations

import asyncio
import contextlib
import operator
import os
import signal
import time

import numpy as np
import psutil
import pytest

from daemon.errors import MicrophoneError, MicrophoneLost
from daemon.messages import FRAME_BYTES, FRAME_MS
from daemon.microphone import capture
from tests.daemon.hearing import LEAD_IN, noise, place_in, record, record_until_lost, samples_of, standing_by, until
from tests.sound_server import SoundServer

pytestmark = pytest.mark.sound


async def test_every_sample_arrives_once_and_in_order(sound):
    played = noise(2.0)
    async with standing_by() as microphone:
        frames = await record(microphone, 3.5, then=lambda: sound.play(LEAD_IN + played.tobytes()))
        status = microphone.status()
    assert all(len(frame.pcm) == FRAME_BYTES for frame in frames)
    heard = samples_of(frames)
    at, _likeness = place_in(heard, played[:, 0])
    assert np.array_equal(heard[at : at + len(played)], played[:, 0])
    assert status["frames"] >= len(frames)
    assert (status["overflows"], status["gaps"], status["stalls"], status["restarts"]) == (0, 0, 0, 0)


async def test_frames_tell_when_they_were_captured(sound):
    async with standing_by() as microphone:
        began_s = time.monotonic()
        frames, seen_s = [], []
        async with contextlib.aclosing(microphone.open("")) as source:
            async for frame in source:
                frames.append(frame)
                seen_s.append(time.monotonic())
                if len(frames) == 150:
                    break
    times = np.array([frame.captured_s for frame in frames])
    assert (np.diff(times) >= 0).all()
    assert times[0] > began_s
    assert (times <= np.array(seen_s)).all()
    assert abs(np.median(np.diff(times)) - FRAME_MS / 1000) < 0.001
    assert times[-1] - times[25] == pytest.approx(124 * FRAME_MS / 1000, abs=0.1)  # the first block may be late
    assert np.median(np.array(seen_s) - times) < 0.1


@pytest.mark.parametrize(("rate_hz", "channels"), [(44_100, 2), (48_000, 2), (8_000, 1)])
async def test_a_microphone_of_any_format(sound, rate_hz, channels):
    sound.load_null_sink("other", rate_hz, channels)
    played = noise(1.5, rate_hz, channels)
    async with standing_by() as microphone:
        frames = await record(
            microphone,
            2.5,
            "other.monitor",
            then=lambda: sound.play(played.tobytes(), sink="other", rate_hz=rate_hz, channels=channels),
        )
    _at, likeness = place_in(samples_of(frames), noise(1.5)[:, 0])
    assert likeness > 0.95


@pytest.mark.parametrize("name", ["desk.monitor", "Monitor of Desk_Microphone", "desk_micro", "DESK.mon"])
async def test_a_microphone_by_its_name(sound, name):
    sound.load_null_sink("desk", description="Desk_Microphone")
    played = noise(1.0)
    async with standing_by() as microphone:
        frames = await record(microphone, 2.0, name, then=lambda: sound.play(LEAD_IN + played.tobytes(), sink="desk"))
        assert microphone.status()["in_use"] == "desk.monitor"
        assert place_in(samples_of(frames), played[:, 0])[1] > 0.9999
        default = await record(microphone, 0.5)
        assert not samples_of(default).any()


async def test_an_unknown_name_is_answered_with_those_that_exist(sound):
    sound.load_null_sink("desk", description="Desk_Microphone")
    async with standing_by() as microphone:
        with pytest.raises(MicrophoneError, match='there is no microphone "lapel"') as refused:
            await record(microphone, 1.0, "lapel")
        assert '"desk.monitor" (Monitor of Desk_Microphone)' in str(refused.value)
        assert '"vmic.monitor"' in str(refused.value)
        assert "\n" not in str(refused.value)
        with pytest.raises(MicrophoneError, match="means more than one microphone"):
            await record(microphone, 1.0, "monitor")
        assert len(await record(microphone, 0.2)) == 10
        assert microphone.status()["restarts"] == 0


async def test_the_devices_are_listed_with_the_default(sound):
    sound.load_null_sink("desk", description="Desk_Microphone")
    listed = await capture.list_devices()
    assert [(one["name"], one["default"], one["monitor"]) for one in listed] == [
        ("vmic.monitor", True, True),
        ("desk.monitor", False, True),
    ]


async def test_the_microphone_is_closed_when_idle(sound):
    async with standing_by() as microphone:
        await microphone.devices()
        assert sound.recorders() == []
        async with contextlib.aclosing(microphone.open("")) as source:
            await anext(source)
            assert sound.recorders() == [str(microphone.status()["worker"])]
            assert microphone.status()["open"]
        await until(lambda: sound.recorders() == [])
        assert not microphone.status()["open"]


async def test_opening_again_and_again_leaks_nothing(sound):
    async with standing_by() as microphone:
        await record(microphone, 0.1)
        await until(lambda: sound.recorders() == [])
        worker = psutil.Process(microphone.status()["worker"])
        await until(lambda: worker.children() == [])  # it has asked which microphone the default is
        await asyncio.sleep(0.2)

        def used():
            return worker.num_fds(), worker.num_threads(), psutil.Process().num_fds()

        before = used()
        for _ in range(20):
            await record(microphone, 0.06)
        await until(lambda: sound.recorders() == [])
        assert microphone.status()["worker"] == worker.pid
        await until(lambda: worker.children() == [] and all(map(operator.le, used(), before)))


async def test_two_takes_at_once_are_refused(sound):
    async with standing_by() as microphone, contextlib.aclosing(microphone.open("")) as source:
        await anext(source)
        with pytest.raises(MicrophoneError, match="open already"):
            await record(microphone, 0.1)
        await anext(source)


async def test_frames_of_an_earlier_take_are_dropped(sound):
    async with standing_by() as microphone:
        await record(microphone, 1.2, then=lambda: sound.play(noise(5.0).tobytes()))
        boundary_s = time.monotonic()
        frames = await record(microphone, 0.2)
    assert frames[0].captured_s >= boundary_s


async def test_a_frozen_server_is_seen_and_the_worker_replaced(sound):
    async with standing_by() as microphone:
        first = []
        recording = asyncio.create_task(record_until_lost(microphone, first))
        await until(lambda: len(first) > 25)
        worker = microphone.status()["worker"]
        sound.freeze()
        frozen_s = time.monotonic()
        reason = await recording
        assert 0.8 < time.monotonic() - frozen_s < 2.0
        assert "no audio came from the microphone" in reason
        await until(lambda: microphone.status()["worker"] not in {worker, None})
        assert microphone.status()["stalls"] == 1
        assert not psutil.pid_exists(worker)
        sound.thaw()
        assert len(await record(microphone, 0.5)) == 25
        assert microphone.status()["restarts"] == 1


async def test_a_close_that_hangs_costs_only_the_worker(sound):
    async with standing_by() as microphone:
        async with contextlib.aclosing(microphone.open("")) as source:
            for _ in range(10):
                await anext(source)
            worker = microphone.status()["worker"]
            sound.freeze()
            closing_s = time.monotonic()
        assert time.monotonic() - closing_s < 0.5  # nobody waits for it
        await until(lambda: microphone.status()["worker"] not in {worker, None})
        sound.thaw()
        assert len(await record(microphone, 0.5)) == 25
        assert microphone.status()["stalls"] == 0


async def test_opening_on_a_frozen_server_is_given_up(sound):
    async with standing_by() as microphone:
        await record(microphone, 0.1)
        await until(lambda: sound.recorders() == [])
        sound.freeze()
        frames = []
        assert "no audio came" in await record_until_lost(microphone, frames)
        assert frames == []
        sound.thaw()
        assert len(await record(microphone, 0.5)) == 25


async def test_a_killed_server_ends_the_recording_and_its_successor_serves_the_next(sound):
    async with standing_by() as microphone:
        frames = []
        recording = asyncio.create_task(record_until_lost(microphone, frames))
        await until(lambda: len(frames) > 25)
        sound.kill()
        killed_s = time.monotonic()
        assert "ended" in await recording
        assert time.monotonic() - killed_s < 1.0
        with pytest.raises(MicrophoneError, match="sound server"):
            await record(microphone, 0.5)
        sound.start()
        assert len(await record(microphone, 0.5)) == 25


@pytest.mark.parametrize("device", ["", "vmic.monitor"], ids=["default", "by name"])
async def test_an_unplugged_microphone_ends_the_recording(sound, device):
    async with standing_by() as microphone:
        frames = []
        recording = asyncio.create_task(record_until_lost(microphone, frames, device))
        sound.play(noise(5.0).tobytes())
        await until(lambda: len(frames) > 50)
        sound.unload(sound.module)
        await recording
        assert len(frames) > 50
        sound.module = sound.load_null_sink("vmic")
        sound.pactl("set-default-source", "vmic.monitor")
        assert len(await record(microphone, 0.5, device)) == 25


@pytest.mark.parametrize("device", ["", "vmic.monitor"], ids=["default", "by name"])
async def test_an_unplugged_microphone_is_seen_though_the_server_hides_it(tmp_path, monkeypatch, device):
    with SoundServer(tmp_path, spare=True) as sound:
        for name, value in sound.environment.items():
            monkeypatch.setenv(name, value)
        async with standing_by() as microphone:
            frames = []
            recording = asyncio.create_task(record_until_lost(microphone, frames, device))
            sound.play(noise(1.0).tobytes())  # what still plays afterwards goes on into the spare
            await until(lambda: len(frames) > 50)
            sound.unload(sound.module)
            unplugged_s = time.monotonic()
            reason = await recording  # "no audio" while a fresh null sink works in blocks of 2 s
            assert "is gone" in reason or "no audio came" in reason
            assert time.monotonic() - unplugged_s < 3.0


async def test_a_silent_microphone_is_not_a_lost_one(sound):
    async with standing_by() as microphone:
        assert len(await record(microphone, 2.5)) == 125
        sound.pactl("set-source-mute", "vmic.monitor", "1")
        assert len(await record(microphone, 1.5, "vmic.monitor")) == 75


async def test_a_worker_that_dies_ends_the_recording_and_is_replaced(sound):
    async with standing_by() as microphone:
        frames = []
        recording = asyncio.create_task(record_until_lost(microphone, frames))
        await until(lambda: len(frames) > 10)
        os.kill(microphone.status()["worker"], signal.SIGKILL)
        assert "signal 9" in await recording
        assert len(await record(microphone, 0.5)) == 25
        assert microphone.status()["restarts"] == 1


async def test_a_stopped_daemon_loop_is_no_stall(sound):
    async with standing_by() as microphone:
        frames = []
        async with contextlib.aclosing(microphone.open("")) as source:
            async for frame in source:
                frames.append(frame)
                if len(frames) == 25:
                    time.sleep(1.5)
                if len(frames) == 150:
                    break
        assert microphone.status()["stalls"] == 0
    times = np.array([frame.captured_s for frame in frames])
    assert np.diff(times).max() < 0.06


async def test_missing_audio_is_counted(sound, monkeypatch):
    monkeypatch.setattr(capture, "_STALL_LIMIT_S", 10.0)
    async with standing_by() as microphone:
        frames = []
        async with contextlib.aclosing(microphone.open("")) as source:
            async for frame in source:
                frames.append(frame)
                if len(frames) == 25:
                    sound.pactl("suspend-sink", "vmic", "1")
                    await asyncio.sleep(0.5)
                    sound.pactl("suspend-sink", "vmic", "0")
                if len(frames) == 120:
                    break
        status = microphone.status()
    assert status["gaps"] == 1
    assert status["lost_ms"] > 200
    lasted_s = frames[-1].captured_s - frames[20].captured_s  # the first block may be late
    assert lasted_s == pytest.approx(99 * FRAME_MS / 1000 + status["lost_ms"] / 1000, abs=0.1)


async def test_cancelling_the_reader_closes_the_microphone(sound):
    async with standing_by() as microphone:
        reading = asyncio.create_task(record(microphone, 60))
        await until(lambda: sound.recorders() != [])
        reading.cancel()
        with pytest.raises(asyncio.CancelledError):
            await reading
        await until(lambda: sound.recorders() == [])


async def test_without_a_sound_server_there_is_one_clear_line(tmp_path, monkeypatch):
    monkeypatch.setenv("PULSE_SERVER", f"unix:{tmp_path / 'nobody'}")
    async with standing_by() as microphone:
        with pytest.raises(MicrophoneError) as refused:
            await record(microphone, 0.5)
        assert "\n" not in str(refused.value)
        assert not isinstance(refused.value, MicrophoneLost)


async def test_the_worker_leaves_with_the_daemon(sound):
    async with standing_by() as microphone:
        frames = record(microphone, 60)
        reading = asyncio.create_task(frames)
        await until(lambda: sound.recorders() != [])
        worker = microphone.status()["worker"]
        sound.freeze()
        reading.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await reading
    await until(lambda: not psutil.pid_exists(worker), limit_s=3.0)
