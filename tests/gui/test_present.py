"""What the tray shows, as tables: a status in, a view out."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gui.menu import Does, Entry, Known
from gui.popup import Popup
from gui.present import Icon, view
from tests.gui.scripted_daemon import ENGINE, LISTENING, PRACTICE_NOTICE, microphone, status, utterance

FAULT = "F9 is held by another program: choose another key with `swictation config set hotkey.key KEY`"
HELD = utterance("held", None, "another window had the focus: insert it with `swictation last --insert`")


def entries(shown):
    return [entry for section in shown.menu for entry in section]


def texts(shown):
    """The menu's lines as one reads them."""
    return [entry.text.replace("&&", "\0").replace("&", "").replace("\0", "&") for entry in entries(shown)]


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


def test_hands_free_is_a_switch():
    on = next(e for e in entries(view(status("listening", mode="hands_free"))) if e.text == "&Hands-free")
    off = next(e for e in entries(view(status())) if e.text == "&Hands-free")
    assert (on.checked, on.does, off.checked, off.does) == (True, Does.STOP, False, Does.START_HANDS_FREE)


def test_hands_free_is_named_while_it_listens():
    assert texts(view(status("listening", mode="hands_free")))[0] == "Listening, hands-free"
    assert texts(view(status("listening")))[0] == "Listening"


def test_idle_says_which_key_to_hold_unless_it_is_taken():
    taken = {"key": "F9", "way": "x11", "trigger": None, "fault": FAULT}
    assert texts(view(status()))[0] == "Ready: hold F9 and speak"
    portal = {"key": "F9", "way": "portal", "trigger": "Press Ctrl+F9", "fault": None}
    assert texts(view(status(hotkey=portal)))[0] == "Ready: hold Ctrl+F9 and speak"
    assert texts(view(status(hotkey=taken, faults=[FAULT])))[0] == "Ready"


@pytest.mark.parametrize(
    ("last", "line"),
    [
        (None, "Last: nothing yet"),
        (utterance(), "“the first words” · 84 ms"),
        (utterance("sent", 1203.6), "“the first words” · 1204 ms"),
        (utterance(words=None), "Last: confirmed · 84 ms"),
        (utterance("confirmed", None, words=None), "Last: confirmed"),
        (HELD, "Held: “the first words”"),
        (utterance("nothing", 55.0), "Last: nothing"),  # nobody waited for a text
    ],
)
def test_last_utterance(last, line):
    shown = view(status(last_utterance=last))
    assert line in texts(shown)
    can_repeat = {Does.INSERT_LAST, Does.COPY_LAST} <= set(offered(shown))
    assert can_repeat is (last is not None and last["has_text"])
    assert ("Last: " in shown.tooltip) is (last is not None)
    assert "first words" not in shown.tooltip  # it is on the screen for whoever passes by


def test_reason_of_a_held_text_and_how_many_wait():
    shown = texts(view(status(last_utterance=HELD, held=2)))
    at = shown.index("Held: “the first words”")
    assert " ".join(shown[at + 1 : shown.index("Insert last again")]) == HELD["reason"]
    assert "2 held texts, not inserted…" in shown


def test_dictated_text_is_not_shown():
    secret = {**utterance(), "text": "my password"}
    assert "password" not in repr(view(status(last_utterance=secret)))


def test_practice_model_is_never_passed_off_as_a_real_one():
    shown = view(status(practice=True))
    assert shown.practice
    lines = texts(shown)
    at = lines.index("Model: practice on CPU (sherpa-onnx)")
    assert PRACTICE_NOTICE in " ".join(lines[at + 1 :])
    assert PRACTICE_NOTICE in shown.tooltip.replace("\n", " ")
    assert "`swictation models pull parakeet-110m`" in lines  # a command stands on one line, to be copied by eye
    real = view(status())
    assert not real.practice
    assert "practice" not in repr(real.menu) + real.tooltip


def test_model_line_says_what_really_runs():
    loading = {"phase": "loading", "message": None, "directory": "/m", "practice": False, "pid": None, "engine": None}
    assert "Model: parakeet-110m on GPU (sherpa-onnx)" in texts(view(status(provider="cuda")))
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


def test_why_the_gpu_is_not_used_is_told_once():
    fault = "the driver is too old for CUDA 12"
    silent = status(engine={**ENGINE, "provider_fault": fault})
    assert texts(view(silent)).count(fault) == 1
    loud = {**silent, "faults": [f"the CPU is used: {fault}"]}
    assert " ".join(texts(view(loud))).count(fault) == 1


def test_microphones_are_offered_with_the_one_in_use_marked():
    known = Known(microphones=(("usb", "Headset & co"), ("built-in", "Laptop")))
    away = status(microphone={"device": "webcam", "fault": None, "open": False})
    for shown, chosen in ((status(), ""), (away, "webcam")):
        offer = next(e for e in entries(view(shown, known=known)) if e.submenu).submenu
        assert [e.argument for e in offer if e.checked] == [chosen]
        assert all(e.does is Does.MICROPHONE for e in offer)
    assert [e.text for e in offer] == [
        "The system's own choice", "Headset && co", "Laptop", "webcam (not there)"
    ]  # fmt: skip


def test_undo_is_offered_where_the_daemon_can():
    assert Does.UNDO_LAST in offered(view(status(last_utterance=utterance(undo=True))))
    assert Does.UNDO_LAST not in offered(view(status(last_utterance=utterance())))


def test_start_on_login_is_a_switch_where_there_is_one():
    assert Does.AUTOSTART not in offered(view(status()))
    entry = next(e for e in entries(view(status(), known=Known(autostart=True))) if e.does is Does.AUTOSTART)
    assert (entry.checked, entry.argument) == (True, False)


STANDING = microphone(open=True, standing=True, lingering_s=30.0, pre_roll_ms=500)
KEPT_OPEN = STANDING | {"lingering_s": None, "pre_roll_ms": 0}


@pytest.mark.parametrize(
    ("shown", "line", "closes"),
    [
        (microphone(), None, False),
        (microphone(open=True), None, False),  # a trial in a window says so itself
        (STANDING, "Microphone open for 30 s at most, 500 ms in memory", True),
        (KEPT_OPEN, "Microphone kept open", False),
    ],
)
def test_a_microphone_that_is_open_though_nothing_is_dictated_is_shown(shown, line, closes):
    shown = view(status(microphone=shown))
    assert shown.standing == (line is not None)
    assert (line in texts(shown), line in shown.tooltip.splitlines()) == (shown.standing,) * 2
    assert (Does.CANCEL in offered(shown)) == closes


@pytest.mark.parametrize(
    "shown",
    [
        None,
        status(),
        status("listening", mode="hands_free", held=2, doctor=True),
        status(held=2, microphone=STANDING),
    ],
)
def test_each_letter_of_the_keyboard_chooses_one_entry(shown):
    marked = [e.text.replace("&&", "") for e in entries(view(shown, known=Known(autostart=True))) if e.does]
    letters = [text[text.index("&") + 1].lower() for text in marked]
    assert len(set(letters)) == len(letters)


@pytest.mark.parametrize(
    ("level_dbfs", "level"), [(None, 0), (-90.0, 0), (-45.0, 1), (-35.0, 2), (-10.0, 3), (float("-inf"), 0)]
)
def test_level_of_the_open_microphone(level_dbfs, level):
    assert view(status("listening", listening={**LISTENING, "level_dbfs": level_dbfs})).level == level
    assert view(status("working", listening=None)).level == 0


def test_an_ampersand_of_a_message_is_shown():
    assert Entry("Fault: R&&D") in entries(view(status(faults=["R&D"])))


STATUSES = [
    None,
    status(),
    status("opening", mode="toggle"),
    status("listening", mode="hands_free"),
    status("working"),
    status(last_utterance=utterance()),
    status(last_utterance=HELD, held=1),
    status("broken", faults=[FAULT]),
    status(practice=True),
]


@given(st.lists(st.sampled_from(range(len(STATUSES))), min_size=1, max_size=30))
def test_popup_shows_the_last_status_whatever_was_lost_repeated_or_late(qt, order):
    popup = Popup()
    for number in order:
        popup.show_sections(view(STATUSES[number]).menu)
    wanted = view(STATUSES[order[-1]])
    shown = [(a.text(), a.isEnabled(), a.isChecked()) for a in popup.menu.actions() if not a.isSeparator()]
    assert shown == [
        (e.text, bool(e.submenu) or (e.does is not None and e.enabled), bool(e.checked)) for e in entries(wanted)
    ]
