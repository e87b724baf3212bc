"""What Qt calls a key is what the hotkey's parser understands."""

import pytest
from PySide6.QtCore import Qt

from daemon.hotkey import keys as hotkeys
from gui.settings.keys import _NAMES, chord_name, is_modifier, right_modifier_name

Key, Held = Qt.Key, Qt.KeyboardModifier


@pytest.mark.parametrize("key", _NAMES)
def test_every_name_is_one_that_the_daemon_knows(key):
    named = chord_name(key, Held.ControlModifier | Held.MetaModifier)
    chord = hotkeys.parse(named)
    assert chord.modifiers == {"ctrl", "super"}
    assert str(chord) == named


def test_every_key_of_the_daemon_can_be_pressed_here():
    named = {hotkeys.parse(f"ctrl+{name}").key for name in _NAMES.values()}
    rights = {hotkeys.parse(right_modifier_name(number, "linux")).key for number in (0xFFE4, 0xFFEA, 0xFFE2, 0xFFEC)}
    assert named | rights == set(hotkeys.NAMES)


@pytest.mark.parametrize(
    ("key", "held", "named"),
    [
        (Key.Key_F9, Held.NoModifier, "F9"),
        (Key.Key_Space, Held.ControlModifier | Held.AltModifier, "Ctrl+Alt+Space"),
        (Key.Key_Q, Held.MetaModifier | Held.ShiftModifier, "Shift+Super+Q"),
        (Key.Key_Enter, Held.ControlModifier | Held.KeypadModifier, "Ctrl+Return"),
        (Key.Key_VolumeUp, Held.NoModifier, None),
    ],
)
def test_a_chord_is_named_in_the_order_of_the_configuration(key, held, named):
    assert chord_name(key, held) == named


@pytest.mark.parametrize("platform", ["linux", "win32", "darwin"])
def test_the_right_half_is_told_from_the_left_on_every_system(platform):
    numbers = {"linux": (0xFFE4, 0xFFE3), "win32": (0x11D, 0x1D), "darwin": (0x3E, 0x3B)}[platform]
    assert right_modifier_name(numbers[0], platform) == "Right Ctrl"
    assert right_modifier_name(numbers[1], platform) is None


def test_only_what_is_held_with_others_is_a_modifier():
    assert is_modifier(Key.Key_Control)
    assert not is_modifier(Key.Key_Pause)
