"""The overlay on a real screen: seen by the user, not felt by any other window."""

import subprocess
import sys

import pytest
from PySide6.QtGui import QColor, QImage

from gui import overlay
from tests.desktop import wait_until
from tests.gui.scripted_daemon import status

pytestmark = pytest.mark.display

LISTENING = {"level_dbfs": -12.0, "open_s": 3.0, "left_s": None, "settled": "the first words", "unsettled": "more"}
CENTRE, BOTTOM = 640, 800 - 32


def configured(*, show=True, place="bottom", text=True):
    return {"config": {"values": {"overlay.show": show, "overlay.place": place, "overlay.text": text}}}


@pytest.fixture
def screen(seat, daemons):
    """A desktop with a terminal, a scripted daemon, and the overlay as a process of its own."""
    started = []

    def start(answers):
        daemon = daemons(status("idle"), answers=answers)
        process = subprocess.Popen(
            [sys.executable, "-m", "tests.gui.show_window", "overlay"],
            env=seat.desktop.all_environment(), stdin=subprocess.DEVNULL,
        )  # fmt: skip
        started.append(process)
        wait_until("the question", lambda: "config" in daemon.verbs())
        return daemon

    yield start
    for process in started:
        process.kill()
        process.wait()


def wishes(daemon):
    """Whether the text so far was wanted, by each request to watch."""
    return [request["preview"] for request in daemon.watched]


def shown(seat):
    """Whether the level stands on the screen."""
    picture = seat.desktop.directory / "screen.png"
    seat.desktop.screenshot(picture)
    image = QImage(str(picture))
    level = QColor(overlay._LEVEL)
    return any(image.pixelColor(CENTRE - 150, y) == level for y in range(BOTTOM - 120, BOTTOM))


def test_it_takes_neither_keys_nor_clicks(seat, screen):
    daemon = screen(configured())
    below, beside = seat.desktop.terminal("below"), seat.desktop.terminal("beside")
    seat.desktop.xdotool("windowmove", below.window, "0", "0", "windowsize", "--sync", below.window, "1280", "780")
    seat.desktop.xdotool("windowmove", "--sync", beside.window, "20", "20")
    beside.focus()
    daemon.show(status("listening", listening=LISTENING))
    wait_until("the overlay", lambda: shown(seat))
    seat.desktop.xdotool("type", "still here")
    wait_until("the keys", lambda: beside.text() == "still here")
    assert seat.desktop.xdotool("getactivewindow").strip() == beside.window
    seat.desktop.xdotool("mousemove", str(CENTRE), str(BOTTOM - 20), "click", "1")
    wait_until("the click", lambda: seat.desktop.xdotool("getactivewindow").strip() == below.window)
    assert shown(seat)  # over the window that was raised
    for terminal in (below, beside):
        terminal.close()


def test_after_the_release_it_says_so_and_goes(seat, screen):
    daemon = screen(configured())
    daemon.show(status("listening", listening=LISTENING))
    wait_until("the overlay", lambda: shown(seat))
    daemon.show(status("working"))
    wait_until("no level", lambda: not shown(seat))
    assert len(seat.windows()) == 1
    daemon.show(status("idle"))
    wait_until("the end", lambda: seat.windows() == [])


def test_it_goes_with_the_daemon(seat, screen):
    daemon = screen(configured())
    daemon.show(status("listening", listening=LISTENING))
    wait_until("the overlay", lambda: shown(seat))
    daemon.stop()
    wait_until("the end", lambda: not shown(seat))


def test_switched_off_and_on_again(seat, screen):
    daemon = screen(configured(show=False))
    daemon.show(status("listening", listening=LISTENING))
    wait_until("a picture", lambda: not shown(seat))
    daemon.answers.update(configured())
    daemon.show(status("listening", listening=LISTENING, config_revision=2))
    wait_until("the overlay", lambda: shown(seat))
    wait_until("the wish for text", lambda: wishes(daemon) == [False, True])
    daemon.answers.update(configured(place="top", text=False))
    daemon.show(status("listening", listening=LISTENING, config_revision=3))
    wait_until("another place", lambda: not shown(seat))
    wait_until("no more text", lambda: wishes(daemon) == [False, True, False])
