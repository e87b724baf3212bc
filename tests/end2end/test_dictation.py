"""The main job, nothing replaced: a key held by XTest, speech in a virtual microphone, text read out of the window."""

import itertools
from pathlib import Path

import pytest

from tests.end2end.running import RunningDaemon
from tests.speech import clips, noise, silence, word_errors

pytestmark = [pytest.mark.display, pytest.mark.sound]

KEY = "F9"


def hold_and_say(desktop, sound, daemon: RunningDaemon, pcm: bytes) -> None:
    """Hold the key, speak, let go."""
    desktop.key_down(KEY)
    try:
        daemon.wait_listening()
        sound.play(pcm).wait()
        daemon.hold(0.3)  # on busy cores the sound server may be late by more than a person would be
    finally:
        desktop.key_up(KEY)
        daemon.hold(0.1)  # no finger is down again sooner: that would be a key that bounced


def test_hold_speak_and_let_go(desktop, sound, daemon, terminal):
    daemon.start()
    clip = clips()[3]
    hold_and_say(desktop, sound, daemon, clip.pcm)
    [entry] = daemon.entries(1)
    assert (entry["outcome"], entry["text"], entry["mode"]) == ("confirmed", clip.text, "hold")
    assert terminal.text() == clip.text + " "
    timings = entry["timings_ms"]
    for stage in (
        "capture_open",
        "speech",
        "endpoint_wait",
        "queue",
        "recognise",
        "features",
        "decode",
        "text",
        "insert",
        "felt",
    ):
        assert timings[stage] is not None, stage
    assert timings["encode"] is None, "sherpa-onnx does not tell the encoder from the decoder"
    assert timings["tokens"] >= clip.words
    status = daemon.wait_idle()
    assert status["provider"] == "cpu"
    assert "practice model: understands synthesised speech" in status["notice"]
    assert status["microphone"]["open"] is False
    assert sound.recorders() == [], "the microphone is closed when idle"
    mapped = Path(f"/proc/{daemon.process.pid}/maps").read_text()
    assert not [name for name in ("numpy", "soundfile", "onnxruntime") if name in mapped], "the workers have these"
    assert terminal.text() == clip.text + " ", "the key itself never reached the window"


@pytest.mark.parametrize("editor", ["mousepad", "featherpad"])
def test_into_an_editor(desktop, sound, daemon, editor, tmp_path):
    application = getattr(desktop, editor)()
    try:
        daemon.start()
        clip = clips()[-1]
        hold_and_say(desktop, sound, daemon, clip.pcm)
        [entry] = daemon.entries(1)
        assert entry["outcome"] == "confirmed"
        desktop.screenshot(tmp_path / "arrived.png")
        assert application.text().rstrip("\n") == clip.text + " "
    finally:
        application.close()


def test_forty_seconds_in_one_hold(desktop, sound, daemon, terminal):
    daemon.start()
    said, pcm = [], b""
    for clip in itertools.cycle(clips()):
        if len(pcm) > 40 * 32_000:
            break
        pause_s = 1.0 if len(said) % 3 == 2 else 0.35  # some longer than the hangover, some shorter
        pcm += clip.pcm + silence(pause_s)
        said.append(clip.text)
    hold_and_say(desktop, sound, daemon, pcm)
    [entry] = daemon.entries(1)
    assert entry["outcome"] == "confirmed"
    assert terminal.text() == entry["text"] + " ", "one insertion of everything"
    errors, words = word_errors(" ".join(said), entry["text"])
    assert errors / words <= 0.05, (errors, words, entry["text"])
    assert entry["audio_s"] > 25


def test_two_in_quick_succession(desktop, sound, daemon, terminal):
    daemon.start()
    first, second = clips()[1], clips()[4]
    hold_and_say(desktop, sound, daemon, first.pcm)
    hold_and_say(desktop, sound, daemon, second.pcm)
    entries = daemon.entries(2)
    assert [entry["outcome"] for entry in entries] == ["confirmed", "confirmed"]
    assert terminal.text() == f"{first.text} {second.text} "


def test_tap_to_start_and_tap_to_stop(desktop, sound, daemon, terminal):
    daemon.start()
    clip = clips()[2]
    desktop.xdotool("key", KEY)
    daemon.wait_listening()
    sound.play(clip.pcm).wait()
    daemon.hold(0.3)
    desktop.xdotool("key", KEY)
    [entry] = daemon.entries(1)
    assert (entry["mode"], entry["outcome"]) == ("toggle", "confirmed")
    assert terminal.text() == clip.text + " "


@pytest.mark.parametrize("what", ["silence", "quiet noise", "loud noise"])
def test_no_speech_types_nothing(desktop, sound, daemon, terminal, what):
    pcm = {"silence": silence(3), "quiet noise": noise(3, -50), "loud noise": noise(3, -26)}[what]
    daemon.start()
    hold_and_say(desktop, sound, daemon, pcm)
    [entry] = daemon.entries(1)
    assert entry["outcome"] == "nothing"
    assert terminal.text() == ""


def test_escape_cancels_and_reaches_nobody(desktop, sound, daemon, terminal):
    daemon.start()
    desktop.key_down(KEY)
    daemon.wait_listening()
    sound.play(clips()[3].pcm).wait()
    desktop.xdotool("key", "Escape")
    daemon.wait_idle()
    desktop.key_up(KEY)
    daemon.hold(0.5)
    assert daemon.json("history") == []
    assert terminal.text() == ""
    assert sound.recorders() == []
    desktop.xdotool("key", "Escape")
    daemon.hold(0.3)
    assert terminal.text() == "\x1b", "when nothing is recorded, Escape is the application's"


def test_auto_repeat_makes_one_recording(desktop, sound, daemon, terminal):
    desktop.run("xset", "r", "rate", "200", "30")
    daemon.start()
    desktop.key_down(KEY)
    daemon.wait_listening()
    sound.play(clips()[0].pcm + silence(1.5)).wait()
    desktop.key_up(KEY)
    [entry] = daemon.entries(1)
    assert entry["text"] == clips()[0].text


def test_the_time_limit_ends_a_recording_and_delivers_it(desktop, sound, daemon, terminal):
    daemon.configure("[hotkey]\nmax_recording_s = 5\n")
    daemon.start()
    desktop.xdotool("key", KEY)
    daemon.wait_listening()
    sound.play(clips()[3].pcm).wait()
    [entry] = daemon.entries(1)
    assert entry["text"] == clips()[3].text
    daemon.wait_idle()


def test_dictate_plays_a_file_as_if_it_were_the_microphone(daemon, terminal):
    daemon.start()
    clip = clips()[5]
    [entry] = daemon.json("dictate", "--from", str(clip.file))
    assert (entry["outcome"], entry["text"]) == ("confirmed", clip.text)
    assert terminal.text() == clip.text + " "


def test_the_clipboard_is_as_before(desktop, sound, daemon, terminal):
    daemon.start()
    owner = desktop.spawn("sh", "-c", "printf 'mine, before' | exec xclip -quiet -selection clipboard")
    try:
        hold_and_say(desktop, sound, daemon, clips()[1].pcm)
        daemon.entries(1)
        daemon.hold(1.0)
        assert desktop.run("xclip", "-selection", "clipboard", "-o") == "mine, before"
    finally:
        owner.terminate()
        owner.wait()
