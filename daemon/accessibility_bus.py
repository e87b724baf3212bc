"""AT-SPI by D-Bus: the bus of its own that programs tell their focus on. Every call has a deadline."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable
from typing import Any

from dbus_fast import AuthError, InvalidAddressError, Message, MessageType, Variant
from dbus_fast.aio import MessageBus

from daemon.accessibility import Activated, Came, Deactivated, Event, Focus, Focused, Gone, Place, Unfocused

_CALL_S = 0.3
_CONNECT_S = 5.0  # the bus may have to be started
_LOOK_S = 2.0
_LOOK_OBJECTS = 400

_DESKTOP_BUS = Place("org.a11y.Bus", "/org/a11y/bus")
_DBUS = Place("org.freedesktop.DBus", "/org/freedesktop/DBus")
_REGISTRY = Place("org.a11y.atspi.Registry", "/org/a11y/atspi/registry")
_ALL_PROGRAMS = Place("org.a11y.atspi.Registry", "/org/a11y/atspi/accessible/root")
_ACCESSIBLE = "org.a11y.atspi.Accessible"
_OBJECT_EVENT, _WINDOW_EVENT = "org.a11y.atspi.Event.Object", "org.a11y.atspi.Event.Window"

_RULES = (
    f"type='signal',interface='{_OBJECT_EVENT}',member='StateChanged',arg0='focused'",
    f"type='signal',interface='{_WINDOW_EVENT}',member='Activate'",
    f"type='signal',interface='{_WINDOW_EVENT}',member='Deactivate'",
    f"type='signal',sender='{_DBUS.service}',interface='{_DBUS.service}',member='NameOwnerChanged'",
)
_EVENTS = ("object:state-changed:focused", "window:activate", "window:deactivate")  # GTK tells only what is asked for
_ACTIVE, _FOCUSED, _SHOWING = 1 << 1, 1 << 12, 1 << 25


class AccessibilityBus:
    """A connection to the accessibility bus. ``on_event`` gets what happens to the focus. See ``accessibility.Bus``."""

    def __init__(self, bus: MessageBus, on_event: Callable[[Event], None]) -> None:
        self._bus = bus
        self._on_event = on_event
        self._ending = asyncio.ensure_future(bus.wait_for_disconnect())  # type: ignore[no-untyped-call]
        self._registering: set[asyncio.Task[None]] = set()
        bus.add_message_handler(self._hear)

    async def listen(self) -> None:
        """Ask for the events."""
        for rule in _RULES:
            await self._ask(_DBUS, _DBUS.service, "AddMatch", rule)
        await self._register()

    async def role(self, place: Place) -> int | None:
        """The role of an object; None where there is none."""
        answer = await self._ask(place, _ACCESSIBLE, "GetRole")
        return answer if isinstance(answer, int) else None

    async def program(self, service: str) -> str:
        """What a program calls itself; nothing if it does not say."""
        root = Place(service, _ALL_PROGRAMS.path)
        name = await self._ask(root, "org.freedesktop.DBus.Properties", "Get", _ACCESSIBLE, "Name")
        return str(name.value) if isinstance(name, Variant) else ""

    async def look(self) -> Focus:
        """The active window of all programs, and the part of it that has the focus."""
        try:
            async with asyncio.timeout(_LOOK_S):
                for program in await self._children(_ALL_PROGRAMS):
                    with contextlib.suppress(TimeoutError):  # one that hangs is not in the way of the others
                        for window in await self._children(program):
                            if (states := await self._states(window)) & _ACTIVE:
                                return Focus(window, window if states & _FOCUSED else await self._focused_in(window))
        except TimeoutError:
            pass
        return Focus()

    async def ended(self) -> None:
        """Wait until the bus is gone."""
        await asyncio.wait({self._ending})

    def close(self) -> None:
        """Leave the bus."""
        if self._bus.connected:
            self._bus.remove_message_handler(self._hear)
            self._ending.add_done_callback(_looked_at)
            self._bus.disconnect()

    async def _focused_in(self, window: Place) -> Place | None:
        waiting = [window]
        for _number in range(_LOOK_OBJECTS):
            if not waiting:
                break
            place = waiting.pop(0)
            for child in await self._children(place):
                states = await self._states(child)
                if states & _FOCUSED:
                    return child
                if states & _SHOWING:
                    waiting.append(child)
        return None

    async def _children(self, place: Place) -> list[Place]:
        answer = await self._ask(place, _ACCESSIBLE, "GetChildren")
        match answer:
            case [[str(), str()], *_]:  # a child that is not there has no service
                return [Place(service, path) for service, path in answer if service and path.startswith("/")]
        return []  # none, or not what the interface says

    async def _states(self, place: Place) -> int:
        answer = await self._ask(place, _ACCESSIBLE, "GetState")
        match answer:
            case [int() as states, *_]:
                return states
        return 0

    async def _register(self) -> None:
        with contextlib.suppress(TimeoutError):  # one that is only just starting tells that it has come
            for event in _EVENTS:
                await _ask(self._bus, _REGISTRY, _REGISTRY.service, "RegisterEvent", event, limit_s=_CONNECT_S)

    async def _ask(self, place: Place, interface: str, member: str, *words: str) -> Any:
        return await _ask(self._bus, place, interface, member, *words)

    def _hear(self, message: Message) -> None:
        if message.message_type is not MessageType.SIGNAL or not message.body:
            return
        if message.sender == _DBUS.service and message.member == "NameOwnerChanged":
            self._owner_changed(*message.body)
        elif (event := read(message)) is not None:
            self._on_event(event)

    def _owner_changed(self, name: str, before: str, now: str) -> None:
        if name == _REGISTRY.service:  # another one knows nothing of what we asked for
            task = asyncio.create_task(self._register())
            self._registering.add(task)
            task.add_done_callback(self._registering.discard)
        elif before and not now:
            self._on_event(Gone(name))
        elif now and not before:
            self._on_event(Came(name))


def read(message: Message) -> Event | None:
    """What a signal of the accessibility bus says about the focus; None where that is nothing."""
    place = Place(str(message.sender), str(message.path))
    match message.interface, message.member, message.body:
        case "org.a11y.atspi.Event.Object", "StateChanged", ["focused", on, *_]:
            return Focused(place) if on else Unfocused(place)
        case "org.a11y.atspi.Event.Window", "Activate", _:
            return Activated(place)
        case "org.a11y.atspi.Event.Window", "Deactivate", _:
            return Deactivated(place)
    return None


async def connect(address: str, on_event: Callable[[Event], None]) -> AccessibilityBus | None:
    """The accessibility bus of the session bus at ``address``; None where there is none."""
    try:
        async with asyncio.timeout(_CONNECT_S):
            if (own := await _own_address(address)) is None:
                return None
            bus = AccessibilityBus(await MessageBus(bus_address=own).connect(), on_event)
            listening = False
            try:
                await bus.listen()
                listening = True
            finally:  # the limit above comes as a cancellation
                if not listening:
                    bus.close()
            return bus
    except (OSError, EOFError, AuthError, InvalidAddressError):  # a TimeoutError is an OSError
        return None


async def _own_address(address: str) -> str | None:
    """Where the accessibility bus is; the session bus starts it if need be."""
    session = await MessageBus(bus_address=address).connect()
    try:
        answer = await _ask(session, _DESKTOP_BUS, _DESKTOP_BUS.service, "GetAddress", limit_s=_CONNECT_S)
    finally:
        ending = asyncio.ensure_future(session.wait_for_disconnect())  # type: ignore[no-untyped-call]
        ending.add_done_callback(_looked_at)
        session.disconnect()
    return str(answer) if answer else None


async def _ask(
    bus: MessageBus, place: Place, interface: str, member: str, *words: str, limit_s: float = _CALL_S
) -> Any:
    """The first value of the answer to a call; None where it is refused or the bus is gone. Raises TimeoutError."""
    question = Message(
        destination=place.service, path=place.path, interface=interface, member=member, signature="s" * len(words),
        body=list(words),
    )  # fmt: skip
    waiting = asyncio.ensure_future(bus.call(question))
    waiting.add_done_callback(_looked_at)
    done, _ = await asyncio.wait({waiting}, timeout=limit_s)
    if not done:
        raise TimeoutError
    if waiting.exception() is not None:
        return None
    answer = waiting.result()
    return answer.body[0] if answer.message_type is MessageType.METHOD_RETURN and answer.body else None


def _looked_at(ended: asyncio.Future[Any]) -> None:
    """Why it ended makes no difference."""
    if not ended.cancelled():
        ended.exception()
