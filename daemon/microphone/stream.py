"""An open stream of PortAudio in the capture worker: its blocks, what is known of it, and its last moments in memory.

A stream may outlast a recording: then its frames go nowhere but into ``Unheard``, which is where the next recording
begins. They are never written to a file, and gone with the stream.
"""

from __future__ import annotations

import itertools
import os
import time
from collections import deque
from dataclasses import dataclass, field
from queue import SimpleQueue
from typing import Any

from daemon.errors import MicrophoneError
from daemon.messages import FRAME_MS, RATE_HZ, Frame
from daemon.microphone import devices as microphones
from daemon.microphone.devices import Source
from daemon.microphone.framing import Framer

# A sound server passes a block on when it is full, so the last word before the key is let go comes 10 ms sooner than in
# blocks of a frame. A bare device has no buffer behind it but two blocks: those are to be larger.
SERVED_BLOCK_MS = 10
_WAITING_BLOCKS = 30_000 // SERVED_BLOCK_MS  # what is kept while the daemon does not read; newer blocks are lost then
_LATEST_S = 0.5  # a block is never older; an age beyond that is a fault of the driver
_SLEPT_S = 1.0  # a machine that slept so long has perhaps other microphones

_numbers = itertools.count(1)


@dataclass(frozen=True, slots=True)
class Block:
    """What PortAudio brought at once."""

    stream: int
    pcm: bytes
    arrived_s: float
    age_s: float  # of its first sample, by PortAudio
    overflowed: bool


@dataclass(frozen=True, slots=True)
class StreamEnded:
    """PortAudio brings no more."""

    stream: int


@dataclass(frozen=True, slots=True)
class Format:
    """What a device gives."""

    rate_hz: int
    channels: int


class Unheard:
    """The last frames that no recording has heard, at most ``keep_ms`` of them."""

    def __init__(self, keep_ms: int) -> None:
        self._frames: deque[Frame] = deque(maxlen=keep_ms // FRAME_MS)

    def push(self, frame: Frame) -> None:
        """One more."""
        self._frames.append(frame)

    def since(self, at_s: float) -> list[Frame]:
        """Those that were captured after ``at_s``; the older ones are forgotten."""
        while self._frames and self._frames[0].captured_s <= at_s:
            self._frames.popleft()
        return list(self._frames)

    def rest(self, unheard: int, keep_ms: int) -> None:
        """A recording has heard all but the last ``unheard``; keep ``keep_ms`` from now on."""
        kept = list(self._frames)[-unheard:] if unheard > 0 else []
        self._frames = deque(kept, maxlen=keep_ms // FRAME_MS)


def slept_s() -> float:
    """How long this machine has slept since it was started, as far as it can be told."""
    clock = getattr(time, "CLOCK_BOOTTIME", None)
    return 0.0 if clock is None else time.clock_gettime(clock) - time.monotonic()


@dataclass(slots=True)
class Recording:
    """An open stream. ``take`` is the recording that hears it, None while nobody does; ``wanted`` what was asked for.

    ``unheard`` holds what a recording to come may still want: while one runs the frames that were sent to it as well,
    because nobody knows yet which of these it will have heard when it ends.
    """

    number: int
    wanted: str
    source: Source
    stream: Any  # sounddevice.RawInputStream
    framer: Framer
    format: Format
    unheard: Unheard
    take: int | None = None
    frames: int = 0  # that were sent to the take
    overflows: int = 0
    silent_s: float = 0.0
    ask_at_s: float = 0.0
    blocks: int = 0
    named: bool = False  # which microphone it is has been asked since it is used by this take
    slept_s: float = field(default_factory=slept_s)

    def captured_s(self, block: Block) -> float:
        """When the last sample of ``block`` was captured: by PortAudio where that can be true, else when it came.

        Through PulseAudio the times say that a block of 20 ms began 6 ms ago.
        """
        end_s = block.arrived_s - block.age_s + self.length_s(block)
        return end_s if 0 <= block.arrived_s - end_s <= _LATEST_S else block.arrived_s

    def length_s(self, block: Block) -> float:
        """How long the audio of ``block`` is."""
        return len(block.pcm) / 2 / self.format.channels / self.format.rate_hz

    def used_by(self, take: int | None, ask_at_s: float) -> None:
        """Another recording hears it from now on, or none."""
        self.take, self.frames, self.overflows = take, 0, 0
        self.silent_s, self.ask_at_s = 0.0, ask_at_s
        self.named = False

    @property
    def overslept(self) -> bool:
        """Whether the machine has slept since the stream was opened."""
        return slept_s() - self.slept_s > _SLEPT_S


def record(sounddevice: Any, source: Source, wanted: str, events: SimpleQueue[Any], keep_ms: int) -> Recording:
    """Open a stream of ``source``, whose blocks and end go into ``events``. Raises MicrophoneError."""
    if source.server_source is None:
        os.environ.pop("PULSE_SOURCE", None)
    else:
        os.environ["PULSE_SOURCE"] = source.server_source
    number = next(_numbers)
    block_ms = SERVED_BLOCK_MS if source.device == microphones.SERVER_DEVICE else FRAME_MS

    def called(block: Any, _count: int, times: Any, status: Any) -> None:
        if events.qsize() < _WAITING_BLOCKS:
            age_s = times.currentTime - times.inputBufferAdcTime
            events.put(Block(number, bytes(block), time.monotonic(), age_s, bool(status.input_overflow)))

    try:
        chosen = _format_for(sounddevice, source)
        stream = sounddevice.RawInputStream(
            device=source.device,
            samplerate=chosen.rate_hz,
            channels=chosen.channels,
            dtype="int16",
            blocksize=chosen.rate_hz * block_ms // 1000,
            latency="low",
            callback=called,
            finished_callback=lambda: events.put(StreamEnded(number)),
        )
    except (sounddevice.PortAudioError, ValueError) as error:
        raise MicrophoneError(_cannot_open(source, error)) from None
    try:
        stream.start()
    except sounddevice.PortAudioError as error:
        stream.close(ignore_errors=True)
        raise MicrophoneError(_cannot_open(source, error)) from None
    framer = Framer(chosen.rate_hz, chosen.channels)
    return Recording(number, wanted, source, stream, framer, chosen, Unheard(keep_ms))


def find(sounddevice: Any, wanted: str) -> Source:
    """The microphone called ``wanted`` (empty: the system's default). Raises MicrophoneError."""
    devices = list(sounddevice.query_devices())
    if wanted:
        return microphones.choose(microphones.sources(devices, sounddevice.default.device[0]), wanted)
    if microphones.on_server(devices):
        return Source("default", "the default source of the sound server", device=microphones.SERVER_DEVICE)
    if sounddevice.default.device[0] < 0:
        raise MicrophoneError("no microphone was found: plug one in, or see whether the sound server runs")
    return Source("default", "the default microphone")


def _format_for(sounddevice: Any, source: Source) -> Format:
    """16 kHz mono where the device takes it, else its own rate and as few channels as it takes."""
    about = sounddevice.query_devices(source.device, "input")
    own_hz = round(about["default_samplerate"])
    for chosen in (Format(RATE_HZ, 1), Format(own_hz, 1)):
        try:
            sounddevice.check_input_settings(
                device=source.device, channels=chosen.channels, dtype="int16", samplerate=chosen.rate_hz
            )
        except sounddevice.PortAudioError:
            continue
        return chosen
    return Format(own_hz, about["max_input_channels"])


def _cannot_open(source: Source, error: Exception) -> str:
    reason = " ".join(str(error).split())
    return f"the microphone {source.name} cannot be opened ({reason}): see whether the sound server runs"
