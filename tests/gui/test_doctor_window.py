"""The doctor's window: what it makes of findings, and the real doctor behind it."""

import pytest
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QLineEdit, QPushButton

from gui.doctor_window import DoctorWindow, FindingRow, first, headline
from tests.gui.settings.conftest import eyes  # noqa: F401 - a fixture


def finding(name, state, mend=None):
    return {"name": name, "state": state, "says": f"{name} says", "mend": mend}


FINDINGS = [
    finding("disk", "ok"),
    finding("hotkey", "bad", "swictation config set hotkey.key F10"),
    finding("x", "warn"),
]
RESULT = {"works": False, "findings": FINDINGS}


@pytest.fixture
def window(eyes):  # noqa: F811
    window = DoctorWindow()
    yield window
    window.close_down()
    window.close()
    window.deleteLater()


def test_what_needs_somebody_stands_on_top():
    assert [row["name"] for row in first(FINDINGS)] == ["hotkey", "x", "disk"]


def test_the_headline():
    assert headline(RESULT) == "Dictation will not work: see hotkey."
    assert headline({"findings": FINDINGS[::2]}) == "Dictation will work."


def test_a_command_can_be_copied(window):
    window._show_result(RESULT)
    row, *_others = window.findChildren(FindingRow)
    assert row.findChild(QLineEdit).text() == "swictation config set hotkey.key F10"
    row.findChild(QPushButton).click()
    assert QGuiApplication.clipboard().text() == "swictation config set hotkey.key F10"


def test_whatever_has_no_text_has_a_name(window):
    window._show_result(RESULT)
    assert all(line.accessibleName() for line in window.findChildren(QLineEdit))
    assert window._busy.accessibleName()


def test_the_real_doctor_is_asked_when_it_is_shown(window, eyes, monkeypatch, tmp_path):  # noqa: F811
    for variable in ("XDG_CONFIG_HOME", "XDG_DATA_HOME", "XDG_RUNTIME_DIR"):
        monkeypatch.setenv(variable, str(tmp_path))
    monkeypatch.delenv("DISPLAY", raising=False)
    monkeypatch.setenv("PULSE_SERVER", "unix:/nowhere")
    window.show()
    assert window._command.running
    assert not window._again.isEnabled()
    rows = eyes.until("the findings", lambda: window.findChildren(FindingRow), 60)
    assert len(rows) == 13
    assert window._headline.text() == "Dictation will not work: see microphone, insertion."
    assert window._again.isEnabled()
    assert not window._busy.isVisible()
