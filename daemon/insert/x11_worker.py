"""The insertion worker on X11: answers the daemon, and outlives it for as long as it keeps the user's clipboard.

Requests, with an ``id`` that their answers repeat::

    {"kind": "focus"}                         -> {"kind": "focus", "window": int or null, "title": str}   at any time
    {"kind": "prepare"}, without an id        -> nothing
    {"kind": "insert", "target": int} + text  -> {"kind": "confirmed", "receipt_s": float}  or
                                                 {"kind": "held", "reason": str}
    {"kind": "undo"}                          -> {"kind": "undone"}  or  {"kind": "kept", "reason": str}

and without being asked, before the answer that it goes with, ``{"kind": "undo", "possible": bool}`` whenever it changes
whether the last insertion can be taken back.

A selection lives as long as the connection of its owner, and what we have given back is owned by ours. So at the end of
stdin this process ends at once, as its parent expects, and a child of it goes on with the connection until somebody
else owns the selections.
"""

from __future__ import annotations

import io
import os
import sys
from collections import deque
from typing import BinaryIO

from Xlib.error import ConnectionClosedError, DisplayError

from daemon.insert.x11_loop import Loop
from daemon.insert.x11_paste import Held, Paste
from daemon.insert.x11_undo import NotTakenBack
from models import wire
from models.wire import Head

_CANNOT_START = 3
_SAVE_S = 5.0  # how long a clipboard manager may take to copy what we hold
_GONE = (ConnectionClosedError, BrokenPipeError, ConnectionResetError)


class _Ended(Exception):
    """The daemon is gone or wants us to leave."""


class _Orders:
    """The daemon's requests: ``focus`` is answered as it comes, the others wait for their turn."""

    def __init__(self, loop: Loop, paste: Paste, incoming: BinaryIO, outgoing: BinaryIO) -> None:
        self.waiting: deque[tuple[Head, bytes]] = deque()
        self._paste = paste
        self._outgoing = outgoing
        self._file = incoming.fileno()
        self._unread = b""
        self._loop = loop
        loop.on_readable(self._file, self._read)
        paste.last.tell = lambda possible: self.send({"kind": "undo", "possible": possible})

    def serve(self) -> None:
        """Answer requests until the daemon is gone."""
        try:
            while True:
                self._loop.wait(lambda: bool(self.waiting))
                head, body = self.waiting.popleft()
                if head["kind"] == "prepare":
                    self._paste.prepare()
                else:
                    self.send({**self._answer(head, body), "id": head["id"]})
        except _Ended:
            self._loop.forget_file(self._file)

    def send(self, head: Head) -> None:
        """Send an answer to the daemon; one that is gone is noticed at the end of stdin."""
        try:
            self._outgoing.write(wire.pack(head))
        except BrokenPipeError:
            raise _Ended from None

    def _read(self) -> None:
        received = os.read(self._file, 1 << 16)
        if not received:
            raise _Ended
        self._unread += received
        stream = io.BytesIO(self._unread)
        while (message := wire.read(stream)) is not None:
            self._unread = self._unread[stream.tell() :]
            stream = io.BytesIO(self._unread)
            head, body = message
            if head["kind"] == "focus":
                self.send({**self._focus(), "id": head["id"]})
            else:
                self.waiting.append((head, body))

    def _focus(self) -> Head:
        window = self._paste.windows.focused()
        title = "" if window is None else self._paste.windows.title(window)
        return {"kind": "focus", "window": window, "title": title}

    def _answer(self, head: Head, body: bytes) -> Head:
        if head["kind"] == "undo":
            return self._undo()
        if head["kind"] != "insert":
            return {"kind": "error", "message": f"the insertion worker knows no request {head['kind']!r}"}
        try:
            return {"kind": "confirmed", "receipt_s": self._paste.insert(body.decode(), int(head["target"]))}
        except Held as reason:
            return {"kind": "held", "reason": str(reason)}
        except UnicodeDecodeError:
            return {"kind": "held", "reason": "not inserted: the text is not UTF-8"}

    def _undo(self) -> Head:
        try:
            self._paste.last.take_back()
        except NotTakenBack as reason:
            return {"kind": "kept", "reason": str(reason)}
        return {"kind": "undone"}


def main(arguments: list[str]) -> int:
    """Run the worker on the display that is the only argument; gives back the exit status."""
    incoming, outgoing = wire.claim_stdio()
    (name,) = arguments
    try:
        loop = Loop(name)
    except (DisplayError, ConnectionClosedError, OSError) as error:
        reason = " ".join(str(error).split())
        outgoing.write(wire.pack({"kind": "failed", "message": f"the display {name} cannot be opened: {reason}"}))
        return _CANNOT_START
    missing = [name for name in ("XTEST", "XFIXES") if not loop.display.has_extension(name)]
    if missing:
        message = f"the X server lacks {' and '.join(missing)}, without which nothing can be inserted"
        outgoing.write(wire.pack({"kind": "failed", "message": message}))
        return _CANNOT_START
    try:
        paste = Paste(loop)
        orders = _Orders(loop, paste, incoming, outgoing)
        orders.send({"kind": "ready"})
        orders.serve()
        paste.last.close()
        paste.give_back()
        if paste.selections.owned or paste.selections.busy:
            _leave_a_child()
            incoming.close()
            outgoing.close()
            _keep(loop, paste)
    except _Ended:
        return 0
    except _GONE as error:
        print(f"insertion: the X server is gone: {error}", file=sys.stderr)
        return 1
    return 0


def _leave_a_child() -> None:
    """End this process and go on in a child, which holds nothing of the daemon's. There is one thread only."""
    if os.fork():
        os._exit(0)  # no clean-up: the connection is the child's
    null = os.open(os.devnull, os.O_RDWR)
    for standard in (0, 1, 2):
        os.dup2(null, standard)
    os.close(null)


def _keep(loop: Loop, paste: Paste) -> None:
    """Serve the user's selections until others own them. A clipboard manager is asked to take over the clipboard."""
    selections = paste.selections
    if loop.atom("CLIPBOARD") in selections.owned and loop.display.get_selection_owner(loop.atom("CLIPBOARD_MANAGER")):
        saved: list[int] = []
        loop.on_event("SelectionNotify", lambda event: saved.append(event.property))
        manager, save = loop.atom("CLIPBOARD_MANAGER"), loop.atom("SAVE_TARGETS")
        loop.window.convert_selection(manager, save, loop.atom("_SWICTATION_SAVE"), loop.timestamp_ms())
        loop.wait(lambda: bool(saved), _SAVE_S)
    loop.wait(lambda: not selections.owned and not selections.busy)
