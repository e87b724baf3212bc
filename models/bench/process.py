"""The measuring side of a bench worker: start it, ask it, and tell in one line how it ended."""

from __future__ import annotations

import asyncio
import contextlib
import os
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from models import wire
from models.errors import SwictationError

_LOAD_S = 300.0  # weights from a cold disk, and the graphs of a GPU
_DECODE_S, _DECODE_PER_AUDIO = 60.0, 20.0
_LEAVE_S = 5.0
_STREAM_LIMIT = 1 << 22


@dataclass(frozen=True, slots=True)
class Candidate:
    """A model on an engine. ``engine`` is ``sherpa``, ``ort`` or, with ``peer:`` before it, a peer's name."""

    directory: Path
    engine: str
    provider: str

    @property
    def name(self) -> str:
        """What tells it from the other candidates of its model."""
        return f"{self.engine}/{self.provider}"

    def command(self, threads: int) -> list[str]:
        """The arguments of its bench worker."""
        named = {"--model": str(self.directory), "--engine": self.engine, "--provider": self.provider}
        return [part for pair in named.items() for part in pair] + ["--threads", str(threads)]


class RowFailed(SwictationError):
    """A row cannot be measured, or not any further."""


class BenchProcess:
    """A bench worker. ``ready`` is what it said when it had loaded, ``start_ms`` how long after its start."""

    def __init__(self, process: asyncio.subprocess.Process, ready: wire.Head, start_ms: float) -> None:
        self.ready, self.start_ms = ready, start_ms
        self._process = process

    @classmethod
    async def start(cls, command: Sequence[str]) -> BenchProcess:
        """Start a worker with ``command`` and wait until it has loaded. Raises RowFailed."""
        started = time.perf_counter()
        process = await asyncio.create_subprocess_exec(
            *command,
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.DEVNULL,  # libraries warn there; what matters comes as a message
            env=os.environ,
            limit=_STREAM_LIMIT,
        )
        starting = cls(process, {}, 0.0)
        async with contextlib.AsyncExitStack() as stack:
            stack.push_async_callback(starting.end)  # whatever happens before it is ready, a cancelled run too
            head = await starting._answer(_LOAD_S, "load")
            if head["kind"] != "ready":
                raise RowFailed(str(head.get("message", "it did not load")))
            stack.pop_all()
        return cls(process, head, (time.perf_counter() - started) * 1000)

    async def ask(self, kind: str, pcm: bytes = b"", seconds: float = 0.0) -> wire.Head:
        """Send a request, with or about ``seconds`` of audio, and give the answer. Raises RowFailed."""
        assert self._process.stdin is not None
        self._process.stdin.write(wire.pack({"kind": kind, "seconds": seconds}, pcm))
        with contextlib.suppress(ConnectionError):  # then there is no answer either, which is told
            await self._process.stdin.drain()
        head = await self._answer(_DECODE_S + _DECODE_PER_AUDIO * seconds, "answer")
        if head["kind"] == "error":
            raise RowFailed(str(head["message"]))
        return head

    async def stop(self) -> None:
        """Let the worker leave, or end it."""
        if self._process.stdin is not None:
            self._process.stdin.close()
        try:
            async with asyncio.timeout(_LEAVE_S):
                await self._process.wait()
        except TimeoutError:
            await self.end()

    async def end(self) -> None:
        """End the worker at once, in the midst of what it does."""
        with contextlib.suppress(ProcessLookupError):
            self._process.kill()
        await self._process.wait()

    async def _answer(self, deadline_s: float, what: str) -> wire.Head:
        assert self._process.stdout is not None
        try:
            async with asyncio.timeout(deadline_s):
                message = await wire.read_async(self._process.stdout)
        except TimeoutError:
            self._process.kill()
            raise RowFailed(f"it did not {what} within {deadline_s:.0f} s and was ended") from None
        except ValueError as error:
            self._process.kill()
            raise RowFailed(str(error)) from None
        if message is None:
            status = await self._process.wait()
            how = f"signal {-status}" if status < 0 else f"status {status}"
            raise RowFailed(f"its process ended with {how} in mid-run")
        return message[0]
