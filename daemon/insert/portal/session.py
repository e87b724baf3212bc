"""A RemoteDesktop session of the portal with its clipboard: what may press keys and lend texts on GNOME and KDE.

The user is asked once. What the portal gives back for the answer, the token, opens the next session without a question;
it can be used a single time and comes anew with each session.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from dbus_fast import Variant

from daemon.errors import PortalError
from daemon.insert.portal.pipes import read_all, write_all
from daemon.portal import CALL_S, SESSION, CallRefused, Portal

_REMOTE = "org.freedesktop.portal.RemoteDesktop"
_CLIPBOARD = "org.freedesktop.portal.Clipboard"
_KEYBOARD = 1  # of the device types
_UNTIL_REVOKED = 2  # of the persist modes
_WRITE_S = 5.0  # a program that pastes reads at once or is stopped


class RemoteSession:
    """One session at a time on the portal at ``address``.

    ``on_transfer`` is told the media type and serial number of each read of what we offer, ``on_owner`` what the
    clipboard offers now and whether that is ours, ``on_closed`` that the session is over.
    """

    def __init__(self, address: str, *, call_s: float = CALL_S) -> None:
        self.clipboard = False
        self.token: str | None = None
        self.on_transfer: Callable[[str, int], None] = lambda _media_type, _serial: None
        self.on_owner: Callable[[Sequence[str], bool], None] = lambda _media_types, _ours: None
        self.on_closed: Callable[[], None] = lambda: None
        self._portal = Portal(address, on_signal=self._hear, on_end=self._ended, call_s=call_s)
        self._handle: str | None = None
        self._started = False

    @property
    def alive(self) -> bool:
        """Whether keys can be pressed now."""
        return self._started

    async def usable(self) -> bool:
        """Whether there is a portal with all that is needed. Raises PortalError where it cannot be asked."""
        try:
            await self._portal.open()
        except PortalError:
            if self._portal.absent:
                return False
            raise
        return bool(await self._portal.version(_REMOTE)) and bool(await self._portal.version(_CLIPBOARD))

    async def open(self, token: str | None, *, limit_s: float) -> None:
        """Begin a session; without a good ``token`` the user is asked, and has ``limit_s`` to answer.

        Raises PortalRefused if he says no, PortalError for everything else.
        """
        await self._portal.open()
        options = {"session_handle_token": Variant("s", self._portal.token())}
        created = await self._portal.request(_REMOTE, "CreateSession", "a{sv}", [options])
        self._handle = str(created["session_handle"])
        try:
            await self._select(token)
        except CallRefused:  # a token that is none at all: an old one would only be ignored
            if token is None:
                raise
            await self._select(None)
        if await self._portal.version(_CLIPBOARD):
            await self._call(_CLIPBOARD, "RequestClipboard", "oa{sv}", {})
        given = await self._portal.request(_REMOTE, "Start", "osa{sv}", [self._session(), "", {}], limit_s=limit_s)
        self.token = given.get("restore_token")
        if not given.get("devices", 0) & _KEYBOARD:
            await self.close()
            raise PortalError("the desktop gave no keyboard")
        self.clipboard = bool(given.get("clipboard_enabled", False))
        self._started = self._handle is not None

    async def close(self) -> None:
        """End the session and leave the bus."""
        self._handle, self._started, self.clipboard = None, False, False
        await self._portal.close()

    async def key(self, keysym: int, *, down: bool) -> None:
        """Press or release the key of an X keysym. Raises PortalError."""
        await self._call(_REMOTE, "NotifyKeyboardKeysym", "oa{sv}iu", {}, keysym, int(down))

    async def offer(self, media_types: Sequence[str]) -> None:
        """Own the clipboard with these forms of a content; with none, give it up. Raises PortalError."""
        options = {"mime_types": Variant("as", list(media_types))} if media_types else {}
        await self._call(_CLIPBOARD, "SetSelection", "oa{sv}", options)

    async def give(self, serial: int, content: bytes | None) -> bool:
        """Answer a read with ``content``; None refuses it. Whether the content went through. Raises PortalError."""
        reply = await self._call(_CLIPBOARD, "SelectionWrite", "ou", serial)
        written = False
        try:  # one that is refused gets its end of the content all the same, or it would wait for it
            if reply.unix_fds:
                await write_all(reply.unix_fds[0], content or b"", limit_s=_WRITE_S)
                written = content is not None
        except (OSError, TimeoutError):
            written = False
        await self._call(_CLIPBOARD, "SelectionWriteDone", "oub", serial, written)
        return written

    async def read(self, media_type: str, *, most: int, limit_s: float) -> bytes:
        """The clipboard's content in one form. Raises PortalError, OverflowError, TimeoutError and OSError."""
        reply = await self._call(_CLIPBOARD, "SelectionRead", "os", media_type)
        if not reply.unix_fds:
            raise PortalError("the desktop's portal gave no content")
        return await read_all(reply.unix_fds[0], most=most, limit_s=limit_s)

    async def _select(self, token: str | None) -> None:
        wanted = {"types": Variant("u", _KEYBOARD), "persist_mode": Variant("u", _UNTIL_REVOKED)}
        if token is not None:
            wanted["restore_token"] = Variant("s", token)
        await self._portal.request(_REMOTE, "SelectDevices", "oa{sv}", [self._session(), wanted])

    def _session(self) -> str:
        if self._handle is None:
            raise PortalError("the desktop ended the session")
        return self._handle

    async def _call(self, interface: str, member: str, signature: str, *arguments: Any) -> Any:
        return await self._portal.call(interface, member, signature, [self._session(), *arguments])

    def _hear(self, interface: str, member: str, path: str, body: Sequence[Any]) -> None:
        if interface == SESSION and member == "Closed" and path == self._handle:
            self._ended()
        elif interface == _CLIPBOARD and body and body[0] == self._handle:
            if member == "SelectionTransfer":
                self.on_transfer(str(body[1]), int(body[2]))
            elif member == "SelectionOwnerChanged":
                options = {key: value.value for key, value in body[1].items()}
                self.on_owner(options.get("mime_types", []), bool(options.get("session_is_owner", False)))

    def _ended(self) -> None:
        was_there, self._handle, self._started = self._handle is not None, None, False
        if was_there:
            self.on_closed()
