"""Whether a window's program still handles its events: _NET_WM_PING, which window managers ask with, too.

A program answers it when it comes to it in its queue, so that an answer says that it has come to all keys before.
Toolkits may handle the key itself a moment later, and one whose page runs in another process long after.
"""

from __future__ import annotations

import struct
from typing import Any

from Xlib import X, protocol

from daemon.insert.x11.loop import Loop

# The answer goes to the root window; Qt sends it to whoever listens for the first, GTK and Chromium for the second.
_ANSWERS = X.StructureNotifyMask | X.SubstructureNotifyMask


class Ping:
    """Asks one window at a time. ``answered`` says whether the last one that was asked has answered."""

    def __init__(self, loop: Loop) -> None:
        self.answered = False
        self._loop = loop
        self._protocols, self._ping = loop.atom("WM_PROTOCOLS"), loop.atom("_NET_WM_PING")
        self._asked: tuple[int, int, int] | None = None  # as the answer repeats it: the atom, a time and the window
        loop.on_event("ClientMessage", self._notice)

    def ask(self, window: int) -> bool:
        """Send the question, behind everything that was sent before; whether programs of this kind answer it."""
        self.answered = False
        resource = self._loop.display.create_resource_object("window", window)
        spoken = self._loop.property(resource, self._protocols)
        if spoken is None or (self._ping,) not in struct.iter_unpack("=I", spoken[2]):
            return False
        self._loop.root.change_attributes(event_mask=_ANSWERS)
        at_ms = self._loop.timestamp_ms()
        self._asked = (self._ping, at_ms, window)
        data = (32, [*self._asked, 0, 0])
        resource.send_event(protocol.event.ClientMessage(window=window, client_type=self._protocols, data=data))
        return True

    def stop(self) -> None:
        """Wait for no answer any more."""
        if self._asked is not None:
            self._asked = None
            self._loop.root.change_attributes(event_mask=X.NoEventMask)

    def _notice(self, event: Any) -> None:
        if event.client_type == self._protocols and event.window == self._loop.root:
            self.answered |= tuple(event.data[1][:3]) == self._asked
