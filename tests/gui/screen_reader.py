"""``python -m tests.gui.screen_reader``: what a screen reader gets of every program on its bus, as JSON lines.

It asks over AT-SPI, with nothing between: each line has the role, the name, what is said about it, and whether the
keyboard can reach it.
"""

import asyncio
import json

from dbus_fast import Message, MessageType
from dbus_fast.aio import MessageBus

_REGISTRY = ("org.a11y.atspi.Registry", "/org/a11y/atspi/accessible/root")
_ACCESSIBLE, _PROPERTIES = "org.a11y.atspi.Accessible", "org.freedesktop.DBus.Properties"
_FOCUSABLE, _SHOWING = 1 << 11, 1 << 25


async def ask(bus, place, interface, member, *words):
    """What the object at ``place``, a service and a path, answers to one call; ``words`` are its arguments."""
    question = Message(*place, interface, member, signature="s" * len(words), body=list(words))
    answer = await bus.call(question)
    assert answer.message_type is MessageType.METHOD_RETURN, answer.body
    return answer.body[0]


async def read(bus, place):
    """Print an object and all that is in it."""
    states = await ask(bus, place, _ACCESSIBLE, "GetState")
    name = await ask(bus, place, _PROPERTIES, "Get", _ACCESSIBLE, "Name")
    about = await ask(bus, place, _PROPERTIES, "Get", _ACCESSIBLE, "Description")
    role = await ask(bus, place, _ACCESSIBLE, "GetRoleName")
    reached = bool(states[0] & _FOCUSABLE and states[0] & _SHOWING)
    print(json.dumps({"role": role, "name": name.value, "about": about.value, "reached": reached}))
    for child in await ask(bus, place, _ACCESSIBLE, "GetChildren"):
        if child[1] != "/org/a11y/atspi/null":
            await read(bus, child)


async def main():
    session = await MessageBus().connect()
    address = await ask(session, ("org.a11y.Bus", "/org/a11y/bus"), "org.a11y.Bus", "GetAddress")
    bus = await MessageBus(address).connect()
    for child in await ask(bus, _REGISTRY, _ACCESSIBLE, "GetChildren"):
        await read(bus, child)


if __name__ == "__main__":
    asyncio.run(main())
