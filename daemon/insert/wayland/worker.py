"""The insertion worker on Wayland: answers the daemon as ``x11.worker`` does, and outlives it as that does.

What we have given back to the user is offered by our connection. So at the end of stdin this process ends, as its
parent expects, and a child of it goes on with the connection until somebody else owns the selections.
"""

from __future__ import annotations

import os
import sys

from daemon.insert.content import Held
from daemon.insert.orders import Ended, Orders, leave_a_child
from daemon.insert.wayland import protocol
from daemon.insert.wayland.loop import Loop
from daemon.insert.wayland.paste import Paste
from daemon.insert.wayland.wire import WaylandGone
from models import wire
from models.wire import Head

_CANNOT_START = 3


class _Work:
    """Answers with what ``paste`` does."""

    def __init__(self, loop: Loop, paste: Paste) -> None:
        self._loop = loop
        self._paste = paste

    def focus(self) -> Head:
        """Which window has the focus."""
        self._loop.connection.dispatch()
        window = self._paste.windows.focused()
        if window is None:
            return {"kind": "focus", "window": None, "title": "", "application": "", "pid": None, "xwayland": False}
        names = {"title": window.quoted, "application": window.application.lower()}
        return {"kind": "focus", "window": window.number, **names, "pid": window.pid, "xwayland": window.xwayland}

    def prepare(self) -> None:
        """Copy the user's clipboard."""
        self._paste.prepare()

    def insert(self, text: str, head: Head) -> Head:
        """Insert a text."""
        try:
            done = self._paste.insert(text, int(head["target"]), head["ways"])
        except Held as reason:
            return {"kind": "held", "reason": str(reason), "silent": self._paste.silent}
        about: Head = {"receipt_s": done.at_s, "way": done.way, "silent": self._paste.silent}
        return about | ({"kind": "confirmed"} if done.doubt is None else {"kind": "sent", "reason": done.doubt})

    def undo(self) -> Head:
        """Refuse."""
        return {"kind": "kept", "reason": "on Wayland nobody tells whether the window was used since"}


def main(arguments: list[str]) -> int:
    """Run the worker on the compositor whose socket is the only argument; gives back the exit status."""
    incoming, outgoing = wire.claim_stdio()
    (path,) = arguments
    try:
        loop = Loop(path)
    except (OSError, WaylandGone) as error:
        outgoing.write(wire.pack({"kind": "failed", "message": f"the Wayland display {path} cannot be used: {error}"}))
        return _CANNOT_START
    if missing := protocol.missing(loop.offered):
        message = f"this compositor does not offer {' and '.join(missing)}, without which nothing can be inserted"
        outgoing.write(wire.pack({"kind": "failed", "message": message}))
        return _CANNOT_START
    try:
        paste = Paste(loop, os.environ)
        orders = Orders(loop, _Work(loop, paste), incoming, outgoing)
        orders.send({"kind": "ready"})
        orders.serve()
        paste.give_back()
        loop.sync()
        selections = paste.selections
        if selections.owned or selections.busy:
            leave_a_child()
            incoming.close()
            outgoing.close()
            loop.wait(lambda: not selections.owned and not selections.busy)
    except Ended:
        return 0
    except WaylandGone as error:
        print(f"insertion: {error}", file=sys.stderr)
        return 1
    return 0
