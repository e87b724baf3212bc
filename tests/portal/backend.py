"""A backend for the real xdg-desktop-portal: the user's side of RemoteDesktop and GlobalShortcuts."""

from dbus_fast import Message, MessageType, Variant
from dbus_fast.aio import MessageBus

_IMPL = "org.freedesktop.impl.portal"
NAME = f"{_IMPL}.desktop.mock"
PATH = "/org/freedesktop/portal/desktop"

FILE = f"""\
[portal]
DBusName={NAME}
Interfaces={_IMPL}.GlobalShortcuts;{_IMPL}.RemoteDesktop;
UseIn=mock;
"""


class Backend:
    """Grants what it is asked for, and writes down what it was asked."""

    def __init__(self, address):
        self.address = address
        self.asked = []  # member and arguments
        self.keys = []  # keysym and state
        self.session = None
        self.bus = None

    async def start(self):
        self.bus = await MessageBus(bus_address=self.address).connect()
        self.bus.add_message_handler(self._handle)
        await self.bus.request_name(NAME)

    async def stop(self):
        self.bus.disconnect()
        await self.bus.wait_for_disconnect()

    def signal(self, member, name, at_ms):
        self.bus.send(
            Message(
                path=PATH,
                interface=f"{_IMPL}.GlobalShortcuts",
                member=member,
                message_type=MessageType.SIGNAL,
                signature="osta{sv}",
                body=[self.session, name, at_ms, {}],
            )
        )

    def _handle(self, message):
        if message.message_type is not MessageType.METHOD_CALL or message.path != PATH:
            return None
        if message.interface == "org.freedesktop.DBus.Properties":
            values = {"version": Variant("u", 1), "AvailableDeviceTypes": Variant("u", 7)}
            if message.member == "Get":
                return Message.new_method_return(message, "v", [values[message.body[1]]])
            return Message.new_method_return(message, "a{sv}", [values])
        if not str(message.interface).startswith(_IMPL):
            return None
        self.asked.append((message.member, message.body))
        if message.member == "NotifyKeyboardKeysym":
            self.keys.append((message.body[2], message.body[3]))
            return Message.new_method_return(message)
        return Message.new_method_return(message, "ua{sv}", [0, self._results(message)])

    def _results(self, message):
        match message.member:
            case "CreateSession" if message.interface == f"{_IMPL}.GlobalShortcuts":
                self.session = message.body[1]
            case "Start":
                return {"devices": Variant("u", 1)}
            case "BindShortcuts":
                told = [[name, {"trigger_description": Variant("s", "Press F9")}] for name, _about in message.body[2]]
                return {"shortcuts": Variant("a(sa{sv})", told)}
            case "ListShortcuts":
                return {"shortcuts": Variant("a(sa{sv})", [])}
        return {}
