"""Twenty starts at once give one daemon, and what a newer one wrote is refused and kept."""

import json
import sqlite3
import subprocess
import sys
from contextlib import closing

import psutil
import pytest

from tests.desktop import wait_until
from tests.end2end.running import RunningDaemon, environment_of


@pytest.fixture
def alone(tmp_path):
    """A daemon without a desktop or a sound server."""
    daemon = RunningDaemon(tmp_path, environment_of({"XDG_RUNTIME_DIR": str(tmp_path / "run")}))
    yield daemon
    for process in daemons(daemon):
        process.terminate()
        process.wait(timeout=15)


def daemons(daemon):
    """The daemon processes with this home; the workers have verbs of their own."""
    found = []
    for process in psutil.process_iter(["cmdline"]):
        command = process.info["cmdline"] or []
        if command[1:4] != ["-m", "daemon", "daemon"]:
            continue
        try:
            if process.environ().get("XDG_DATA_HOME") == daemon.environment["XDG_DATA_HOME"]:
                found.append(process)
        except (psutil.NoSuchProcess, psutil.AccessDenied):
            continue
    return found


def test_twenty_starts_at_once_give_one_daemon(alone):
    commands = [["daemon"], []] * 10  # in the foreground, and as a person starts it
    starts = [
        subprocess.Popen(
            [sys.executable, "-m", "daemon", *command],
            env=alone.environment, cwd=alone.directory, stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
        )
        for command in commands
    ]  # fmt: skip
    ended = wait_until("all but the daemon", lambda: len(over(starts)) >= 19 and over(starts), 120)
    [one] = daemons(alone)
    for start in ended:
        said = start.stdout.read()
        assert start.returncode == 0, said
        assert f"already running (process {one.pid})" in said or "ready: " in said, said
    assert alone.status()["state"] == "idle"
    one.terminate()
    for start in starts:
        start.communicate(timeout=30)


def over(starts):
    return [start for start in starts if start.poll() is not None]


def test_a_newer_configuration_is_refused_and_kept(alone):
    alone.configure('[hotkey]\nkey = "F8"  # mine\n[telepathy]\nstrength = 3\n')
    refused = alone.cli("daemon")
    assert refused.returncode == 1
    assert "telepathy: unknown key in this version; correct it or move the file away" in refused.stderr
    assert alone.cli("config", "set", "hotkey.key", "F7").returncode == 1
    assert alone.config_file.read_text() == '[hotkey]\nkey = "F8"  # mine\n[telepathy]\nstrength = 3\n'


def test_a_newer_history_is_refused_and_kept(alone):
    file = alone.directory / "data" / "swictation" / "history.sqlite"
    file.parent.mkdir(parents=True)
    with closing(sqlite3.connect(file)) as db:
        db.execute("CREATE TABLE utterance (something TEXT)")
        db.execute("PRAGMA user_version = 99")
    before = file.read_bytes()
    for command in (["daemon"], ["history"], ["last"], ["history", "--clear"]):
        refused = alone.cli(*command)
        assert refused.returncode == 1, command
        assert refused.stderr.splitlines()[-1].endswith(
            "was written by a newer swictation: install that version, or move the file away"
        )
    assert file.read_bytes() == before
    assert "Traceback" not in json.dumps(refused.stderr)
