"""The settings window before a scripted daemon: what it sends, what it shows, and what it does with a refusal."""

import json
import sys

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QKeyEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QAbstractSpinBox, QApplication, QComboBox, QLabel, QListWidget, QPushButton, QWidget

from daemon import launch
from daemon.errors import RequestRefused
from gui.settings.controls import Number
from gui.settings.key_field import KeyField
from gui.settings.microphone_page import MicrophonePage
from gui.settings.model_page import ModelPage
from gui.settings.page import Field
from tests.gui.scripted_daemon import Streamed, status
from tests.gui.settings.answers import HEARD, LEVELS


def field(window, key):
    return next(each for each in window.findChildren(Field) if each.key == key)


def sent(configured):
    return [(each["key"], each["value"]) for each in configured.daemon.asked if each["verb"] == "set_config"]


def press(widget, key, held=Qt.KeyboardModifier.NoModifier, number=0):
    for kind in (QKeyEvent.Type.KeyPress, QKeyEvent.Type.KeyRelease):
        QApplication.sendEvent(widget, QKeyEvent(kind, key, held, 0, number, 0))


def test_every_key_of_the_configuration_that_a_person_sets_has_its_field(window, configured):
    shown = {each.key for each in window.findChildren(Field)}
    by_other_means = {"model.dir", "model.mirror", "insert.rules"}  # the list of models; the command line; the file
    assert {key for key in configured.values if key not in shown} <= by_other_means
    assert shown <= set(configured.values)


def test_a_switch_is_sent_at_once(window, configured, eyes):
    window.show_page("Text")
    switch = field(window, "insert.append_space").parent()
    switch.click()
    eyes.until("the change", lambda: configured.values["insert.append_space"] is False)
    assert sent(configured) == [("insert.append_space", False)]


def test_steps_of_a_number_are_one_change(window, configured, eyes):
    number = field(window, "hotkey.hold_ms").parent()
    for _ in range(3):
        number.stepUp()
    eyes.until("the change", lambda: configured.values["hotkey.hold_ms"] == 450)
    assert sent(configured) == [("hotkey.hold_ms", 450)]


def test_a_number_with_a_fraction_stays_one_and_a_whole_one_whole(window, configured, eyes):
    longest = field(window, "endpoint.max_utterance_s").parent()
    longest.setValue(30)
    eyes.until("the change", lambda: sent(configured))
    assert isinstance(sent(configured)[0][1], float)


def test_what_is_refused_is_told_beside_the_field_which_goes_back(window, configured, eyes):
    configured.refuses["hotkey.key"] = "Pause is held by another program: choose another key"
    key = field(window, "hotkey.key")
    key.parent().chosen.emit("Pause")
    eyes.until("the line", lambda: key.words.is_fault)
    assert key.words.text() == "Pause is held by another program: choose another key"
    assert key.parent().text() == "F9"
    configured.refuses.clear()
    key.parent().chosen.emit("Pause")
    eyes.until("the change", lambda: not key.words.is_fault)
    eyes.until("the new key", lambda: key.parent().text() == "Pause")


def test_a_change_that_waits_for_a_restart_says_so(window, configured, eyes):
    configured.late.append("insert.method")
    method = field(window, "insert.method")
    method.parent().chosen.emit("none")
    eyes.until("the note", lambda: "started again" in method.words.text())


def test_a_change_from_elsewhere_appears(window, configured, eyes):
    configured.change("hotkey.hold_ms", 500)
    eyes.until("the value", lambda: field(window, "hotkey.hold_ms").parent().value() == 500)


def test_a_number_that_is_being_typed_is_left_alone(window, configured, eyes):
    hold, longest = (field(window, key).parent() for key in ("hotkey.hold_ms", "hotkey.max_recording_s"))
    window.activateWindow()
    hold.setFocus()
    eyes.until("the focus", hold.hasFocus)
    hold.selectAll()
    QTest.keyClicks(hold.lineEdit(), "77")
    configured.values["hotkey.hold_ms"] = 900
    configured.change("hotkey.max_recording_s", 60)
    eyes.until("the other value", lambda: longest.value() == 60)
    assert hold.lineEdit().text().startswith("77")
    QTest.keyClick(hold.lineEdit(), Qt.Key.Key_Return)
    eyes.until("the change", lambda: ("hotkey.hold_ms", 77) in sent(configured))


def test_a_key_that_this_daemon_does_not_know_is_not_shown(window, configured, eyes):
    del configured.values["insert.newlines"]
    configured.change("hotkey.hold_ms", 500)
    window.show_page("Text")
    eyes.until("the fields", lambda: not field(window, "insert.newlines").parent().isVisibleTo(window))
    assert field(window, "insert.append_space").parent().isVisibleTo(window)


def test_without_a_daemon_it_says_so_and_offers_to_start_it(window, configured, eyes, monkeypatch):
    asked = []
    monkeypatch.setattr(window._link, "start_daemon", lambda: asked.append(1))
    window._start.clicked.connect(window._link.start_daemon)
    configured.daemon.stop()
    eyes.until("the absence", window._absent.isVisible)
    assert not window._both.isVisible()
    window._start.click()
    assert asked


class TestHotkey:
    @pytest.fixture
    def key(self, window, configured, eyes):
        configured.daemon.answers["pause_hotkey"] = Streamed(["paused"])
        found = window.findChild(KeyField)
        window.activateWindow()

        def wait():
            found._pause = object.__new__(Kept)  # the scripted stream ends at once: the daemon's stays open
            found._arm()

        found.wait = wait
        return found

    def test_the_daemon_is_asked_to_let_go_first(self, window, configured, eyes):
        window.findChild(KeyField).click()
        eyes.until("the request", lambda: "pause_hotkey" in configured.daemon.verbs())

    def test_a_refused_pause_is_told(self, window, configured, eyes):
        configured.daemon.answers["pause_hotkey"] = RequestRefused("a dictation is running: stop it first")
        window.findChild(KeyField).click()
        words = field(window, "hotkey.key").words
        eyes.until("the line", lambda: words.text() == "a dictation is running: stop it first" and words.is_fault)

    @pytest.mark.parametrize(
        ("pressed", "named"),
        [
            ((Qt.Key.Key_Pause,), "Pause"),
            ((Qt.Key.Key_Space, Qt.KeyboardModifier.ControlModifier), "Ctrl+Space"),
            ((Qt.Key.Key_Tab, Qt.KeyboardModifier.AltModifier), "Alt+Tab"),
            pytest.param(
                (Qt.Key.Key_Control, Qt.KeyboardModifier.NoModifier, 0xFFE4), "Right Ctrl",
                marks=pytest.mark.skipif(sys.platform != "linux", reason="the number is a keysym"),
            ),
        ],
    )  # fmt: skip
    def test_the_pressed_key_is_sent(self, key, configured, eyes, pressed, named):
        key.wait()
        press(key, *pressed)
        eyes.until("the change", lambda: sent(configured) == [("hotkey.key", named)])
        assert not key.waiting

    def test_a_left_modifier_alone_and_a_nameless_key_are_no_hotkey(self, key, configured):
        key.wait()
        press(key, Qt.Key.Key_Control, number=0xFFE3)
        press(key, Qt.Key.Key_VolumeUp)
        assert key.waiting
        assert sent(configured) == []

    def test_escape_leaves_it(self, key, configured):
        key.wait()
        press(key, Qt.Key.Key_Escape)
        assert not key.waiting
        assert key.text() == "F9"
        assert sent(configured) == []


class Kept:
    """A stream that stays open until it is closed."""

    def close(self):
        """Nothing is open."""


class TestMicrophone:
    def test_it_is_open_only_while_its_page_is_seen(self, window, configured, eyes):
        assert "try_microphone" not in configured.daemon.verbs()
        window.show_page("Microphone")
        page = window.findChild(MicrophonePage)
        eyes.until("a level", lambda: page._meter.share > 0)
        window.show_page("Text")
        assert page._meter.share == 0
        assert page._listening._stream is None

    def test_what_was_said_is_shown_with_what_it_cost(self, window, configured, eyes):
        def answer(request):
            return Streamed([*LEVELS, HEARD]) if request["recognise"] else LEVELS

        configured.daemon.answers["try_microphone"] = answer
        window.show_page("Microphone")
        page = window.findChild(MicrophonePage)
        page._test.click()
        eyes.until("the words", lambda: "the quick brown fox" in page._heard.text())
        assert "decoding 4 ms" in page._cost.text()

    def test_why_there_is_no_level_is_told(self, window, configured, eyes):
        configured.daemon.answers["try_microphone"] = RequestRefused("a dictation is running: stop it first")
        window.show_page("Microphone")
        page = window.findChild(MicrophonePage)
        eyes.until("the line", lambda: page._fault.text() == "a dictation is running: stop it first")
        configured.daemon.answers["try_microphone"] = LEVELS
        eyes.until("a level", lambda: page._meter.share > 0)
        assert page._fault.text() == ""

    def test_another_one_is_tried_once_it_is_chosen(self, window, configured, eyes):
        window.show_page("Microphone")
        eyes.until("the list", lambda: window.findChild(MicrophonePage)._choice.count() == 4)
        field(window, "microphone.device").parent().chosen.emit("alsa_input.headset")
        eyes.until(
            "its level",
            lambda: any(each.get("device") == "alsa_input.headset" for each in configured.daemon.asked),
        )


class TestModels:
    @pytest.fixture
    def page(self, window, eyes):
        window.show_page("Model")
        page = window.findChild(ModelPage)
        eyes.until("the models", lambda: page._list.topLevelItemCount() == 4)
        return page

    @pytest.fixture
    def program(self, monkeypatch):
        """Has a small script run in the place of swictation; ``ran`` holds the arguments."""
        ran = []

        def run(script):
            def command(*arguments):
                ran.append(arguments)
                return [sys.executable, "-c", script]

            monkeypatch.setattr(launch, "command", command)
            return ran

        return run

    def choose(self, page, index):
        page._list.setCurrentItem(page._list.topLevelItem(index))

    def test_the_buttons_are_for_what_can_be_done(self, page):
        self.choose(page, 2)
        assert [button.isEnabled() for button in (page._get, page._use, page._verify, page._remove)] == [
            True, False, False, False,
        ]  # fmt: skip

    def test_using_one_is_a_change_of_the_configuration(self, page, configured, eyes):
        self.choose(page, 1)
        page._use.click()
        eyes.until("the change", lambda: sent(configured) == [("model.dir", "/models/parakeet-110m-int8")])
        eyes.until("the end", lambda: page._said.text() == "Parakeet TDT 110M, int8 is in use.")

    def test_a_model_that_does_not_load_is_refused_in_the_daemons_words(self, page, configured, eyes):
        configured.refuses["model.dir"] = "the self-test finds it broken"
        self.choose(page, 1)
        page._use.click()
        eyes.until("the line", lambda: page._said.text() == "the self-test finds it broken")

    def test_a_pull_shows_how_far_it_is_and_its_end(self, page, program, eyes):
        steps = [{"step": "downloading", "done_bytes": 50_000_000, "total_bytes": 100_000_000}, {"result": {}}]
        lines = "\n".join(json.dumps(step) for step in steps)
        ran = program(f"import time\nfor line in {lines!r}.splitlines(): print(line, flush=True); time.sleep(0.3)")
        self.choose(page, 2)
        page._get.click()
        eyes.until("the progress", lambda: page._bar.value() == 500)
        assert page._progress.text() == "downloading, 50 MB of 100 MB"
        eyes.until("the end", lambda: page._said.text() == "Parakeet TDT 110M, float32 is installed.")
        assert ran == [("models", "pull", "parakeet-110m", "--progress", "json")]

    def test_a_pull_can_be_left(self, page, program, eyes):
        program('import sys, time\nprint(\'{"step": "waiting"}\', flush=True)\ntime.sleep(60)')
        self.choose(page, 2)
        page._get.click()
        eyes.until("the start", lambda: page._progress.text() == "waiting")
        page._cancel.click()
        eyes.until("the end", lambda: page._said.text().startswith("Left."))
        assert not page._said.is_fault

    def test_a_pull_that_fails_says_why(self, page, program, eyes):
        program("import sys\nsys.exit('swictation: the disk is full: free 200 MB')")
        self.choose(page, 2)
        page._get.click()
        eyes.until("the line", lambda: page._said.text() == "the disk is full: free 200 MB")
        assert page._said.is_fault

    def test_verifying_tells_every_fault(self, page, program, eyes):
        program('print(\'[{"name": "m", "faults": ["encoder.onnx has changed"]}]\'); raise SystemExit(1)')
        self.choose(page, 1)
        page._verify.click()
        eyes.until("the line", lambda: page._said.text() == "encoder.onnx has changed")
        assert page._said.is_fault


class TestDesktop:
    def test_start_on_login_is_asked_and_set(self, window, configured, eyes):
        window.show_page("Desktop")
        switch = window._stack.currentWidget()._login
        eyes.until("the answer", switch.isEnabled)
        assert switch.isChecked()
        switch.click()
        eyes.until("the request", lambda: {"verb": "autostart", "on": False} in configured.daemon.asked)

    def test_one_that_is_off_can_be_switched_on(self, window, configured, eyes):
        configured.daemon.answers["autostart"] = {"on": False, "way": None, "reason": None}
        window.show_page("Desktop")
        switch = window._stack.currentWidget()._login
        eyes.until("the answer", switch.isEnabled)
        assert not switch.isChecked()
        switch.click()
        eyes.until("the request", lambda: {"verb": "autostart", "on": True} in configured.daemon.asked)

    def test_where_it_is_not_possible_the_reason_is_told(self, window, configured, eyes):
        configured.daemon.answers["autostart"] = {"on": False, "way": None, "reason": "run from a checkout"}
        window.show_page("Desktop")
        page = window._stack.currentWidget()
        eyes.until("the reason", lambda: page._how.text() == "run from a checkout")
        assert not page._login.isEnabled()


def test_every_control_has_a_name_for_those_who_do_not_see_it(window):
    nameless = [
        control
        for kind in (QAbstractSpinBox, QComboBox, QListWidget)
        for control in window.findChildren(kind)
        if not control.accessibleName()
    ]
    assert [type(control).__name__ for control in nameless] == []
    assert all(button.text() or button.accessibleName() for button in window.findChildren(QPushButton))


def test_no_mnemonic_is_twice_on_a_page(window):
    for index in range(window._stack.count()):
        page = window._stack.widget(index)
        texts = [each.text() for kind in (QLabel, QPushButton) for each in page.findChildren(kind)]
        texts += [each.text() for each in page.findChildren(QWidget) if type(each).__name__ == "Switch"]
        found = [text[text.index("&") + 1].lower() for text in texts if "&" in text and "&&" not in text] + ["c"]
        assert len(found) == len(set(found)), page.heading


def test_a_wheel_that_passes_over_changes_nothing(window):
    assert all(number.focusPolicy() == Qt.FocusPolicy.StrongFocus for number in window.findChildren(Number))


def test_it_fits_without_scroll_bars(window):
    hint = window.minimumSizeHint()
    assert hint.width() <= 700
    assert hint.height() <= 520


def test_closing_it_closes_the_microphone(window, configured, eyes):
    window.show_page("Microphone")
    page = window.findChild(MicrophonePage)
    eyes.until("a level", lambda: page._meter.share > 0)
    window.close()
    assert page._listening._stream is None
    configured.daemon.show(status(state="listening"))
