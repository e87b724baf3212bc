"""Which notifications and sounds a course of statuses is worth."""

import wave
from importlib.resources import files

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gui.menu import Does
from gui.notices import due
from gui.notify import _marked_up
from gui.sound import Player, Sound, sound
from tests.gui.scripted_daemon import ENGINE, status, utterance
from tests.gui.waiting import settle

HELD = status(last_utterance=utterance("held", None, "another window had the focus"), held=1)
GONE = status(microphone={"device": "usb", "fault": "usb is gone: plug it in", "open": False})
BROKEN = status("broken", provider=None, engine={**ENGINE, "message": "model.onnx is damaged: pull it again"})
ON_GPU = status(provider="cuda")
LOST = status(engine={**ENGINE, "provider_fault": "the driver was lost"})
COURSE = [status(), HELD, GONE, BROKEN, ON_GPU, LOST, status(practice=True)]


def titles(*course, text=False):
    told, found = None, []
    for shown in course:
        new, told = due(told, shown, text=text)
        found += [notice.title for notice in new]
    return found


@pytest.mark.parametrize(
    ("course", "expected"),
    [
        ([status()], []),
        ([status(), HELD, HELD], ["A text is held for you"]),
        ([HELD, HELD], []),  # it was held before we came
        ([status(), HELD, status(), HELD], ["A text is held for you"]),  # an older status that comes late
        ([GONE, GONE, status(), GONE], ["The microphone is gone"] * 2),
        ([BROKEN], ["There is no model to dictate with"]),
        ([status(practice=True)] * 3, ["Only the practice model is here"]),
        ([LOST], []),  # it was never asked for
        ([ON_GPU, LOST, LOST], ["The GPU is not used"]),
        ([ON_GPU, status(), LOST], ["The GPU is not used"]),
        ([status(engine={**LOST["engine"], "asked": {"provider": "cuda"}})], ["The GPU is not used"]),
    ],
)
def test_each_thing_is_told_once(course, expected):
    assert titles(*course) == expected


def test_words_are_told_only_where_that_was_allowed():
    (shown,), _ = due(frozenset(), HELD, text=True)
    (silent,), _ = due(frozenset(), HELD, text=False)
    assert "the first words" in shown.body
    assert "the first words" not in silent.body
    assert (silent.does, silent.argument) == (Does.INSERT, "1")


@given(st.lists(st.sampled_from(COURSE), max_size=20), st.lists(st.integers(1, 4), min_size=20, max_size=20))
def test_a_status_that_is_repeated_tells_nothing_more(course, times):
    repeated = [shown for shown, count in zip(course, times, strict=False) for _ in range(count)]
    assert titles(*repeated) == titles(*course)


def test_markup_of_a_message_stays_text():
    assert _marked_up("<b>R&D</b>") == "&lt;b&gt;R&amp;D&lt;/b&gt;"


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        (None, status("listening"), None),  # the tray came in the middle
        (status(), status("listening"), Sound.START),
        (status("opening"), status("listening"), Sound.START),
        (status("listening"), status("listening"), None),
        (status("listening"), status("working"), Sound.STOP),
        (status("working"), HELD, Sound.ERROR),
        (HELD, HELD, None),
        (status(), status(faults=["the microphone is gone"]), Sound.ERROR),
        (status(faults=["the microphone is gone"]), status(), None),
        (status("listening"), None, None),
    ],
)
def test_sound_of_a_step(before, after, expected):
    assert sound(before, after) is expected


@pytest.mark.parametrize("which", list(Sound))
def test_sounds_are_short_and_not_silent(which):
    with wave.open(str(files("gui").joinpath("sounds", f"{which}.wav"))) as file:
        assert file.getnframes() / file.getframerate() < 0.4
        samples = memoryview(file.readframes(file.getnframes())).cast("h")
    assert 2000 < max(samples) < 8000


def test_sound_is_played_by_the_systems_own_player(qt, tmp_path, monkeypatch):
    player = tmp_path / "aplay"
    player.write_text(f'#!/bin/sh\nPATH=/bin:/usr/bin\ncd {tmp_path}; echo "$1" > new; mv new played\n')
    player.chmod(0o700)
    monkeypatch.setenv("PATH", f"{tmp_path}:/nowhere")
    ours = Player()
    ours.play(Sound.STOP)
    played = tmp_path / "played"
    settle("the player", played.exists)
    assert played.read_text().strip() == str(files("gui").joinpath("sounds", "stop.wav"))
    ours.close()
