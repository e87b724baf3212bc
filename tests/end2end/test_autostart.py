"""The switch, with a real user manager of systemd: login, crash, hang, quit, logout."""

import json
import os
import signal
import sys

import pytest

from tests.desktop import wait_until
from tests.end2end.running import ROOT, environment_of
from tests.user_manager import UserManager

UNIT, TRAY = "swictation.service", "swictation-tray.service"


@pytest.fixture
def manager(tmp_path):
    manager = UserManager(tmp_path, environment_of({"PYTHONPATH": str(ROOT)}))
    if (why := manager.start()) is not None:
        manager.stop()
        pytest.skip(f"no user manager can be run here: {why}")
    hurry = manager.units / f"{UNIT}.d" / "hurry.conf"
    hurry.parent.mkdir()
    hurry.write_text("[Unit]\nStartLimitBurst=20\n[Service]\nWatchdogSec=4\nRestartSec=0.1\n")
    yield manager
    manager.stop()


def cli(manager, *arguments):
    return manager.run(sys.executable, "-m", "daemon", *arguments)


def switched(manager, *arguments):
    done = cli(manager, "autostart", "--json", *arguments)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def serving(manager, *, not_pid=0):
    """The process id of a daemon that systemd has started and that answers, once there is one."""

    def found():
        pid = int(manager.shown(UNIT, "MainPID"))
        return pid if pid not in {0, not_pid} and cli(manager, "status").returncode == 0 else None

    return wait_until("the daemon", found)


def test_from_login_to_logout(manager):
    assert switched(manager) == {"on": False, "way": None, "reason": None}
    manager.login()
    assert switched(manager, "on") == {"on": True, "way": "systemd", "reason": None}
    manager.logout()
    assert cli(manager, "status").returncode == 1, "it starts at the next login and not before"

    manager.login()
    first = serving(manager)
    os.kill(first, signal.SIGKILL)
    second = serving(manager, not_pid=first)
    os.kill(second, signal.SIGSTOP)
    third = serving(manager, not_pid=second)
    assert manager.shown(UNIT, "NRestarts") == "2"
    assert cli(manager, "quit").returncode == 0
    wait_until("the end", lambda: manager.shown(UNIT, "ActiveState") == "inactive")
    assert manager.shown(UNIT, "Result") == "success"
    assert manager.shown(UNIT, "NRestarts") == "2"
    manager.run("systemctl", "--user", "reset-failed", TRAY)  # without a screen it may have given up
    assert manager.run("systemctl", "--user", "restart", TRAY).returncode == 0
    assert manager.shown(UNIT, "ActiveState") == "inactive", "who has quit the daemon has quit it"
    manager.logout()

    manager.login()
    assert serving(manager) != third
    manager.logout()
    wait_until("the end", lambda: manager.shown(UNIT, "ActiveState") == "inactive")
    assert cli(manager, "status").returncode == 1
    assert manager.shown(UNIT, "Result") == "success"

    manager.login()
    serving(manager)
    assert switched(manager, "off") == {"on": False, "way": None, "reason": None}
    assert cli(manager, "status").returncode == 0, "what runs goes on"
    manager.logout()
    wait_until("the end", lambda: cli(manager, "status").returncode == 1)
    manager.login()
    assert manager.shown(UNIT, "ActiveState") == "inactive"
    assert switched(manager, "off") == {"on": False, "way": None, "reason": None}
    assert {path.name for path in manager.units.rglob("swictation*")} == {f"{UNIT}.d"}


def test_a_session_that_systemd_does_not_know_of_gets_a_desktop_entry_and_never_both(manager):
    entry = manager.units.parents[1] / "autostart" / "swictation.desktop"
    assert switched(manager, "on") == {"on": True, "way": "xdg", "reason": None}
    assert entry.is_file()
    manager.login()
    assert switched(manager, "on")["way"] == "systemd"
    assert not entry.exists()
    manager.logout()
    found = switched(manager)
    assert found["on"]
    assert "this desktop does not start graphical-session.target" in found["reason"]


def test_a_daemon_that_runs_already_is_left_alone(manager):
    manager.login()
    switched(manager, "on")
    manager.logout()
    cli(manager)
    wait_until("the daemon", lambda: cli(manager, "status").returncode == 0)
    manager.login()
    wait_until("the unit's start", lambda: manager.shown(UNIT, "ExecMainPID") != "0")
    wait_until("the unit's end", lambda: manager.shown(UNIT, "ActiveState") == "inactive")
    assert (manager.shown(UNIT, "Result"), manager.shown(UNIT, "NRestarts")) == ("success", "0")
    assert cli(manager, "quit").returncode == 0
