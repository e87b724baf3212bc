"""The way to the daemon: the newest status wins, and a daemon that is not there is started once."""

import pytest
from PySide6.QtTest import QTest

from gui.link import Link
from tests.desktop import wait_until
from tests.gui.scripted_daemon import status


@pytest.fixture
def link(qt, runtime, tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    link = Link()
    yield link
    link.close()


def settle(what, probe):
    wait_until(what, lambda: QTest.qWait(20) or probe(), 30)


def test_last_of_many_statuses_is_the_one_that_stays(link, daemons):
    daemon = daemons()
    seen = []
    link.changed.connect(lambda: seen.append(link.snapshot))
    link.open()
    settle("first status", lambda: link.snapshot.status)
    for second in range(200):
        daemon.show(status(uptime_s=float(second)))
    settle("last status", lambda: link.snapshot.status["uptime_s"] == 199.0)
    assert 1 < len(seen) <= 202  # none is made up; some may be passed over


def test_request_without_a_daemon_is_refused_in_words(link):
    refused = []
    link.refused.connect(refused.append)
    link.ask("toggle")
    settle("refusal", lambda: refused)
    assert refused == ["the daemon is not running: start it with `swictation daemon`"]


def test_daemon_that_refuses_to_start_is_quoted_and_not_started_again(link, tmp_path):
    file = tmp_path / "config" / "swictation" / "config.toml"
    file.parent.mkdir(parents=True)
    file.write_text('[hotkey]\nkee = "F8"\n')
    link.open()
    settle("the reason", lambda: "hotkey.kee" in link.snapshot.why)
    assert str(file) in link.snapshot.why
    log = tmp_path / "data" / "swictation" / "daemon.log"
    written_ns = log.stat().st_mtime_ns
    QTest.qWait(1500)
    assert link.snapshot.status is None
    assert "hotkey.kee" in link.snapshot.why
    assert log.stat().st_mtime_ns == written_ns
    link.start_daemon()
    settle("another try", lambda: log.stat().st_mtime_ns > written_ns)


def test_close_does_not_wait_for_a_silent_daemon(link, daemons):
    daemons()
    link.open()
    settle("first status", lambda: link.snapshot.status)
    link.close()
    assert not link._following.is_alive()
