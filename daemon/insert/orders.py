"""What an insertion worker is asked on stdin, and in which order it answers."""

from __future__ import annotations

import io
import os
from collections import deque
from typing import BinaryIO, Protocol

from daemon.insert.loop import BaseLoop
from models import wire
from models.wire import Head


class Ended(Exception):
    """The daemon is gone or wants us to leave."""


class Work(Protocol):
    """What the worker can do. The answers are those of ``x11.worker``."""

    def focus(self) -> Head:
        """Which window has the focus."""
        ...

    def prepare(self) -> None:
        """Copy the user's clipboard."""
        ...

    def insert(self, text: str, head: Head) -> Head:
        """Insert a text as ``head`` says."""
        ...

    def undo(self) -> Head:
        """Take the last one back."""
        ...


class Orders:
    """The daemon's requests: ``focus`` is answered as it comes, the others wait for their turn."""

    def __init__(self, loop: BaseLoop, work: Work, incoming: BinaryIO, outgoing: BinaryIO) -> None:
        self._loop = loop
        self._work = work
        self._outgoing = outgoing
        self._file = incoming.fileno()
        self._waiting: deque[tuple[Head, bytes]] = deque()
        self._unread = b""
        loop.on_readable(self._file, self._read)

    def serve(self) -> None:
        """Answer requests until the daemon is gone."""
        try:
            while True:
                self._loop.wait(lambda: bool(self._waiting))
                head, body = self._waiting.popleft()
                if head["kind"] == "prepare":
                    self._work.prepare()
                else:
                    self.send({**self._answer(head, body), "id": head["id"]})
        except Ended:
            self._loop.forget_file(self._file)

    def send(self, head: Head) -> None:
        """Send a message to the daemon; one that is gone is noticed at the end of stdin."""
        try:
            self._outgoing.write(wire.pack(head))
        except BrokenPipeError:
            raise Ended from None

    def _read(self) -> None:
        received = os.read(self._file, 1 << 16)
        if not received:
            raise Ended
        self._unread += received
        stream = io.BytesIO(self._unread)
        while (message := wire.read(stream)) is not None:
            self._unread = self._unread[stream.tell() :]
            stream = io.BytesIO(self._unread)
            head, body = message
            if head["kind"] == "focus":
                self.send({**self._work.focus(), "id": head["id"]})
            else:
                self._waiting.append((head, body))

    def _answer(self, head: Head, body: bytes) -> Head:
        if head["kind"] == "undo":
            return self._work.undo()
        if head["kind"] != "insert":
            return {"kind": "error", "message": f"the insertion worker knows no request {head['kind']!r}"}
        try:
            text = body.decode()
        except UnicodeDecodeError:
            return {"kind": "held", "reason": "not inserted: the text is not UTF-8", "silent": []}
        return self._work.insert(text, head)


def leave_a_child() -> None:
    """End this process and go on in a child, which holds nothing of the daemon's. There is one thread only."""
    if os.fork():
        os._exit(0)  # no clean-up: the connection is the child's
    null = os.open(os.devnull, os.O_RDWR)
    for standard in (0, 1, 2):
        os.dup2(null, standard)
    os.close(null)
