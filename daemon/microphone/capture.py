"""The microphone as the daemon sees it: a stream of frames that ends with a reason, on a worker that may be replaced.

A take is one hearing of the microphone. Its frames carry its number, so whatever an earlier take still sends is
dropped. A worker whose sound server froze cannot even close its stream; it is killed, and its successor stands by.
Between two takes the stream may stay open, for a while or always: see ``daemon.microphone.linger``.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import math
from collections.abc import AsyncGenerator, Callable
from dataclasses import asdict, dataclass
from typing import Any

from daemon.config import MicrophoneConfig
from daemon.errors import MicrophoneError, MicrophoneLost, WorkerError
from daemon.messages import Frame
from daemon.microphone.linger import KeptOpen, Linger, stays_s
from daemon.worker import Worker
from models.wire import Head

log = logging.getLogger(__name__)

_READY_LIMIT_S = 5.0  # a replaced worker is ready within 0.5 s on an idle machine
_FIRST_BLOCK_LIMIT_S = 3.0  # a source that was suspended may take 2 s to wake
_STALL_LIMIT_S = 1.0
_LATE_READ_S = 0.05  # a stall of our own loop is no stall of the microphone: first read what has come
_CLOSE_LIMIT_S = 1.0
_TAIL_LIMIT_S = 0.5  # a dictation that was stopped hears the block in flight to its end
_DEVICES_LIMIT_S = 5.0
_KEY_MS = 200  # an open stream keeps at least so much: what is said while a key is on its way to it is not lost

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
    """One hearing of the microphone: its frames and its end, in order. ``asked_s`` is None for a trial."""

    def __init__(self, number: int, device: str, asked_s: float | None, lingered_s: float) -> None:
        self.number = number
        self.device = device
        self.dictated = asked_s is not None
        self.heard = 0  # frames that have reached the listener
        self.arrived: asyncio.Queue[Frame | MicrophoneError] = asyncio.Queue()
        self.ended = False  # by itself: nothing more will come, and nothing is left to close
        self.left = asyncio.Event()  # nobody listens any more
        now_s = asyncio.get_running_loop().time()
        self.lingers_until_s = now_s + lingered_s  # as far as what was before it goes
        flows = lingered_s > 0 and not device  # one that has a name is first looked at, which may take a second
        self.deadline_s = now_s + (_STALL_LIMIT_S if flows else _FIRST_BLOCK_LIMIT_S)

    def end(self, reason: MicrophoneError) -> None:
        """No more frames will come."""
        if not self.ended:
            self.ended = True
            self.arrived.put_nowait(reason)


class Microphone:
    """Opens and closes the microphone; one take at a time. ``changed`` is told when ``status`` has become another."""

    def __init__(self, wanted: MicrophoneConfig | None = None, changed: Callable[[], None] = lambda: None) -> None:
        self.counts = CaptureCounts()
        self.device: str | None = None  # what the last take recorded from
        self.open_ms: float | None = None  # how long its opening took in the worker
        self.rate_hz: int | None = None  # the rate at which the device gives its samples
        self._changed = changed
        self._wanted = wanted or MicrophoneConfig()
        self._linger = Linger(self._close)
        self.kept_open = KeptOpen(lambda: self._missing, self._stand, changed)
        self._worker = Worker("_capture", on_message=self._on_message, on_end=self._on_end)
        self._takes = 0
        self._take: _Take | None = None
        self._closing: asyncio.Future[None] | None = None  # done once the worker has closed, or was killed

    async def start(self) -> None:
        """Have a worker stand by, with no microphone open. Returns at once."""
        await self._worker.start()

    async def stop(self) -> None:
        """Close whatever is open and end the worker."""
        self._linger.end()
        await self._worker.stop()

    def use(self, wanted: MicrophoneConfig) -> None:
        """What is to be done between dictations from now on; a stream that is open for another reason is closed."""
        if wanted != self._wanted:
            self._wanted = wanted
            self.close_between()
            self.kept_open.look()

    def close_between(self) -> None:
        """Close the microphone if it is open though nothing is dictated."""
        if self._linger.open:
            self._linger.end()
            self._close()

    def status(self) -> dict[str, Any]:
        """Whether the microphone is open, which one it is, and what has gone wrong so far.

        ``standing``: it is open though nothing is dictated, for ``lingering_s`` more (None: until something else closes
        it), and ``pre_roll_ms`` of what it hears are in memory.
        """
        standing, left_s = self._linger.open, self._linger.left_s
        return {
            "open": self._take is not None or standing,
            "standing": standing,
            "lingering_s": round(left_s, 1) if standing and left_s < math.inf else None,
            "pre_roll_ms": self._wanted.pre_roll_ms if standing else 0,
            "in_use": self.device,
            "open_ms": self.open_ms,
            "worker": self._worker.pid,
            "restarts": max(0, self._worker.starts - 1),
            **asdict(self.counts),
        }

    async def open(self, device: str, asked_s: float | None = None) -> AsyncGenerator[Frame, None]:
        """The frames of a new take, from the microphone called ``device`` (empty: the system's default).

        A dictation says when it was asked for, on the clock of frames: a stream that is open already gives it what came
        since, and before it the pre-roll, but nothing that another take has heard. Close the generator to end the take.
        Raises MicrophoneError if there is none of that name or it cannot be opened, and MicrophoneLost, after the last
        good frame, if it ends or stalls.
        """
        take = await self._begin(device, asked_s)
        stall = asyncio.create_task(self._watch(take), name="watch the microphone")
        try:
            while True:
                arrived = await take.arrived.get()
                if isinstance(arrived, MicrophoneError):
                    raise arrived
                take.heard += 1
                yield arrived
        finally:
            stall.cancel()
            self._end(take)

    async def devices(self) -> list[dict[str, Any]]:
        """The microphones: ``name``, ``description``, ``default``, ``monitor``. Raises WorkerError."""
        await self._worker.wait_ready(_READY_LIMIT_S)
        answer, _body = await self._worker.request({"kind": "devices"}, deadline_s=_DEVICES_LIMIT_S)
        return list(answer["devices"])

    # -- between takes -----------------------------------------------------------------------------------------------

    @property
    def _missing(self) -> bool:
        return self._wanted.keep_open and self._take is None and not self._linger.open

    @property
    def _keep_ms(self) -> int:
        wanted = self._wanted
        return wanted.pre_roll_ms + _KEY_MS if wanted.keep_open or wanted.linger_s else 0

    async def _stand(self) -> str | None:
        """Have the worker open a stream that nobody hears yet; gives back why it cannot."""
        wanted, takes = self._wanted, self._takes
        head = {"kind": "stand", "device": wanted.device, "keep_ms": self._keep_ms}
        try:
            await self._closed_before()
            opened, _body = await self._worker.request(head, deadline_s=_FIRST_BLOCK_LIMIT_S)
        except WorkerError as error:
            return f"the microphone cannot be kept open: {error}"
        if self._takes == takes:  # else a dictation has taken the stream over
            self._opened(opened)
            self._stay(math.inf)
            if self._wanted != wanted:
                self.close_between()
        elif self._take is None and not self._linger.open:  # one that began and failed
            self._close()
        return None

    def _stay(self, left_s: float) -> None:
        self._linger.begin(left_s)
        self._changed()

    # -- a take ------------------------------------------------------------------------------------------------------

    async def _closed_before(self) -> None:
        if self._closing is not None:
            await asyncio.shield(self._closing)
        await self._worker.wait_ready(_READY_LIMIT_S)

    async def _begin(self, device: str, asked_s: float | None) -> _Take:
        since_s = None if asked_s is None else asked_s - self._wanted.pre_roll_ms / 1000
        head = {"kind": "open", "device": device, "keep_ms": self._keep_ms, "since": since_s}
        try:
            if self._take is not None:
                with contextlib.suppress(TimeoutError):
                    await asyncio.wait_for(self._take.left.wait(), _TAIL_LIMIT_S)
            await self._closed_before()
            if self._take is not None:
                raise MicrophoneError("the microphone is open already: stop that recording first")
            self._takes += 1
            self._worker.send({**head, "take": self._takes})
        except WorkerError as error:
            raise MicrophoneError(f"no microphone: {error}; see whether the sound server answers") from None
        self._take = _Take(self._takes, device, asked_s, self._linger.end())
        return self._take

    def _end(self, take: _Take) -> None:
        """Have the worker close, or wait, without waiting for it: the text must not wait for a sound server."""
        if self._take is take:
            self._take = None
        take.left.set()
        if not take.ended:
            take.ended = True
            left_s = take.lingers_until_s - asyncio.get_running_loop().time()
            stays = stays_s(self._wanted, take.device, dictated=take.dictated, left_s=left_s)
            if take.heard and stays > 0:  # one that has brought nothing may never do so
                with contextlib.suppress(WorkerError):
                    self._worker.send({"kind": "linger", "heard": take.heard, "keep_ms": self._keep_ms})
                    self._stay(stays)
            else:
                self._close()
        self.kept_open.look()

    def _close(self) -> None:
        with contextlib.suppress(WorkerError):  # no worker, nothing open
            self._worker.send({"kind": "close"})
            if self._closing is None:  # else who waits for the one before would wait for ever
                self._closing = asyncio.get_running_loop().create_future()
                asyncio.get_running_loop().call_later(_CLOSE_LIMIT_S, self._close_overdue, self._closing)
        self._changed()

    def _replace_worker(self) -> None:
        """Kill the worker; the next take waits until its end is seen, and then for the next one."""
        if self._worker.pid is not None:
            self._closing = self._closing or asyncio.get_running_loop().create_future()
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
            case {"kind": "opened", "found_open": found_open}:
                self._opened(head)
                if take is not None and current and not found_open:
                    limit_s = asyncio.get_running_loop().time() + _FIRST_BLOCK_LIMIT_S
                    take.deadline_s = max(take.deadline_s, limit_s)
            case {"kind": "source", "device": device}:
                self.device = device
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

    def _opened(self, head: Head) -> None:
        self.device, self.open_ms, self.rate_hz = head["device"], head["open_ms"], head["rate_hz"]

    def _on_end(self, reason: str) -> None:
        self._ended_by_itself(self._take, MicrophoneLost(f"the recording was cut short: {reason}"))

    def _ended_by_itself(self, take: _Take | None, reason: MicrophoneError) -> None:
        if take is not None:
            take.end(reason)
        self._closed()

    def _closed(self) -> None:
        if self._linger.end():
            self.kept_open.look()
            self._changed()
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
