"""What the tray asks of the daemon, with a real keyboard, microphone and engine: levels, trials, keys, history."""

import socket
import threading
import time

import pytest

from daemon.client import Client
from daemon.errors import NoDaemon, RequestRefused
from tests.desktop import wait_until
from tests.speech import clips, silence

pytestmark = [pytest.mark.display, pytest.mark.sound]


@pytest.fixture
def reached(daemon, monkeypatch):
    """The daemon, which clients of this process reach too."""
    for variable in ("XDG_RUNTIME_DIR", "XDG_CONFIG_HOME", "XDG_DATA_HOME"):
        monkeypatch.setenv(variable, daemon.environment[variable])
    daemon.start()
    return daemon


def ask(verb, **arguments):
    with Client(30.0) as client:
        return client.ask(verb, **arguments)


def test_the_level_follows_the_voice_while_somebody_dictates(reached, sound, terminal):
    shown = []

    def watch():
        with Client(30.0) as client:
            shown.append(client.ask("watch", levels=True))
            while not ended.is_set():
                shown.append(client.answer())

    ended = threading.Event()
    watching = threading.Thread(target=watch, daemon=True)
    watching.start()
    reached.json("start")
    reached.wait_listening()
    began_s = time.monotonic()
    sound.play(silence(0.5) + clips()[0].pcm + silence(0.5)).wait()
    open_s = time.monotonic() - began_s
    reached.json("stop")
    reached.entries(1)
    ended.set()
    reached.json("toggle")
    watching.join(5)
    reached.json("cancel")
    levels = [one["listening"]["level_dbfs"] for one in shown if one["listening"]]
    levels = [level for level in levels if level is not None]
    assert 8 * open_s < len(levels) < 20 * (open_s + 3)
    assert max(levels) > -30
    assert min(levels) < -70
    assert shown[0]["listening"] is None


def test_a_microphone_is_tried_with_what_it_heard_and_closed_at_once(reached, sound):
    def listen():
        with Client(30.0) as trial:
            answers.append(trial.ask("try_microphone", device=None, recognise=True))
            while "text" not in answers[-1]:
                answers.append(trial.answer())

    answers = []
    listening = threading.Thread(target=listen, daemon=True)
    listening.start()
    wait_until("the trial", lambda: answers)
    sound.play(clips()[0].pcm + silence(1.5)).wait()
    listening.join(10)
    assert answers[-1]["text"] == clips()[0].text
    assert answers[-1]["timings_ms"]["decode"] > 0
    assert any(answer["speech"] for answer in answers[:-1])
    wait_until("the microphone closed", lambda: sound.recorders() == [])
    assert ask("history")["total"] == 0
    with Client(30.0) as trial:
        trial.ask("try_microphone")
        assert sound.recorders() != []
        left_s = time.monotonic()
    wait_until("the microphone closed", lambda: not ask("status")["microphone"]["open"])
    assert time.monotonic() - left_s < 3, "by itself it would end after a minute"
    wait_until("the stream gone", lambda: sound.recorders() == [])


def test_a_paused_hotkey_reaches_the_window_and_comes_back(reached, desktop, sound):
    with Client(30.0) as pausing:
        assert pausing.ask("pause_hotkey") == "paused"
        desktop.key_down("F9")
        time.sleep(0.4)
        desktop.key_up("F9")
        assert ask("status")["state"] == "idle"
        with pytest.raises(RequestRefused, match="Right Ctrl"):
            ask("set_config", key="hotkey.key", value="a")
        ask("set_config", key="hotkey.key", value="F8")
        pausing._socket.shutdown(socket.SHUT_WR)  # hang up, but hear that the key is bound again
        assert pausing.answer() == {"key": "F8", "fault": None}
    desktop.key_down("F8")
    reached.wait_listening()
    desktop.key_up("F8")
    reached.json("cancel")


def test_the_commands_of_the_history_do_what_the_tray_does(reached, terminal):
    for clip in clips()[:2]:
        reached.json("dictate", "--from", str(clip.file))
    [first, second] = reached.json("history")
    word = clips()[0].text.split()[0].upper()
    assert first["id"] in [entry["id"] for entry in reached.json("history", "--search", word)]
    assert reached.cli("history", "--search", "%").stdout == "nothing of that was found\n"
    assert reached.cli("history", "--ids").stdout.startswith(first["id"])
    assert "no audio of this utterance is kept" in reached.cli("history", "--decode", first["id"]).stderr
    assert reached.cli("history", "--insert", first["id"]).returncode == 0
    expected = f"{clips()[0].text} {clips()[1].text} {clips()[0].text} "
    wait_until("the text again", lambda: terminal.text() == expected)
    assert reached.json("history", "--delete", second["id"]) == {"deleted": 1}
    assert reached.cli("last").stdout == clips()[0].text + "\n"
    with pytest.raises(RequestRefused, match="no such utterance"):
        ask("delete", id=second["id"])
    reached.stop()
    with pytest.raises(NoDaemon):
        ask("status")
    assert reached.json("history", "--delete", first["id"]) == {"deleted": 1}
    assert reached.cli("history", "--delete", first["id"]).returncode == 1
    assert reached.json("history") == []
