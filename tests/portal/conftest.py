import shutil

import pytest

from daemon.insert.portal import access
from tests.portal.bus import private_bus
from tests.portal.frontend import Frontend
from tests.portal.remote import Remote


@pytest.fixture
def bus(tmp_path_factory):
    if shutil.which("dbus-daemon") is None:
        pytest.skip("dbus-daemon is not installed")
    with private_bus(tmp_path_factory.mktemp("bus")) as address:
        yield address


@pytest.fixture(autouse=True)
def busy_machine(monkeypatch):
    """A portal that says no at once may need its time here."""
    monkeypatch.setattr(access, "_NO_S", 2.0)


@pytest.fixture
async def portal(bus):
    """The fake portal, which must have nothing to complain of in the end."""
    portal = Frontend(bus)
    await portal.start()
    yield portal
    await portal.stop()
    assert portal.violations == []


@pytest.fixture
def remote(portal):
    remote = Remote(portal)
    remote.content = {"text/plain;charset=utf-8": b"mine", "text/html": b"<b>mine</b>"}
    yield remote
    assert all(not session.down for session in portal.sessions.values()), "a key is held down"
