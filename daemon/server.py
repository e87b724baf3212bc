"""The daemon's local socket: who may speak, how much, and in which form. What is answered is ``handle``'s affair."""

from __future__ import annotations

import asyncio
import contextlib
import json
import logging
import os
import socket
import struct
import sys
from collections.abc import Awaitable, Callable, Coroutine
from pathlib import Path
from typing import Any, TypeVar

from daemon.errors import SwictationError
from daemon.protocol import CLIENT_LIMIT, LINE_LIMIT_BYTES, REQUEST_LIMIT_S, VERSION

log = logging.getLogger(__name__)

Request = dict[str, Any]
T = TypeVar("T")

_SHORT_BYTES = 8 * 1024  # a few snapshots of the status; the kernel doubles it


class Connection:
    """One client. ``receive`` gives its next line, or None when it has gone."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.last_answer = False  # the conversation ends with the answer to the present request
        self._reader = reader
        self._writer = writer

    async def receive(self) -> Request | None:
        """The next object that the client sent. Raises ValueError for a line that is too long or no JSON object."""
        try:
            line = await self._reader.readuntil(b"\n")
        except (asyncio.IncompleteReadError, ConnectionError):
            return None
        except asyncio.LimitOverrunError:
            raise ValueError(f"a request is at most {LINE_LIMIT_BYTES} bytes") from None
        request = json.loads(line)
        if not isinstance(request, dict):
            raise ValueError("a request is a JSON object")  # noqa: TRY004 - the caller sent it, no code of ours
        return request

    async def send(self, answer: Any) -> None:
        """Send one object. Raises ConnectionError if the client has gone."""
        self._writer.write(json.dumps(answer, ensure_ascii=False).encode("utf-8", "replace") + b"\n")
        await self._writer.drain()

    def keep_short(self) -> None:
        """Make ``send`` wait until hardly anything is on its way, so that a slow client gets what is new."""
        self._writer.transport.set_write_buffer_limits(high=0)
        self._writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, _SHORT_BYTES)

    async def while_there(self, work: Coroutine[Any, Any, T]) -> T:
        """The result of ``work``, which is cancelled when the client hangs up or says anything more.

        Raises ConnectionError then.
        """
        self.last_answer = True
        working, leaving = asyncio.ensure_future(work), asyncio.ensure_future(self.receive())
        try:
            await asyncio.wait({working, leaving}, return_when=asyncio.FIRST_COMPLETED)
            if not working.done():
                raise ConnectionAbortedError
            return working.result()
        finally:
            working.cancel()
            leaving.cancel()
            await asyncio.gather(working, leaving, return_exceptions=True)


Answer = Callable[[Request, Connection], Awaitable[Any]]


class Server:
    """Listens at ``path`` and passes every request to ``handle``, whose result is the answer.

    A SwictationError that ``handle`` raises becomes an error answer. Other users are turned away by the mode of the
    directory and again by their user id; a client that says nothing for 5 s, or sends what is no request, is dropped.
    """

    def __init__(self, path: Path, handle: Answer) -> None:
        self._path = path
        self._handle = handle
        self._server: asyncio.Server | None = None
        self._stopping = False
        self._clients: set[asyncio.Task[None]] = set()

    async def start(self) -> None:
        """Listen. The caller holds the daemon's lock, so a socket file that exists is a dead daemon's."""
        self._path.unlink(missing_ok=True)
        self._stopping = False
        self._server = await asyncio.start_unix_server(self._accept, self._path, limit=LINE_LIMIT_BYTES)
        self._path.chmod(0o600)

    async def stop(self) -> None:
        """Listen no more and end every conversation."""
        if self._server is None:
            return
        self._stopping = True
        self._server.close()
        for client in tuple(self._clients):
            client.cancel()
        await asyncio.gather(*self._clients, return_exceptions=True)
        self._path.unlink(missing_ok=True)

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        if self._stopping or len(self._clients) >= CLIENT_LIMIT or not _is_ours(writer.get_extra_info("socket")):
            writer.close()
            return
        self._clients.add(task)
        try:
            await self._converse(Connection(reader, writer))
        except (ConnectionError, TimeoutError, asyncio.CancelledError):
            pass  # it left, or said nothing, or we are stopping: there is nobody to tell
        finally:
            self._clients.discard(task)
            writer.close()
            with contextlib.suppress(ConnectionError):
                await writer.wait_closed()

    async def _converse(self, connection: Connection) -> None:
        while True:
            try:
                async with asyncio.timeout(REQUEST_LIMIT_S):
                    request = await connection.receive()
                if request is None:
                    return
                answer = await self._answer(request, connection)
            except ValueError as error:
                await connection.send({"ok": False, "error": f"not a request: {error}"})
                return
            await connection.send(answer)
            if connection.last_answer:
                return

    async def _answer(self, request: Request, connection: Connection) -> dict[str, Any]:
        if request.get("v") != VERSION:
            return {"ok": False, "error": f"this daemon speaks version {VERSION}: restart it with `swictation quit`"}
        try:
            return {"ok": True, "result": await self._handle(request, connection)}
        except SwictationError as error:
            return {"ok": False, "error": str(error)}


def _is_ours(connected: socket.socket) -> bool:
    if sys.platform != "linux":
        return True  # the directory's mode is the guard there
    credentials = connected.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, struct.calcsize("3i"))
    _pid, uid, _gid = struct.unpack("3i", credentials)
    return bool(uid == os.getuid())
