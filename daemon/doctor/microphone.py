"""The microphone: records a second of it, and tells level, clipping, silence and rate."""

from __future__ import annotations

import asyncio
import contextlib
import shlex
import shutil
from array import array
from dataclasses import dataclass

from daemon.doctor.finding import Finding, State
from daemon.errors import MicrophoneError, WorkerError
from daemon.messages import FRAME_MS, RATE_HZ
from daemon.microphone import devices as microphones
from daemon.microphone.capture import Microphone
from daemon.voice import level_db

_NAME = "microphone"
_FRAMES = 1000 // FRAME_MS
_MOST_FRAMES = 3000 // FRAME_MS  # a headset, or a server that suppresses noise, begins with zeros
_CLIPPED = 0.001  # of the samples at full scale; speech at a good level has none
_FULL_SCALE = 32_700
_NO_SUCH = 'swictation config set microphone.device ""'


@dataclass(frozen=True, slots=True)
class Recorded:
    """A second of a device: its name, how long it took to open, the rate it was opened with, and the samples."""

    device: str
    open_ms: float
    rate_hz: int
    pcm: bytes


async def check(device: str) -> Finding:
    """Record from ``device`` (empty: the system's default) and judge what came."""
    try:
        return judge(await _record(device))
    except (MicrophoneError, WorkerError) as error:
        mend = _NO_SUCH if device else await asyncio.to_thread(_start_server)
        return Finding(_NAME, State.BAD, str(error), mend, (device,))


def judge(recorded: Recorded) -> Finding:
    """What a second of audio shows."""
    device = recorded.device
    samples = array("h", recorded.pcm)
    if not any(samples):
        silent = f"{device} gives digital silence: it is muted, or switched off"
        return Finding(_NAME, State.BAD, silent, _source("mute", device, "0"), (device,))
    clipped = sum(abs(sample) >= _FULL_SCALE for sample in samples) / len(samples)
    resampled = f" (resampled to {RATE_HZ} Hz)" if recorded.rate_hz != RATE_HZ else ""
    seen = (
        f"{device}: {len(samples) / RATE_HZ:.1f} s at {recorded.rate_hz} Hz{resampled}, "
        f"level {level_db(recorded.pcm):.0f} dBFS, {clipped:.1%} clipped, opened in {recorded.open_ms:.0f} ms"
    )
    if clipped > _CLIPPED:
        return Finding(_NAME, State.WARN, f"{seen}: it is too loud", _source("volume", device, "60%"), (device,))
    return Finding(_NAME, State.OK, seen, private=(device,))


def _start_server() -> str | None:
    """The command that starts the sound server, where it does not answer."""
    if microphones.server_sources() is not None:
        return None
    if shutil.which("pipewire-pulse") is not None:
        return "systemctl --user restart pipewire pipewire-pulse wireplumber"
    return "pulseaudio --start" if shutil.which("pulseaudio") is not None else None


def _source(what: str, device: str, value: str) -> str:
    """The command that sets something of a microphone at the sound server."""
    name = "@DEFAULT_SOURCE@" if device == "default" else shlex.quote(device)
    return f"pactl set-source-{what} {name} {value}"


async def _record(device: str) -> Recorded:
    microphone = Microphone()
    await microphone.start()
    try:
        pieces = []
        async with contextlib.aclosing(microphone.open(device)) as frames:
            async for frame in frames:
                pieces.append(frame.pcm)
                if len(pieces) >= _FRAMES and (any(map(any, pieces)) or len(pieces) == _MOST_FRAMES):
                    break
        name = microphone.device or device or "default"
        return Recorded(name, microphone.open_ms or 0.0, microphone.rate_hz or RATE_HZ, b"".join(pieces))
    finally:
        await microphone.stop()
