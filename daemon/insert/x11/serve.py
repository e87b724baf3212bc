"""Owns selections and answers whoever asks for them, as ICCCM section 2 says, INCR included."""

from __future__ import annotations

import struct
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from Xlib import X, Xatom, protocol

from daemon.insert.x11.content import Content, Offer
from daemon.insert.x11.loop import Loop

_PIECE_BYTES = 200_000  # a request holds 262,140 bytes at most
_TRANSFER_PATIENCE_S = 30.0  # a reader that asks for no next piece for this long has gone


@dataclass(frozen=True, slots=True)
class Read:
    """Somebody reads ``target`` of ``selection`` into its window ``requestor``.

    ``serial`` is the last of our requests (modulo 2**16) that the server had handled when the question was put,
    ``dated`` whether it names the time of what made the program ask, as ICCCM wants it.
    """

    selection: int
    requestor: int
    target: int
    serial: int
    dated: bool = True


@dataclass(frozen=True, slots=True)
class Owned:
    """A selection that is ours since ``since_ms`` of the server's time."""

    offer: Offer
    since_ms: int


@dataclass(slots=True)
class _Transfer:
    """A value on its way in pieces."""

    window: Any
    property: int
    content: Content
    read: Read
    sent: int = 0
    ended: bool = False


class Selections:
    """The selections that are ours.

    ``on_question`` hears every question about them, ``allow`` those for a value and may forbid, ``on_read`` every value
    that was given.
    """

    def __init__(self, loop: Loop) -> None:
        self.owned: dict[int, Owned] = {}
        self.allow: Callable[[Read], bool] = lambda _read: True
        self.on_read: Callable[[Read], None] = lambda _read: None
        self.on_question: Callable[[Read], None] = lambda _read: None
        self._loop = loop
        self._transfers: dict[tuple[int, int], _Transfer] = {}
        loop.on_event("SelectionRequest", self._answer)
        loop.on_event("SelectionClear", self._lose)
        loop.on_event("PropertyNotify", self._continue)

    @property
    def busy(self) -> bool:
        """Whether somebody is in the middle of reading a long value."""
        return bool(self._transfers)

    def own(self, selection: int, offer: Offer, at_ms: int) -> bool:
        """Take the selection, unless somebody has taken it since ``at_ms``; whether it is ours now."""
        self._loop.window.set_selection_owner(selection, at_ms)
        if self._loop.display.get_selection_owner(selection) != self._loop.window:
            return False
        self.owned[selection] = Owned(offer, at_ms)
        return True

    def release(self, selection: int, at_ms: int) -> None:
        """Leave the selection without an owner."""
        if self.owned.pop(selection, None) is not None:
            connection = self._loop.display.display
            protocol.request.SetSelectionOwner(display=connection, window=X.NONE, selection=selection, time=at_ms)

    def _lose(self, event: Any) -> None:
        owned = self.owned.get(event.atom)
        if owned is not None and _not_before(event.time, owned.since_ms):
            del self.owned[event.atom]

    def _answer(self, event: Any) -> None:
        owned = self.owned.get(event.selection)
        stored = event.property or event.target  # clients older than ICCCM name no property
        read = Read(event.selection, event.requestor.id, event.target, event.sequence_number, bool(event.time))
        self.on_question(read)
        if owned is None or (event.time and not _not_before(event.time, owned.since_ms)):
            self.allow(read)
            stored = X.NONE  # the question is about what was there before
        elif event.target == self._loop.atom("MULTIPLE"):
            self._give_several(event.requestor, stored, owned, read)
        elif not self._give(event.requestor, stored, owned, read):
            stored = X.NONE
        answer = protocol.event.SelectionNotify(
            time=event.time, requestor=event.requestor, selection=event.selection, target=event.target, property=stored
        )
        event.requestor.send_event(answer)
        if stored and event.target in owned_targets(owned) and (read.requestor, stored) not in self._transfers:
            self._loop.display.sync()  # the value is in the reader's property now
            self.on_read(read)

    def _give(self, requestor: Any, stored: int, owned: Owned, read: Read) -> bool:
        content = self._about(owned).get(read.target)
        if content is None:
            content = owned.offer.get(read.target)
            if content is None or not self.allow(read):
                return False
        if len(content.data) <= _PIECE_BYTES:
            requestor.change_property(stored, content.type, content.format, content.data)
            return True
        requestor.change_attributes(event_mask=X.PropertyChangeMask)
        size = struct.pack("=I", len(content.data))
        requestor.change_property(stored, self._loop.atom("INCR"), 32, size)
        transfer = _Transfer(requestor, stored, content, read)
        self._transfers[read.requestor, stored] = transfer
        self._expect_progress(transfer)
        return True

    def _give_several(self, requestor: Any, stored: int, owned: Owned, read: Read) -> None:
        wanted = self._loop.property(requestor, stored)
        pairs = list(struct.iter_unpack("=II", wanted[2])) if wanted and not len(wanted[2]) % 8 else []
        given = []
        for target, place in pairs:
            single = replace(read, target=target)
            done = bool(place) and self._give(requestor, place, owned, single)
            given += [target, place if done else X.NONE]
            if done and target in owned.offer and (read.requestor, place) not in self._transfers:
                self.on_read(single)
        requestor.change_property(stored, self._loop.atom("ATOM_PAIR"), 32, struct.pack(f"={len(given)}I", *given))

    def _about(self, owned: Owned) -> Mapping[int, Content]:
        """What every owner answers for itself."""
        names = [self._loop.atom(name) for name in ("TARGETS", "TIMESTAMP", "MULTIPLE")]
        targets = struct.pack(f"={len(names) + len(owned.offer)}I", *names, *owned.offer)
        since = struct.pack("=I", owned.since_ms)
        return {names[0]: Content(Xatom.ATOM, 32, targets), names[1]: Content(Xatom.INTEGER, 32, since)}

    def _continue(self, event: Any) -> None:
        transfer = self._transfers.get((event.window.id, event.atom))
        if transfer is None or event.state != X.PropertyDelete:
            return
        if transfer.ended:
            self._forget(transfer)
            self.on_read(transfer.read)
            return
        piece = transfer.content.data[transfer.sent : transfer.sent + _PIECE_BYTES]
        transfer.sent += len(piece)
        transfer.ended = not piece  # the empty piece is the end
        transfer.window.change_property(transfer.property, transfer.content.type, transfer.content.format, piece)
        self._expect_progress(transfer)

    def _expect_progress(self, transfer: _Transfer) -> None:
        key = ("transfer", transfer.read.requestor, transfer.property)
        self._loop.at(time.monotonic() + _TRANSFER_PATIENCE_S, key, lambda: self._forget(transfer))

    def _forget(self, transfer: _Transfer) -> None:
        window = transfer.read.requestor
        self._transfers.pop((window, transfer.property), None)
        self._loop.cancel(("transfer", window, transfer.property))
        if window != self._loop.window.id and all(other != window for other, _ in self._transfers):
            transfer.window.change_attributes(event_mask=X.NoEventMask)


def owned_targets(owned: Owned | None) -> Offer:
    """The content of a selection that may be ours."""
    return owned.offer if owned else {}


def _not_before(time_ms: int, since_ms: int) -> bool:
    """Whether a time of the server, which begins again every 49.7 days, is not before another one."""
    return (time_ms - since_ms) & 0xFFFFFFFF < 0x80000000
