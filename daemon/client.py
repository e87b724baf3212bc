"""The way to the running daemon for the command line and the tray: plain blocking calls.

Kept to the cheapest imports: ``swictation toggle`` has to be over in 80 ms, Python's own start included.
"""

from __future__ import annotations

import contextlib
import json
import socket
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from daemon.errors import NoDaemon, RequestRefused
from daemon.paths import socket_file
from daemon.protocol import VERSION


class Client:
    """A conversation with the daemon, whose socket may be elsewhere. Raises NoDaemon where none listens."""

    def __init__(self, timeout_s: float | None = 5.0, socket_at: Path | None = None) -> None:
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self._socket.settimeout(timeout_s)
        try:
            self._socket.connect(str(socket_at or socket_file()))
        except OSError as error:
            self._socket.close()
            raise NoDaemon("the daemon is not running: start it with `swictation daemon`") from error
        self._lines = self._socket.makefile("rb")

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """End the conversation."""
        self._lines.close()
        self._socket.close()

    def send(self, message: dict[str, Any]) -> None:
        """Send one line."""
        try:
            self._socket.sendall(json.dumps(message).encode() + b"\n")
        except OSError as error:
            raise NoDaemon("the daemon ended") from error

    def ask(self, verb: str, **arguments: Any) -> Any:
        """The result of a request. Raises RequestRefused with the daemon's own words, NoDaemon if it ended."""
        self.send({"v": VERSION, "verb": verb, **arguments})
        return self.answer()

    def answer(self) -> Any:
        """The result that the daemon sends next."""
        try:
            line = self._lines.readline()
        except TimeoutError:
            raise NoDaemon("the daemon does not answer: end it and start it again") from None
        except OSError as error:
            raise NoDaemon("the daemon ended") from error
        if not line.endswith(b"\n"):
            raise NoDaemon("the daemon ended before it answered")
        answer = json.loads(line)
        if not answer["ok"]:
            raise RequestRefused(answer["error"])
        return answer["result"]

    def hang_up(self) -> None:
        """End the conversation from another thread: whoever waits for an answer gets NoDaemon."""
        with contextlib.suppress(OSError):  # it had ended already
            self._socket.shutdown(socket.SHUT_RDWR)


def ask(verb: str, **arguments: Any) -> Any:
    """One request to the daemon and its result; see ``Client.ask``."""
    with Client() as client:
        return client.ask(verb, **arguments)
