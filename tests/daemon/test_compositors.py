"""The lines for each compositor's own configuration; sway's are tried out."""

from pathlib import Path

import pytest

from daemon import compositors
from daemon.hotkey import keys
from tests.sway import SwayDesktop

F9, CHORD = keys.parse("F9"), keys.parse("super+ctrl+alt+space")


@pytest.mark.parametrize(
    ("environment", "name"),
    [
        ({"SWAYSOCK": "/run/sway", "XDG_CURRENT_DESKTOP": "sway"}, "sway"),
        ({"HYPRLAND_INSTANCE_SIGNATURE": "1", "XDG_CURRENT_DESKTOP": "Hyprland"}, "hyprland"),
        ({"XDG_CURRENT_DESKTOP": "river"}, "river"),
        ({"NIRI_SOCKET": "/run/niri"}, "niri"),
        ({"XDG_CURRENT_DESKTOP": "labwc:wlroots"}, "labwc"),
        ({"XDG_CURRENT_DESKTOP": "COSMIC"}, "cosmic"),
        ({"XDG_CURRENT_DESKTOP": "ubuntu:GNOME"}, "gnome"),
        ({"XDG_CURRENT_DESKTOP": "KDE"}, "kde"),
        ({"XDG_CURRENT_DESKTOP": "X-Other"}, None),
        ({}, None),
    ],
)
def test_which_compositor_it_is(environment, name):
    assert compositors.detect(environment) == name


@pytest.mark.parametrize(
    ("name", "toggle", "hold"),
    [
        (
            "sway",
            "bindsym --no-repeat Ctrl+Mod1+Mod4+space exec swictation toggle",
            (
                "bindsym --no-repeat Ctrl+Mod1+Mod4+space exec swictation start",
                "bindsym --release Ctrl+Mod1+Mod4+space exec swictation stop",
            ),
        ),
        (
            "hyprland",
            'hl.bind("CTRL + ALT + SUPER + space", hl.dsp.exec_cmd("swictation toggle"))',
            (
                'hl.bind("CTRL + ALT + SUPER + space", hl.dsp.exec_cmd("swictation start"))',
                'hl.bind("CTRL + ALT + SUPER + space", hl.dsp.exec_cmd("swictation stop"), { release = true })',
            ),
        ),
        (
            "hyprlang",
            "bind = CTRL ALT SUPER, space, exec, swictation toggle",
            (
                "bind = CTRL ALT SUPER, space, exec, swictation start",
                "bindr = CTRL ALT SUPER, space, exec, swictation stop",
            ),
        ),
        (
            "river",
            "riverctl map normal Control+Alt+Super space spawn 'swictation toggle'",
            (
                "riverctl map normal Control+Alt+Super space spawn 'swictation start'",
                "riverctl map -release normal Control+Alt+Super space spawn 'swictation stop'",
            ),
        ),
        ("niri", 'Ctrl+Alt+Super+space repeat=false { spawn "swictation" "toggle"; }', ()),
        (
            "labwc",
            '<keybind key="C-A-W-space"><action name="Execute" command="swictation toggle"/></keybind>',
            (),
        ),
        ("gnome", "swictation toggle", ()),
    ],
)
def test_the_lines_for_a_chord(name, toggle, hold):
    found = compositors.bindings(name, CHORD)
    assert found.toggle == (toggle,)
    assert found.hold == hold


@pytest.mark.parametrize("name", compositors.NAMES)
def test_every_compositor_has_words_and_a_hint_in_one_line(name):
    found = compositors.bindings(name, F9)
    told = compositors.in_words(found)
    assert found.where in told
    for line in (*found.toggle, *found.hold):
        assert f"\n    {line}" in told
    if name != "hyprlang":  # an older Hyprland, which does not tell its version
        line = compositors.hint({"XDG_CURRENT_DESKTOP": name}, F9)
        assert "\n" not in line
        assert found.toggle[0] in line


@pytest.mark.parametrize(
    ("key", "keysym"),
    [
        ("F9", "F9"),
        ("Right Ctrl", "Control_R"),
        ("scroll_lock", "Scroll_Lock"),
        ("mic_mute", "XF86AudioMicMute"),
        ("ctrl+a", "a"),
        ("ctrl+comma", "comma"),
        ("ctrl+space", "space"),
        ("ctrl+page_up", "Page_Up"),
        ("ctrl+return", "Return"),
        ("pause", "Pause"),
    ],
)
def test_keys_have_the_names_of_xkbcommon(key, keysym):
    assert compositors.keysym(keys.parse(key).key) == keysym


@pytest.mark.parametrize("name", compositors.NAMES)
def test_the_readme_has_every_line(name):
    readme = (Path(__file__).parents[2] / "README.md").read_text(encoding="utf-8")
    found = compositors.bindings(name, F9)
    assert f"| {found.title} |" in readme
    for line in (*found.toggle, *found.hold):
        assert f"`{line}`" in readme


@pytest.mark.display
def test_sway_takes_every_line(tmp_path):
    with SwayDesktop(tmp_path) as desktop:
        for key in keys.NAMES:
            found = compositors.bindings("sway", keys.Chord(key, frozenset({"ctrl", "super"})))
            for line in (*found.toggle, *(line.replace("Ctrl", "Shift") for line in found.hold)):
                assert desktop.message(line) == [{"success": True}], line
        assert not desktop.message("bindsym --no-repeat Nonsense exec swictation toggle")[0]["success"]
