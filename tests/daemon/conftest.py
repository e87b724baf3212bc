import pytest

from tests.daemon.fake_parts import running
from tests.sound_server import SoundServer


@pytest.fixture
async def parts(tmp_path, monkeypatch):
    """A running daemon with stand-ins for everything outside it."""
    async with running(tmp_path, monkeypatch) as parts:
        yield parts


@pytest.fixture
def sound(tmp_path, monkeypatch):
    """A sound server of the test's own, which this process uses."""
    with SoundServer(tmp_path) as server:
        for name, value in server.environment.items():
            monkeypatch.setenv(name, value)
        yield server
