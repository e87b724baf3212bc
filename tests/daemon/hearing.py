"""Hearing what is played into a sound server of a test's own, through the real microphone of the daemon."""

from __future__ import annotations

import asyncio
import contextlib
import time

import numpy as np

from daemon.errors import MicrophoneLost
from daemon.messages import FRAME_MS, RATE_HZ
from daemon.microphone.capture import Microphone

LEAD_IN = bytes(6400)  # 200 ms: the null sink swallows up to 5 ms where playing begins


@contextlib.asynccontextmanager
async def standing_by(wanted=None):
    """A microphone with a worker; ``wanted`` is what the configuration says of it."""
    microphone = Microphone(wanted)
    await microphone.start()
    keeping = asyncio.create_task(microphone.kept_open.run())
    try:
        await microphone._worker.wait_ready(30.0)  # a take would wait for it no longer than 5 s
        yield microphone
    finally:
        keeping.cancel()
        await asyncio.wait({keeping})
        await microphone.stop()


async def record(microphone, seconds, device="", then=None, asked_s=None):
    """Frames for ``seconds``; ``then`` is called once the first one is there."""
    frames = []
    async with contextlib.aclosing(microphone.open(device, asked_s)) as source:
        async for frame in source:
            frames.append(frame)
            if len(frames) == 1 and then is not None:
                then()
            if len(frames) * FRAME_MS >= seconds * 1000:
                break
    return frames


async def record_until_lost(microphone, frames, device=""):
    """Record into ``frames`` until the microphone ends by itself; gives back why."""
    try:
        async with contextlib.aclosing(microphone.open(device)) as source:
            async for frame in source:
                frames.append(frame)
    except MicrophoneLost as lost:
        return str(lost)
    raise AssertionError("the frames ended without a reason")


async def until(true, limit_s=10.0):
    deadline_s = time.monotonic() + limit_s
    while not true():
        assert time.monotonic() < deadline_s, "it never came true"
        await asyncio.sleep(0.02)


def noise(seconds, rate_hz=RATE_HZ, channels=1):
    """Speech-band noise of a fixed seed, int16, whose every 20 ms is unlike any other."""
    samples = np.random.default_rng(7).standard_normal(round(seconds * RATE_HZ))
    spectrum = np.fft.rfft(samples)
    spectrum[np.fft.rfftfreq(len(samples), 1 / RATE_HZ) > 3000] = 0
    samples = np.fft.irfft(spectrum, round(seconds * rate_hz)) * rate_hz / RATE_HZ
    return np.repeat((samples * 4000).astype("<i2")[:, None], channels, axis=1)


def place_in(heard, played):
    """Where ``played`` lies in ``heard`` (samples), and how alike they are there (1 is exact)."""
    size = 1 << (len(heard) + len(played)).bit_length()
    found = np.fft.irfft(np.fft.rfft(heard, size) * np.conj(np.fft.rfft(played, size)), size)
    at = int(found[: len(heard)].argmax())
    there = heard[at : at + len(played)].astype(float)
    part = played[: len(there)].astype(float)
    return at, float(there @ part / np.sqrt((there @ there) * (part @ part)))


def samples_of(frames):
    return np.frombuffer(b"".join(frame.pcm for frame in frames), "<i2").astype(float)
