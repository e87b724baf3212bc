"""The real xdg-desktop-portal between us and a backend of our own: it refuses what a portal of ours might let pass."""

import os
import shutil
from pathlib import Path

import pytest

from daemon.hotkey.contract import Listener
from daemon.hotkey.keys import parse
from daemon.hotkey.portal import PortalHotkey
from daemon.insert.portal.desktop import PortalDesktop
from daemon.insert.portal.session import RemoteSession
from daemon.messages import Outcome
from tests.portal import backend
from tests.portal.bus import private_bus
from tests.portal.test_insertion import HERE, until

pytestmark = pytest.mark.skipif(
    not Path("/usr/libexec/xdg-desktop-portal").exists() or shutil.which("dbus-daemon") is None,
    reason="xdg-desktop-portal is not installed",
)


@pytest.fixture
async def real(tmp_path):
    """Its backend, and the bus on which the first call starts it."""
    portals = tmp_path / "portals"
    portals.mkdir()
    (portals / "mock.portal").write_text(backend.FILE)
    (tmp_path / "run").mkdir(mode=0o700)
    kept = {name: value for name, value in os.environ.items() if name not in {"DISPLAY", "WAYLAND_DISPLAY"}}
    environment = {
        **kept,
        "XDG_CURRENT_DESKTOP": "mock",
        "XDG_DESKTOP_PORTAL_DIR": str(portals),
        "XDG_RUNTIME_DIR": str(tmp_path / "run"),
        "XDG_DATA_HOME": str(tmp_path / "data"),
    }
    with private_bus(tmp_path, "<standard_session_servicedirs/>", environment) as address:
        mock = backend.Backend(address)
        await mock.start()
        yield mock
        await mock.stop()


async def test_the_hotkey(real):
    heard = []
    listener = Listener(
        on_press=lambda at_s: heard.append(("press", at_s)),
        on_release=lambda at_s: heard.append(("release", at_s)),
        on_cancel=lambda _at_s: heard.append(("cancel", None)),
        on_lost=lambda reason: heard.append(("fault", reason)),
    )
    hotkey = PortalHotkey(parse("ctrl+alt+space"), listener, address=real.address, hint="", call_s=20)
    await hotkey.start()
    await until(lambda: heard == [("fault", None)])
    assert (hotkey.reason, hotkey.trigger) == (None, "Press F9")
    [shortcuts] = [body[2] for member, body in real.asked if member == "BindShortcuts"]
    assert [name for name, _about in shortcuts] == ["dictate", "cancel"]
    assert shortcuts[0][1]["preferred_trigger"].value == "CTRL+ALT+space"
    hotkey.cancel_key(True)
    real.signal("Activated", "dictate", 5000)
    real.signal("Deactivated", "dictate", 5001)
    await until(lambda: len(heard) == 3)
    real.signal("Activated", "cancel", 6000)
    await until(lambda: len(heard) == 4)
    assert [what for what, _at_s in heard[1:]] == ["press", "release", "cancel"]
    assert heard[2][1] - heard[1][1] < 0.5
    await hotkey.stop()


async def test_keys_without_a_clipboard(real, tmp_path):
    desktop = PortalDesktop(RemoteSession(real.address, call_s=20), tmp_path / "token")
    assert not await desktop.usable(), "this version has no Clipboard; if yours has, test it here too"
    result = await desktop.insert("Ab", HERE, ("type",))
    assert (result.outcome, result.reason) == (Outcome.SENT, result.reason)
    await until(lambda: len(real.keys) == 4)
    assert real.keys == [(0x41, 1), (0x41, 0), (0x62, 1), (0x62, 0)]
    assert "lends no clipboard" in desktop.notice
    await desktop.stop()
    assert [member for member, _body in real.asked if member != "NotifyKeyboardKeysym"][:3] == [
        "CreateSession",
        "SelectDevices",
        "Start",
    ]
