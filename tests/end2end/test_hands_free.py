"""Hands-free dictation: silence ends an utterance, sooner after a finished sentence than elsewhere."""

import numpy as np
import pytest

from tests.recordings import MARKING_MODEL
from tests.speech import Clip, clips, silence

pytestmark = [pytest.mark.display, pytest.mark.sound]

KEY = "F9"


def test_hands_free_inserts_at_every_pause(desktop, sound, daemon, terminal):
    daemon.start()
    said = clips()[2:5]
    assert daemon.json("start", "--hands-free")["mode"] == "hands_free"
    daemon.wait_listening()
    sound.play(b"".join(clip.pcm + silence(1.5) for clip in said)).wait()
    entries = daemon.entries(3)
    assert [entry["text"] for entry in entries] == [clip.text for clip in said]
    assert terminal.text() == "".join(clip.text + " " for clip in said)
    assert all(entry["timings_ms"]["endpoint_wait"] >= 700 for entry in entries)
    assert daemon.status()["state"] == "listening", "it stays open until it is stopped"
    daemon.json("stop")
    daemon.wait_idle()
    assert sound.recorders() == []


def test_hands_free_from_the_start_if_the_config_says_so(desktop, sound, daemon, terminal):
    daemon.configure("[dictation]\nhands_free = true\n")
    daemon.start()
    daemon.wait_listening()
    clip = clips()[3]
    sound.play(clip.pcm + silence(1.5)).wait()
    [entry] = daemon.entries(1)
    assert (entry["mode"], entry["text"]) == ("hands_free", clip.text)
    assert terminal.text() == clip.text + " "
    desktop.xdotool("key", KEY)
    daemon.wait_idle()


def clip_of(name: str) -> Clip:
    [clip] = [clip for clip in clips() if clip.file.stem == name]
    return clip


def said_hands_free(daemon, sound, pcm, count):
    daemon.json("start", "--hands-free")
    daemon.wait_listening()
    sound.play(pcm + silence(1.5)).wait()
    entries = daemon.entries(count)
    daemon.json("stop")
    daemon.wait_idle()
    return entries


BETWEEN_S = 0.4  # longer than the short wait, and with what is not voiced around it shorter than the long one
SENTENCE = clip_of("meeting-on-monday")
AFTER_IS = 12_000  # of its samples are "the meeting is"


def test_after_a_finished_sentence_the_wait_is_short(sound, daemon, terminal):
    command = clip_of("new-line")
    pcm = SENTENCE.pcm + silence(BETWEEN_S) + SENTENCE.pcm + silence(1.5) + command.pcm
    daemon.start("--model", str(MARKING_MODEL))
    entries = said_hands_free(daemon, sound, pcm, 3)
    assert [entry["text"] for entry in entries] == [f"{SENTENCE.text}.", f"{SENTENCE.text}.", command.text]
    waits_ms = [entry["timings_ms"]["endpoint_wait"] for entry in entries]
    assert all(300 <= wait_ms < 500 for wait_ms in waits_ms[:2])
    assert waits_ms[2] >= 700, "it is no sentence"
    assert terminal.text() == f"{SENTENCE.text}. {SENTENCE.text}. {command.text} "

    daemon.stop()
    daemon.start()  # with the practice model, which writes no marks
    entries = said_hands_free(daemon, sound, pcm, 5)[3:]
    assert all(entry["timings_ms"]["endpoint_wait"] >= 700 for entry in entries)


def test_one_that_is_broken_off_is_waited_for(sound, daemon, terminal):
    samples = np.frombuffer(SENTENCE.pcm, "<i2")
    broken_off = samples[:AFTER_IS].tobytes() + silence(BETWEEN_S) + samples[AFTER_IS:].tobytes()
    daemon.start("--model", str(MARKING_MODEL))
    [entry] = said_hands_free(daemon, sound, broken_off, 1)
    text = entry["text"]
    assert text.startswith("the meeting is")
    assert text.endswith("monday at nine.")
    assert terminal.text() == f"{text} "
