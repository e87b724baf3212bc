"""The part of the fake portal that all its interfaces share: who calls, what is checked, requests and sessions.

What xdg-desktop-portal's own frontend refuses is refused here, and written down as a violation as well.
"""

import asyncio
import os
import re
from dataclasses import dataclass, field

from dbus_fast import Message, MessageFlag, MessageType, Variant
from dbus_fast.aio import MessageBus

from daemon.paths import APP_ID

NAME, PATH = "org.freedesktop.portal.Desktop", "/org/freedesktop/portal/desktop"
REQUEST, SESSION = "org.freedesktop.portal.Request", "org.freedesktop.portal.Session"
REGISTRY = "org.freedesktop.host.portal.Registry"
PROPERTIES = "org.freedesktop.DBus.Properties"

_TOKEN = re.compile(r"[A-Za-z0-9_]+\Z")
_REVERSE_DNS = re.compile(r"[A-Za-z_][\w-]*(\.[A-Za-z_][\w-]*){2,}\Z")


class Refused(Exception):
    """A call is answered by an error: its name, and what it says."""

    def __init__(self, name, text):
        super().__init__(text)
        self.name = f"org.freedesktop.DBus.Error.{name}"


@dataclass
class Session:
    """One session: whose it is and how far it has come."""

    handle: str
    owner: str
    kind: str
    devices: int = 0
    selected: bool = False
    started: bool = False
    clipboard_requested: bool = False
    clipboard: bool = False
    bound: dict = field(default_factory=dict)
    down: list = field(default_factory=list)


class Frontend:
    """Calls by (interface, member), each with the signature of its arguments, and what they may ask for.

    ``consent`` is what the user does with a question: ``grant``, ``refuse`` or ``hang``; ``hangs`` names the calls that
    are never answered. ``strict`` is how portals from 1.21 on are: who has not said its id is refused.
    """

    def __init__(self, address, *, strict=True):
        self.address = address
        self.strict = strict
        self.consent = "grant"
        self.hangs = set()
        self.questions = []  # what the user was asked
        self.withdrawn = []  # requests that were taken back
        self.violations = []
        self.versions = {}  # interface -> version; those that are not there have none
        self.calls = {(REGISTRY, "Register"): ("sa{sv}", self._register)}
        self.sessions = {}
        self.installed = lambda: True  # whether there is a desktop entry of that name
        self.answers_first = False  # the answer of a request overtakes the reply to its call
        self.bus = None
        self._app_ids = {}
        self._seen = set()
        self._waiting = {}
        self._tasks = set()

    # -- life ----------------------------------------------------------------------------------------------------------

    async def start(self):
        self.bus = await MessageBus(bus_address=self.address, negotiate_unix_fd=True).connect()
        self.bus.add_message_handler(self._handle)
        rule = "type='signal',sender='org.freedesktop.DBus',member='NameOwnerChanged'"
        await self.bus.call(
            Message(
                destination="org.freedesktop.DBus",
                path="/org/freedesktop/DBus",
                interface="org.freedesktop.DBus",
                member="AddMatch",
                signature="s",
                body=[rule],
            )
        )
        await self.bus.request_name(NAME)

    async def stop(self):
        """End, as a portal that crashes: no session is left, and nobody is told but by the bus."""
        bus, self.bus = self.bus, None
        for task in [*self._tasks]:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        self.sessions.clear()
        self._app_ids.clear()
        self._seen.clear()
        self._waiting.clear()
        if bus is not None:
            bus.disconnect()
            await bus.wait_for_disconnect()

    async def restart(self):
        await self.stop()
        await self.start()

    def violation(self, text):
        self.violations.append(text)

    def spawn(self, coroutine):
        task = asyncio.create_task(coroutine)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task

    def emit(self, interface, member, signature, body, *, to=None, path=PATH):
        signal = Message(
            destination=to,
            path=path,
            interface=interface,
            member=member,
            message_type=MessageType.SIGNAL,
            signature=signature,
            body=body,
        )
        return self.bus.send(signal)

    def close_session(self, session):
        """The desktop ends a session: the screen is locked, or the user has stopped it."""
        self.forget(session)
        self.emit(SESSION, "Closed", "a{sv}", [{}], to=session.owner, path=session.handle)

    def forget(self, session):
        self.sessions.pop(session.handle, None)

    # -- calls ---------------------------------------------------------------------------------------------------------

    def _handle(self, message):
        if self.bus is None:
            return True  # it came too late, and gets no answer
        if message.message_type is MessageType.SIGNAL:
            if message.member == "NameOwnerChanged" and message.body[0].startswith(":") and not message.body[2]:
                for session in [one for one in self.sessions.values() if one.owner == message.body[0]]:
                    self.forget(session)
            return None
        if message.message_type is not MessageType.METHOD_CALL or message.interface == "org.freedesktop.DBus.Peer":
            return None
        self.spawn(self._answer(message))
        return True

    async def _answer(self, message):
        if message.member in self.hangs:
            return
        try:
            reply = await self._reply(message)
        except Refused as error:
            reply = Message.new_error(message, error.name, str(error))
        if not message.flags & MessageFlag.NO_REPLY_EXPECTED:
            await self.bus.send(reply)
        for file in reply.unix_fds:
            os.close(file)  # the message carries a copy

    async def _reply(self, message):
        interface, member = message.interface, message.member
        if interface == REQUEST and member == "Close":
            self.withdrawn.append(message.path)
            if (waiting := self._waiting.pop(message.path, None)) is not None:
                waiting.cancel()
            return Message.new_method_return(message)
        if interface == SESSION and member == "Close":
            self.forget(self.sessions[message.path])
            return Message.new_method_return(message)
        if interface != REGISTRY:
            self._check_known(message)
            self._seen.add(message.sender)
        if interface == PROPERTIES and member == "Get":
            return self._version(message)
        if (interface, member) not in self.calls or (interface != REGISTRY and interface not in self.versions):
            raise Refused("UnknownMethod", f"no {interface}.{member} here")
        signature, call = self.calls[interface, member]
        if message.signature != signature:
            self.violation(f"{member}: arguments are {message.signature}, not {signature}")
            raise Refused("InvalidArgs", "wrong arguments")
        signature, body, files = await call(message, *message.body) or ("", [], [])
        return Message.new_method_return(message, signature, body, files)

    def _version(self, message):
        interface, name = message.body
        if interface not in self.versions or name != "version":
            raise Refused("InvalidArgs", f"no property {name} of {interface}")
        return Message.new_method_return(message, "v", [Variant("u", self.versions[interface])])

    def _check_known(self, message):
        if self.strict and message.sender not in self._app_ids:
            self.violation(f"{message.member} from a caller without an app id")
            raise Refused("AccessDenied", "an app id is required")

    async def _register(self, message, app_id, _options):
        if message.sender in self._app_ids or message.sender in self._seen:
            self.violation("registered twice, or too late")
            raise Refused("Failed", "Connection already associated with an application ID")
        if app_id != APP_ID or not _REVERSE_DNS.match(app_id) or not self.installed():
            raise Refused("Failed", f"Could not register app ID: App info not found for '{app_id}'")
        self._app_ids[message.sender] = app_id

    # -- requests and sessions -----------------------------------------------------------------------------------------

    def request(self, message, options, work):
        """Answer the call with a request's path, and what ``work`` gives by a signal at that path."""
        token = self._token(options, "handle_token")
        path = f"{PATH}/request/{message.sender[1:].replace('.', '_')}/{token}"
        answer = self.spawn(self._respond(message.sender, path, work))
        self._waiting[path] = answer
        return "o", [path], []

    async def _respond(self, sender, path, work):
        if not self.answers_first:
            await asyncio.sleep(0)  # the reply goes first
        code, results = await work()
        self._waiting.pop(path, None)
        self.emit(REQUEST, "Response", "ua{sv}", [code, results], to=sender, path=path)

    async def ask(self, question):
        """What the user says: a response code."""
        self.questions.append(question)
        if self.consent == "hang":
            await asyncio.Event().wait()
        return {"grant": 0, "refuse": 1, "error": 2}[self.consent]

    def create(self, message, options, kind):
        """A new session for the caller, which is in the answer."""
        token = self._token(options, "session_handle_token")
        handle = f"{PATH}/session/{message.sender[1:].replace('.', '_')}/{token}"
        if handle in self.sessions:
            self.violation("a session handle was used twice")
            raise Refused("Failed", "session exists")

        async def work():
            self.sessions[handle] = Session(handle, message.sender, kind)
            return 0, {"session_handle": Variant("s", handle)}

        return self.request(message, options, work)

    def session(self, message, handle, kind):
        """The caller's session. Raises Refused for a strange one."""
        session = self.sessions.get(handle)
        if session is None or session.owner != message.sender or session.kind != kind:
            raise Refused("AccessDenied", "Invalid session")
        return session

    def _token(self, options, name):
        token = options[name].value if name in options else ""
        if not _TOKEN.match(token):
            self.violation(f"{name} is {token!r}")
            raise Refused("InvalidArgs", f"{name} is no part of an object path")
        return token
