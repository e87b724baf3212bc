"""The fake portal sees what a real one would refuse: each row goes wrong on purpose."""

import asyncio

import pytest
from dbus_fast import Variant

from daemon.errors import PortalError
from daemon.portal import Portal
from tests.portal.compositor import INSERT, SHIFT
from tests.portal.frontend import Frontend
from tests.portal.remote import CLIPBOARD, REMOTE, Remote
from tests.portal.shortcuts import SHORTCUTS, Shortcuts

KEYBOARD = {"types": Variant("u", 1), "persist_mode": Variant("u", 2)}


@pytest.fixture
async def broken(bus):
    """A fake that is to complain, and a connection to it."""
    fake = Frontend(bus)
    fake.remote, fake.shortcuts = Remote(fake), Shortcuts(fake)
    await fake.start()
    portal = Portal(bus, on_signal=lambda *_: None, on_end=lambda: None)
    yield fake, portal
    await portal.close()
    await fake.stop()


async def create(portal, interface=REMOTE):
    options = {"session_handle_token": Variant("s", portal.token())}
    return (await portal.request(interface, "CreateSession", "a{sv}", [options]))["session_handle"]


async def started(portal, *, clipboard=True):
    session = await create(portal)
    await portal.request(REMOTE, "SelectDevices", "oa{sv}", [session, KEYBOARD])
    if clipboard:
        await portal.call(CLIPBOARD, "RequestClipboard", "oa{sv}", [session, {}])
    await portal.request(REMOTE, "Start", "osa{sv}", [session, "", {}])
    return session


async def key_before_start(portal):
    await portal.call(REMOTE, "NotifyKeyboardKeysym", "oa{sv}iu", [await create(portal), {}, SHIFT, 1])


async def key_up_that_is_not_down(portal):
    await portal.call(REMOTE, "NotifyKeyboardKeysym", "oa{sv}iu", [await started(portal), {}, INSERT, 0])


async def start_without_devices(portal):
    await portal.request(REMOTE, "Start", "osa{sv}", [await create(portal), "", {}])


async def clipboard_after_start(portal):
    session = await started(portal, clipboard=False)
    await portal.call(CLIPBOARD, "RequestClipboard", "oa{sv}", [session, {}])


async def selection_without_clipboard(portal):
    session = await started(portal, clipboard=False)
    await portal.call(CLIPBOARD, "SetSelection", "oa{sv}", [session, {"mime_types": Variant("as", ["text/plain"])}])


async def write_that_nobody_asked_for(portal):
    await portal.call(CLIPBOARD, "SelectionWrite", "ou", [await started(portal), 5])


async def wrong_arguments(portal):
    await portal.call(REMOTE, "Start", "oa{sv}", [await create(portal), {}])


async def shortcuts_bound_twice(portal):
    session = await create(portal, SHORTCUTS)
    wanted = [["dictate", {"description": Variant("s", "Dictate")}]]
    for _ in range(2):
        await portal.request(SHORTCUTS, "BindShortcuts", "oa(sa{sv})sa{sv}", [session, wanted, "", {}])


async def a_trigger_that_is_none(portal):
    session = await create(portal, SHORTCUTS)
    wanted = [["dictate", {"description": Variant("s", "Dictate"), "preferred_trigger": Variant("s", "<ctrl>F9")}]]
    await portal.request(SHORTCUTS, "BindShortcuts", "oa(sa{sv})sa{sv}", [session, wanted, "", {}])


MISTAKES = [
    key_before_start,
    key_up_that_is_not_down,
    start_without_devices,
    clipboard_after_start,
    selection_without_clipboard,
    write_that_nobody_asked_for,
    wrong_arguments,
    shortcuts_bound_twice,
    a_trigger_that_is_none,
]


@pytest.mark.parametrize("mistake", MISTAKES, ids=lambda mistake: mistake.__name__)
async def test_a_mistake_is_seen(broken, mistake):
    fake, portal = broken
    await portal.open()
    assert fake.violations == []
    if mistake is key_up_that_is_not_down:  # no error tells of this one
        await mistake(portal)
    else:
        with pytest.raises(PortalError):
            await mistake(portal)
    assert len(fake.violations) == 1


async def test_a_stranger_is_refused(broken, monkeypatch):
    fake, portal = broken
    monkeypatch.setattr(portal, "_introduce", lambda: asyncio.sleep(0))
    await portal.open()
    with pytest.raises(PortalError, match="an app id is required"):
        await create(portal)
    assert fake.violations == ["CreateSession from a caller without an app id"]


async def test_a_session_is_for_its_owner_alone(broken, bus):
    fake, portal = broken
    await portal.open()
    session = await started(portal)
    thief = Portal(bus, on_signal=lambda *_: None, on_end=lambda: None)
    await thief.open()
    with pytest.raises(PortalError, match="Invalid session"):
        await thief.call(REMOTE, "NotifyKeyboardKeysym", "oa{sv}iu", [session, {}, SHIFT, 1])
    await thief.close()
    assert fake.remote.session.down == []


async def test_a_token_is_good_for_one_time(broken):
    fake, portal = broken
    await portal.open()
    await started(portal)
    [token] = fake.remote.tokens
    for questions in (1, 2):
        session = await create(portal)
        wanted = {**KEYBOARD, "restore_token": Variant("s", token)}
        await portal.request(REMOTE, "SelectDevices", "oa{sv}", [session, wanted])
        await portal.request(REMOTE, "Start", "osa{sv}", [session, "", {}])
        assert len(fake.questions) == questions
