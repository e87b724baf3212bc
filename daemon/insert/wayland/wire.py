"""The Wayland wire format over the compositor's socket: requests out, events in, file descriptors beside them.

A message is ``uint32 object | uint32 size << 16 | opcode | arguments``, in this machine's byte order, each argument
padded to four bytes.
"""

from __future__ import annotations

import array
import os
import socket
import struct
from collections import deque
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from daemon.insert.wayland import protocol
from daemon.insert.wayland.protocol import Interface

_HEAD = struct.Struct("=II")
_WORD = struct.Struct("=I")
_SIGNED = struct.Struct("=i")
_CREDENTIALS = struct.Struct("=iII")
_FIXED = 256.0
_SERVER_IDS = 0xFF000000  # from here on the compositor numbers its objects itself
_MOST_FILES = 28  # in one message of the socket, as libwayland has it
_READ_BYTES = 1 << 16
_CONNECT_S = 1.0


class WaylandGone(Exception):
    """The compositor ended the connection, or ends it for what it calls our mistake; the message says which."""


class Proxy:
    """One object of the connection. ``on`` has what to call for its events, by name."""

    def __init__(self, connection: Connection, interface: Interface, number: int) -> None:
        self.interface = interface
        self.number = number
        self.on: dict[str, Callable[..., None]] = {}
        self._connection = connection

    def send(self, request: str, *values: Any) -> None:
        """Queue a request; objects, new ones too, are given as proxies, None stands for no object."""
        self._connection.send(self, request, values)

    def destroy(self) -> None:
        """Tell the compositor to forget it; what still comes for it is dropped."""
        self.send("destroy")
        self.on.clear()
        self._connection.forget(self)


class Connection:
    """A connection to the compositor that listens at ``path``. Raises OSError, and anything may raise WaylandGone.

    Requests are queued until ``flush``, which a frozen compositor blocks. ``peer`` is its process id.
    """

    def __init__(self, path: str) -> None:
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        try:
            self._socket.settimeout(_CONNECT_S)
            self._socket.connect(path)
            self._socket.settimeout(None)
        except OSError:
            self._socket.close()
            raise
        credentials = self._socket.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, _CREDENTIALS.size)
        self.peer, _user, _group = _CREDENTIALS.unpack(credentials)
        self._objects: dict[int, Proxy] = {}
        self._free: list[int] = []
        self._next = 1
        self._unsent = bytearray()
        self._unsent_files: list[int] = []
        self._unread = bytearray()
        self._files: deque[int] = deque()
        self.display = self.new(protocol.DISPLAY)
        self.display.on = {"error": self._fail, "delete_id": self._delete}

    def fileno(self) -> int:
        """The socket's file descriptor."""
        return self._socket.fileno()

    def close(self) -> None:
        """End the connection, and everything that it holds with the compositor."""
        self._socket.close()

    def new(self, interface: Interface) -> Proxy:
        """A new object, to be given to the request that makes it: at once, as compositors want them in order."""
        number = self._free.pop() if self._free else self._next
        self._next = max(self._next, number + 1)
        proxy = self._objects[number] = Proxy(self, interface, number)
        return proxy

    def forget(self, proxy: Proxy) -> None:
        """The object is destroyed; the number of one of ours is free when the compositor says so."""
        if proxy.number >= _SERVER_IDS:
            self._objects.pop(proxy.number, None)

    def send(self, proxy: Proxy, request: str, values: Iterable[Any]) -> None:
        """Queue a request of ``proxy``. A file descriptor is closed once it is sent."""
        opcode = list(proxy.interface.requests).index(request)
        arguments, files = packed(proxy.interface.requests[request], values)
        if len(self._unsent_files) + len(files) > _MOST_FILES:
            self.flush()
        self._unsent += _HEAD.pack(proxy.number, (_HEAD.size + len(arguments)) << 16 | opcode) + arguments
        self._unsent_files += files

    def flush(self) -> None:
        """Send what is queued."""
        if not self._unsent:
            return
        ancillary = [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", self._unsent_files))]
        try:
            sent = self._socket.sendmsg([self._unsent], ancillary if self._unsent_files else [])
            self._socket.sendall(self._unsent[sent:])
        except OSError as error:
            self._read_last_words()
            raise WaylandGone(f"the compositor is gone: {error.strerror}") from None
        finally:
            for file in self._unsent_files:
                os.close(file)
            self._unsent_files.clear()
            self._unsent.clear()

    def dispatch(self) -> None:
        """Send what is queued and handle every event that has arrived."""
        self.flush()
        while self._receive():
            self._handle_all()
            self.flush()

    def _receive(self) -> bool:
        """Take in what has arrived, if anything has."""
        room = socket.CMSG_SPACE(_MOST_FILES * 4)
        flags = socket.MSG_DONTWAIT | socket.MSG_CMSG_CLOEXEC
        try:
            content, ancillary, _flags, _address = self._socket.recvmsg(_READ_BYTES, room, flags)
        except BlockingIOError:
            return False
        except OSError as error:
            raise WaylandGone(f"the compositor is gone: {error.strerror}") from None
        for level, kind, data in ancillary:
            if level == socket.SOL_SOCKET and kind == socket.SCM_RIGHTS:
                self._files.extend(array.array("i", data[: len(data) // 4 * 4]))
        if not content:
            raise WaylandGone("the compositor is gone")
        self._unread += content
        return True

    def _handle_all(self) -> None:
        while len(self._unread) >= _HEAD.size:
            number, size_and_opcode = _HEAD.unpack_from(self._unread)
            size = size_and_opcode >> 16
            if size < _HEAD.size:
                raise WaylandGone("the compositor sent a message that is none")
            if len(self._unread) < size:
                return
            arguments = bytes(self._unread[_HEAD.size : size])
            del self._unread[:size]
            self._handle(number, size_and_opcode & 0xFFFF, arguments)

    def _handle(self, number: int, opcode: int, arguments: bytes) -> None:
        proxy = self._objects.get(number)
        if proxy is None or opcode >= len(proxy.interface.events):
            return  # for an object of theirs that is destroyed; none of those brings a file
        event = list(proxy.interface.events)[opcode]
        signature = proxy.interface.events[event]
        values = unpacked(signature, arguments, self._files)
        for place, letter in enumerate(signature):
            if letter == "n":
                made = Proxy(self, proxy.interface.makes[event], values[place])
                values[place] = self._objects[made.number] = made
            elif letter == "o":
                values[place] = self._objects.get(values[place])
        handler = proxy.on.get(event)
        if handler is not None:
            handler(*values)
            return
        for place, letter in enumerate(signature):
            if letter == "h":
                os.close(values[place])

    def _delete(self, number: int) -> None:
        if self._objects.pop(number, None) is not None:
            self._free.append(number)

    def _fail(self, proxy: Proxy | None, code: int, message: str) -> None:
        name = proxy.interface.name if proxy else "an object"
        raise WaylandGone(f"the compositor refuses us: {message} ({name}, error {code})")

    def _read_last_words(self) -> None:
        """Whoever ends a connection for a mistake says which, and that is worth more than a broken pipe."""
        while self._receive():
            self._handle_all()


def packed(signature: str, values: Iterable[Any]) -> tuple[bytes, list[int]]:
    """The arguments of a request as bytes, and the file descriptors among them."""
    content = bytearray()
    files: list[int] = []
    for letter, value in zip(signature, values, strict=True):
        match letter:
            case "u":
                content += _WORD.pack(value)
            case "i":
                content += _SIGNED.pack(value)
            case "f":
                content += _SIGNED.pack(round(value * _FIXED))
            case "o" | "n":
                content += _WORD.pack(0 if value is None else value.number)
            case "s":
                content += _sized(value.encode() + b"\0")
            case "a":
                content += _sized(value)
            case "h":
                files.append(value)
    return bytes(content), files


def unpacked(signature: str, content: bytes, files: deque[int]) -> list[Any]:
    """The arguments of an event: objects as their numbers. Raises WaylandGone where they are cut off."""
    values: list[Any] = []
    at = 0
    try:
        for letter in signature:
            if letter == "h":
                values.append(files.popleft())
                continue
            (word,) = _WORD.unpack_from(content, at)
            at += _WORD.size
            match letter:
                case "i":
                    values.append(*_SIGNED.unpack(_WORD.pack(word)))
                case "f":
                    values.append(_SIGNED.unpack(_WORD.pack(word))[0] / _FIXED)
                case "s" | "a":
                    (part,) = struct.unpack_from(f"{word}s", content, at)
                    values.append(part[:-1].decode(errors="replace") if letter == "s" else part)
                    at += (word + 3) // 4 * 4
                case _:
                    values.append(word)
    except (struct.error, IndexError):
        raise WaylandGone("the compositor sent an event that is cut off") from None
    return values


def _sized(content: bytes) -> bytes:
    return _WORD.pack(len(content)) + content + bytes(-len(content) % 4)


def socket_path(environment: Mapping[str, str]) -> str | None:
    """Where the compositor listens, by ``WAYLAND_DISPLAY``; None if there is none."""
    name = environment.get("WAYLAND_DISPLAY", "")
    if name.startswith("/"):
        return name
    directory = environment.get("XDG_RUNTIME_DIR", "")
    return f"{directory}/{name}" if name and directory else None
