"""The doctor's trial of insertion through the fake portal: consent is waited for, and each way puts texts in."""

import asyncio
import contextlib

import pytest

from daemon.doctor import insertion
from daemon.doctor.finding import State
from daemon.doctor.probe import ProbeWindow
from daemon.insert.portal.desktop import PortalDesktop
from daemon.insert.portal.session import RemoteSession


@pytest.fixture
def probe(remote, monkeypatch):
    """The portal's pretend window in the place of the doctor's own."""
    probe = ProbeWindow(window=1, title="swictation doctor", active=True)

    async def watch():
        while True:
            if remote.window.text != probe.text:
                probe.take({"kind": "text", "text": remote.window.text})
            await asyncio.sleep(0.01)

    @contextlib.asynccontextmanager
    async def shown(_desktop):
        watching = asyncio.create_task(watch())
        yield probe
        watching.cancel()

    monkeypatch.setattr(insertion, "probe_window", shown)
    return probe


async def examined(bus, tmp_path, monkeypatch):
    desktop = PortalDesktop(RemoteSession(bus, call_s=1.0), tmp_path / "token", receipt_s=0.5, late_s=0.3)
    monkeypatch.setattr(insertion, "choose_desktop", lambda *_: desktop)
    return await insertion.check("portal")


async def test_the_ways_through_the_portal_are_tried(bus, remote, probe, tmp_path, monkeypatch):
    found, _tray = await examined(bus, tmp_path, monkeypatch)

    assert found.state is State.OK, found.says
    assert not any(way["lied"] for way in found.details)
    assert next(way["exact"] for way in found.details if way["way"] == "shift+insert") == 3


async def test_a_refusal_is_what_is_found(bus, portal, probe, tmp_path, monkeypatch):
    portal.consent = "refuse"
    found, _tray = await examined(bus, tmp_path, monkeypatch)

    assert found.state is State.BAD
    assert "was not allowed to press keys" in found.says


async def test_whoever_takes_time_to_answer_is_waited_for(bus, portal, probe, tmp_path, monkeypatch):
    portal.consent = "hang"
    monkeypatch.setattr(insertion, "_ANSWER_S", 0.3)
    found, _tray = await examined(bus, tmp_path, monkeypatch)

    assert found.state is State.BAD
    assert "allow it there" in found.says
