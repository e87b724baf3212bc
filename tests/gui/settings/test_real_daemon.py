"""The settings window before the real daemon: what is changed there is in the file, and is there after a restart."""

import subprocess
import sys
from pathlib import Path

import pytest

from daemon import paths
from gui.link import Link
from gui.settings.page import Field
from gui.settings_window import SettingsWindow
from tests.desktop import wait_until

pytestmark = pytest.mark.display
_ROOT = Path(__file__).parents[3]
_CONFIG = """# kept by hand
[hotkey]
key = "F9"  # the one beside F10
hold_ms = 300
"""


@pytest.fixture
def daemon(seat, monkeypatch):
    """Starts the real daemon on a desktop of its own; the configuration's file is at ``config``."""
    monkeypatch.setenv("XDG_CONFIG_HOME", seat.desktop.environment["XDG_CONFIG_HOME"])
    config = Path(seat.desktop.environment["XDG_CONFIG_HOME"]) / "swictation" / "config.toml"
    config.parent.mkdir(parents=True)
    config.write_text(_CONFIG)
    started = []

    class Starter:
        file = config

        def start(self):
            started.append(
                subprocess.Popen(
                    [sys.executable, "-m", "daemon", "daemon"],
                    cwd=_ROOT,
                    env=seat.desktop.all_environment(),
                    stdin=subprocess.DEVNULL,
                    stdout=subprocess.DEVNULL,
                    stderr=subprocess.DEVNULL,
                )
            )
            wait_until("the socket", paths.socket_file().exists)

        def stop(self):
            started[-1].terminate()
            started[-1].wait(timeout=30)

    yield Starter()
    for process in started:
        if process.poll() is None:
            process.terminate()
            process.wait(timeout=30)


def test_a_change_is_in_the_file_with_its_comments_and_there_after_a_restart(daemon, eyes, qt):
    daemon.start()
    link = Link()
    link._start_wanted = False
    link.open()
    window = SettingsWindow(link)
    window.show()
    fields = {each.key: each for each in window.findChildren(Field)}
    hold, key = fields["hotkey.hold_ms"], fields["hotkey.key"]
    eyes.until("the values", lambda: hold.parent().value() == 300)
    hold.parent().setValue(450)
    eyes.until("the file", lambda: "hold_ms = 450" in daemon.file.read_text())
    key.parent().chosen.emit("Space")
    eyes.until("the refusal", lambda: key.words.is_fault)
    assert "alone would be taken away from every program" in key.words.text()
    key.parent().chosen.emit("Pause")
    eyes.until("the key", lambda: 'key = "Pause"  # the one beside F10' in daemon.file.read_text())
    assert daemon.file.read_text().startswith("# kept by hand\n")
    daemon.stop()
    eyes.until("the absence", lambda: not window._both.isVisible())
    daemon.start()
    eyes.until("the window filled again", lambda: window._both.isVisible() and key.parent().text() == "Pause")
    assert hold.parent().value() == 450
    window.close()
    window.deleteLater()
    link.close()
