import sys

import pytest

from daemon.insert import choose
from daemon.messages import Insertion, Outcome, Target


@pytest.mark.parametrize(
    ("method", "platform", "environment", "name"),
    [
        ("auto", "linux", {"DISPLAY": ":7"}, "x11"),
        ("x11", "linux", {"DISPLAY": ":7"}, "x11"),
        ("auto", "linux", {"DISPLAY": ":7", "WAYLAND_DISPLAY": "wayland-0"}, "x11"),
        ("auto", "linux", {}, "none"),
        ("x11", "linux", {"DISPLAY": ""}, "none"),
        ("auto", "linux", {"WAYLAND_DISPLAY": "wayland-0"}, "none"),
        ("auto", "linux", {"WAYLAND_DISPLAY": "wayland-0", "DBUS_SESSION_BUS_ADDRESS": "unix:path=/none"}, "portal"),
        ("portal", "linux", {"DISPLAY": ":7", "DBUS_SESSION_BUS_ADDRESS": "unix:path=/none"}, "portal"),
        ("portal", "linux", {"DISPLAY": ":7"}, "none"),
        ("none", "linux", {"DISPLAY": ":7"}, "none"),
        ("pynput", "linux", {"DISPLAY": ":7"}, "none"),
        ("auto", "darwin", {}, "pynput"),
        ("auto", "win32", {}, "pynput"),
        ("pynput", "win32", {}, "pynput"),
        ("none", "darwin", {}, "none"),
    ],
)
def test_each_desktop_gets_its_way_in(method, platform, environment, name):
    assert choose(method, platform, environment).name == name


@pytest.mark.parametrize(
    ("method", "environment", "words"),
    [
        ("auto", {}, ["no display", "swictation last --insert"]),
        ("auto", {"WAYLAND_DISPLAY": "wayland-0"}, ["Wayland", "swictation last"]),
        ("portal", {"WAYLAND_DISPLAY": "wayland-0"}, ["no session bus", "swictation last"]),
        ("none", {"DISPLAY": ":7"}, ["insert.method", "swictation last"]),
        ("wayland", {"DISPLAY": ":7"}, ["no Wayland session"]),
        ("wayland", {"DISPLAY": ":7", "WAYLAND_DISPLAY": "/nowhere"}, ["does not answer", "insert.method"]),
        ("pynput", {"DISPLAY": ":7"}, ["pynput", '"auto"']),
    ],
)
async def test_without_a_way_in_every_text_is_held_and_the_reason_says_what_to_do(method, environment, words):
    inserter = choose(method, "linux", environment)
    await inserter.start()
    await inserter.prepare()
    assert await inserter.focus() is None
    result = await inserter.insert("text", Target(1))
    await inserter.stop()
    assert result == Insertion(Outcome.HELD, result.reason)
    assert "\n" not in result.reason
    for word in words:
        assert word in result.reason


def test_a_machine_without_python_xlib_is_told_so(monkeypatch):
    monkeypatch.setitem(sys.modules, "Xlib", None)
    inserter = choose("auto", "linux", {"DISPLAY": ":7"})
    assert inserter.name == "none"
    assert "python-xlib" in inserter.reason


async def test_in_a_wayland_session_the_reason_names_its_limit():
    inserter = choose("auto", "linux", {"DISPLAY": ":7", "WAYLAND_DISPLAY": "wayland-0"})
    result = await inserter.insert("text", None)
    assert result.outcome is Outcome.HELD
    assert "no X11 window" in result.reason
    assert "Wayland" in result.reason
