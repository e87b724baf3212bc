"""The one place of choice."""

import pytest

from daemon.errors import HotkeyError
from daemon.hotkey.choose import choose


@pytest.mark.parametrize(
    ("platform", "environment", "name", "reason"),
    [
        ("linux", {"DISPLAY": ":1"}, "x11", None),
        ("linux", {}, "none", "no display: use `swictation toggle`"),
        ("linux", {"DISPLAY": ""}, "none", "no display: use `swictation toggle`"),
        (
            "linux",
            {"DISPLAY": ":0", "WAYLAND_DISPLAY": "wayland-0"},
            "none",
            "Wayland: bind `swictation toggle` to a key in the keyboard settings of the desktop",
        ),
        (
            "linux",
            {"WAYLAND_DISPLAY": "wayland-0", "SWAYSOCK": "/run/sway"},
            "none",
            (
                "sway lets no program listen to keys: add `bindsym --no-repeat F9 exec swictation toggle` to "
                "~/.config/sway/config, then `swaymsg reload`"
            ),
        ),
        (
            "linux",
            {"WAYLAND_DISPLAY": "wayland-1", "XDG_CURRENT_DESKTOP": "Hyprland", "DBUS_SESSION_BUS_ADDRESS": "unix:x"},
            "none",
            (
                'Hyprland lets no program listen to keys: add `hl.bind("F9", hl.dsp.exec_cmd("swictation toggle"))` to '
                "~/.config/hypr/hyprland.lua"
            ),
        ),
        (
            "linux",
            {"WAYLAND_DISPLAY": "wayland-0", "DBUS_SESSION_BUS_ADDRESS": "unix:path=/none"},
            "portal",
            None,
        ),
    ],
)
async def test_choose(ear, platform, environment, name, reason):
    hotkey = choose("F9", ear.listener, platform=platform, environment=environment)
    assert (hotkey.name, hotkey.reason) == (name, reason)
    hotkey.cancel_key(True)
    if name == "none":
        await hotkey.start()
        await hotkey.stop()
        assert ear.heard == []


@pytest.mark.parametrize("environment", [{}, {"DISPLAY": ":1"}])
async def test_a_wrong_name_is_an_error_everywhere(ear, environment):
    with pytest.raises(HotkeyError, match="no key named"):
        choose("F99", ear.listener, platform="linux", environment=environment)
