"""Copies what other programs offer as selections, so that it can be given back after ours has been pasted."""

from __future__ import annotations

import os
import time

from daemon.insert.content import NOT_CONTENT, Patience, Unreadable, rank
from daemon.insert.wayland.loop import Loop
from daemon.insert.wayland.selections import Content, Offered, Selections

_MOST_BYTES = 64 << 20
_PIECE_BYTES = 1 << 20


class _Silence(Exception):
    """The owner does not answer."""


class Reader:
    """Reads selections into copies, and keeps each copy for as long as its selection does not change hands."""

    def __init__(self, loop: Loop, selections: Selections) -> None:
        self._loop = loop
        self._selections = selections
        self._copies: dict[str, Content | None] = {}
        selections.on_change = self._forget

    def copy(self, selection: str, patience: Patience) -> Content | None:
        """What the selection offers, read now unless the last copy is still current; None if it is empty.

        Raises Unreadable if there is content that would be lost.
        """
        self._loop.sync()
        if selection not in self._copies:
            offered = self._selections.offered.get(selection)
            content = self._read_all(selection, offered, patience) if offered and offered.mimes else None
            self._loop.sync()
            self._check_current(selection, offered)
            self._copies[selection] = content
        return self._copies[selection]

    def is_current(self, selection: str) -> bool:
        """Whether the last copy is still what the selection offers."""
        return selection in self._copies

    def _forget(self, selection: str) -> None:
        self._copies.pop(selection, None)

    def _check_current(self, selection: str, offered: Offered | None) -> None:
        if self._selections.offered.get(selection) is not offered:
            raise Unreadable("changed while it was read")

    def _read_all(self, selection: str, offered: Offered, patience: Patience) -> Content:
        content: dict[str, bytes] = {}
        end_s = time.monotonic() + patience.all_s
        size, too_large = 0, False
        for mime in sorted(set(offered.mimes) - set(NOT_CONTENT), key=rank):
            if content and time.monotonic() > end_s:
                break
            self._check_current(selection, offered)  # one that is not has no source, and is destroyed
            try:
                value = self._read(offered, mime, patience.silence_s, _MOST_BYTES - size)
            except _Silence:
                if not content:
                    raise Unreadable("does not answer") from None
                break
            except OverflowError:
                too_large = True
                continue
            content[mime] = value
            size += len(value)
        if not content and too_large:
            raise Unreadable(f"holds more than {_MOST_BYTES >> 20} MiB")
        return content

    def _read(self, offered: Offered, mime: str, silence_s: float, most_bytes: int) -> bytes:
        """One form. Raises _Silence and OverflowError."""
        file = self._selections.receive(offered, mime)
        intake = _Intake(file)
        self._loop.on_readable(file, intake.take)
        try:
            while not intake.ended:
                intake.heard = False
                if not self._loop.wait(lambda: intake.heard, silence_s):
                    raise _Silence
                if len(intake.value) > most_bytes:
                    raise OverflowError
        finally:
            self._loop.forget_file(file)
            os.close(file)
        return bytes(intake.value)


class _Intake:
    """What has come out of a pipe so far, and whether anything has since that was last asked."""

    def __init__(self, file: int) -> None:
        self.value = bytearray()
        self.heard = False
        self.ended = False
        self._file = file

    def take(self) -> None:
        """Read what is there."""
        try:
            piece = os.read(self._file, _PIECE_BYTES)
        except BlockingIOError:
            return
        self.heard = True
        self.value += piece
        self.ended = not piece
