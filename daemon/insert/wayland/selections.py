"""The clipboard and the marked text by the data-control protocol: what others offer, and serving what is ours."""

from __future__ import annotations

import array
import fcntl
import os
import termios
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from daemon.insert.wayland import protocol
from daemon.insert.wayland.loop import Loop
from daemon.insert.wayland.wire import Proxy

CLIPBOARD, PRIMARY = "clipboard", "primary"
_SET = {CLIPBOARD: "set_selection", PRIMARY: "set_primary_selection"}
_WITH_PRIMARY = 2  # version of the older protocol

_TRANSFER_PATIENCE_S = 30.0  # a reader that takes nothing for this long has gone
_DRAIN_POLL_S = 0.0005
_PIECE_BYTES = 1 << 16

Content = Mapping[str, bytes]  # by MIME type


@dataclass(frozen=True, slots=True)
class Read:
    """Somebody reads ``mime`` of what we offer as ``selection`` through the pipe with this inode."""

    selection: str
    mime: str
    pipe: int


@dataclass(slots=True)
class Offered:
    """What a selection holds: its forms, and by whom it is given (``proxy``)."""

    proxy: Proxy
    mimes: list[str]


@dataclass(slots=True)
class _Transfer:
    file: int
    unsent: memoryview
    done: Callable[[], None]


class Selections:
    """``allow`` hears who reads what is ours and may forbid it, ``on_read`` who has been given a value.

    ``offered`` is what each selection holds as the compositor tells, ours too; ``owned`` is what we hold.
    """

    def __init__(self, loop: Loop) -> None:
        self.allow: Callable[[Read], bool] = lambda _read: True
        self.on_read: Callable[[Read], None] = lambda _read: None
        self.on_change: Callable[[str], None] = lambda _selection: None
        self.offered: dict[str, Offered | None] = {}
        self.owned: dict[str, Content] = {}
        self._loop = loop
        self._sources: dict[str, Proxy] = {}
        self._transfers: set[int] = set()
        newer = loop.has(protocol.DATA_CONTROL)
        primary = newer or loop.has(protocol.WLR_DATA_CONTROL, _WITH_PRIMARY)
        self.kinds = (CLIPBOARD, PRIMARY) if primary else (CLIPBOARD,)
        seat = loop.bind(protocol.SEAT)
        interface = protocol.DATA_CONTROL if newer else protocol.WLR_DATA_CONTROL
        self._manager = loop.bind(interface, _WITH_PRIMARY if primary and not newer else 1)
        self._device = loop.connection.new(protocol.DEVICE)
        self._manager.send("get_data_device", self._device, seat)
        self._mimes: dict[Proxy, list[str]] = {}
        self._device.on = {
            "data_offer": self._begin_offer,
            "selection": lambda proxy: self._change(CLIPBOARD, proxy),
            "primary_selection": lambda proxy: self._change(PRIMARY, proxy),
        }
        loop.sync()

    @property
    def busy(self) -> bool:
        """Whether somebody is in the middle of reading."""
        return bool(self._transfers)

    def own(self, selection: str, content: Content) -> None:
        """Take the selection."""
        source = self._loop.connection.new(protocol.SOURCE)
        self._manager.send("create_data_source", source)
        source.on = {
            "send": lambda mime, file: self._serve(selection, content, mime, file),
            "cancelled": lambda: self._lose(selection, source),
        }
        for mime in content:
            source.send("offer", mime)
        self._device.send(_SET[selection], source)
        self._sources[selection], self.owned[selection] = source, content

    def release(self, selection: str) -> None:
        """Leave the selection empty."""
        if self.owned.pop(selection, None) is not None:
            self._sources.pop(selection)
            self._device.send(_SET[selection], None)

    def receive(self, offered: Offered, mime: str) -> int:
        """A pipe out of which the value comes; the caller closes it."""
        reading, writing = os.pipe2(os.O_CLOEXEC)
        os.set_blocking(reading, False)
        offered.proxy.send("receive", mime, writing)
        return reading

    def _begin_offer(self, offer: Proxy) -> None:
        self._mimes[offer] = []
        offer.on["offer"] = self._mimes[offer].append

    def _change(self, selection: str, proxy: Proxy | None) -> None:
        before = self.offered.get(selection)
        self.offered[selection] = Offered(proxy, self._mimes.pop(proxy, [])) if proxy else None
        if before is not None:
            before.proxy.destroy()
        self.on_change(selection)

    def _lose(self, selection: str, source: Proxy) -> None:
        if self._sources.get(selection) is source:
            del self._sources[selection], self.owned[selection]
        source.destroy()

    def _serve(self, selection: str, content: Content, mime: str, file: int) -> None:
        read = Read(selection, mime, os.fstat(file).st_ino)
        value = content.get(mime)
        if not self.allow(read) or value is None:
            os.close(file)
            return
        os.set_blocking(file, False)
        transfer = _Transfer(file, memoryview(value), lambda: self.on_read(read))
        self._transfers.add(file)
        self._expect_progress(transfer)
        try:
            self._loop.on_writable(file, lambda: self._write(transfer))
        except OSError:  # neither a pipe nor a socket: a program may hand us anything
            self._close(transfer)
            return
        self._write(transfer)

    def _write(self, transfer: _Transfer) -> None:
        try:
            while transfer.unsent:
                transfer.unsent = transfer.unsent[os.write(transfer.file, transfer.unsent[:_PIECE_BYTES]) :]
        except BlockingIOError:
            self._expect_progress(transfer)
            return
        except OSError:
            self._close(transfer)  # whoever asked has gone, or has no room
            return
        self._loop.forget_file(transfer.file)
        self._see_drained(transfer)

    def _see_drained(self, transfer: _Transfer) -> None:
        """Wait until the reader has it all: GTK drops what it has not read when the selection changes hands."""
        if transfer.file not in self._transfers:
            return
        if _unread_bytes(transfer.file):
            soon_s = time.monotonic() + _DRAIN_POLL_S
            self._loop.at(soon_s, ("drained", transfer.file), lambda: self._see_drained(transfer))
            return
        self._close(transfer)
        transfer.done()

    def _expect_progress(self, transfer: _Transfer) -> None:
        key = ("transfer", transfer.file)
        self._loop.at(time.monotonic() + _TRANSFER_PATIENCE_S, key, lambda: self._close(transfer))

    def _close(self, transfer: _Transfer) -> None:
        self._loop.cancel(("transfer", transfer.file))
        self._loop.cancel(("drained", transfer.file))
        self._loop.forget_file(transfer.file)
        self._transfers.discard(transfer.file)
        os.close(transfer.file)


def _unread_bytes(pipe: int) -> int:
    count = array.array("i", [0])
    fcntl.ioctl(pipe, termios.FIONREAD, count)
    return count[0]
