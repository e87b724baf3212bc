"""Windows as a screen reader gets them, over a real AT-SPI bus."""

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.desktop import wait_until
from tests.gui.scripted_daemon import status
from tests.gui.settings.answers import Configured
from tests.gui.spoken import Spoken, entries

_LAUNCHER = Path("/usr/libexec/at-spi-bus-launcher")
pytestmark = [
    pytest.mark.display,
    pytest.mark.skipif(
        not _LAUNCHER.exists() or shutil.which("dbus-daemon") is None, reason="needs at-spi2-core and dbus"
    ),
]
EXPECTED = {
    "settings": {"Pages", "Key", "Hold", "Longest dictation", "Start hands-free with swictation", "Close"},
    "history": {"Search", "History", "Insert again", "Delete all…"},
    "latency": {"Model", "Mode", "Save as CSV…", "Save as picture…"},
    "first-run": {"Microphone", "Hotkey", "Where the words arrive", "Do not show this again", "Later"},
}


@pytest.fixture
def reader(seat):
    """Starts programs on a bus of their own, and reads them."""
    started = []

    def spawn(*command, **more):
        process = subprocess.Popen(command, env=seat.desktop.all_environment(), stdin=subprocess.DEVNULL, **more)
        started.append(process)
        return process

    bus = spawn(
        "dbus-daemon", "--session", "--nofork", "--print-address",
        stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True,
    )  # fmt: skip
    seat.desktop.environment["DBUS_SESSION_BUS_ADDRESS"] = bus.stdout.readline().strip()
    seat.desktop.environment["QT_LINUX_ACCESSIBILITY_ALWAYS_ON"] = "1"
    spawn(str(_LAUNCHER), "--launch-immediately", stderr=subprocess.DEVNULL)

    def read(window):
        spawn(sys.executable, "-m", "tests.gui.show_window", window)
        wait_until(
            window, lambda: EXPECTED[window] <= {word for one in seen(seat) for word in (one["name"], one["about"])}
        )
        return seen(seat)

    yield read
    for process in reversed(started):
        process.kill()
        process.communicate()


def seen(seat):
    """What the keyboard reaches."""
    said = seat.desktop.run(sys.executable, "-m", "tests.gui.screen_reader")
    return [one for one in map(json.loads, said.splitlines()) if one["reached"]]


@pytest.mark.parametrize("window", EXPECTED)
def test_a_screen_reader_gets_a_name_for_all_that_the_keyboard_reaches(reader, daemons, window):
    spoken, configured = Spoken(entries(20, held=1)), Configured()
    daemon = daemons(status(history=spoken.status()), answers=configured.answers() | spoken.answers)
    spoken.follow(daemon)
    configured.daemon = daemon
    nameless = [one for one in reader(window) if not one["name"]]
    assert nameless == []
