"""The capture worker: PortAudio in a process of its own, with the microphone closed until it is asked for.

PortAudio may hang for ever (a frozen sound server wedges ``close``), so this process may be killed at any moment. One
thread reads the daemon's commands, PortAudio's thread brings blocks, and the main thread does everything else, in the
order of one queue.

From the daemon: ``open`` (``device``, ``take``), ``close``, and the request ``devices``. To it: ``opened``, ``frame``
(``t``, 640 bytes of PCM), ``trouble`` (``overflow``, ``gap``), and at the end of a take ``closed`` with its counts,
``lost`` if it ended by itself or ``refused`` if it never began. All carry the ``take`` that they belong to.
"""

from __future__ import annotations

import dataclasses
import os
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from queue import SimpleQueue
from typing import Any, BinaryIO

from daemon import microphones
from daemon.errors import MicrophoneError
from daemon.framing import Framer
from daemon.messages import FRAME_MS, RATE_HZ
from daemon.microphones import Source
from models import wire
from models.wire import Head

_WAITING_BLOCKS = 30_000 // FRAME_MS  # what is kept while the daemon does not read; newer blocks are lost then
_SILENT_S = 1.0  # of digital zeros, before asking whether the microphone is still there
_ASK_AGAIN_S = 5.0
_LATEST_S = 0.5  # a block is never older; an age beyond that is a fault of the driver


@dataclass(frozen=True, slots=True)
class _Block:
    take: int
    pcm: bytes
    arrived_s: float
    age_s: float  # of its first sample, by PortAudio
    overflowed: bool


@dataclass(frozen=True, slots=True)
class _StreamEnded:
    take: int


@dataclass(frozen=True, slots=True)
class _Format:
    rate_hz: int
    channels: int


@dataclass(slots=True)
class _Recording:
    """The open stream and what is known of it."""

    take: int
    source: Source
    stream: Any  # sounddevice.RawInputStream
    framer: Framer
    format: _Format
    frames: int = 0
    overflows: int = 0
    silent_s: float = 0.0
    ask_at_s: float = _SILENT_S

    def captured_s(self, block: _Block) -> float:
        """When the last sample of ``block`` was captured: by PortAudio where that can be true, else when it came.

        Through PulseAudio the times say that a block of 20 ms began 6 ms ago.
        """
        end_s = block.arrived_s - block.age_s + len(block.pcm) / 2 / self.format.channels / self.format.rate_hz
        return end_s if 0 <= block.arrived_s - end_s <= _LATEST_S else block.arrived_s


class CaptureWorker:
    """Does what the daemon asks, one thing after another."""

    def __init__(self, sounddevice: Any, outgoing: BinaryIO) -> None:
        self._sounddevice = sounddevice
        self._outgoing = outgoing
        self._events: SimpleQueue[Head | _Block | _StreamEnded] = SimpleQueue()
        self._recording: _Recording | None = None

    def read_commands(self, incoming: BinaryIO) -> None:
        """Queue the daemon's commands; at their end leave the process, whatever hangs in it."""
        while (message := wire.read(incoming)) is not None:
            self._events.put(message[0])
        os._exit(0)

    def run(self) -> None:
        """Work until the process is ended."""
        while True:
            match self._events.get():
                case _Block() as block:
                    self._take_block(block)
                case _StreamEnded(take):
                    self._stream_ended(take)
                case {"kind": "open", "take": int(take), "device": str(device)}:
                    self._open(take, device)
                case {"kind": "close"}:
                    self._close()
                case {"kind": "devices", "id": number}:
                    self._tell({"kind": "devices", "id": number, "devices": self._devices()})

    # -- open and close ----------------------------------------------------------------------------------------------

    def _open(self, take: int, wanted: str) -> None:
        began_s = time.monotonic()
        self._close()
        try:
            try:
                recording = self._record(take, wanted)
            except MicrophoneError:  # a microphone plugged in since is known only after a fresh initialisation
                self._refresh()
                recording = self._record(take, wanted)
        except MicrophoneError as error:
            self._tell({"kind": "refused", "take": take, "message": str(error)})
            return
        self._recording = recording
        open_ms = round((time.monotonic() - began_s) * 1000, 3)
        if not wanted:  # the first block is still to come, so there is time to ask which one the default is
            recording.source = microphones.default_source(recording.source)
        opened = {"kind": "opened", "take": take, "device": recording.source.name, "open_ms": open_ms}
        self._tell({**opened, **dataclasses.asdict(recording.format)})

    def _record(self, take: int, wanted: str) -> _Recording:
        source = self._find(wanted)
        if source.server_source is None:
            os.environ.pop("PULSE_SOURCE", None)
        else:
            os.environ["PULSE_SOURCE"] = source.server_source
        try:
            chosen = self._format_for(source)
            stream = self._sounddevice.RawInputStream(
                device=source.device,
                samplerate=chosen.rate_hz,
                channels=chosen.channels,
                dtype="int16",
                blocksize=chosen.rate_hz * FRAME_MS // 1000,
                latency="low",
                callback=self._callback(take),
                finished_callback=lambda: self._events.put(_StreamEnded(take)),
            )
        except (self._sounddevice.PortAudioError, ValueError) as error:
            raise MicrophoneError(_cannot_open(source, error)) from None
        try:
            stream.start()
        except self._sounddevice.PortAudioError as error:
            stream.close(ignore_errors=True)
            raise MicrophoneError(_cannot_open(source, error)) from None
        return _Recording(take, source, stream, Framer(chosen.rate_hz, chosen.channels), chosen)

    def _find(self, wanted: str) -> Source:
        devices = list(self._sounddevice.query_devices())
        if wanted:
            return microphones.choose(self._sources(), wanted)
        if microphones.on_server(devices):
            return Source("default", "the default source of the sound server", device=microphones.SERVER_DEVICE)
        if self._sounddevice.default.device[0] < 0:
            raise MicrophoneError("no microphone was found: plug one in, or see whether the sound server runs")
        return Source("default", "the default microphone")

    def _format_for(self, source: Source) -> _Format:
        """16 kHz mono where the device takes it, else its own rate and as few channels as it takes."""
        about = self._sounddevice.query_devices(source.device, "input")
        own_hz = round(about["default_samplerate"])
        for chosen in (_Format(RATE_HZ, 1), _Format(own_hz, 1)):
            try:
                self._sounddevice.check_input_settings(
                    device=source.device, channels=chosen.channels, dtype="int16", samplerate=chosen.rate_hz
                )
            except self._sounddevice.PortAudioError:
                continue
            return chosen
        return _Format(own_hz, about["max_input_channels"])

    def _callback(self, take: int) -> Callable[..., None]:
        events = self._events

        def called(block: Any, _count: int, times: Any, status: Any) -> None:
            if events.qsize() < _WAITING_BLOCKS:
                age_s = times.currentTime - times.inputBufferAdcTime
                events.put(_Block(take, bytes(block), time.monotonic(), age_s, bool(status.input_overflow)))

        return called

    def _close(self) -> None:
        recording, self._recording = self._recording, None
        if recording is not None:
            recording.stream.abort(ignore_errors=True)
            recording.stream.close(ignore_errors=True)
            self._tell({"kind": "closed", **_counts(recording)})

    def _lose(self, recording: _Recording, reason: str) -> None:
        self._recording = None
        recording.stream.close(ignore_errors=True)  # does not hang on a stream that ended
        self._tell({"kind": "lost", "message": reason, **_counts(recording)})

    # -- while it is open ----------------------------------------------------------------------------------------------

    def _take_block(self, block: _Block) -> None:
        recording = self._recording
        if recording is None or recording.take != block.take:
            return
        if block.overflowed:
            recording.overflows += 1
            self._tell({"kind": "trouble", "take": block.take, "what": "overflow", "lost_ms": None})
        missing_s = recording.framer.lost_s
        for frame in recording.framer.push(block.pcm, recording.captured_s(block)):
            recording.frames += 1
            self._tell({"kind": "frame", "take": block.take, "t": frame.captured_s}, frame.pcm)
        if (missing_s := recording.framer.lost_s - missing_s) > 0:
            self._tell({"kind": "trouble", "take": block.take, "what": "gap", "lost_ms": round(missing_s * 1000, 1)})
        self._watch_silence(recording, block)

    def _watch_silence(self, recording: _Recording, block: _Block) -> None:
        if any(block.pcm):
            recording.silent_s, recording.ask_at_s = 0.0, _SILENT_S
            return
        recording.silent_s += FRAME_MS / 1000
        if recording.silent_s >= recording.ask_at_s:
            recording.ask_at_s += _ASK_AGAIN_S
            if microphones.is_gone(recording.source):
                self._lose(recording, f"the microphone {recording.source.name} is gone: plug it in again")

    def _stream_ended(self, take: int) -> None:
        recording = self._recording
        if recording is not None and recording.take == take:
            self._lose(recording, f"the microphone {recording.source.name} ended: it was unplugged or its server went")

    # -- devices -------------------------------------------------------------------------------------------------------

    def _devices(self) -> list[dict[str, Any]]:
        if self._recording is None:
            self._refresh()
        return [
            {"name": one.name, "description": one.description, "default": one.default, "monitor": one.monitor}
            for one in self._sources()
        ]

    def _sources(self) -> list[Source]:
        return microphones.sources(list(self._sounddevice.query_devices()), self._sounddevice.default.device[0])

    def _refresh(self) -> None:
        self._sounddevice._terminate()  # noqa: SLF001  # the only way to see new devices; no stream is open here
        self._sounddevice._initialize()  # noqa: SLF001

    def _tell(self, head: Head, body: bytes = b"") -> None:
        try:
            self._outgoing.write(wire.pack(head, body))
        except BrokenPipeError:
            os._exit(0)


def _counts(recording: _Recording) -> Head:
    return {
        "take": recording.take,
        "frames": recording.frames,
        "overflows": recording.overflows,
        "gaps": recording.framer.gaps,
    }


def _cannot_open(source: Source, error: Exception) -> str:
    reason = " ".join(str(error).split())
    return f"the microphone {source.name} cannot be opened ({reason}): see whether the sound server runs"


def main(_arguments: list[str]) -> int:
    """Run the worker; gives back 3 where there is no PortAudio."""
    incoming, outgoing = wire.claim_stdio()
    try:
        import sounddevice

        devices = list(sounddevice.query_devices())
    except (OSError, ImportError) as error:
        message = f"microphones cannot be used: {error}; install PortAudio (Debian: libportaudio2)"
        outgoing.write(wire.pack({"kind": "failed", "message": message}))
        return 3
    if not microphones.on_server(devices):
        import soxr  # noqa: F401  # a bare device rarely takes 16 kHz, and the first recording has no time for it
    worker = CaptureWorker(sounddevice, outgoing)
    threading.Thread(target=worker.read_commands, args=(incoming,), name="commands", daemon=True).start()
    outgoing.write(wire.pack({"kind": "ready"}))
    worker.run()
    return 0
