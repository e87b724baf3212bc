"""The real tray in a real panel, against the real socket server: what a person sees and what a choice does."""

import signal
import time
from pathlib import Path

import pytest

from daemon import paths
from daemon.client import ask
from gui.menu import Does
from gui.present import Icon
from tests.desktop import wait_until
from tests.gui.scripted_daemon import status, utterance

pytestmark = pytest.mark.display

STATES = {
    Icon.LISTENING: status("listening"),
    Icon.WORKING: status("working"),
    Icon.HELD: status(held=1, last_utterance=utterance("held", None, "no window had the focus")),
    Icon.ERROR: status("broken", faults=["the model cannot be loaded"]),
    Icon.IDLE: status(last_utterance=utterance()),
}
HEAVY = ("onnxruntime", "sherpa", "portaudio", "_multiarray_umath", "webrtcvad", "sounddevice")


def test_icon_follows_the_state(seat, daemons):
    daemon = daemons()
    seat.panel()
    seat.tray()
    seat.see(Icon.IDLE)
    for icon, shown in STATES.items():
        daemon.show(shown)
        seat.see(icon)
    assert seat.find("practice") is None
    daemon.show(status("listening", practice=True))
    seat.see("practice")
    seat.see(Icon.LISTENING)


def test_menu_asks_the_daemon(seat, daemons):
    idle, listening = status(last_utterance=utterance()), status("listening")
    daemon = daemons(idle)
    seat.panel()
    seat.tray()
    for shown, icon, does, request in (
        (idle, Icon.IDLE, Does.START, {"verb": "start"}),
        (idle, Icon.IDLE, Does.START_HANDS_FREE, {"verb": "start", "hands_free": True}),
        (listening, Icon.LISTENING, Does.STOP, {"verb": "stop"}),
        (listening, Icon.LISTENING, Does.CANCEL, {"verb": "cancel"}),
        (idle, Icon.IDLE, Does.INSERT_LAST, {"verb": "insert_last"}),
    ):
        daemon.asked.clear()
        daemon.show(shown)
        seat.choose(shown, does, icon)
        wait_until(f"request for {does}", lambda: daemon.orders)
        assert daemon.orders == [request]


def test_click_starts_and_stops(seat, daemons):
    daemon = daemons()
    seat.panel()
    seat.tray()
    x, y = seat.see(Icon.IDLE)
    seat.desktop.xdotool("mousemove", str(x), str(y), "click", "1")
    wait_until("request", lambda: daemon.orders)
    assert daemon.orders == [{"verb": "toggle"}]


def test_copy_last_puts_the_text_on_the_clipboard(seat, daemons):
    idle = status(last_utterance=utterance())
    daemons(idle, text="Grüße, 20 °C")
    seat.panel()
    seat.tray()
    seat.choose(idle, Does.COPY_LAST, Icon.IDLE)
    wait_until("clipboard", lambda: seat.desktop.run("xclip", "-selection", "clipboard", "-o") == "Grüße, 20 °C")


def test_refused_request_is_told_and_the_tray_goes_on(seat, daemons):
    daemon = daemons()
    daemon.refuses = "not now: try later"
    seat.panel()
    tray = seat.tray()
    seat.see(Icon.IDLE)
    seat.choose(status(), Does.START, Icon.IDLE)
    wait_until("request", lambda: daemon.orders)
    seat.desktop.xdotool("mousemove", "20", "20")
    wait_until("remark", lambda: len(seat.windows()) == 2)
    time.sleep(1)
    assert len(seat.windows()) == 2  # the menu that was open would be gone by now
    daemon.refuses = None
    daemon.show(status("listening"))
    seat.see(Icon.LISTENING)
    assert tray.poll() is None


def test_daemon_ends_and_comes_back(seat, daemons):
    daemon = daemons()
    seat.panel()
    seat.tray()
    seat.see(Icon.IDLE)
    daemon.stop()
    seat.see(Icon.ABSENT)
    daemons(status("listening"))
    seat.see(Icon.LISTENING)


def test_tray_on_its_own_starts_the_real_daemon_once(seat):
    seat.panel()
    seat.tray()
    try:
        seat.see("practice", limit_s=120)
        seat.see(Icon.IDLE, limit_s=120)
        ask("quit")
        seat.see(Icon.ABSENT)
        time.sleep(3)  # longer than it waits between two tries: whoever ended the daemon meant it
        assert not paths.socket_file().exists()
        seat.choose(None, Does.START_DAEMON, Icon.ABSENT)
        seat.see("practice", limit_s=120)
    finally:
        if paths.socket_file().exists():
            ask("quit")
            wait_until("the daemon's end", lambda: not paths.socket_file().exists())


def test_daemon_ends_while_the_menu_is_open(seat, daemons):
    daemon = daemons()
    seat.panel()
    tray = seat.tray()
    seat.open_menu(Icon.IDLE)
    daemon.stop()
    seat.see(Icon.ABSENT)
    seat.desktop.xdotool("key", "Escape")
    daemons(status("working"))
    seat.see(Icon.WORKING)
    assert tray.poll() is None


def test_panel_that_comes_late_goes_and_comes_back(seat, daemons):
    daemon = daemons()
    tray = seat.tray()
    wait_until("tray", lambda: b"gui" in Path(f"/proc/{tray.pid}/cmdline").read_bytes())
    time.sleep(3)  # past the tray's first look for a panel
    panel = seat.panel()
    seat.see(Icon.IDLE)
    seat.end(panel)
    daemon.show(status("listening"))
    seat.panel()
    seat.see(Icon.LISTENING)
    assert tray.poll() is None


def test_quit_tray_leaves_the_daemon_alone(seat, daemons):
    idle = status()
    daemon = daemons(idle)
    seat.panel()
    tray = seat.tray()
    seat.choose(idle, Does.QUIT_TRAY, Icon.IDLE)
    assert tray.wait(timeout=30) == 0
    assert daemon.orders == []


def test_quit_swictation_ends_both(seat, daemons):
    idle = status()
    daemon = daemons(idle)
    seat.panel()
    tray = seat.tray()
    seat.choose(idle, Does.QUIT_ALL, Icon.IDLE)
    assert tray.wait(timeout=30) == 0
    assert daemon.orders == [{"verb": "quit"}]


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_signal_ends_it_without_a_word(seat, daemons, number):
    daemons()
    seat.panel()
    tray = seat.tray()
    seat.see(Icon.IDLE)
    tray.send_signal(number)
    assert tray.wait(timeout=30) == 0
    assert seat.said.read_text() == ""


def test_second_tray_on_the_screen_says_so_and_ends(seat, daemons):
    daemons()
    seat.panel()
    first = seat.tray()
    seat.see(Icon.IDLE)
    assert seat.tray().wait(timeout=30) == 0
    assert seat.said.read_text() == f"the tray is already running (process {first.pid})\n"
    assert first.poll() is None


def test_running_tray_holds_no_audio_and_no_recogniser(seat, daemons):
    daemons()
    seat.panel()
    tray = seat.tray()
    seat.see(Icon.IDLE)
    loaded = Path(f"/proc/{tray.pid}/maps").read_text()
    assert "libQt6Widgets" in loaded
    assert [name for name in HEAVY if name in loaded] == []
