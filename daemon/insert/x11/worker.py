"""The insertion worker on X11: answers the daemon, and outlives it for as long as it keeps the user's clipboard.

Requests, with an ``id`` that their answers repeat::

    {"kind": "focus"}                   -> {"kind": "focus", "window": int or null, "title": str, "application": str,
                                            "pid": int or null, "xwayland": false}   at any time
    {"kind": "prepare"}, without an id  -> nothing
    {"kind": "insert", "target": int, "ways": [str, ...]} + text
                                        -> {"kind": "confirmed" or "sent", "receipt_s": float, "way": str,
                                            "silent": [str, ...]} and for
                                            "sent" its "reason"  or
                                           {"kind": "held", "reason": str, "silent": [str, ...]}
    {"kind": "undo"}                    -> {"kind": "undone"}  or  {"kind": "kept", "reason": str}

and without being asked, before the answer that it goes with, ``{"kind": "undo", "possible": bool}`` whenever it changes
whether the last insertion can be taken back.

A selection lives as long as the connection of its owner, and what we have given back is owned by ours. So at the end of
stdin this process ends at once, as its parent expects, and a child of it goes on with the connection until somebody
else owns the selections.
"""

from __future__ import annotations

import sys

from Xlib.error import ConnectionClosedError, DisplayError

from daemon.insert.content import Held
from daemon.insert.orders import Ended, Orders, leave_a_child
from daemon.insert.x11.loop import Loop
from daemon.insert.x11.paste import Paste
from daemon.insert.x11.undo import NotTakenBack
from models import wire
from models.wire import Head

_CANNOT_START = 3
_SAVE_S = 5.0  # how long a clipboard manager may take to copy what we hold
_GONE = (ConnectionClosedError, BrokenPipeError, ConnectionResetError)


class _Work:
    """Answers with what ``paste`` does."""

    def __init__(self, paste: Paste) -> None:
        self._paste = paste

    def focus(self) -> Head:
        """Which window has the focus."""
        windows = self._paste.windows
        window = windows.focused()
        about: Head = {"kind": "focus", "window": window, "xwayland": False}
        if window is None:
            return about | {"title": "", "application": "", "pid": None}
        names = {"title": windows.title(window), "application": windows.application(window)}
        return about | names | {"pid": windows.process(window)}

    def prepare(self) -> None:
        """Copy the user's clipboard."""
        self._paste.prepare()

    def insert(self, text: str, head: Head) -> Head:
        """Insert a text."""
        try:
            done = self._paste.insert(text, int(head["target"]), head["ways"])
        except Held as reason:
            return {"kind": "held", "reason": str(reason), "silent": self._paste.silent}
        about: Head = {"kind": done.outcome, "receipt_s": done.receipt_s, "way": done.way, "silent": done.silent}
        return about if done.reason is None else about | {"reason": done.reason}

    def undo(self) -> Head:
        """Take the last one back."""
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
        orders = Orders(loop, _Work(paste), incoming, outgoing)
        paste.last.tell = lambda possible: orders.send({"kind": "undo", "possible": possible})
        orders.send({"kind": "ready"})
        orders.serve()
        paste.last.close()
        paste.give_back()
        if paste.selections.owned or paste.selections.busy:
            leave_a_child()
            incoming.close()
            outgoing.close()
            _keep(loop, paste)
    except Ended:
        return 0
    except _GONE as error:
        print(f"insertion: the X server is gone: {error}", file=sys.stderr)
        return 1
    return 0


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
