"""Which part of which window has the focus after what programs told, and what is made of it."""

import asyncio
import contextlib

import pytest

from daemon.accessibility import (
    IN_A_PASSWORD_FIELD,
    PASSWORD_TEXT,
    Accessibility,
    Activated,
    Came,
    Deactivated,
    Focus,
    Focused,
    Gone,
    Place,
    Unfocused,
    after,
    choose,
)
from daemon.messages import Target

WINDOW, OTHER = Place(":1.1", "/window"), Place(":1.1", "/other")
FIELD, BUTTON = Place(":1.1", "/field"), Place(":1.1", "/button")
THEIRS, THEIR_FIELD = Place(":1.2", "/window"), Place(":1.2", "/field")
NOTHING = Focus()
ENTRY = 79


@pytest.mark.parametrize(
    ("events", "focus"),
    [
        ([], Focus()),
        ([Activated(WINDOW), Focused(FIELD)], Focus(WINDOW, FIELD)),
        ([Focused(FIELD)], Focus(None, FIELD)),
        ([Activated(WINDOW), Focused(FIELD), Unfocused(FIELD), Focused(BUTTON)], Focus(WINDOW, BUTTON)),
        # Chromium: the old one is let go after the new one
        ([Activated(WINDOW), Focused(FIELD), Focused(BUTTON), Unfocused(FIELD)], Focus(WINDOW, BUTTON)),
        ([Activated(WINDOW), Focused(FIELD), Deactivated(WINDOW)], Focus()),
        ([Focused(FIELD), Deactivated(WINDOW)], Focus()),
        # Qt: from one window to another of the same program
        ([Activated(WINDOW), Activated(OTHER), Focused(FIELD), Deactivated(WINDOW)], Focus(OTHER, FIELD)),
        ([Activated(WINDOW), Activated(OTHER), Deactivated(WINDOW), Focused(FIELD)], Focus(OTHER, FIELD)),
        ([Activated(WINDOW), Focused(FIELD), Activated(THEIRS)], Focus(THEIRS, None)),
        ([Activated(WINDOW), Focused(FIELD), Activated(THEIRS), Deactivated(WINDOW)], Focus(THEIRS, None)),
        # a page in a window behind focuses a field
        ([Activated(WINDOW), Focused(FIELD), Focused(THEIR_FIELD)], Focus(WINDOW, FIELD)),
        # from a program that tells to one that tells nothing, and to one that tells only of its fields
        ([Activated(WINDOW), Focused(FIELD), Deactivated(WINDOW), Focused(THEIR_FIELD)], Focus(None, THEIR_FIELD)),
        ([Activated(WINDOW), Focused(FIELD), Gone(":1.1")], Focus()),
        ([Activated(WINDOW), Focused(FIELD), Gone(":1.2")], Focus(WINDOW, FIELD)),
    ],
)
def test_what_has_the_focus(events, focus):
    reached = Focus()
    for event in events:
        reached = after(reached, event)
    assert reached == focus


class FakeBus:
    """Answers with ``roles``; an exception among them is raised."""

    def __init__(self, roles, found=NOTHING):
        self.roles = roles
        self.found = found
        self.asked = []
        self.over = asyncio.Event()

    async def role(self, place):
        self.asked.append(place)
        role = self.roles[place]
        role = role.pop(0) if isinstance(role, list) else role
        if role is TimeoutError:
            raise TimeoutError
        return role

    async def look(self):
        return self.found

    async def ended(self):
        await self.over.wait()

    def close(self):
        self.over.set()


class Listening:
    """An Accessibility on buses that come one after the other; None is one that cannot be reached."""

    def __init__(self, monkeypatch, *buses):
        monkeypatch.setattr("daemon.accessibility._RETRY_S", 0.0)
        self.buses = list(buses)
        self.tell = None
        self.accessibility = Accessibility(self._connect, on=True)

    async def _connect(self, on_event):
        self.tell = on_event
        if not self.buses:
            await asyncio.Event().wait()
        return self.buses.pop(0)

    async def __aenter__(self):
        self.running = asyncio.create_task(self.accessibility.run())
        for _ in range(20):
            await asyncio.sleep(0)
        return self

    async def __aexit__(self, *_):
        self.running.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await self.running

    async def refusal(self):
        return await self.accessibility.refusal(Target(7))


@pytest.mark.parametrize(
    ("role", "refusal"),
    [
        (PASSWORD_TEXT, IN_A_PASSWORD_FIELD),
        (ENTRY, None),
        (None, None),
        ([PASSWORD_TEXT, ENTRY], None),  # the password is shown now
        ([PASSWORD_TEXT, None], None),  # its dialog is gone
        ([PASSWORD_TEXT, TimeoutError], IN_A_PASSWORD_FIELD),
        (TimeoutError, None),
        ([TimeoutError, TimeoutError, PASSWORD_TEXT, PASSWORD_TEXT], IN_A_PASSWORD_FIELD),  # it was busy opening
    ],
)
async def test_what_is_refused(monkeypatch, role, refusal):
    first = next((one for one in (role if isinstance(role, list) else [role]) if one is not TimeoutError), None)
    async with Listening(monkeypatch, FakeBus({FIELD: role})) as listening:
        listening.tell(Activated(WINDOW))
        listening.tell(Focused(FIELD))
        assert await listening.refusal() == refusal
        assert listening.accessibility.in_password_field == (first == PASSWORD_TEXT)


async def test_a_field_that_is_no_password_is_asked_once(monkeypatch):
    bus = FakeBus({FIELD: ENTRY})
    async with Listening(monkeypatch, bus) as listening:
        listening.tell(Focused(FIELD))
        listening.tell(Focused(FIELD))  # GTK tells it twice
        for _ in range(3):
            assert await listening.refusal() is None
    assert bus.asked == [FIELD]


async def test_the_field_that_had_the_focus_before_us_is_found(monkeypatch):
    bus = FakeBus({FIELD: PASSWORD_TEXT}, found=Focus(WINDOW, FIELD))
    async with Listening(monkeypatch, bus) as listening:
        assert await listening.refusal() == IN_A_PASSWORD_FIELD
        listening.tell(Deactivated(WINDOW))
        assert await listening.refusal() is None


async def test_who_is_in_front_is_asked_for_where_the_last_that_was_told_came_too_late(monkeypatch):
    monkeypatch.setattr("daemon.accessibility._LATE_S", 0.0)
    bus = FakeBus({FIELD: PASSWORD_TEXT})
    async with Listening(monkeypatch, bus) as listening:
        bus.found = Focus(WINDOW, FIELD)
        for event in (Activated(WINDOW), Focused(FIELD), Activated(THEIRS), Deactivated(THEIRS)):
            listening.tell(event)
        assert await listening.refusal() is None
        while not listening.accessibility.in_password_field:
            await asyncio.sleep(0)
        assert await listening.refusal() == IN_A_PASSWORD_FIELD


async def test_a_field_that_nobody_told_of_is_found_when_a_recording_begins_or_soon_after_the_program_came(monkeypatch):
    monkeypatch.setattr("daemon.accessibility._STARTED_S", 0.0)
    for begin in ("recording", "came"):
        bus = FakeBus({FIELD: PASSWORD_TEXT})
        async with Listening(monkeypatch, bus) as listening:
            bus.found = Focus(WINDOW, FIELD)
            assert await listening.refusal() is None
            listening.accessibility.recording(active=True) if begin == "recording" else listening.tell(Came(":1.1"))
            while not listening.accessibility.in_password_field:
                await asyncio.sleep(0)
            assert await listening.refusal() == IN_A_PASSWORD_FIELD


async def test_a_bus_that_ends_takes_what_is_known_with_it_and_the_next_one_is_listened_to(monkeypatch):
    first = FakeBus({FIELD: PASSWORD_TEXT})
    async with Listening(monkeypatch, first, None, FakeBus({FIELD: PASSWORD_TEXT})) as listening:
        listening.tell(Focused(FIELD))
        assert await listening.refusal() == IN_A_PASSWORD_FIELD
        first.over.set()
        while listening.buses:
            await asyncio.sleep(0)
        assert await listening.refusal() is None
        listening.tell(Focused(FIELD))
        assert await listening.refusal() == IN_A_PASSWORD_FIELD


async def test_it_can_be_switched_off_and_on(monkeypatch):
    buses = [FakeBus({FIELD: PASSWORD_TEXT}, found=Focus(WINDOW, FIELD)) for _ in range(2)]
    async with Listening(monkeypatch, *buses) as listening:
        assert await listening.refusal() == IN_A_PASSWORD_FIELD
        listening.accessibility.use(False)
        await buses[0].over.wait()
        for _ in range(20):
            await asyncio.sleep(0)
        assert await listening.refusal() is None
        assert len(listening.buses) == 1, "it is left alone"
        listening.accessibility.use(True)
        while listening.buses:
            await asyncio.sleep(0)
        for _ in range(20):
            await asyncio.sleep(0)
        assert await listening.refusal() == IN_A_PASSWORD_FIELD


async def test_who_wants_to_know_what_is_in_front_still_does_with_passwords_let_through(monkeypatch):
    bus = FakeBus({FIELD: PASSWORD_TEXT}, found=Focus(WINDOW, FIELD))
    bus.program = lambda _service: asyncio.sleep(0, "Firefox")
    async with Listening(monkeypatch, bus) as listening:
        front = await listening.accessibility.front()
        assert front[1] == "firefox"
        listening.accessibility.use(False)
        for _ in range(20):
            await asyncio.sleep(0)
        assert await listening.accessibility.front() == front
        assert await listening.refusal() is None
        assert not listening.accessibility.in_password_field


async def test_a_bus_that_is_reached_after_it_was_switched_off_is_left(monkeypatch):
    reached = asyncio.Event()
    bus = FakeBus({FIELD: PASSWORD_TEXT}, found=Focus(WINDOW, FIELD))

    class Slow(Listening):
        async def _connect(self, on_event):
            await reached.wait()
            return await super()._connect(on_event)

    async with Slow(monkeypatch, bus) as listening:
        listening.accessibility.use(False)
        reached.set()
        await bus.over.wait()
        assert await listening.refusal() is None


@pytest.mark.parametrize("platform", ["linux", "darwin"])
@pytest.mark.parametrize("environment", [{}, {"DBUS_SESSION_BUS_ADDRESS": "disabled:"}])
async def test_without_a_bus_nothing_is_refused(platform, environment):
    accessibility = choose(platform, environment, on=True)
    running = asyncio.create_task(accessibility.run())
    await asyncio.sleep(0.05)
    assert await accessibility.refusal(Target(7)) is None
    assert not running.done()
    running.cancel()
