"""Panels of both kinds that are late, gone, restarted or frozen, and desktops that have none."""

import json
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from gui.present import Icon
from tests.desktop import wait_until
from tests.gui.scripted_daemon import status, utterance
from tests.gui.watcher import NAME, PATH

pytestmark = pytest.mark.display

_ROOT = Path(__file__).parents[2]
_HELD = status(held=1, last_utterance=utterance("held", None, "another window had the focus"))


class Bus:
    """A session bus of the test's own, with programs on it."""

    def __init__(self, seat):
        self._seat = seat
        self._daemon = subprocess.Popen(
            ["dbus-daemon", "--session", "--nofork", "--print-address"], stdout=subprocess.PIPE, text=True,
            stderr=subprocess.DEVNULL,
        )  # fmt: skip
        seat.desktop.environment["DBUS_SESSION_BUS_ADDRESS"] = self._daemon.stdout.readline().strip()
        self._programs = []

    def program(self, name):
        """Start one of the fakes beside this file, and wait until it is on the bus."""
        process = subprocess.Popen(
            [sys.executable, "-m", f"tests.gui.{name}"], cwd=_ROOT, env=self._seat.desktop.all_environment(),
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
        )  # fmt: skip
        self._programs.append(process)
        assert process.stdout.readline() == "ready\n"
        return process

    def ask(self, service, path, method, *arguments):
        command = ("dbus-send", "--session", "--print-reply", f"--dest={service}", path, method, *arguments)
        return self._seat.desktop.run(*command)

    def get(self, service, path, interface, name):
        question = (f"string:{interface}", f"string:{name}")
        return self.ask(service, path, "org.freedesktop.DBus.Properties.Get", *question)

    def items(self):
        """The icons that have registered with the watcher, those that have gone since too."""
        return re.findall('string "(.+)"', self.get(NAME, PATH, NAME, "RegisteredStatusNotifierItems"))

    def tooltip(self, item):
        return self.get(item, "/StatusNotifierItem", "org.kde.StatusNotifierItem", "ToolTip")

    def choose(self, item, label):
        """Choose a menu entry as a panel does."""
        layout = self.ask(
            item, "/MenuBar", "com.canonical.dbusmenu.GetLayout", "int32:0", "int32:-1", "array:string:label"
        )
        chunks = re.split(r"struct \{\s+int32 ", layout)
        chosen = next(chunk for chunk in chunks if f'string "{label}"' in chunk.split("struct")[0])
        arguments = (f"int32:{chosen.split()[0]}", "string:clicked", "variant:int32:0", "uint32:0")
        self.ask(item, "/MenuBar", "com.canonical.dbusmenu.Event", *arguments)

    def stop(self):
        for process in (*reversed(self._programs), self._daemon):
            process.kill()
            process.communicate()


@pytest.fixture
def bus(seat):
    bus = Bus(seat)
    yield bus
    bus.stop()


def test_status_notifier_shows_state_and_menu(seat, daemons, bus):
    daemon = daemons()
    watcher = bus.program("watcher")
    seat.tray()
    item = watcher.stdout.readline().strip()
    wait_until("the state", lambda: "Ready" in bus.tooltip(item))
    daemon.show(status("listening", mode="toggle"))
    wait_until("the new state", lambda: "Listening" in bus.tooltip(item))
    bus.choose(item, "_Stop dictation")
    wait_until("the request", lambda: daemon.orders == [{"verb": "stop"}])


def test_status_notifier_that_comes_late_or_is_restarted_gets_the_icon_soon(seat, daemons, bus):
    daemon = daemons(status("working"))
    tray = seat.tray()
    wait_until("the tray", lambda: daemon.watched)
    for _ in range(2):
        watcher = bus.program("watcher")
        began_s = time.monotonic()
        watcher.stdout.readline()
        assert time.monotonic() - began_s < 5.0
        # Qt registers the icon that it has, and the tray puts another one in its place
        wait_until("the state", lambda: any("Recognising" in bus.tooltip(item) for item in bus.items()))
        watcher.kill()
        watcher.wait()
        time.sleep(1.5)  # until the tray has seen that it is gone
    assert tray.poll() is None


def test_frozen_status_notifier_holds_nothing_up(seat, daemons, bus):
    daemon = daemons()
    watcher = bus.program("watcher")
    seat.tray()
    item = watcher.stdout.readline().strip()
    wait_until("the state", lambda: "Ready" in bus.tooltip(item))
    watcher.send_signal(signal.SIGSTOP)
    time.sleep(2.5)  # past the next looks for a panel
    began_s = time.monotonic()
    daemon.show(status("working"))
    wait_until("the new state", lambda: "Recognising" in bus.tooltip(item), 20)
    assert time.monotonic() - began_s < 10.0
    watcher.send_signal(signal.SIGCONT)


def test_without_a_panel_a_small_window_stands_in_until_there_is_one(seat, daemons):
    daemon = daemons()
    tray = seat.tray()
    window = seat.window("swictation", limit_s=30)
    daemon.show(status("listening"))
    seat.see(Icon.LISTENING, corner=(0, 0))
    seat.desktop.xdotool("windowactivate", "--sync", window, "key", "alt+s")
    wait_until("the request", lambda: daemon.orders == [{"verb": "stop"}])
    seat.panel()
    seat.see(Icon.LISTENING)
    wait_until(
        "the window's end", lambda: not seat.desktop.xdotool("search", "--onlyvisible", "--name", "^swictation$")
    )
    assert tray.poll() is None


def test_closing_the_small_window_ends_the_tray_and_not_the_daemon(seat, daemons):
    daemon = daemons()
    tray = seat.tray()
    seat.desktop.xdotool("windowactivate", "--sync", seat.window("swictation", limit_s=30), "key", "alt+F4")
    assert tray.wait(timeout=30) == 0
    assert daemon.orders == []


def test_held_text_is_notified_and_inserted_by_its_button(seat, daemons, bus):
    daemon = daemons()
    server, watcher = bus.program("notices"), bus.program("watcher")
    seat.tray()
    item = watcher.stdout.readline().strip()
    wait_until("the state", lambda: "Ready" in bus.tooltip(item))
    wait_until("the configuration", lambda: any(one["verb"] == "config" for one in daemon.asked))
    time.sleep(0.5)
    daemon.show(_HELD)
    told = json.loads(server.stdout.readline())
    assert (told["title"], told["body"]) == ("A text is held for you", "another window had the focus")
    assert told["actions"][2:] == ["chosen", "Insert"]
    server.stdin.write(f"{told['id']} chosen\n")
    server.stdin.flush()
    wait_until("the request", lambda: {"verb": "insert", "id": "1"} in daemon.asked)


def test_frozen_notification_server_holds_nothing_up(seat, daemons, bus):
    daemon = daemons()
    server, watcher = bus.program("notices"), bus.program("watcher")
    server.send_signal(signal.SIGSTOP)
    tray = seat.tray()
    item = watcher.stdout.readline().strip()
    wait_until("the state", lambda: "Ready" in bus.tooltip(item))
    for number in range(8):
        held = utterance("held", None, "another window had the focus")
        daemon.show(status(held=1, last_utterance={**held, "id": str(number)}))
        time.sleep(0.1)
    began_s = time.monotonic()
    daemon.show(status("working"))
    wait_until("the new state", lambda: "Recognising" in bus.tooltip(item), 20)
    assert time.monotonic() - began_s < 10.0
    tray.send_signal(signal.SIGTERM)
    assert tray.wait(timeout=10) == 0
    server.send_signal(signal.SIGCONT)
