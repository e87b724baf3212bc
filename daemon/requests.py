"""What the socket may ask: one method a verb, and the status that they all show."""

from __future__ import annotations

import asyncio
import base64
import binascii
import time
from collections.abc import AsyncGenerator, Awaitable, Callable
from typing import TYPE_CHECKING, Any

from daemon import session
from daemon.errors import RequestRefused
from daemon.history import Entry
from daemon.messages import FRAME_BYTES, Frame, Mode
from daemon.server import Connection, Request
from models.bundle import PRACTICE_NOTICE

if TYPE_CHECKING:
    from daemon.app import Daemon

_FILE_SETTLE_LIMIT_S = 60.0
_FRAME_LIMIT_S = 5.0  # a client that plays a file and falls silent for so long has stopped


class Requests:
    """Answers for ``daemon``. Raises RequestRefused for what cannot be done, in one line."""

    def __init__(self, daemon: Daemon) -> None:
        self._daemon = daemon
        self._verbs: dict[str, Callable[[Request, Connection], Awaitable[Any]]] = {
            "status": self._status,
            "toggle": self._toggle,
            "start": self._start,
            "stop": self._stop,
            "cancel": self._cancel,
            "last": self._last,
            "insert_last": self._insert_last,
            "dictate": self._dictate,
            "reload": self._reload,
            "watch": self._watch,
            "quit": self._quit,
        }

    async def answer(self, request: Request, connection: Connection) -> Any:
        """The result of one request."""
        verb = self._verbs.get(str(request.get("verb")))
        if verb is None:
            raise RequestRefused(f"no such request: {request.get('verb')}; known are {', '.join(self._verbs)}")
        return await verb(request, connection)

    # -- status --------------------------------------------------------------------------------------------------------

    def status(self) -> dict[str, Any]:
        """Everything that a person, the tray or a script wants to know of the daemon, without any dictated text."""
        daemon = self._daemon
        engine = daemon.engine.state
        recording = daemon.control.state
        last = daemon.dictation.last
        return {
            "state": self._state(),
            "mode": recording.mode if isinstance(recording, session.Recording) else None,
            "model": engine.model,
            "provider": engine.provider,
            "notice": PRACTICE_NOTICE if engine.practice else None,
            "engine": {
                "phase": engine.phase,
                "message": engine.message,
                "directory": str(engine.directory),
                "practice": engine.practice,
                "pid": daemon.engine.pid,
            },
            "microphone": {
                "device": daemon.config.microphone.device or "default",
                "fault": daemon.control.fault,
                **daemon.microphone.status(),
            },
            "hotkey": {"key": daemon.config.hotkey.key, "way": daemon.hotkey.name, "fault": daemon.hotkey_fault},
            "insertion": {"way": daemon.inserter.name},
            "last_utterance": None if last is None else {k: v for k, v in last.as_json().items() if k != "text"},
            "held": daemon.journal.held,
            "faults": [fault for fault in self._faults() if fault],
            "config": str(daemon.config_file),
            "uptime_s": round(time.monotonic() - daemon.began_s, 1),
        }

    def _state(self) -> str:
        daemon = self._daemon
        if (take := daemon.control.take) is not None:
            return "listening" if take.frames else "opening"
        if daemon.dictation.busy:
            return "working"
        return "idle" if daemon.engine.state.phase == "ready" else str(daemon.engine.state.phase)

    def _faults(self) -> list[str | None]:
        daemon = self._daemon
        return [daemon.engine.state.message, daemon.control.fault, daemon.hotkey_fault, daemon.journal.fault]

    async def _status(self, _request: Request, _connection: Connection) -> dict[str, Any]:
        return self.status()

    async def _watch(self, _request: Request, connection: Connection) -> dict[str, Any]:
        while True:
            changed = self._daemon.next_change()
            await connection.send({"ok": True, "result": self.status()})
            await changed.wait()

    # -- dictation -----------------------------------------------------------------------------------------------------

    async def _toggle(self, _request: Request, _connection: Connection) -> dict[str, Any]:
        self._daemon.control.toggle()
        return self._brief()

    async def _start(self, request: Request, _connection: Connection) -> dict[str, Any]:
        self._daemon.control.start(Mode.HANDS_FREE if request.get("hands_free") else Mode.TOGGLE)
        return self._brief()

    async def _stop(self, _request: Request, _connection: Connection) -> dict[str, Any]:
        self._daemon.control.stop()
        return self._brief()

    async def _cancel(self, _request: Request, _connection: Connection) -> dict[str, Any]:
        self._daemon.control.cancel()
        return self._brief()

    def _brief(self) -> dict[str, Any]:
        status = self.status()
        return {key: status[key] for key in ("state", "mode", "notice", "faults")}

    async def _last(self, _request: Request, _connection: Connection) -> dict[str, Any] | None:
        entry = await self._last_with_text()
        return None if entry is None else entry.as_json()

    async def _insert_last(self, _request: Request, _connection: Connection) -> dict[str, Any]:
        entry = await self._last_with_text()
        if entry is None:
            raise RequestRefused("there is no text to insert: dictate something first")
        return (await self._daemon.dictation.insert_again(entry)).as_json()

    async def _last_with_text(self) -> Entry | None:
        last = self._daemon.dictation.last  # has its text even where the history must not
        return last if last is not None and last.text is not None else await self._daemon.journal.last_text()

    async def _dictate(self, request: Request, connection: Connection) -> list[dict[str, Any]]:
        frames: asyncio.Queue[Frame | None] = asyncio.Queue()
        mode = Mode.HANDS_FREE if request.get("hands_free") else Mode.HOLD
        take = self._daemon.control.play(_until_none(frames), mode)
        try:
            await connection.send({"ok": True, "result": "listening"})
            while (pcm := await _next_audio(connection)) is not None:
                frames.put_nowait(Frame(time.monotonic(), pcm))
        finally:
            self._daemon.control.stop()
            frames.put_nowait(None)
        try:
            async with asyncio.timeout(_FILE_SETTLE_LIMIT_S):
                await take.settled.wait()
        except TimeoutError:
            raise RequestRefused("not everything was inserted within a minute: see `swictation history`") from None
        return [entry.as_json() for entry in take.entries]

    # -- the rest ------------------------------------------------------------------------------------------------------

    async def _reload(self, _request: Request, _connection: Connection) -> dict[str, Any]:
        return {"restart_needed_for": await self._daemon.reload()}

    async def _quit(self, _request: Request, _connection: Connection) -> str:
        asyncio.get_running_loop().call_later(0.05, self._daemon.stopping.set)  # after the answer has gone out
        return "stopping"


async def _until_none(frames: asyncio.Queue[Frame | None]) -> AsyncGenerator[Frame, None]:
    while (frame := await frames.get()) is not None:
        yield frame


async def _next_audio(connection: Connection) -> bytes | None:
    """The next frame of a client that plays a file, or None at the file's end or the client's."""
    async with asyncio.timeout(_FRAME_LIMIT_S):
        line = await connection.receive()
    if line is None or "pcm" not in line:
        return None
    try:
        pcm = base64.b64decode(line["pcm"], validate=True)
    except (binascii.Error, TypeError) as error:
        raise RequestRefused("the audio of a request is base64 text") from error
    return pcm[:FRAME_BYTES].ljust(FRAME_BYTES, b"\0")
