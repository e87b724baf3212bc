"""The way to the daemon: the newest status wins, and a daemon that is not there is started once."""

import pytest
from PySide6.QtTest import QTest

from daemon.errors import RequestRefused
from gui.link import Link
from tests.desktop import wait_until
from tests.gui.scripted_daemon import Streamed, status


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


def test_who_asks_for_the_text_so_far_does_not_lose_sight_of_the_daemon(link, daemons):
    daemon = daemons()
    link.open()
    settle("first status", lambda: link.snapshot.status)
    seen = []
    link.changed.connect(lambda: seen.append(link.snapshot.status))
    for wanted in (True, True, False):
        link.preview(wanted)
        settle("the request", lambda wanted=wanted: daemon.watched[-1]["preview"] is wanted)
    assert [request["preview"] for request in daemon.watched] == [False, True, False]
    daemon.show(status("listening"))
    settle("another status", lambda: seen)
    assert None not in seen


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
    settle("its end", lambda: "hotkey.kee" in link.snapshot.why)


def test_close_does_not_wait_for_a_silent_daemon(link, daemons):
    daemons()
    link.open()
    settle("first status", lambda: link.snapshot.status)
    link.close()
    assert not any(thread.is_alive() for thread in link._threads)


def test_answer_goes_to_then_and_a_refusal_to_who_asked_for_it(link, daemons):
    daemons(answers={"last": {"text": "hello"}, "undo": RequestRefused("nothing to undo")})
    got, said, told = [], [], []
    link.refused.connect(told.append)
    link.ask("last", got.append, said.append)
    link.ask("undo", got.append, said.append)
    link.ask("undo", got.append)
    settle("answers", lambda: got and said and told)
    assert (got, said, told) == ([{"text": "hello"}], ["nothing to undo"], ["nothing to undo"])


def test_frozen_daemon_is_noticed_and_so_is_its_recovery(link, daemons):
    daemon = daemons()
    link.open()
    settle("first status", lambda: link.snapshot.status)
    daemon.freeze()
    settle("not answering", lambda: link.snapshot.status is None)
    assert "does not answer" in link.snapshot.why
    daemon.thaw()
    settle("recovery", lambda: link.snapshot.status)


def test_stream_brings_every_answer_and_then_its_end(link, daemons):
    daemons(answers={"try_microphone": Streamed([1, 2, 3])})
    got, ends = [], []
    link.stream("try_microphone", got.append, ends.append, device=None)
    settle("end", lambda: ends)
    assert (got, ends) == ([1, 2, 3], [None])


def test_stream_that_is_refused_says_why(link, daemons):
    daemons(answers={"try_microphone": RequestRefused("a dictation runs: stop it first")})
    ends = []
    link.stream("try_microphone", ends.append, ends.append)
    settle("end", lambda: ends)
    assert ends == ["a dictation runs: stop it first"]


def test_closed_stream_is_silent(link, daemons):
    daemons()
    got = []
    stream = link.stream("watch", got.append, got.append)
    settle("first answer", lambda: got)
    stream.close()
    stream.reading.join(5)
    assert not stream.reading.is_alive()
    QTest.qWait(50)
    assert len(got) == 1
