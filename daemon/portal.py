"""The desktop's portal, by which a program of Wayland asks for what only the desktop may do: over the session bus.

Every call has a deadline. A question to the user is a Request, answered later by a signal at a path that is known
before the call. A portal that ends takes its sessions with it; whoever uses one is told, and begins anew.
"""

from __future__ import annotations

import asyncio
import itertools
import logging
import os
from collections.abc import Callable, Sequence
from typing import Any

from dbus_fast import AuthError, InvalidAddressError, Message, MessageFlag, MessageType, Variant
from dbus_fast.aio import MessageBus

from daemon import desktop_entry
from daemon.errors import AutostartError, PortalError, PortalRefused
from daemon.paths import APP_ID

log = logging.getLogger(__name__)

PATH = "/org/freedesktop/portal/desktop"
SESSION = "org.freedesktop.portal.Session"

_NAME = "org.freedesktop.portal.Desktop"
_REQUEST = "org.freedesktop.portal.Request"
_REGISTRY = "org.freedesktop.host.portal.Registry"
_BUS, _BUS_PATH = "org.freedesktop.DBus", "/org/freedesktop/DBus"
CALL_S = 3.0  # a session that went stale hangs calls for ever
_ABSENT = {
    f"org.freedesktop.DBus.Error.{name}"
    for name in ("UnknownInterface", "UnknownMethod", "UnknownObject", "UnknownProperty", "InvalidArgs")
}
_GRANTED, _CANCELLED = 0, 1

OnSignal = Callable[[str, str, str, Sequence[Any]], None]


class CallRefused(PortalError):
    """The portal answered a call with an error."""


class Portal:
    """One connection to the portal on the bus at ``address``, for one user of it.

    ``on_signal`` gets interface, member, object path and body of every signal of the portal; ``on_end`` is called when
    the portal ends or is replaced: its sessions are gone.
    """

    def __init__(
        self, address: str, *, on_signal: OnSignal, on_end: Callable[[], None], call_s: float = CALL_S
    ) -> None:
        self.absent = False  # there is no bus, or no portal on it and nothing that starts one
        self._address = address
        self._on_signal = on_signal
        self._on_end = on_end
        self._call_s = call_s
        self._bus: MessageBus | None = None
        self._ending: asyncio.Future[None]  # of the bus, once there is one
        self._owner: str | None = None  # the portal's own name on the bus, once it was seen
        self._introduced = False
        self._requests: dict[str, asyncio.Future[tuple[int, dict[str, Any]]]] = {}
        self._tokens = itertools.count(1)

    async def open(self) -> None:
        """Connect, if that is not done yet, and say who we are: wanted before anything else. Raises PortalError."""
        if self._bus is None or not self._bus.connected:
            await self._connect()
        if self._owner is None:
            self._owner = await self._find()
        if not self._introduced:
            await self._introduce()

    async def close(self) -> None:
        """Leave the bus; the portal ends our sessions."""
        bus, self._bus = self._bus, None
        self._forget()
        if bus is not None:
            bus.disconnect()
            await asyncio.wait({self._ending}, timeout=self._call_s)

    async def version(self, interface: str) -> int:
        """The version of an interface of the portal; 0 where it has none. Raises PortalError."""
        message = self._to_portal("org.freedesktop.DBus.Properties", "Get", "ss", [interface, "version"])
        reply = await self._send(message)
        if reply.message_type is MessageType.ERROR:
            if reply.error_name in _ABSENT:
                return 0
            raise _error(reply, "version")
        return int(reply.body[0].value)

    async def call(self, interface: str, member: str, signature: str, body: Sequence[Any], path: str = PATH) -> Message:
        """The reply to a call. Raises PortalError, also where none came in time."""
        reply = await self._send(self._to_portal(interface, member, signature, body, path))
        if reply.message_type is MessageType.ERROR:
            raise _error(reply, member)
        return reply

    async def request(
        self, interface: str, member: str, signature: str, body: Sequence[Any], *, limit_s: float | None = None
    ) -> dict[str, Any]:
        """What the user, or the desktop for him, answers within ``limit_s``. The last of ``body`` are the options.

        Raises PortalRefused where the user says no, PortalError for everything else, and for no answer.
        """
        token = self.token()
        assert self._bus is not None
        path = f"{PATH}/request/{str(self._bus.unique_name)[1:].replace('.', '_')}/{token}"
        answer: asyncio.Future[tuple[int, dict[str, Any]]] = asyncio.get_running_loop().create_future()
        self._requests[path] = answer  # before the call: the answer may overtake its reply
        options = {**body[-1], "handle_token": Variant("s", token)}
        try:
            await self.call(interface, member, signature, [*body[:-1], options])
            async with asyncio.timeout(limit_s or self._call_s):
                code, results = await answer
        except (TimeoutError, asyncio.CancelledError) as error:
            await self._withdraw(path)
            if isinstance(error, asyncio.CancelledError):
                raise
            raise PortalError(f"the desktop's portal did not answer {member} in time") from None
        finally:
            self._requests.pop(path, None)
        if code == _CANCELLED:
            raise PortalRefused(f"{member} was refused")
        if code != _GRANTED:
            raise PortalError(f"the desktop's portal could not do {member}")
        return results

    def token(self) -> str:
        """A new last part for the path of a request or session."""
        return f"swictation_{os.getpid()}_{next(self._tokens)}"

    # -- the connection ------------------------------------------------------------------------------------------------

    async def _connect(self) -> None:
        self._forget()
        try:
            async with asyncio.timeout(self._call_s):
                bus = await MessageBus(bus_address=self._address, negotiate_unix_fd=True).connect()
        except (OSError, EOFError, AuthError, InvalidAddressError, TimeoutError) as error:
            self.absent = not isinstance(error, TimeoutError)
            raise PortalError(f"the session bus cannot be reached ({' '.join(str(error).split())})") from None
        self._bus = bus
        bus.add_message_handler(self._hear)
        self._ending = asyncio.ensure_future(bus.wait_for_disconnect())  # type: ignore[no-untyped-call]
        self._ending.add_done_callback(lambda ending: self._disconnected(bus, ending))
        try:
            await self._listen()
        except PortalError:  # a connection that hears nothing is worse than none
            self._bus = None
            bus.disconnect()
            raise

    async def _listen(self) -> None:
        changed = f"sender='{_BUS}',interface='{_BUS}',member='NameOwnerChanged',arg0='{_NAME}'"
        for rule in (f"sender='{_NAME}',path_namespace='{PATH}'", changed):
            reply = await self._send(_to_bus("AddMatch", "s", [f"type='signal',{rule}"]))
            if reply.message_type is MessageType.ERROR:
                raise _error(reply, "AddMatch")

    async def _find(self) -> str:
        """The portal's own name on the bus; it is started if need be."""
        for message in (_to_bus("StartServiceByName", "su", [_NAME, 0]), _to_bus("GetNameOwner", "s", [_NAME])):
            reply = await self._send(message)
        self.absent = reply.message_type is MessageType.ERROR
        if self.absent:
            raise PortalError("this desktop has no portal: install xdg-desktop-portal and the one of your desktop")
        return str(reply.body[0])

    async def _introduce(self) -> None:
        """Tell the portal our id. Older ones have no such call, and those before 1.21 serve us without it as well."""
        reply = await self._register()
        if reply.message_type is MessageType.ERROR and reply.error_name not in _ABSENT:
            try:  # one that was not installed has no desktop entry
                desktop_entry.write()
            except AutostartError as error:
                log.warning("%s", error)
            reply = await self._register()
            if reply.message_type is MessageType.ERROR:
                log.warning("the portal does not know %s: %s", APP_ID, _text(reply))
        self._introduced = True

    async def _register(self) -> Message:
        return await self._send(self._to_portal(_REGISTRY, "Register", "sa{sv}", [APP_ID, {}]))

    async def _send(self, message: Message) -> Message:
        if (bus := self._bus) is None or not bus.connected:
            raise PortalError("the session bus is gone")
        waiting = asyncio.ensure_future(bus.call(message))
        try:
            await asyncio.wait({waiting}, timeout=self._call_s)
            if not waiting.done():
                raise PortalError(f"the desktop's portal does not answer ({message.member})")
            return waiting.result()
        except (OSError, EOFError) as error:
            raise PortalError(f"the session bus is gone ({error})") from None
        finally:
            if not waiting.done():
                waiting.add_done_callback(_close_files)

    async def _withdraw(self, path: str) -> None:
        """Take a question back, so that its window goes."""
        if self._bus is not None and self._bus.connected:
            close = self._to_portal(_REQUEST, "Close", "", [], path)
            close.flags = MessageFlag.NO_REPLY_EXPECTED
            await self._bus.send(close)

    def _to_portal(self, interface: str, member: str, signature: str, body: Sequence[Any], path: str = PATH) -> Message:
        return Message(
            destination=_NAME, path=path, interface=interface, member=member, signature=signature, body=list(body)
        )

    def _hear(self, message: Message) -> None:
        if message.message_type is not MessageType.SIGNAL:
            return
        if message.interface == _BUS and message.member == "NameOwnerChanged" and message.body[0] == _NAME:
            self._portal_changed(message.body[2] or None)
        elif message.sender != self._owner:
            return
        elif message.interface == _REQUEST and message.member == "Response":
            answer = self._requests.get(str(message.path))
            if answer is not None and not answer.done():
                answer.set_result((message.body[0], {key: value.value for key, value in message.body[1].items()}))
        else:
            self._on_signal(str(message.interface), str(message.member), str(message.path), message.body)

    def _portal_changed(self, owner: str | None) -> None:
        was_there = self._owner is not None
        if owner != self._owner:
            self._forget()
            self._owner = owner
            if was_there:
                self._on_end()

    def _disconnected(self, bus: MessageBus, ending: asyncio.Future[Any]) -> None:
        if not ending.cancelled():
            ending.exception()  # looked at: which one it was makes no difference
        if bus is self._bus:
            self._bus = None
            self._forget()
            self._on_end()

    def _forget(self) -> None:
        self._owner, self._introduced = None, False
        for answer in self._requests.values():
            if not answer.done():
                answer.set_exception(PortalError("the desktop's portal ended"))


def _to_bus(member: str, signature: str, body: Sequence[Any]) -> Message:
    return Message(
        destination=_BUS, path=_BUS_PATH, interface=_BUS, member=member, signature=signature, body=list(body)
    )


def _text(reply: Message) -> str:
    return " ".join(str(reply.body[0]).split()) if reply.body else str(reply.error_name)


def _error(reply: Message, member: str) -> CallRefused:
    return CallRefused(f"the desktop's portal refused {member}: {_text(reply)}")


def _close_files(late: asyncio.Future[Message]) -> None:
    """Close what came with a reply that nobody waits for any more."""
    if not late.cancelled() and late.exception() is None:
        for file in late.result().unix_fds:
            os.close(file)
