"""The real tray in a real panel with the real daemon, used by mouse and keyboard as a person would."""

import pytest

from gui import first_run_memory
from gui.first_run_steps import Proved
from gui.menu import Does
from gui.present import Icon
from tests.desktop import soon, wait_until
from tests.gui.conftest import Seat
from tests.speech import clips, silence

pytestmark = [pytest.mark.display, pytest.mark.sound]

CLIP = clips()[3]
CONFIG = "# mine\n[overlay]\nshow = false # out of the way\n"


@pytest.fixture
def seat(desktop, daemon, monkeypatch):
    """A panel with the tray, before a daemon that can dictate."""
    daemon.configure(CONFIG)
    monkeypatch.setenv("XDG_DATA_HOME", daemon.environment["XDG_DATA_HOME"])
    first_run_memory.keep(Proved(hidden=True))
    seat = Seat(desktop)
    try:
        daemon.start()
        seat.panel()
        seat.process = start_tray(seat, daemon)
        seat.see(Icon.IDLE)
        yield seat
    finally:
        seat.leave_all()


def start_tray(seat, daemon):
    return seat.tray(**daemon.environment, DBUS_SESSION_BUS_ADDRESS="disabled:")


def choose(seat, daemon, does, icon):
    seat.choose(daemon.status(), does, icon)


def say(daemon, sound, pcm):
    sound.play(pcm).wait()
    daemon.hold(0.3)


def test_dictation_from_the_menu_ends_with_the_text_in_an_editor(seat, desktop, sound, daemon):
    editor = desktop.mousepad()
    try:
        choose(seat, daemon, Does.START, Icon.IDLE)
        seat.see(Icon.LISTENING)
        say(daemon, sound, CLIP.pcm)
        choose(seat, daemon, Does.STOP, Icon.LISTENING)
        [entry] = daemon.entries(1)
        assert entry["outcome"] == "confirmed", entry
        assert editor.text().rstrip("\n") == CLIP.text + " "
        seat.see(Icon.IDLE)
        choose(seat, daemon, Does.INSERT_LAST, Icon.IDLE)
        wait_until("the text again", lambda: editor.text().rstrip("\n") == 2 * (CLIP.text + " "))
    finally:
        editor.close()


def test_a_microphone_that_stays_open_is_seen_and_closed_from_the_menu(seat, sound, daemon):
    assert seat.find("standing") is None
    assert daemon.cli("config", "set", "microphone.linger_s", "60").returncode == 0
    daemon.json("toggle")
    daemon.wait_listening()
    daemon.json("cancel")
    seat.see(Icon.IDLE)
    seat.see("standing")
    assert sound.recorders() != []
    choose(seat, daemon, Does.CANCEL, Icon.IDLE)
    wait_until("the closed microphone", lambda: sound.recorders() == [])
    wait_until("the icon without a dot", lambda: seat.find("standing") is None)


def test_a_setting_changed_by_the_keyboard_survives_a_restart(seat, desktop, daemon):
    choose(seat, daemon, Does.SETTINGS, Icon.IDLE)
    window = seat.window("Settings")
    wait_until("the keyboard", lambda: desktop.xdotool("getactivewindow").strip() == window)
    desktop.xdotool("key", "End")
    wait_until("the switch", lambda: switched(desktop, daemon))
    daemon.stop()
    seat.see(Icon.ABSENT)
    daemon.start()
    seat.see(Icon.IDLE)
    assert daemon.json("config", "show")["overlay.show"] is True
    assert daemon.config_file.read_text() == CONFIG.replace("false", "true")


def switched(desktop, daemon):
    """Press once and look for a while: a second press on its way would switch it back."""
    desktop.xdotool("key", "alt+o")
    return soon(lambda: "show = true" in daemon.config_file.read_text(), 3)


def test_start_on_login_is_switched_in_the_menu(seat, daemon):
    for on in (True, False):
        letter = "g"
        seat.open_menu(Icon.IDLE)
        seat.desktop.xdotool("key", letter)
        wait_until("the switch", lambda wanted=on: daemon.json("autostart")["on"] is wanted)


def test_a_daemon_killed_under_an_open_menu_is_started_from_that_menu(seat, desktop, daemon):
    seat.open_menu(Icon.IDLE)
    daemon.kill()
    seat.see(Icon.ABSENT)
    assert len(seat.windows()) == 2, "the menu stays"
    try:
        desktop.xdotool("key", "s")
        seat.see(Icon.IDLE, limit_s=120)
    finally:
        daemon.cli("quit")
        wait_until("the end", lambda: daemon.cli("status").returncode == 1)


def test_a_tray_killed_in_mid_dictation_takes_nothing_with_it(seat, sound, daemon, terminal):
    choose(seat, daemon, Does.START, Icon.IDLE)
    daemon.wait_listening()
    playing = sound.play(CLIP.pcm + silence(0.5))
    seat.end(seat.process)
    start_tray(seat, daemon)
    playing.wait()
    seat.see(Icon.LISTENING)
    choose(seat, daemon, Does.STOP, Icon.LISTENING)
    [entry] = daemon.entries(1)
    assert entry["outcome"] == "confirmed", entry
    assert terminal.text() == CLIP.text + " "
