"""The switch over the socket."""

import pytest

from daemon.errors import RequestRefused
from daemon.requests.autostart import AutostartRequests


@pytest.fixture
def ask(tmp_path, monkeypatch):
    """The verb, in a home of its own on a system without systemd."""
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    monkeypatch.setenv("PATH", str(tmp_path))
    verb = AutostartRequests().verbs["autostart"]
    return lambda **request: verb(request, None)


async def test_it_is_asked_and_switched(ask, tmp_path):
    entry = tmp_path / "config" / "autostart" / "swictation.desktop"
    off = {"on": False, "way": None, "reason": None}
    assert await ask(on=None) == await ask() == off
    assert await ask(on=True) == await ask() == {"on": True, "way": "xdg", "reason": None}
    assert entry.is_file()
    assert await ask(on=False) == off
    assert not entry.exists()


@pytest.mark.parametrize("on", ["yes", 1, [], {}])
async def test_what_is_no_switch_is_refused(ask, on):
    with pytest.raises(RequestRefused, match="on must be true, false or null"):
        await ask(on=on)


async def test_a_reason_is_passed_on(ask, tmp_path):
    (tmp_path / "config").write_text("no directory")
    with pytest.raises(RequestRefused, match="cannot be"):
        await ask(on=True)
