"""The command line against a running daemon and without one: what it says, on which stream, with which status."""

import json
import shutil
import signal
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

import pytest

from models.bundle import default_directory
from tests.desktop import wait_until
from tests.end2end.running import ROOT, RunningDaemon, environment_of
from tests.speech import clips

pytestmark = [pytest.mark.sound]


@pytest.fixture
def alone(tmp_path, sound):
    """A daemon without a screen, not started yet."""
    environment = environment_of(sound.environment, {"XDG_RUNTIME_DIR": str(tmp_path / "run")})
    daemon = RunningDaemon(tmp_path, environment)
    yield daemon
    daemon.stop()


@pytest.mark.parametrize("verb", ["toggle", "start", "stop", "cancel", "status", "quit"])
def test_without_a_daemon_a_verb_says_in_one_line_how_to_start_it(alone, verb):
    done = alone.cli(verb)
    assert done.returncode == 1
    assert done.stdout == ""
    assert done.stderr == "swictation: the daemon is not running: start it with `swictation daemon`\n"


def test_a_second_daemon_says_so_and_exits_0(alone):
    alone.start()
    second = alone.cli("daemon")
    assert second.returncode == 0
    assert second.stdout == f"swictation is already running (process {alone.process.pid})\n"
    assert alone.status()["state"] == "idle"


def test_a_socket_left_by_a_crash_is_no_obstacle(alone):
    alone.start()
    engine = alone.worker("_engine")
    alone.kill()
    assert (alone.directory / "run" / "swictation" / "ctl").exists()
    alone.start()
    assert alone.status()["state"] == "idle"
    wait_until("the old engine has left", lambda: not engine.is_running())


def test_sigterm_while_recording_ends_everything_soon(alone, sound):
    alone.start()
    alone.json("start", "--hands-free")
    alone.wait_listening()
    alone.process.send_signal(signal.SIGTERM)
    assert alone.process.wait(timeout=10) == 0
    assert sound.recorders() == []
    assert not (alone.directory / "run" / "swictation" / "ctl").exists()


def test_toggle_starts_and_stops(alone):
    alone.start()
    assert alone.cli("toggle").stdout.strip() in {"opening", "listening"}
    alone.wait_listening()
    alone.cli("toggle")
    [entry] = alone.entries(1)
    assert entry["outcome"] == "nothing"


def test_every_fault_of_a_config_is_named_and_the_daemon_refuses(alone):
    alone.configure('[hotkey]\nkye = "F9"\n[endpoint]\nonset_ms = "x"\n')
    done = alone.cli("daemon")
    assert done.returncode == 1
    assert done.stderr.count("\n") == 1
    for part in (str(alone.config_file), "hotkey.kye: unknown key", "endpoint.onset_ms: must be a whole number"):
        assert part in done.stderr


def test_a_change_of_the_config_reaches_the_running_daemon(alone):
    alone.start()
    assert alone.cli("config", "set", "hotkey.key", "F10").returncode == 0
    assert alone.status()["hotkey"]["key"] == "F10"
    assert alone.json("config", "get", "hotkey.key") == {"hotkey.key": "F10"}
    refused = alone.cli("config", "set", "hotkey.key", "F99")
    assert refused.returncode == 1
    assert "hotkey.key" in refused.stderr
    assert alone.status()["hotkey"]["key"] == "F10"
    assert alone.cli("config", "set", "insert.method", "none").stdout == "set\n"
    assert alone.status()["insertion"]["way"] == "none"


def test_a_microphone_that_does_not_exist(alone):
    alone.configure('[microphone]\ndevice = "Golden Throat 3000"\n')
    alone.start()
    alone.json("start")
    status = alone.wait_status("refused", lambda status: status["microphone"]["fault"])
    assert "Golden Throat 3000" in status["microphone"]["fault"]
    assert "vmic" in status["microphone"]["fault"], "it lists the ones that do"
    assert status["state"] == "idle"
    assert alone.cli("config", "set", "microphone.device", "vmic").returncode == 0
    alone.json("start")
    alone.wait_listening()
    alone.json("cancel")


def test_devices_needs_no_daemon(alone):
    names = [device["name"] for device in alone.json("devices")]
    assert any("vmic" in name for name in names), names


def test_models_and_history_and_stats_need_no_daemon(alone):
    [model] = [model for model in alone.json("models", "list") if model["installed"]]
    assert model["in_use"]
    assert model["notice"].startswith("practice model:")
    assert alone.json("history") == []
    assert alone.json("stats")["utterances"] == 0
    assert alone.cli("last").returncode == 1


def test_the_first_start_offers_a_real_model_in_one_line(alone):
    done = alone.cli()
    try:
        ready, offer = done.stdout.splitlines()[-2:]
        assert ready.startswith("ready: ")
        assert "practice model" in offer
        assert "`swictation models pull`" in offer
    finally:
        alone.cli("quit")
        wait_until("the daemon's end", lambda: alone.cli("status").returncode == 1)


def test_models_use_changes_the_model_of_the_running_daemon(alone):
    alone.start()
    other = alone.directory / "data" / "swictation" / "models" / "other"
    shutil.copytree(default_directory(), other)
    assert alone.cli("models", "use", "other").stdout == "other is in use\n"
    assert alone.status()["engine"]["directory"] == str(other)
    assert "choose another first" in alone.cli("models", "remove", "other").stderr
    alone.json("models", "use", "practice")
    assert alone.status()["engine"]["directory"] == str(default_directory())
    assert alone.json("models", "remove", "other") == {"name": "other", "removed": True}


def test_stats_tell_what_the_user_waited_for(daemon, terminal):
    daemon.start()
    for clip in clips()[:3]:
        daemon.json("dictate", "--from", str(clip.file))
    stats = {stage["stage"]: stage for stage in daemon.json("stats")["stages"]}
    assert stats["felt"]["count"] == 3
    assert stats["felt"]["p50_ms"] <= stats["felt"]["p95_ms"]
    waited = ("endpoint_wait", "queue", "recognise", "text", "insert")
    assert sum(stats[stage]["share"] for stage in waited) == pytest.approx(1.0, abs=0.001)
    assert daemon.json("history", "--clear") == {"deleted": 3}
    assert daemon.json("history") == []


def test_a_tree_of_many_commands_at_once_is_answered(alone):
    alone.start()
    with ThreadPoolExecutor(8) as crowd:
        answers = list(crowd.map(lambda _: alone.cli("status", "--json"), range(24)))
    assert all(json.loads(answer.stdout)["state"] == "idle" for answer in answers)


def test_wrong_usage_exits_2(alone):
    done = alone.cli("dance")
    assert done.returncode == 2
    assert "invalid choice" in done.stderr


def test_the_worker_verbs_stay_out_of_the_help(alone):
    help_text = alone.cli("--help").stdout
    assert "transcribe" in help_text
    assert "_engine" not in help_text


def test_output_into_a_closed_pipe_is_no_error(alone):
    reader = subprocess.Popen(["true"], stdin=subprocess.PIPE)
    assert reader.stdin is not None
    reader.wait()
    done = subprocess.run(
        [sys.executable, "-m", "daemon", "config"],
        env=alone.environment, cwd=ROOT, stdout=reader.stdin, stderr=subprocess.PIPE, check=False,
    )  # fmt: skip
    reader.stdin.close()
    assert done.stderr == b""
