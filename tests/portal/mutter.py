"""GNOME's compositor behind the fake portal: RemoteDesktop and Clipboard handed on to a real, headless Mutter.

That is what xdg-desktop-portal and its GNOME backend do, as far as they are used here. Consent is not Mutter's affair.
"""

import asyncio
import contextlib
import os
import subprocess
import time
import uuid

from dbus_fast import Message, MessageType, Variant
from dbus_fast.aio import MessageBus

from tests.portal.compositor import SHIFT, drain, feed
from tests.portal.frontend import Refused
from tests.portal.remote import CLIPBOARD, answer_calls

_MUTTER = "org.gnome.Mutter.RemoteDesktop"
_PATH = "/org/gnome/Mutter/RemoteDesktop"


@contextlib.contextmanager
def headless(directory, address):
    """A Mutter without a screen on the bus at ``address``; the environment of its clients."""
    clients = {"XDG_RUNTIME_DIR": str(directory), "WAYLAND_DISPLAY": "wayland-mutter", "HOME": str(directory)}
    clients |= {"DBUS_SESSION_BUS_ADDRESS": address, "GSETTINGS_BACKEND": "memory", "XDG_SESSION_TYPE": "wayland"}
    kept = {name: value for name, value in os.environ.items() if name != "DISPLAY"}
    command = ["mutter", "--headless", "--wayland", "--no-x11", "--virtual-monitor", "1280x800"]
    command += ["--wayland-display", clients["WAYLAND_DISPLAY"]]
    with subprocess.Popen(
        command, env={**kept, **clients}, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    ) as compositor:
        deadline_s = time.monotonic() + 30
        while not (directory / clients["WAYLAND_DISPLAY"]).exists():
            assert compositor.poll() is None, "mutter ended"
            assert time.monotonic() < deadline_s, "mutter did not start"
            time.sleep(0.05)
        try:
            yield {**kept, **clients}
        finally:
            compositor.terminate()


class MutterSession:
    """One session of Mutter's own, on a connection of its own; ``on_signal`` gets its signals."""

    def __init__(self, address, on_signal):
        self.address = address
        self.on_signal = on_signal
        self.path = None
        self.bus = None

    async def start(self):
        self.bus = await MessageBus(bus_address=self.address, negotiate_unix_fd=True).connect()
        self.bus.add_message_handler(self._hear)
        async with asyncio.timeout(30):  # Mutter's socket is there before its name on the bus
            while self.path is None:
                with contextlib.suppress(Refused):
                    self.path = (await self._send(_MUTTER, _PATH, f"{_MUTTER}.CreateSession")).body[0]
                await asyncio.sleep(0.05)
        rule = f"type='signal',path='{self.path}'"
        await self._send("org.freedesktop.DBus", "/org/freedesktop/DBus", "org.freedesktop.DBus.AddMatch", "s", rule)
        await self.call("Start")
        await self.call("EnableClipboard", "a{sv}", {})

    async def stop(self):
        self.bus.disconnect()
        await self.bus.wait_for_disconnect()

    async def call(self, member, signature="", *body):
        return await self._send(_MUTTER, self.path, f"{_MUTTER}.Session.{member}", signature, *body)

    async def _send(self, destination, path, method, signature="", *body):
        interface, _dot, member = method.rpartition(".")
        message = Message(
            destination=destination, path=path, interface=interface, member=member, signature=signature, body=[*body]
        )
        reply = await self.bus.call(message)
        if reply.message_type is MessageType.ERROR:
            raise Refused("Failed", f"{member}: {reply.body}")
        return reply

    def _hear(self, message):
        if message.message_type is MessageType.SIGNAL and message.path == self.path:
            self.on_signal(message.member, message.body)


class MutterRemote:
    """Answers for ``frontend`` with what Mutter does."""

    def __init__(self, frontend):
        self.portal = frontend
        self.reads = 0  # of what our sessions offer
        self._open = []
        answer_calls(frontend, self)
        forget = frontend.forget

        def forgotten(session):
            forget(session)
            session.mutter.bus.disconnect()

        frontend.forget = forgotten

    async def stop(self):
        """End the sessions that are open, and see that none is left."""
        for session in self._open:
            await session.stop()

    async def _create(self, message, options):
        return self.portal.create(message, options, "remote")

    async def _select(self, message, _handle, options):
        async def work():
            return 0, {}

        return self.portal.request(message, options, work)

    async def _request_clipboard(self, *_arguments):
        return None

    async def _start(self, message, handle, _parent, options):
        session = self.portal.session(message, handle, "remote")
        session.mutter = MutterSession(self.portal.address, lambda member, body: self._hand_on(session, member, body))

        self._open.append(session.mutter)

        async def work():
            session.started = True
            await session.mutter.start()
            given = {"devices": Variant("u", 1), "clipboard_enabled": Variant("b", True)}
            return 0, {**given, "restore_token": Variant("s", str(uuid.uuid4()))}

        return self.portal.request(message, options, work)

    def _hand_on(self, session, member, body):
        if member == "SelectionTransfer":
            self.reads += 1
            self.portal.emit(CLIPBOARD, member, "osu", [session.handle, *body], to=session.owner)
        elif member == "SelectionOwnerChanged":
            told = {key: value.value for key, value in body[0].items()}
            types = told.get("mime-types", [])
            types = types[0] if types and isinstance(types[0], list) else types  # (as) in some versions
            ours = Variant("b", told.get("session-is-owner", False))
            options = {"mime_types": Variant("as", types), "session_is_owner": ours}
            self.portal.emit(CLIPBOARD, member, "oa{sv}", [session.handle, options], to=session.owner)

    def _of(self, message, handle):
        return self.portal.session(message, handle, "remote").mutter

    async def _key(self, message, handle, _options, keysym, state):
        await self._of(message, handle).call("NotifyKeyboardKeysym", "ub", keysym, bool(state))

    async def _set_selection(self, message, handle, options):
        types = {"mime-types": Variant("as", options["mime_types"].value)} if "mime_types" in options else {}
        await self._of(message, handle).call("SetSelection", "a{sv}", types)

    async def _read(self, message, handle, media_type):
        reply = await self._of(message, handle).call("SelectionRead", "s", media_type)
        return "h", [0], reply.unix_fds

    async def _write(self, message, handle, serial):
        reply = await self._of(message, handle).call("SelectionWrite", "u", serial)
        return "h", [0], reply.unix_fds

    async def _write_done(self, message, handle, serial, success):
        await self._of(message, handle).call("SelectionWriteDone", "ub", serial, success)


class User:
    """Another session, which has copied something and can look at the clipboard; it keeps a keyboard on the seat."""

    def __init__(self, address):
        self.content = {}
        self.owns = False  # whether what it copied last is what the clipboard has
        self.session = MutterSession(address, self._hear)
        self._serving = set()

    async def start(self):
        await self.session.start()
        for down in (True, False):  # with no keyboard on the seat, windows miss the first keys of the first one
            await self.session.call("NotifyKeyboardKeysym", "ub", SHIFT, down)

    async def stop(self):
        await self.session.stop()

    async def copy(self, content):
        self.content = content
        await self.session.call("SetSelection", "a{sv}", {"mime-types": Variant("as", list(content))})

    async def paste(self, media_type):
        """What the clipboard has in this form."""
        for _ in range(50):
            with contextlib.suppress(Refused):  # it may not have noticed that the read before is over
                reply = await self.session.call("SelectionRead", "s", media_type)
                return await drain(reply.unix_fds[0])
            await asyncio.sleep(0.02)
        raise AssertionError(f"{media_type} cannot be read")

    def _hear(self, member, body):
        if member == "SelectionTransfer":
            task = asyncio.ensure_future(self._serve(*body))
            self._serving.add(task)
            task.add_done_callback(self._serving.discard)
        elif member == "SelectionOwnerChanged":
            self.owns = body[0]["session-is-owner"].value

    async def _serve(self, media_type, serial):
        reply = await self.session.call("SelectionWrite", "u", serial)
        await feed(reply.unix_fds[0], self.content[media_type])
        os.close(reply.unix_fds[0])
        await self.session.call("SelectionWriteDone", "ub", serial, True)
