"""A microphone that stays open: no word before the key is lost, and nothing heard meanwhile is kept in a file."""

import time

import pytest

from tests.desktop import wait_until
from tests.speech import clips, silence

pytestmark = [pytest.mark.display, pytest.mark.sound]

PRE_ROLL = '[insert]\nmethod = "auto"\n[microphone]\nkeep_open = true\npre_roll_ms = 1500\n'


def files_with(directory, pcm):
    """The files below ``directory`` that hold any part of ``pcm``: 64 samples at a time, wherever they begin."""
    parts = [pcm[at : at + 128] for at in range(0, len(pcm) - 128, 12_800)]
    parts = [part for part in parts if len(set(part)) > 32]
    assert len(parts) > 3
    found = []
    for file in directory.rglob("*"):
        if file.is_file():
            content = file.read_bytes()
            found += [file.name for part in parts if part in content]
    return found


def test_what_was_said_before_the_key_is_inserted_and_once(desktop, sound, daemon, terminal):
    daemon.configure(PRE_ROLL)
    daemon.start()
    first, second = clips()[3], clips()[4]
    daemon.wait_status("the open microphone", lambda status: status["microphone"]["standing"])
    for clip in (first, second):
        playing = sound.play(silence(0.3) + clip.pcm)
        time.sleep(1.0)  # half a second of words
        desktop.key_down("F9")
        playing.wait()
        daemon.hold(0.3)
        desktop.key_up("F9")
        daemon.hold(0.1)
        daemon.wait_idle()
    one, other = daemon.entries(2)
    assert [one["text"], other["text"]] == [first.text, second.text]
    assert one["timings_ms"]["capture_open"] == 0.0
    assert terminal.text() == f"{first.text} {second.text} "


def test_nothing_that_is_heard_between_dictations_is_in_a_file(sound, daemon, tmp_path):
    daemon.configure(PRE_ROLL)
    daemon.start()
    daemon.wait_status("the open microphone", lambda status: status["microphone"]["standing"])
    [long] = clips()[-1:]
    sound.play(long.pcm).wait()
    assert "pre-roll 1500 ms in memory" in daemon.cli("status").stdout
    assert files_with(tmp_path, long.pcm) == []
    daemon.json("start")
    sound.play(long.pcm).wait()
    assert set(files_with(tmp_path / "run", long.pcm)) != set(), "a dictation is kept until it is settled"
    daemon.json("cancel")
    daemon.wait_idle()
    assert files_with(tmp_path, long.pcm) == []


def test_it_stays_open_after_a_dictation_until_it_is_closed(sound, daemon):
    daemon.configure("[microphone]\nlinger_s = 60\n")
    daemon.start()
    assert sound.recorders() == []
    for closing in (("cancel",), ("config", "set", "microphone.linger_s", "0")):
        daemon.json("toggle")
        daemon.wait_listening()
        daemon.json("toggle")
        status = daemon.wait_status("its end", lambda status: status["state"] == "idle")["microphone"]
        assert (status["open"], status["standing"]) == (True, True)
        assert 50 < status["lingering_s"] <= 60
        assert len(sound.recorders()) == 1
        assert "s more: `swictation cancel` closes it now" in daemon.cli("status").stdout
        assert daemon.cli(*closing).returncode == 0
        daemon.wait_status("the closed microphone", lambda status: not status["microphone"]["open"])
        wait_until("the stream gone", lambda: sound.recorders() == [])
    assert "closed" in daemon.cli("status").stdout


def test_a_daemon_that_ends_leaves_no_open_microphone(sound, daemon):
    daemon.configure(PRE_ROLL)
    daemon.start()
    daemon.wait_status("the open microphone", lambda status: status["microphone"]["standing"])
    assert len(sound.recorders()) == 1
    daemon.stop()
    assert sound.recorders() == []
