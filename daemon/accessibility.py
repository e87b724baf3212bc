"""What has the keyboard focus, as programs tell it to screen readers: into a password field nothing is inserted.

Best effort: a program that tells nothing, and a prompt in a terminal, cannot be seen. We only listen. Programs that
speak up for screen readers alone (Chromium) do so once the user has accessibility switched on.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, replace
from typing import Protocol

from daemon.messages import Target
from daemon.paths import session_bus

log = logging.getLogger(__name__)

PASSWORD_TEXT = 40  # ATSPI_ROLE_PASSWORD_TEXT
IN_A_PASSWORD_FIELD = "the cursor was in a password field, where nothing is inserted"  # noqa: S105 - no password

_RETRY_S = 1.0
_LATE_S = 0.2  # programs tell within this of each other who is in front
_STARTED_S = 1.0  # a program that has just come can be asked then
_ROLE_TRIES = 4  # a program that has only just come, or opened a window, is busy with itself
_SELDOM_S = 60.0  # where there is no accessibility bus at all


@dataclass(frozen=True, slots=True)
class Place:
    """An object of a program: the program's name on the accessibility bus, and the path there."""

    service: str
    path: str


@dataclass(frozen=True, slots=True)
class Activated:
    """A window came to the front."""

    window: Place


@dataclass(frozen=True, slots=True)
class Deactivated:
    """A window is in front no more."""

    window: Place


@dataclass(frozen=True, slots=True)
class Focused:
    """A part of a window got the keyboard."""

    field: Place


@dataclass(frozen=True, slots=True)
class Unfocused:
    """A part of a window lost the keyboard."""

    field: Place


@dataclass(frozen=True, slots=True)
class Gone:
    """A program left the bus."""

    service: str


@dataclass(frozen=True, slots=True)
class Came:
    """A program joined the bus. Its first window may have had the focus before: Qt does not tell that then."""

    service: str


Event = Activated | Deactivated | Focused | Unfocused | Gone | Came


@dataclass(frozen=True, slots=True)
class Focus:
    """The window in front and the part of it that has the keyboard, as far as anybody told."""

    window: Place | None = None
    field: Place | None = None


def after(focus: Focus, event: Event) -> Focus:
    """What has the focus once ``event`` has happened.

    Qt brings the new window forward before it sends the old one back, GTK the other way round; and a page may give
    itself the focus in a window that is not in front.
    """
    match event:
        case Activated(window):
            stays = focus.field is not None and focus.field.service == window.service
            return Focus(window, focus.field if stays else None)
        case Deactivated(window) if focus.window in {window, None}:
            return _without(focus, window.service)
        case Focused(field) if focus.window is None or focus.window.service == field.service:
            return replace(focus, field=field)
        case Unfocused(field) if focus.field == field:
            return replace(focus, field=None)
        case Gone(service):
            return _without(focus, service)
    return focus


def _without(focus: Focus, service: str) -> Focus:
    def kept(place: Place | None) -> Place | None:
        return None if place is None or place.service == service else place

    return Focus(kept(focus.window), kept(focus.field))


class Bus(Protocol):
    """The accessibility bus: ``daemon.accessibility_bus.AccessibilityBus``."""

    async def role(self, place: Place) -> int | None:
        """The AT-SPI role of an object; None where there is no such object. Raises TimeoutError within 0.3 s."""

    async def program(self, service: str) -> str:
        """What a program calls itself; nothing if it does not say."""
        ...

    async def look(self) -> Focus:
        """What has the focus now, found by asking; nothing where that would take long."""

    async def ended(self) -> None:
        """Wait until the bus is gone."""

    def close(self) -> None:
        """Leave it."""


Connect = Callable[[Callable[[Event], None]], Awaitable[Bus | None]]


class Accessibility:
    """Follows the focus. ``connect`` reaches the bus and hands on its events; None where there is no such bus."""

    def __init__(self, connect: Connect, *, on: bool) -> None:
        self._connect = connect
        self._wanted = asyncio.Event()
        self._refuses = on
        self._asked = False  # somebody wants to know what is in front
        self._bus: Bus | None = None
        self.use(on)
        self._focus = Focus()
        self._role: asyncio.Task[int | None] | None = None  # of the part that has the focus
        self._looking: asyncio.Task[None] | None = None

    def use(self, on: bool) -> None:
        """Refuse password fields, or not; then the bus is left alone, unless ``front`` is asked for."""
        self._refuses = on
        if on or self._asked:
            self._wanted.set()
        else:
            self._wanted.clear()
            if self._bus is not None:
                self._bus.close()

    async def run(self) -> None:
        """Follow the focus, on whatever bus there is, for as long as the daemon lives."""
        pause_s = _RETRY_S
        while True:
            await self._wanted.wait()
            if (bus := await self._connect(self._hear)) is None:
                pause_s = min(2 * pause_s, _SELDOM_S)
            elif not self._wanted.is_set():
                bus.close()
            else:
                pause_s = _RETRY_S
                await self._listen(bus)
            await asyncio.sleep(pause_s)

    @property
    def in_password_field(self) -> bool:
        """Whether the last that was told is that a password field has the keyboard."""
        role = self._role if self._refuses else None
        return role is not None and role.done() and not role.cancelled() and role.result() == PASSWORD_TEXT

    def recording(self, active: bool) -> None:
        """A recording begins, or ends: when it begins, ask what has the focus, if nobody has told."""
        if active:
            self._look_after(0.0)

    async def front(self) -> tuple[int, str]:
        """A number of the window in front, 0 where none is known, and its program's name in lower case."""
        self._asked = True
        self._wanted.set()
        place = self._focus.window or self._focus.field
        if self._bus is None or place is None:
            return 0, ""
        try:
            name = await self._bus.program(place.service)
        except TimeoutError:
            name = ""
        return hash(self._focus.window) if self._focus.window is not None else 0, name.lower()

    async def refusal(self, _target: Target) -> str | None:
        """Why nothing may be inserted where the keyboard is now, in one line; None where nothing is known against it.

        Costs nothing unless a password field had the focus: then the program is asked whether it still is one.
        """
        bus, field, role = self._bus, self._focus.field, self._role
        if not self._refuses or bus is None or field is None or role is None:
            return None
        if await asyncio.shield(role) != PASSWORD_TEXT:
            return None
        try:
            still = await bus.role(field) == PASSWORD_TEXT
        except TimeoutError:
            still = True  # it hangs, with the keyboard in it
        return IN_A_PASSWORD_FIELD if still else None

    async def _listen(self, bus: Bus) -> None:
        self._bus = bus
        log.info("password fields are watched for")
        try:
            self._now(self._focus)  # what was told before the bus was ours
            self._look_after(0.0)
            await bus.ended()
        finally:
            self._bus = None
            self._now(Focus())
            if self._looking is not None:
                self._looking.cancel()
            bus.close()

    async def _look(self, bus: Bus, wait_s: float) -> None:
        """Ask what has the focus, unless it is told within ``wait_s``."""
        await asyncio.sleep(wait_s)
        if (known := self._focus).field is None:
            found = await bus.look()
            if self._focus == known and found != Focus():
                self._now(found)

    def _look_after(self, wait_s: float) -> None:
        if self._bus is not None and self._focus.field is None:
            self._looking = asyncio.create_task(self._look(self._bus, wait_s), name="accessible focus")

    def _hear(self, event: Event) -> None:
        self._now(after(self._focus, event))
        if isinstance(event, Came):
            self._look_after(_STARTED_S)

    def _now(self, focus: Focus) -> None:
        before, self._focus = self._focus, focus
        if focus == Focus() != before:  # it tells nothing, or what another one told late was taken for the last word
            self._look_after(_LATE_S)
        if focus.field is None or self._bus is None:
            self._role = None
        elif focus.field != before.field or self._role is None:
            self._role = asyncio.create_task(_role(self._bus, focus.field), name="accessible role")


async def _role(bus: Bus, field: Place) -> int | None:
    for _try in range(_ROLE_TRIES):
        with contextlib.suppress(TimeoutError):
            return await bus.role(field)
    return None


async def _no_bus(_on_event: Callable[[Event], None]) -> None:
    """There is none."""


def choose(platform: str, environment: Mapping[str, str], *, on: bool) -> Accessibility:
    """What follows the focus on ``platform`` (as in ``sys.platform``) under ``environment``, once it is ``on``."""
    if platform in {"darwin", "win32"} or (address := session_bus(environment)) is None:
        return Accessibility(_no_bus, on=on)
    from daemon.accessibility_bus import connect  # where there may be a bus, and only there

    return Accessibility(lambda on_event: connect(address, on_event), on=on)
