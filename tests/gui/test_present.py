"""What the tray shows, as tables: a status in, a view out."""

import pytest

from gui.present import Does, Icon, view
from tests.gui.scripted_daemon import PRACTICE_NOTICE, status, utterance

FAULT = "F9 is held by another program: choose another key with `swictation config set hotkey.key KEY`"
HELD = utterance("held", None, "another window had the focus: insert it with `swictation last --insert`")


def entries(shown):
    return [entry for section in shown.menu for entry in section]


def texts(shown):
    return [entry.text for entry in entries(shown)]


def offered(shown):
    return [entry.does for entry in entries(shown) if entry.does and entry.enabled]


@pytest.mark.parametrize(
    ("shown", "icon"),
    [
        (status("idle"), Icon.IDLE),
        (status("listening"), Icon.LISTENING),
        (status("opening"), Icon.WORKING),  # who speaks before the first sample is not heard
        (status("working"), Icon.WORKING),
        (status("loading", provider=None), Icon.WORKING),
        (status("broken", provider=None, faults=["no model"]), Icon.ERROR),
        (status("idle", faults=[FAULT]), Icon.ERROR),
        (status("loading", faults=["the engine ended"]), Icon.ERROR),
        (status("listening", faults=[FAULT]), Icon.LISTENING),  # an open microphone is never hidden
        (status("working", faults=[FAULT]), Icon.WORKING),
        (status("idle", last_utterance=HELD, held=1), Icon.HELD),
        (status("idle", last_utterance=utterance(), held=3), Icon.IDLE),  # older held texts wait in the menu
        (status("idle", last_utterance=utterance("failed", None, "no engine")), Icon.ERROR),
        (status("idle", last_utterance=utterance("nothing", None)), Icon.IDLE),
        (status("listening", last_utterance=HELD, held=1), Icon.LISTENING),
        (status("a state of a later version"), Icon.IDLE),
        (None, Icon.ABSENT),
    ],
)
def test_icon(shown, icon):
    assert view(shown).icon is icon


@pytest.mark.parametrize(
    ("state", "first"),
    [
        ("idle", [Does.START, Does.START_HANDS_FREE]),
        ("working", [Does.START, Does.START_HANDS_FREE]),
        ("broken", [Does.START, Does.START_HANDS_FREE]),  # whether it can is the daemon's to say
        ("listening", [Does.STOP, Does.CANCEL]),
        ("opening", [Does.STOP, Does.CANCEL]),
    ],
)
def test_dictation_is_started_where_none_runs_and_stopped_where_one_does(state, first):
    assert offered(view(status(state)))[:2] == first


def test_hands_free_is_named_while_it_listens():
    assert texts(view(status("listening", mode="hands_free")))[0] == "Listening, hands-free"
    assert texts(view(status("listening")))[0] == "Listening"


def test_idle_says_which_key_to_hold_unless_it_is_taken():
    taken = {"key": "F9", "way": "x11", "fault": FAULT}
    assert texts(view(status()))[0] == "Ready: hold F9 and speak"
    assert texts(view(status(hotkey=taken, faults=[FAULT])))[0] == "Ready"


@pytest.mark.parametrize(
    ("last", "line"),
    [
        (None, "Last: nothing yet"),
        (utterance(), "Last: confirmed · 84 ms"),
        (utterance("sent", 1203.6), "Last: sent · 1204 ms"),
        (utterance("confirmed", None), "Last: confirmed"),
        (HELD, "Last: held"),
        (utterance("nothing", 55.0), "Last: nothing"),  # nobody waited for a text
    ],
)
def test_last_utterance(last, line):
    shown = view(status(last_utterance=last))
    assert line in texts(shown)
    can_repeat = {Does.INSERT_LAST, Does.COPY_LAST} <= set(offered(shown))
    assert can_repeat is (last is not None)
    assert (line in shown.tooltip.split("\n")) is (last is not None)


def test_reason_of_a_held_text_and_how_many_wait():
    shown = texts(view(status(last_utterance=HELD, held=2)))
    at = shown.index("Last: held")
    assert " ".join(shown[at + 1 : shown.index("Insert last again")]) == HELD["reason"]
    assert "Held, not inserted: 2 texts" in shown


def test_dictated_text_is_not_shown():
    secret = {**utterance(), "text": "my password"}
    assert "password" not in repr(view(status(last_utterance=secret)))


def test_practice_model_is_never_passed_off_as_a_real_one():
    shown = view(status(practice=True))
    assert shown.practice
    lines = texts(shown)
    at = lines.index("Model: practice on cpu")
    assert PRACTICE_NOTICE in " ".join(lines[at + 1 :])
    assert PRACTICE_NOTICE in shown.tooltip.replace("\n", " ")
    assert "`swictation models pull parakeet-110m`" in lines  # a command stands on one line, to be copied by eye
    real = view(status())
    assert not real.practice
    assert "practice" not in repr(real.menu) + real.tooltip


def test_model_line_says_what_really_runs():
    loading = {"phase": "loading", "message": None, "directory": "/m", "practice": False, "pid": None}
    assert "Model: parakeet-110m on cuda" in texts(view(status(provider="cuda")))
    assert "Model: parakeet-110m (loading)" in texts(view(status("loading", provider=None, engine=loading)))


def test_every_fault_is_told_in_words():
    shown = view(status(faults=[FAULT, "the microphone is gone"]))
    menu = " ".join(texts(shown))
    assert f"Fault: {FAULT}" in menu
    assert "Fault: the microphone is gone" in menu
    assert f"Fault: {FAULT}" in shown.tooltip.replace("\n", " ")


def test_no_line_of_the_menu_is_wide():
    shown = view(status(practice=True, last_utterance=HELD, held=1, faults=[FAULT]))
    assert max(map(len, texts(shown))) <= 52


def test_without_a_daemon_it_says_why_and_offers_to_start_it():
    shown = view(None, "the daemon did not start within 15 s: see daemon.log")
    assert offered(shown) == [Does.START_DAEMON, Does.QUIT_TRAY]
    assert "the daemon did not start within 15 s: see daemon.log" in " ".join(texts(shown))
    assert "did not start" in shown.tooltip


def test_a_telling_line_does_nothing():
    shown = view(status("listening", practice=True, last_utterance=HELD, faults=[FAULT]))
    assert all(entry.does is None for entry in entries(shown) if entry.text.startswith(("Fault", "Model", "Last:")))


def test_the_same_status_gives_the_same_view_whatever_came_before():
    first = view(status("idle", uptime_s=1.0))
    view(status("listening"))
    view(None, "gone")
    assert view(status("idle", uptime_s=99.0)) == first
