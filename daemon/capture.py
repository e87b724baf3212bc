"""The microphone as the daemon sees it: a stream of frames that ends with a reason, on a worker that may be replaced.

A take is one opening of the microphone. Its frames carry its number, so whatever an earlier take still sends is
dropped. A worker whose sound server froze cannot even close its stream; it is killed, and its successor stands by.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import AsyncGenerator
from dataclasses import asdict, dataclass
from typing import Any

from daemon.errors import MicrophoneError, MicrophoneLost, WorkerError
from daemon.messages import Frame
from daemon.worker import Worker
from models.wire import Head

log = logging.getLogger(__name__)

_READY_LIMIT_S = 5.0  # a replaced worker is ready within 0.5 s on an idle machine
_FIRST_BLOCK_LIMIT_S = 3.0  # a source that was suspended may take 2 s to wake
_STALL_LIMIT_S = 1.0
_LATE_READ_S = 0.05  # a stall of our own loop is no stall of the microphone: first read what has come
_CLOSE_LIMIT_S = 1.0
_DEVICES_LIMIT_S = 5.0

_NO_AUDIO = "no audio came from the microphone: see whether it is plugged in and the sound server runs"


@dataclass(slots=True)
class CaptureCounts:
    """What has happened since the daemon started, for ``status``."""

    frames: int = 0
    overflows: int = 0
    gaps: int = 0
    lost_ms: float = 0.0  # audio missing in the gaps
    stalls: int = 0


class _Take:
    """One opening of the microphone: its frames and its end, in order."""

    def __init__(self, number: int) -> None:
        self.number = number
        self.arrived: asyncio.Queue[Frame | MicrophoneError] = asyncio.Queue()
        self.ended = False  # by itself: nothing more will come, and nothing is left to close
        self.deadline_s = asyncio.get_running_loop().time() + _FIRST_BLOCK_LIMIT_S

    def end(self, reason: MicrophoneError) -> None:
        """No more frames will come."""
        if not self.ended:
            self.ended = True
            self.arrived.put_nowait(reason)


class Microphone:
    """Opens and closes the microphone; one take at a time."""

    def __init__(self) -> None:
        self.counts = CaptureCounts()
        self.device: str | None = None  # what the last take recorded from
        self.open_ms: float | None = None  # how long its opening took in the worker
        self.rate_hz: int | None = None  # the rate at which the device gives its samples
        self._worker = Worker("_capture", on_message=self._on_message, on_end=self._on_end)
        self._takes = 0
        self._take: _Take | None = None
        self._closing: asyncio.Future[None] | None = None  # done once the worker has closed, or was killed

    async def start(self) -> None:
        """Have a worker stand by, with no microphone open. Returns at once."""
        await self._worker.start()

    async def stop(self) -> None:
        """Close whatever is open and end the worker."""
        await self._worker.stop()

    def status(self) -> dict[str, Any]:
        """Whether the microphone is open, which one it is, and what has gone wrong so far."""
        return {
            "open": self._take is not None,
            "in_use": self.device,
            "open_ms": self.open_ms,
            "worker": self._worker.pid,
            "restarts": max(0, self._worker.starts - 1),
            **asdict(self.counts),
        }

    async def open(self, device: str) -> AsyncGenerator[Frame, None]:
        """The frames of a new take, from the microphone called ``device`` (empty: the system's default).

        Close the generator to close the microphone. Raises MicrophoneError if there is none of that name or it cannot
        be opened, and MicrophoneLost, after the last good frame, if it ends or stalls.
        """
        take = await self._begin(device)
        stall = asyncio.create_task(self._watch(take), name="watch the microphone")
        try:
            while True:
                arrived = await take.arrived.get()
                if isinstance(arrived, MicrophoneError):
                    raise arrived
                yield arrived
        finally:
            stall.cancel()
            self._end(take)

    async def devices(self) -> list[dict[str, Any]]:
        """The microphones: ``name``, ``description``, ``default``, ``monitor``. Raises WorkerError."""
        await self._worker.wait_ready(_READY_LIMIT_S)
        answer, _body = await self._worker.request({"kind": "devices"}, deadline_s=_DEVICES_LIMIT_S)
        return list(answer["devices"])

    # -- a take ------------------------------------------------------------------------------------------------------

    async def _begin(self, device: str) -> _Take:
        try:
            if self._closing is not None:
                await asyncio.shield(self._closing)
            await self._worker.wait_ready(_READY_LIMIT_S)
            if self._take is not None:
                raise MicrophoneError("the microphone is open already: stop that recording first")
            self._takes += 1
            self._worker.send({"kind": "open", "take": self._takes, "device": device})
        except WorkerError as error:
            raise MicrophoneError(f"no microphone: {error}; see whether the sound server answers") from None
        self._take = _Take(self._takes)
        return self._take

    def _end(self, take: _Take) -> None:
        """Have the worker close, without waiting for it: the text must not wait for a sound server."""
        if self._take is take:
            self._take = None
        if take.ended:
            return
        take.ended = True
        with contextlib.suppress(WorkerError):  # no worker, nothing open
            self._worker.send({"kind": "close"})
            self._closing = asyncio.get_running_loop().create_future()
            asyncio.get_running_loop().call_later(_CLOSE_LIMIT_S, self._close_overdue, self._closing)

    def _replace_worker(self) -> None:
        """Kill the worker; the next take waits until its end is seen, and then for the next one."""
        if self._worker.pid is not None:
            if self._closing is None:
                self._closing = asyncio.get_running_loop().create_future()
            self._worker.kill()

    def _close_overdue(self, closing: asyncio.Future[None]) -> None:
        if not closing.done():
            log.warning("the microphone did not close within %.0f s: its process is replaced", _CLOSE_LIMIT_S)
            self._replace_worker()

    async def _watch(self, take: _Take) -> None:
        overdue = False
        while (left_s := take.deadline_s - asyncio.get_running_loop().time()) > 0 or not overdue:
            overdue = left_s <= 0
            await asyncio.sleep(_LATE_READ_S if overdue else min(left_s, _STALL_LIMIT_S))
        if take.ended:
            return
        self.counts.stalls += 1
        log.warning("no audio came from the microphone: its process is replaced")
        take.end(MicrophoneLost(_NO_AUDIO))
        self._replace_worker()

    # -- what the worker says ----------------------------------------------------------------------------------------

    def _on_message(self, head: Head, body: bytes) -> None:
        take = self._take
        current = take is not None and take.number == head.get("take")
        match head:
            case {"kind": "frame", "t": captured_s} if take is not None and current:
                self.counts.frames += 1
                take.deadline_s = asyncio.get_running_loop().time() + _STALL_LIMIT_S
                take.arrived.put_nowait(Frame(captured_s, body))
            case {"kind": "opened", "device": device, "open_ms": open_ms, "rate_hz": rate_hz}:
                self.device, self.open_ms, self.rate_hz = device, open_ms, rate_hz
            case {"kind": "trouble", "what": "overflow"}:
                self.counts.overflows += 1
            case {"kind": "trouble", "what": "gap", "lost_ms": lost_ms}:
                self.counts.gaps += 1
                self.counts.lost_ms += lost_ms
            case {"kind": "closed"}:
                self._closed()
            case {"kind": "refused", "message": message}:
                self._ended_by_itself(take if current else None, MicrophoneError(message))
            case {"kind": "lost", "message": message}:
                log.warning("%s", message)
                self._ended_by_itself(take if current else None, MicrophoneLost(message))

    def _on_end(self, reason: str) -> None:
        self._ended_by_itself(self._take, MicrophoneLost(f"the recording was cut short: {reason}"))

    def _ended_by_itself(self, take: _Take | None, reason: MicrophoneError) -> None:
        if take is not None:
            take.end(reason)
        self._closed()

    def _closed(self) -> None:
        closing, self._closing = self._closing, None
        if closing is not None and not closing.done():
            closing.set_result(None)


async def list_devices() -> list[dict[str, Any]]:
    """The microphones, asked of a worker of our own. Raises WorkerError."""
    microphone = Microphone()
    await microphone.start()
    try:
        return await microphone.devices()
    finally:
        await microphone.stop()
