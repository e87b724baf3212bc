"""Windows of the settings in this process, and a scripted daemon that has a configuration."""

import time

import pytest

from gui.link import Link
from gui.settings_window import SettingsWindow
from tests.gui.scripted_daemon import status
from tests.gui.settings.answers import Configured


class Eyes:
    """Lets Qt work until something is seen."""

    def __init__(self, application):
        self._application = application

    def until(self, what, probe, limit_s=20):
        end_s = time.monotonic() + limit_s
        while not (value := probe()):
            assert time.monotonic() < end_s, f"{what}: not within {limit_s} s"
            self._application.processEvents()
            time.sleep(0.005)
        return value


@pytest.fixture
def eyes(qt):
    return Eyes(qt)


@pytest.fixture
def configured():
    return Configured()


@pytest.fixture
def link(eyes, daemons, configured):
    configured.daemon = daemons(status(), answers=configured.answers())
    link = Link()
    link.open()
    eyes.until("the status", lambda: link.snapshot.status)
    yield link
    link.close()


@pytest.fixture
def window(eyes, link):
    window = SettingsWindow(link)
    window.show()
    eyes.until("the values", lambda: window._values.values)
    yield window
    window.close_down()
    window.close()
    window.deleteLater()
