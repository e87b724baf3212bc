"""GTK and Qt programs on a bus of their own: where a password is asked for, nothing is inserted."""

import asyncio
import contextlib
import shutil
import signal

import pytest

from daemon.accessibility import IN_A_PASSWORD_FIELD, choose
from daemon.messages import Target
from tests.accessible_desktop import LAUNCHER, AccessibleDesktop
from tests.daemon.accessibility.waiting import until

pytestmark = [
    pytest.mark.display,
    pytest.mark.skipif(
        not LAUNCHER.exists() or shutil.which("dbus-daemon") is None, reason="needs at-spi2-core and dbus"
    ),
]
needs_zenity = pytest.mark.skipif(shutil.which("zenity") is None, reason="needs zenity")


@pytest.fixture(scope="module")
def desktop(tmp_path_factory):
    with AccessibleDesktop(tmp_path_factory.mktemp("desktop")) as desktop:
        yield desktop


@pytest.fixture
async def accessibility(desktop):
    async with following(desktop) as accessibility:
        await listening(accessibility)
        yield accessibility


@contextlib.asynccontextmanager
async def following(desktop):
    """What follows the focus there."""
    accessibility = choose("linux", desktop.environment, on=True)
    running = asyncio.create_task(accessibility.run())
    try:
        yield accessibility
    finally:
        running.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await running


@pytest.fixture
def opened(desktop):
    """Opens windows and closes them."""
    windows = []

    def open_(make, *arguments):
        windows.append(make(*arguments))
        return windows[-1]

    yield open_
    for window in windows:
        window.close()


async def comes(accessibility, refusal):
    """Wait until an insertion is refused, or is not refused, as said."""

    async def reached():
        return await accessibility.refusal(Target(1)) == refusal

    await until(str(refusal), reached)


async def listening(accessibility):
    """Wait until it has the bus."""

    async def reached():
        return accessibility._bus is not None

    await until("the accessibility bus", reached)


async def test_from_field_to_field_of_a_qt_window(desktop, accessibility, opened):
    opened(desktop.field, "password", "plain")
    await comes(accessibility, IN_A_PASSWORD_FIELD)
    desktop.xdotool("key", "Tab")
    await comes(accessibility, None)
    desktop.xdotool("key", "shift+Tab")
    await comes(accessibility, IN_A_PASSWORD_FIELD)


@needs_zenity
async def test_a_gtk_password_dialog(desktop, accessibility, opened):
    dialog = opened(desktop.zenity, "--password")
    await comes(accessibility, IN_A_PASSWORD_FIELD)
    dialog.close()
    await comes(accessibility, None)


@needs_zenity
async def test_an_ordinary_gtk_dialog(desktop, accessibility, opened):
    opened(desktop.zenity, "--entry")

    async def told():
        return accessibility._focus.field is not None

    await until("the entry", told)
    assert await accessibility.refusal(Target(1)) is None


async def test_another_window_in_front(desktop, accessibility, opened):
    password = opened(desktop.field, "password")
    await comes(accessibility, IN_A_PASSWORD_FIELD)
    opened(desktop.terminal)  # tells nothing
    await comes(accessibility, None)
    password.focus()
    await comes(accessibility, IN_A_PASSWORD_FIELD)
    opened(desktop.field, "plain")
    await comes(accessibility, None)


@pytest.mark.parametrize("kind", ["qt", pytest.param("gtk", marks=needs_zenity)])
async def test_a_field_that_had_the_focus_before_us(desktop, opened, kind):
    opened(desktop.field, "password") if kind == "qt" else opened(desktop.zenity, "--password")
    async with following(desktop) as accessibility:
        await comes(accessibility, IN_A_PASSWORD_FIELD)


async def test_a_program_that_hangs_with_the_cursor_in_a_password(desktop, accessibility, opened):
    field = opened(desktop.field, "password")
    await comes(accessibility, IN_A_PASSWORD_FIELD)
    field._process.send_signal(signal.SIGSTOP)
    try:
        assert await accessibility.refusal(Target(1)) == IN_A_PASSWORD_FIELD
    finally:
        field._process.send_signal(signal.SIGCONT)


@pytest.mark.parametrize("kind", ["qt", pytest.param("gtk", marks=needs_zenity)])
async def test_a_registry_that_restarts(desktop, accessibility, opened, kind):
    pid = await registry(accessibility)
    desktop.run("kill", str(pid))

    async def another():
        return await registry(accessibility) not in {None, pid}

    await until("another registry", another)
    opened(desktop.field, "password") if kind == "qt" else opened(desktop.zenity, "--password")
    await comes(accessibility, IN_A_PASSWORD_FIELD)


async def registry(accessibility):
    """The process id of the registry."""
    from daemon.accessibility_bus import _DBUS, _REGISTRY

    bus = accessibility._bus
    return await bus._ask(_DBUS, _DBUS.service, "GetConnectionUnixProcessID", _REGISTRY.service)
