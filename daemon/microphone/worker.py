"""The capture worker: PortAudio in a process of its own, with the microphone closed until it is asked for.

PortAudio may hang for ever (a frozen sound server wedges ``close``), so this process may be killed at any moment. One
thread reads the daemon's commands, PortAudio's thread brings blocks, and the main thread does everything else, in the
order of one queue.

From the daemon: ``open`` (``device``, ``take``, ``keep_ms``, and ``since`` when the recording is to begin if the stream
is open already), ``linger`` (the recording is over and ``heard`` so many frames; the stream stays, and ``keep_ms`` of
it), ``close``, and the requests ``stand`` (open with nobody to hear it) and ``devices``. To it: ``opened``, ``source``
(which one the default is), ``frame`` (``t``, 640 bytes of PCM), ``trouble`` (``overflow``, ``gap``), and at the end of
a stream ``closed`` with its counts, ``lost`` if it ended by itself or ``refused`` if it never began. These carry the
``take`` that they belong to, None for nobody's.
"""

from __future__ import annotations

import dataclasses
import os
import threading
import time
from dataclasses import dataclass
from queue import Empty, SimpleQueue
from typing import Any, BinaryIO

from daemon.errors import MicrophoneError
from daemon.microphone import devices as microphones
from daemon.microphone import stream as capture_stream
from daemon.microphone.devices import Source
from daemon.microphone.stream import Block, Recording, StreamEnded
from models import wire
from models.wire import Head

_SILENT_S = 1.0  # of digital zeros, before asking whether the microphone is still there
_ASK_AGAIN_S = 5.0
_ASK_UNHEARD_S = 30.0  # asking costs 10 ms of processor time
_LOOK_BLOCKS = 30_000 // capture_stream.SERVED_BLOCK_MS  # an unplugged one's stream moves to another without a word
_FIRST_BLOCK_LIMIT_S = 3.0  # as the daemon's, which watches over a stream that somebody hears
_STALL_LIMIT_S = 2.0


@dataclass(frozen=True, slots=True)
class _Named:
    """Which microphone the default is that a stream hears."""

    stream: int
    source: Source


@dataclass(frozen=True, slots=True)
class _Gone:
    """The microphone that a stream hears is not there any more."""

    stream: int


class CaptureWorker:
    """Does what the daemon asks, one thing after another."""

    def __init__(self, sounddevice: Any, outgoing: BinaryIO) -> None:
        self._sounddevice = sounddevice
        self._outgoing = outgoing
        self._events: SimpleQueue[Head | Block | StreamEnded | _Named | _Gone] = SimpleQueue()
        self._recording: Recording | None = None

    def read_commands(self, incoming: BinaryIO) -> None:
        """Queue the daemon's commands; at their end leave the process, whatever hangs in it."""
        while (message := wire.read(incoming)) is not None:
            self._events.put(message[0])
        os._exit(0)

    def run(self) -> None:
        """Work until the process is ended."""
        while True:
            try:
                event = self._events.get(timeout=self._patience_s())
            except Empty:
                self._leave("no audio came from the open microphone: its process is replaced")
            else:
                self._act(event)

    def _act(self, event: Head | Block | StreamEnded | _Named | _Gone) -> None:
        match event:
            case Block() as block:
                self._take_block(block)
            case StreamEnded(number):
                self._stream_ended(number)
            case _Named() as named:
                self._named(named)
            case _Gone(number):
                self._gone(number)
            case asked:
                self._do(asked)

    def _do(self, asked: Head) -> None:
        match asked:
            case {"kind": "open", "take": int(take), "device": str(device), "keep_ms": int(keep_ms), "since": since_s}:
                self._open(take, device, keep_ms, since_s)
            case {"kind": "linger", "heard": int(heard), "keep_ms": int(keep_ms)}:
                self._linger(heard, keep_ms)
            case {"kind": "stand", "id": number, "device": str(device), "keep_ms": int(keep_ms)}:
                self._stand(number, device, keep_ms)
            case {"kind": "close"}:
                if self._recording is None:  # the daemon waits for an answer
                    self._tell({"kind": "closed"})
                self._close()
            case {"kind": "devices", "id": number}:
                self._tell({"kind": "devices", "id": number, "devices": self._devices()})

    # -- open and close ----------------------------------------------------------------------------------------------

    def _open(self, take: int, wanted: str, keep_ms: int, since_s: float | None) -> None:
        began_s = time.monotonic()
        recording = self._recording
        found_open = recording is not None and self._serves(recording, wanted)
        if recording is None or not found_open:
            self._close()
            try:
                recording = self._recording = self._record(wanted, keep_ms)
            except MicrophoneError as error:
                self._tell({"kind": "refused", "take": take, "message": str(error)})
                return
        open_ms = round((time.monotonic() - began_s) * 1000, 3)
        recording.used_by(take, _SILENT_S)
        if since_s is None:
            recording.unheard.rest(0, keep_ms)
        else:
            for frame in recording.unheard.since(since_s):
                self._send(recording, take, frame.captured_s, frame.pcm)
        self._tell({"kind": "opened", "take": take, "found_open": found_open, **_about(recording, open_ms)})

    def _stand(self, number: int, wanted: str, keep_ms: int) -> None:
        """Open a stream that nobody hears, unless somebody has opened one meanwhile."""
        began_s = time.monotonic()
        try:
            recording = self._recording = self._recording or self._record(wanted, keep_ms)
        except MicrophoneError as error:
            self._tell({"kind": "error", "id": number, "message": str(error)})
            return
        open_ms = round((time.monotonic() - began_s) * 1000, 3)
        self._tell({"kind": "opened", "id": number, **_about(recording, open_ms)})
        self._name(recording)

    def _name(self, recording: Recording) -> None:
        """Ask which microphone the default is, aside: it takes 20 ms, and on a busy machine as long as a stall."""

        def ask() -> None:
            self._events.put(_Named(recording.number, microphones.default_source(recording.source)))

        recording.named = True
        if not recording.wanted:
            threading.Thread(target=ask, name="the default", daemon=True).start()

    def _named(self, named: _Named) -> None:
        if self._recording is not None and self._recording.number == named.stream:
            self._recording.source = named.source
            self._tell({"kind": "source", "device": named.source.name})

    def _linger(self, heard: int, keep_ms: int) -> None:
        if (recording := self._recording) is not None:
            recording.unheard.rest(recording.frames - heard, keep_ms)
            recording.used_by(None, _ASK_UNHEARD_S)

    def _serves(self, recording: Recording, wanted: str) -> bool:
        """Whether an open stream still is what opening ``wanted`` would give."""
        if recording.wanted != wanted or recording.overslept:
            return False
        named = recording.source.index if wanted else None  # without a name it follows the default
        return named is None or microphones.recorded_index(os.getpid()) in {named, None}

    def _record(self, wanted: str, keep_ms: int) -> Recording:
        def once() -> Recording:
            source = capture_stream.find(self._sounddevice, wanted)
            return capture_stream.record(self._sounddevice, source, wanted, self._events, keep_ms)

        try:
            return once()
        except MicrophoneError:  # a microphone plugged in since is known only after a fresh initialisation
            self._refresh()
            return once()

    def _close(self) -> None:
        recording, self._recording = self._recording, None
        if recording is not None:
            recording.stream.abort(ignore_errors=True)
            recording.stream.close(ignore_errors=True)
            self._tell({"kind": "closed", **_counts(recording)})

    def _lose(self, recording: Recording, reason: str) -> None:
        self._recording = None
        recording.stream.close(ignore_errors=True)  # does not hang on a stream that ended
        self._tell({"kind": "lost", "message": reason, **_counts(recording)})

    # -- while it is open ----------------------------------------------------------------------------------------------

    def _take_block(self, block: Block) -> None:
        recording = self._recording
        if recording is None or recording.number != block.stream:
            return
        recording.blocks += 1
        missing_s = recording.framer.lost_s
        for frame in recording.framer.push(block.pcm, recording.captured_s(block)):
            recording.unheard.push(frame)
            if recording.take is not None:
                self._send(recording, recording.take, frame.captured_s, frame.pcm)
        if recording.take is not None:
            self._report(recording, recording.framer.lost_s - missing_s, overflowed=block.overflowed)
            if not recording.named:
                self._name(recording)
        elif recording.overslept:
            self._leave("the machine has slept: the microphone is closed")
        elif recording.blocks % _LOOK_BLOCKS == 0 and not self._serves(recording, recording.wanted):
            self._leave(f"the microphone {recording.source.name} went and another took its place: it is closed")
        self._watch_silence(recording, block)

    def _send(self, recording: Recording, take: int, captured_s: float, pcm: bytes) -> None:
        recording.frames += 1
        self._tell({"kind": "frame", "take": take, "t": captured_s}, pcm)

    def _report(self, recording: Recording, missing_s: float, *, overflowed: bool) -> None:
        trouble = {"kind": "trouble", "take": recording.take}
        if overflowed:
            recording.overflows += 1
            self._tell({**trouble, "what": "overflow", "lost_ms": None})
        if missing_s > 0:
            self._tell({**trouble, "what": "gap", "lost_ms": round(missing_s * 1000, 1)})

    def _patience_s(self) -> float | None:
        """How long to wait for a block, where it is for us to wait."""
        if self._recording is None or self._recording.take is not None:
            return None
        return _STALL_LIMIT_S if self._recording.blocks else _FIRST_BLOCK_LIMIT_S

    def _leave(self, why: str) -> None:
        """A stream that nobody hears is not to be trusted: closing it might never end, leaving the process does."""
        if self._recording is not None:
            self._tell({"kind": "lost", "message": why, **_counts(self._recording)})
            os._exit(1)

    def _watch_silence(self, recording: Recording, block: Block) -> None:
        recording.silent_s = 0.0 if any(block.pcm) else recording.silent_s + recording.length_s(block)
        if recording.silent_s == 0.0:
            recording.ask_at_s = _SILENT_S if recording.take is not None else _ASK_UNHEARD_S
        elif recording.silent_s >= recording.ask_at_s:
            recording.ask_at_s += _ASK_AGAIN_S if recording.take is not None else _ASK_UNHEARD_S
            self._ask_whether_gone(recording)

    def _ask_whether_gone(self, recording: Recording) -> None:
        """Ask aside, for the same reason as in ``_name``."""

        def ask() -> None:
            if microphones.is_gone(recording.source):
                self._events.put(_Gone(recording.number))

        threading.Thread(target=ask, name="gone", daemon=True).start()

    def _gone(self, number: int) -> None:
        recording = self._recording
        if recording is not None and recording.number == number and recording.silent_s:
            self._lose(recording, f"the microphone {recording.source.name} is gone: plug it in again")

    def _stream_ended(self, number: int) -> None:
        recording = self._recording
        if recording is not None and recording.number == number:
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


def _about(recording: Recording, open_ms: float) -> Head:
    return {"device": recording.source.name, "open_ms": open_ms, **dataclasses.asdict(recording.format)}


def _counts(recording: Recording) -> Head:
    return {
        "take": recording.take,
        "frames": recording.frames,
        "overflows": recording.overflows,
        "gaps": recording.framer.gaps,
    }


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
