"""Names of keys: what is read, and what is refused with which help."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from daemon.errors import HotkeyError
from daemon.hotkey.keys import NAMES, Chord, parse


@pytest.mark.parametrize(
    ("text", "key", "modifiers", "shown"),
    [
        ("F9", "f9", set(), "F9"),
        ("f24", "f24", set(), "F24"),
        ("Pause", "pause", set(), "Pause"),
        ("Scroll_Lock", "scroll_lock", set(), "Scroll_Lock"),
        ("scroll lock", "scroll_lock", set(), "Scroll_Lock"),
        ("ScrollLock", "scroll_lock", set(), "Scroll_Lock"),
        ("Right Ctrl", "ctrl_r", set(), "Right Ctrl"),
        ("ctrl_r", "ctrl_r", set(), "Right Ctrl"),
        ("Control_R", "ctrl_r", set(), "Right Ctrl"),
        ("AltGr", "alt_r", set(), "Right Alt"),
        ("ctrl+alt+space", "space", {"ctrl", "alt"}, "Ctrl+Alt+Space"),
        (" Ctrl + Shift + D ", "d", {"ctrl", "shift"}, "Ctrl+Shift+D"),
        ("<ctrl>+<alt>+d", "d", {"ctrl", "alt"}, "Ctrl+Alt+D"),
        ("Super+Escape", "escape", {"super"}, "Super+Escape"),
        ("win+pgup", "page_up", {"super"}, "Super+Page_Up"),
        ("ctrl+;", "semicolon", {"ctrl"}, "Ctrl+Semicolon"),
        ("ctrl+-", "minus", {"ctrl"}, "Ctrl+Minus"),
        ("shift+F9", "f9", {"shift"}, "Shift+F9"),
    ],
)
def test_names(text, key, modifiers, shown):
    chord = parse(text)
    assert chord == Chord(key, frozenset(modifiers))
    assert str(chord) == shown
    assert parse(shown) == chord


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "no hotkey is named"),
        ("  ", "no hotkey is named"),
        ("F99", "no key named 'F99'.*F9"),
        ("Scrol_Lok", "nearest names are scroll_lock"),
        ("ctrl+spcae", "no key named 'spcae'.*space"),
        ("crtl+d", "no key named 'crtl'.*ctrl"),
        ("%%%", "no key named '%%%'"),
        ("ctrl+", "no key named ''"),
        ("F9+ctrl", "only ctrl, alt, shift, super can stand before"),
        ("F9+F10", "only ctrl, alt, shift, super can stand before"),
        ("a", "would be taken away from every program"),
        ("7", "would be taken away from every program"),
        ("Escape", "would be taken away from every program"),
        ("Return", "would be taken away from every program"),
        ("space", "would be taken away from every program"),
        ("shift+a", "would be taken away from every program"),
        ("shift+Insert", "would be taken away from every program"),
        ("ctrl", "part of most shortcuts"),
        ("ctrl+shift", "part of most shortcuts"),
        ("ctrl+ctrl_r", "made of modifiers only"),
    ],
)
def test_refusals(text, says):
    with pytest.raises(HotkeyError, match=says) as caught:
        parse(text)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("name", NAMES)
def test_every_name_can_be_used_with_a_modifier_or_alone(name):
    try:
        assert parse(name).key == name
    except HotkeyError:
        assert parse(f"ctrl+{name}").key == name


@given(st.text())
def test_any_text_is_read_or_refused_in_one_line(text):
    said = "read"
    try:
        parse(text)
    except HotkeyError as error:
        said = str(error)
    assert len(said.splitlines()) == 1
