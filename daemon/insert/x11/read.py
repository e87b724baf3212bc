"""Copies what other programs offer as selections, so that it can be given back after ours has been pasted."""

from __future__ import annotations

import itertools
import struct
import time
from collections.abc import Sequence
from typing import Any

from Xlib import X
from Xlib.ext import xfixes

from daemon.insert.content import NOT_CONTENT, Patience, Unreadable, rank
from daemon.insert.x11.content import Content, Offer
from daemon.insert.x11.loop import Loop

_MOST_BYTES = 64 << 20


class _Silence(Exception):
    """The owner does not answer."""


class Reader:
    """Reads selections into copies, and keeps each copy for as long as its selection does not change hands."""

    def __init__(self, loop: Loop, selections: Sequence[int]) -> None:
        self._loop = loop
        self._copies: dict[int, Offer | None] = {}
        self._changed: set[int] = set()  # selections that changed hands since they were last looked at
        self._pieces: dict[int, int] = {}  # properties of ours that got a new value, and how often
        self._answer: Any = None
        self._silence_s, self._end_s = 0.0, 0.0  # of the copy that is being made
        places = itertools.cycle([loop.atom(f"_SWICTATION_{number}") for number in range(8)])
        self._place = places.__next__  # a new one each time: an answer may come after we gave up waiting for it
        self._not_content = {loop.atom(name) for name in NOT_CONTENT}
        loop.on_event("SelectionNotify", self._notice_answer)
        loop.on_event("PropertyNotify", self._notice_piece)
        loop.on_event("SetSelectionOwnerNotify", self._notice_change)
        loop.on_event("SelectionWindowDestroyNotify", self._notice_change)
        loop.on_event("SelectionClientCloseNotify", self._notice_change)
        every = (
            xfixes.XFixesSetSelectionOwnerNotifyMask
            | xfixes.XFixesSelectionWindowDestroyNotifyMask
            | xfixes.XFixesSelectionClientCloseNotifyMask
        )
        loop.display.xfixes_query_version()
        for selection in selections:
            loop.display.xfixes_select_selection_input(loop.window, selection, every)

    def copy(self, selection: int, patience: Patience) -> Offer | None:
        """What the selection offers, read now unless the last copy is still current; None if it has no owner.

        Raises Unreadable if there is content that would be lost.
        """
        at_ms = self._loop.timestamp_ms()  # what changed hands before now is known now
        if selection not in self._copies:
            self._changed.discard(selection)
            self._silence_s, self._end_s = patience.silence_s, time.monotonic() + patience.all_s
            owner = self._loop.display.get_selection_owner(selection)
            offer = self._read_all(selection, at_ms) if owner else None
            if selection in self._changed:
                raise Unreadable("changed while it was read")
            self._copies[selection] = offer
        return self._copies[selection]

    def is_current(self, selection: int) -> bool:
        """Whether the last copy is still what the selection offers."""
        return selection in self._copies

    def _read_all(self, selection: int, at_ms: int) -> Offer:
        try:
            return self._read_targets(selection, at_ms)
        except _Silence:
            raise Unreadable("does not answer") from None

    def _read_targets(self, selection: int, at_ms: int) -> Offer:
        offer: dict[int, Content] = {}
        size, too_large = 0, False
        for target in self._targets(selection, at_ms):
            if offer and time.monotonic() > self._end_s:
                break
            try:
                content = self._read(selection, target, at_ms, _MOST_BYTES - size)
            except _Silence:
                if not offer:
                    raise
                break
            except OverflowError:
                too_large = True
                continue
            if content is not None:
                offer[target] = content
                size += len(content.data)
        if not offer and too_large:
            raise Unreadable(f"holds more than {_MOST_BYTES >> 20} MiB")
        return offer

    def _targets(self, selection: int, at_ms: int) -> list[int]:
        """What can be copied, the most wanted first; text for owners that are too old to say."""
        listed = self._read(selection, self._loop.atom("TARGETS"), at_ms, 1 << 16)
        if listed is None or listed.format != 32:
            return [self._loop.atom("UTF8_STRING"), self._loop.atom("STRING")]
        found = {number for (number,) in struct.iter_unpack("=I", listed.data)} - self._not_content - {X.NONE}
        return sorted(found, key=lambda target: rank(self._loop.display.get_atom_name(target)))

    def _read(self, selection: int, target: int, at_ms: int, most_bytes: int) -> Content | None:
        """One value; None if the owner refuses it. Raises _Silence, and OverflowError beyond ``most_bytes``."""
        place = self._place()
        self._loop.window.delete_property(place)
        self._answer = None
        self._loop.window.convert_selection(selection, target, place, at_ms)
        expected = (selection, target)
        if not self._loop.wait(lambda: self._answer is not None and self._answer[:2] == expected, self._silence_s):
            raise _Silence
        if self._answer[2] != place:
            return None
        self._pieces.pop(place, None)  # counted from here: the deletion below asks for the first piece
        value = self._loop.property(self._loop.window, place, delete=True)
        if value is None:
            return None
        if value[0] != self._loop.atom("INCR"):
            if len(value[2]) > most_bytes:
                raise OverflowError
            return Content(*value)
        return self._read_pieces(place, most_bytes)

    def _read_pieces(self, place: int, most_bytes: int) -> Content:
        """What comes in pieces after INCR; what is too large is read to its end all the same, as its owner waits."""
        pieces: list[bytes] = []
        size = 0
        while True:
            if not self._loop.wait(lambda: self._pieces.get(place), self._silence_s) or time.monotonic() > self._end_s:
                raise _Silence
            del self._pieces[place]
            value = self._loop.property(self._loop.window, place, delete=True)
            if value is None:
                raise _Silence
            if not value[2]:
                break
            size += len(value[2])
            kind = value[:2]
            if size <= most_bytes:
                pieces.append(value[2])
            else:
                pieces.clear()
        if size > most_bytes:
            raise OverflowError
        return Content(*(kind if pieces else value[:2]), b"".join(pieces))

    def _notice_answer(self, event: Any) -> None:
        if event.requestor == self._loop.window:
            self._answer = (event.selection, event.target, event.property)

    def _notice_piece(self, event: Any) -> None:
        if event.window == self._loop.window and event.state == X.PropertyNewValue:
            self._pieces[event.atom] = self._pieces.get(event.atom, 0) + 1

    def _notice_change(self, event: Any) -> None:
        if event.owner != self._loop.window:
            self._copies.pop(event.selection, None)
            self._changed.add(event.selection)
