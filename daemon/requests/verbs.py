"""What the socket may ask: one method a verb; those of history, settings and microphone in files of their own."""

from __future__ import annotations

import asyncio
import base64
import binascii
import contextlib
import time
from collections.abc import AsyncGenerator
from typing import TYPE_CHECKING, Any

from daemon import arguments
from daemon.errors import RequestRefused
from daemon.history import Entry
from daemon.messages import FRAME_BYTES, Frame, Mode, Outcome
from daemon.requests.autostart import AutostartRequests
from daemon.requests.history import HistoryRequests
from daemon.requests.microphone import MicrophoneRequests
from daemon.requests.settings import SettingsRequests
from daemon.server import Answer, Connection, Request
from daemon.status import status

if TYPE_CHECKING:
    from daemon.app import Daemon

_FILE_SETTLE_LIMIT_S = 60.0
_LEVEL_S = 1 / 15  # between two snapshots of an open microphone
_FRAME_LIMIT_S = 5.0  # a client that plays a file and falls silent for so long has stopped


class Requests:
    """Answers for ``daemon``. Raises RequestRefused for what cannot be done, in one line."""

    def __init__(self, daemon: Daemon) -> None:
        self._daemon = daemon
        self._verbs: dict[str, Answer] = {
            "status": self._status,
            "toggle": self._toggle,
            "start": self._start,
            "stop": self._stop,
            "cancel": self._cancel,
            "last": self._last,
            "insert_last": self._insert_last,
            "undo": self._undo,
            "dictate": self._dictate,
            "watch": self._watch,
            "quit": self._quit,
            **HistoryRequests(daemon).verbs,
            **SettingsRequests(daemon).verbs,
            **MicrophoneRequests(daemon).verbs,
            **AutostartRequests().verbs,
        }

    async def answer(self, request: Request, connection: Connection) -> Any:
        """The result of one request."""
        verb = self._verbs.get(str(request.get("verb")))
        if verb is None:
            raise RequestRefused(f"no such request: {request.get('verb')}; known are {', '.join(self._verbs)}")
        return await verb(request, connection)

    # -- status --------------------------------------------------------------------------------------------------------

    async def _status(self, _request: Request, _connection: Connection) -> dict[str, Any]:
        return status(self._daemon)

    async def _watch(self, request: Request, connection: Connection) -> None:
        levels, preview = arguments.flag(request, "levels"), arguments.flag(request, "preview")
        connection.keep_short()
        with self._daemon.dictation.watchers.one_more() if preview else contextlib.nullcontext():
            await connection.while_there(self._show_changes(connection, levels=levels))

    async def _show_changes(self, connection: Connection, *, levels: bool) -> None:
        while True:
            changed = self._daemon.next_change()
            await connection.send({"ok": True, "result": status(self._daemon)})
            moving = levels and self._daemon.control.take is not None
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(_LEVEL_S if moving else None):
                    await changed.wait()

    # -- dictation -----------------------------------------------------------------------------------------------------

    async def _toggle(self, _request: Request, _connection: Connection) -> dict[str, Any]:
        self._daemon.control.toggle()
        return self._brief()

    async def _start(self, request: Request, _connection: Connection) -> dict[str, Any]:
        self._daemon.control.start(Mode.HANDS_FREE if arguments.flag(request, "hands_free") else Mode.TOGGLE)
        return self._brief()

    async def _stop(self, _request: Request, _connection: Connection) -> dict[str, Any]:
        self._daemon.control.stop()
        return self._brief()

    async def _cancel(self, _request: Request, _connection: Connection) -> dict[str, Any]:
        if self._daemon.control.take is None and not self._daemon.config.microphone.keep_open:
            self._daemon.microphone.close_between()
        self._daemon.control.cancel()
        return self._brief()

    def _brief(self) -> dict[str, Any]:
        now = status(self._daemon)
        return {key: now[key] for key in ("state", "mode", "notice", "faults")}

    async def _last(self, _request: Request, _connection: Connection) -> dict[str, Any] | None:
        entry = await self._last_with_text()
        return None if entry is None else entry.as_json()

    async def _insert_last(self, _request: Request, _connection: Connection) -> dict[str, Any]:
        last = self._daemon.dictation.last
        if last is not None and last.outcome is Outcome.HELD and last.text is None:
            raise RequestRefused(
                f"the words of the last dictation are not written down: `swictation history --decode {last.id}` "
                "has them from its audio"
            )
        entry = await self._last_with_text()
        if entry is None:
            raise RequestRefused("there is no text to insert: dictate something first")
        return (await self._daemon.dictation.insert_again(entry)).as_json()

    async def _undo(self, _request: Request, _connection: Connection) -> dict[str, Any]:
        reason = await self._daemon.dictation.undo()
        return {"undone": reason is None, "reason": reason}

    async def _last_with_text(self) -> Entry | None:
        last = self._daemon.dictation.last  # has its text even where the history must not
        return last if last is not None and last.text is not None else await self._daemon.journal.last_text()

    async def _dictate(self, request: Request, connection: Connection) -> list[dict[str, Any]]:
        frames: asyncio.Queue[Frame | None] = asyncio.Queue()
        mode = Mode.HANDS_FREE if arguments.flag(request, "hands_free") else Mode.HOLD
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
        await self._daemon.dictation.settle_all()  # whoever has the answer may look into the history
        return [entry.as_json() for entry in take.entries]

    # -- the rest ------------------------------------------------------------------------------------------------------

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
