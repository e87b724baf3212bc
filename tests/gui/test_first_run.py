"""The first run: what its steps say, and the page before a scripted daemon."""

import dataclasses

import pytest

from gui import first_run_memory, first_run_steps
from gui.first_run import FirstRun, offer
from gui.first_run_steps import Mark, Proved
from tests.gui.scripted_daemon import ENGINE, Streamed, status, utterance
from tests.gui.settings.answers import LEVELS
from tests.gui.settings.conftest import configured, eyes, link  # noqa: F401 - fixtures

QUIET = Streamed([{"level_dbfs": -58.0, "speech": False}] * 3)
NOTHING = Proved()


@pytest.fixture(autouse=True)
def data(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))


@pytest.fixture
def page(eyes, configured, link):  # noqa: F811
    configured.daemon.answers["try_microphone"] = QUIET
    page = FirstRun(link)
    page.show()
    eyes.until("the values", lambda: page._values.values)
    yield page
    page.close_down()
    page.close()
    page.deleteLater()


def marks(page):
    return [step._sign._mark for step in page._steps]


def test_a_proof_holds_for_one_microphone_and_one_key():
    proved = Proved(microphone="default", hotkey="F9")
    assert first_run_steps.microphone(status(), proved, "").mark == Mark.PROVED
    assert first_run_steps.hotkey(status(), proved).mark == Mark.PROVED
    other = status(
        microphone={"device": "headset", "fault": None, "open": False},
        hotkey={"key": "Pause", "way": "x11", "trigger": None, "fault": None},
    )
    assert first_run_steps.microphone(other, proved, "").mark == Mark.OPEN
    assert first_run_steps.hotkey(other, proved).mark == Mark.OPEN


@pytest.mark.parametrize(
    ("engine", "mark"),
    [
        ({"practice": True}, Mark.FOR_NOW),
        ({"phase": "loading"}, Mark.OPEN),
        ({"phase": "broken", "message": "tokens.txt is missing"}, Mark.FAULT),
        ({"self_test": None}, Mark.FOR_NOW),
        ({"self_test": {"verdict": "unjudged", "reason": "no reference in its language"}}, Mark.FOR_NOW),
        ({"self_test": {"verdict": "broken", "reason": "it heard nothing"}}, Mark.FAULT),
        ({}, Mark.PROVED),
    ],
)
def test_a_model_is_proved_by_its_self_test_only(engine, mark):
    assert first_run_steps.model(status(engine=ENGINE | engine)).mark == mark


def test_a_key_that_cannot_be_had_is_a_fault_even_if_it_worked_once():
    taken = status(hotkey={"key": "F9", "way": "none", "trigger": None, "fault": "F9 is held by another program"})
    step = first_run_steps.hotkey(taken, Proved(hotkey="F9"))
    assert (step.mark, step.line) == (Mark.FAULT, "F9 is held by another program")


@pytest.mark.parametrize(
    ("level", "speech", "enough"),
    [(-20.0, True, True), (-20.0, False, False), (-58.0, True, False), (None, True, False)],
)
def test_only_a_voice_above_silence_proves_a_microphone(level, speech, enough):
    assert first_run_steps.loud_enough({"level_dbfs": level, "speech": speech}) is enough


@pytest.mark.parametrize(
    ("proved", "dictated", "model_dir", "opens"),
    [
        (NOTHING, 0, "", True),
        (NOTHING, 1, "", False),
        (NOTHING, 0, "/models/m", False),
        (dataclasses.replace(NOTHING, hidden=True), 0, "", False),
    ],
)
def test_when_it_opens_by_itself(proved, dictated, model_dir, opens):
    assert first_run_steps.wanted(proved, dictated=dictated, model_dir=model_dir) is opens


@pytest.mark.parametrize("kept", [None, [], {"microphone": 7, "hidden": "yes"}])
def test_what_cannot_be_read_counts_as_nothing(kept):
    assert Proved.from_json(kept) == NOTHING


def test_what_was_proved_is_kept():
    first_run_memory.keep(Proved("default", "F9", hidden=True))
    assert first_run_memory.proved() == Proved("default", "F9", hidden=True)


def test_a_quiet_room_proves_nothing_and_a_voice_the_microphone(page, configured, eyes):  # noqa: F811
    eyes.until("a level", lambda: page._meter.share > 0)
    assert marks(page)[0] == Mark.OPEN
    configured.daemon.answers["try_microphone"] = LEVELS
    eyes.until("the proof", lambda: marks(page)[0] == Mark.PROVED)
    assert first_run_memory.proved().microphone == "default"
    eyes.until("the microphone closed", lambda: page._listening._stream is None)


def test_the_hotkey_is_proved_by_words_in_the_field_and_by_nothing_less(page, configured, eyes):  # noqa: F811
    page.activateWindow()
    page._typed.setFocus()
    page._typed.setPlainText("typed by hand")
    configured.daemon.show(status(last_utterance=utterance(), uptime_s=2.0))
    eyes.until("the status", lambda: page._link.snapshot.status["uptime_s"] == 2.0)
    assert marks(page)[2] == Mark.OPEN
    eyes.until("the focus", page._typed.hasFocus)
    configured.daemon.show(status("listening", mode="hold"))
    eyes.until("listening", lambda: "let F9 go" in page._steps[2]._line.text())
    configured.daemon.show(status(last_utterance=utterance("held", reason="no window had the keyboard")))
    eyes.until("the reason", lambda: page._steps[2]._line.text() == "no window had the keyboard")
    configured.daemon.show(status(last_utterance=utterance("confirmed")))
    eyes.until("the proof", lambda: marks(page)[2] == Mark.PROVED)


def test_it_is_taken_up_where_it_was_left(eyes, configured, link):  # noqa: F811
    first_run_memory.keep(Proved(microphone="default"))
    page = FirstRun(link)
    page.show()
    eyes.until("the marks", lambda: marks(page) == [Mark.PROVED, Mark.PROVED, Mark.OPEN])
    assert "try_microphone" not in configured.daemon.verbs()
    page.close()
    page.deleteLater()


def test_it_offers_itself_to_who_has_never_dictated(eyes, configured, link):  # noqa: F811
    shown = []
    configured.daemon.answers["history"] = {"entries": [], "total": 0, "revision": 1}
    offer(link, lambda: shown.append(1))
    eyes.until("the offer", lambda: shown)


def test_who_said_never_is_not_asked(eyes, configured, link):  # noqa: F811
    first_run_memory.keep(Proved(hidden=True))
    offer(link, lambda: None)
    assert "history" not in configured.daemon.verbs()
