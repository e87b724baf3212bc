"""The microphone between dictations: who has it open, for how long, and what of it reaches the next one."""

from __future__ import annotations

import asyncio
import math
import os
import signal
import time

import numpy as np
import pytest

from daemon.config import MicrophoneConfig
from daemon.errors import MicrophoneError
from daemon.messages import FRAME_MS, RATE_HZ
from daemon.microphone import capture
from daemon.microphone.linger import Linger, stays_s
from tests.daemon.hearing import LEAD_IN, noise, place_in, record, samples_of, standing_by, until

FRAME_S = FRAME_MS / 1000
LINGER = MicrophoneConfig(linger_s=60)
PRE_ROLL = MicrophoneConfig(linger_s=60, pre_roll_ms=1000)
KEPT = MicrophoneConfig(keep_open=True, pre_roll_ms=500)

sounding = pytest.mark.sound


@pytest.mark.parametrize(
    ("wanted", "device", "dictated", "left_s", "stays"),
    [
        (MicrophoneConfig(), "", True, 0.0, 0.0),
        (LINGER, "", True, 0.0, 60.0),
        (LINGER, "", True, 5.0, 60.0),  # a dictation begins the time anew
        (LINGER, "", False, 5.0, 5.0),  # a trial does not
        (LINGER, "", False, 0.0, 0.0),
        (LINGER, "desk", True, 60.0, 0.0),  # no other than the configured one
        (KEPT, "", True, math.inf, math.inf),
        (KEPT, "", False, 0.0, math.inf),
        (KEPT, "desk", True, math.inf, 0.0),
        (MicrophoneConfig(), "", False, math.inf, 0.0),  # kept open no longer
        (MicrophoneConfig(device="desk", linger_s=9), "desk", True, 0.0, 9.0),
    ],
)
def test_how_long_it_stays_open(wanted, device, dictated, left_s, stays):
    assert stays_s(wanted, device, dictated=dictated, left_s=left_s) == stays


async def test_its_time_ends_once_and_only_if_nothing_else_ended_it():
    closed = []
    linger = Linger(lambda: closed.append(linger.open))
    linger.begin(0.02)
    assert linger.end() == pytest.approx(0.02, abs=0.01)
    assert linger.end() == 0.0
    linger.begin(math.inf)
    assert (linger.open, linger.left_s) == (True, math.inf)
    linger.begin(0.01)
    await asyncio.sleep(0.1)
    assert closed == [False]


@sounding
async def test_it_stays_open_for_its_time_and_the_next_dictation_finds_it_so(sound):
    async with standing_by(MicrophoneConfig(linger_s=3)) as microphone:
        await record(microphone, 0.2, asked_s=time.monotonic())
        streams = sound.streams()
        status = microphone.status()
        assert (status["open"], status["standing"], status["pre_roll_ms"]) == (True, True, 0)
        assert 1.0 < status["lingering_s"] <= 3.0
        await asyncio.sleep(1.5)
        await record(microphone, 1.7, asked_s=time.monotonic())  # past the end of the first three seconds
        assert 1.6 < microphone.status()["lingering_s"] <= 3.0
        assert sound.streams() == streams
        assert sound.recorders() == [str(status["worker"])]
        await asyncio.sleep(1.0)
        assert microphone.status()["standing"]
        await until(lambda: sound.recorders() == [])
        status = microphone.status()
        assert (status["open"], status["standing"], status["lingering_s"]) == (False, False, None)
        assert (status["restarts"], status["gaps"]) == (0, 0)


@sounding
async def test_the_pre_roll_goes_on_where_the_last_dictation_ended(sound):
    """Every sample of what is played is heard once: by the first dictation or by the second, whose key comes later."""
    played = noise(6.0)[:, 0]
    async with standing_by(PRE_ROLL) as microphone:
        sound.play(LEAD_IN + played.tobytes())
        first = await record(microphone, 1.5, asked_s=time.monotonic())
        await asyncio.sleep(0.5)
        asked_s = time.monotonic()
        second = await record(microphone, 1.5, asked_s=asked_s)
        third = await record(microphone, 0.5, asked_s=time.monotonic())
    assert second[0].captured_s < asked_s - 0.4
    heard = samples_of([*first, *second, *third])
    spoken = np.flatnonzero(heard)
    heard = heard[spoken[0] :]
    at, _likeness = place_in(played, heard[:RATE_HZ])  # the sink swallows some where playing begins
    assert len(heard) > 3 * RATE_HZ
    assert np.array_equal(heard, played[at : at + len(heard)])


@sounding
@pytest.mark.parametrize("linger_s", [0, 60])
async def test_a_dictation_that_begins_before_the_last_has_ended_waits_for_it(sound, monkeypatch, linger_s):
    monkeypatch.setattr(capture, "_TAIL_LIMIT_S", 10.0)
    async with standing_by(MicrophoneConfig(linger_s=linger_s)) as microphone:
        first = asyncio.create_task(record(microphone, 0.4, asked_s=time.monotonic()))
        await until(lambda: microphone.counts.frames > 5)
        frames = await record(microphone, 0.2, asked_s=time.monotonic())
        assert frames[0].captured_s >= (await first)[-1].captured_s


@sounding
@pytest.mark.parametrize(("pre_roll_ms", "before_s"), [(0, 0.0), (200, 0.2)])
async def test_no_more_than_the_pre_roll_is_given(sound, monkeypatch, pre_roll_ms, before_s):
    monkeypatch.setattr(capture, "_KEY_MS", 1000)
    async with standing_by(MicrophoneConfig(linger_s=60, pre_roll_ms=pre_roll_ms)) as microphone:
        await record(microphone, 0.2, asked_s=time.monotonic())
        await asyncio.sleep(1.0)
        asked_s = time.monotonic()
        await asyncio.sleep(0.1)  # on its way
        frames = await record(microphone, 0.3, asked_s=asked_s)
    assert 0 < frames[0].captured_s - (asked_s - before_s) <= 2 * FRAME_S


@sounding
async def test_a_trial_hears_nothing_of_the_time_before_and_prolongs_nothing(sound):
    async with standing_by(MicrophoneConfig(linger_s=3, pre_roll_ms=1000)) as microphone:
        await record(microphone, 0.2, asked_s=time.monotonic())
        await asyncio.sleep(1.0)
        began_s = time.monotonic()
        frames = await record(microphone, 0.5)
        assert frames[0].captured_s > began_s - FRAME_S
        assert 0.5 < microphone.status()["lingering_s"] < 2.0
        asked_s = time.monotonic()
        frames = await record(microphone, 0.2, asked_s=asked_s)
        assert frames[0].captured_s > began_s + 0.5 - FRAME_S  # nor hears the next dictation what the trial has heard


@sounding
async def test_another_microphone_on_trial_closes_the_open_one(sound):
    sound.load_null_sink("desk")
    async with standing_by(LINGER) as microphone:
        await record(microphone, 0.2, asked_s=time.monotonic())
        await record(microphone, 0.2, "desk.monitor")
        await until(lambda: sound.recorders() == [])
        assert not microphone.status()["open"]


@sounding
@pytest.mark.parametrize(
    "wanted", [MicrophoneConfig(), MicrophoneConfig(device="other", linger_s=60), MicrophoneConfig(linger_s=9)]
)
async def test_another_configuration_closes_it_at_once(sound, wanted):
    async with standing_by(LINGER) as microphone:
        await record(microphone, 0.2, asked_s=time.monotonic())
        assert sound.recorders() != []
        microphone.use(wanted)
        await until(lambda: sound.recorders() == [], limit_s=1.0)
        assert not microphone.status()["open"]


@sounding
async def test_the_next_dictation_uses_what_has_become_the_default(sound):
    played = noise(3.0)
    async with standing_by(LINGER) as microphone:
        await record(microphone, 0.2, asked_s=time.monotonic())
        sound.load_null_sink("desk")
        sound.pactl("set-default-source", "desk.monitor")
        sound.play(played.tobytes(), sink="desk")
        frames = await record(microphone, 1.0, asked_s=time.monotonic())
        assert samples_of(frames)[-RATE_HZ // 2 :].any()
        await until(lambda: microphone.status()["in_use"] == "desk.monitor")


@sounding
async def test_a_stream_that_was_moved_away_is_opened_anew(sound):
    sound.load_null_sink("desk")
    async with standing_by(MicrophoneConfig(device="desk.monitor", linger_s=60)) as microphone:
        await record(microphone, 0.2, "desk.monitor", asked_s=time.monotonic())
        worker = str(microphone.status()["worker"])
        stream = next(index for index, pid in sound.streams().items() if pid == worker)
        sound.pactl("move-source-output", str(stream), "vmic.monitor")
        sound.play(noise(2.0).tobytes())  # into the other one
        frames = await record(microphone, 0.5, "desk.monitor", asked_s=time.monotonic())
        assert not samples_of(frames).any()


@sounding
async def test_a_server_that_froze_meanwhile_costs_only_the_worker(sound):
    async with standing_by(LINGER) as microphone:
        await record(microphone, 0.2, asked_s=time.monotonic())
        worker = microphone.status()["worker"]
        sound.freeze()
        await until(lambda: microphone.status()["worker"] not in {worker, None}, limit_s=5.0)
        status = microphone.status()
        assert (status["open"], status["restarts"]) == (False, 1)
        sound.thaw()
        assert len(await record(microphone, 0.5, asked_s=time.monotonic())) == 25
        assert microphone.status()["standing"]


@sounding
async def test_a_server_that_froze_just_before_is_seen_in_time(sound):
    async with standing_by(LINGER) as microphone:
        await record(microphone, 0.2, asked_s=time.monotonic())
        sound.freeze()
        began_s = time.monotonic()
        with pytest.raises(MicrophoneError, match="no audio came"):
            await record(microphone, 0.5, asked_s=time.monotonic())
        assert time.monotonic() - began_s < 2.0
        sound.thaw()
        assert len(await record(microphone, 0.5, asked_s=time.monotonic())) == 25


@sounding
async def test_an_unplugged_microphone_is_open_no_more(sound):
    async with standing_by(LINGER) as microphone:
        await record(microphone, 0.2, asked_s=time.monotonic())
        sound.unload(sound.module)
        await until(lambda: not microphone.status()["open"], limit_s=3.0)
        sound.module = sound.load_null_sink("vmic")
        sound.pactl("set-default-source", "vmic.monitor")
        assert len(await record(microphone, 0.5, asked_s=time.monotonic())) == 25
        assert microphone.status()["standing"]


@sounding
async def test_one_that_is_kept_open_is_open_from_the_start_and_again_after_every_fault(sound, monkeypatch):
    monkeypatch.setattr(capture, "_KEY_MS", 1000)
    async with standing_by(KEPT) as microphone:

        def standing():
            status = microphone.status()
            return status["standing"] and sound.recorders() == [str(status["worker"])]

        await until(standing)
        assert (microphone.status()["lingering_s"], microphone.status()["pre_roll_ms"]) == (None, 500)
        await asyncio.sleep(0.8)
        asked_s = time.monotonic()
        frames = await record(microphone, 0.2, asked_s=asked_s)
        assert frames[0].captured_s == pytest.approx(asked_s - 0.5 + FRAME_S, abs=2 * FRAME_S)
        assert standing()
        os.kill(microphone.status()["worker"], signal.SIGKILL)
        await until(lambda: microphone.status()["restarts"] == 1)
        await until(standing)
        sound.kill()
        await until(lambda: microphone.kept_open.fault is not None)
        assert "cannot be kept open" in microphone.kept_open.fault
        sound.start()
        await until(standing, limit_s=15.0)
        assert microphone.kept_open.fault is None
        with pytest.raises(MicrophoneError, match="no microphone"):
            await record(microphone, 0.2, "lapel")  # a trial of what is not there
        await until(standing)
        microphone.use(MicrophoneConfig())
        await until(lambda: sound.recorders() == [], limit_s=1.0)
        assert not microphone.status()["open"]


@sounding
async def test_a_frozen_server_is_not_besieged(sound):
    async with standing_by(KEPT) as microphone:
        await until(lambda: microphone.status()["standing"])
        sound.freeze()
        await asyncio.sleep(12.0)
        assert microphone.status()["restarts"] <= 4
        sound.thaw()
        await until(lambda: microphone.status()["standing"], limit_s=15.0)
