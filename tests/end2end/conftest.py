"""One desktop and one sound server for all end-to-end tests, a fresh daemon with fresh directories for each."""

import pytest

from tests.desktop import Desktop
from tests.end2end.running import RunningDaemon, environment_of
from tests.sound_server import SoundServer


@pytest.fixture(scope="session")
def desktop(tmp_path_factory):
    with Desktop(tmp_path_factory.mktemp("desktop")) as desktop:
        yield desktop


@pytest.fixture(scope="session")
def sound(tmp_path_factory):
    with SoundServer(tmp_path_factory.mktemp("sound")) as server:
        yield server


@pytest.fixture
def daemon(tmp_path, desktop, sound):
    """A daemon that is not started yet, on the desktop and with the virtual microphone."""
    environment = environment_of(desktop.environment, sound.environment, {"XDG_RUNTIME_DIR": str(tmp_path / "run")})
    daemon = RunningDaemon(tmp_path, environment)
    yield daemon
    daemon.stop()


@pytest.fixture
def terminal(desktop):
    terminal = desktop.terminal()
    yield terminal
    terminal.close()
