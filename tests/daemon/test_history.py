"""The history is private, limited, can do without texts, and refuses what a newer version wrote."""

import sqlite3
from contextlib import closing
from dataclasses import replace

import pytest

from daemon.errors import SwictationError
from daemon.history import Entry, History, stored
from daemon.latency import Timings
from daemon.messages import Mode, Outcome


def entry(number: int, **changes) -> Entry:
    whole = Entry(
        id=f"u{number}",
        at_s=1000.0 + number,
        mode=Mode.HOLD,
        outcome=Outcome.CONFIRMED,
        reason=None,
        text=f"words {number}",
        model="practice",
        provider="cpu",
        audio_s=1.5,
        timings=Timings(felt=80.5, decode=20.25, tokens=7),
    )
    return replace(whole, **changes)


def test_what_is_recorded_is_read_back(tmp_path):
    with closing(History(tmp_path / "h" / "history.sqlite")) as history:
        history.record(entry(1))
        history.record(entry(2, outcome=Outcome.HELD, reason="no window", text=None))
        assert history.latest() == [entry(2, outcome=Outcome.HELD, reason="no window", text=None), entry(1)]
        assert history.last_text() == entry(1)
        assert history.count(Outcome.HELD) == 1


def test_the_same_utterance_is_written_anew(tmp_path):
    with closing(History(tmp_path / "h" / "history.sqlite")) as history:
        history.record(entry(1, outcome=Outcome.HELD))
        history.record(entry(2))
        history.record(entry(1))
        assert [e.id for e in history.latest()] == ["u2", "u1"]
        assert history.count(Outcome.HELD) == 0


def test_nobody_else_can_read_it(tmp_path):
    file = tmp_path / "h" / "history.sqlite"
    with closing(History(file)) as history:
        history.record(entry(1))
        for path in file.parent.iterdir():
            assert path.stat().st_mode & 0o077 == 0, path
    assert file.parent.stat().st_mode & 0o077 == 0


def test_only_so_many_are_kept(tmp_path):
    with closing(History(tmp_path / "h" / "history.sqlite", limit=3)) as history:
        for number in range(10):
            history.record(entry(number))
        assert [e.id for e in history.latest()] == ["u9", "u8", "u7"]


def test_texts_can_be_kept_out(tmp_path):
    file = tmp_path / "h" / "history.sqlite"
    with closing(History(file, keep_text=False)) as history:
        history.record(entry(1, text="xyzzy canary"))
        assert history.latest()[0].text is None
    assert all(b"xyzzy" not in path.read_bytes() for path in file.parent.iterdir())


def test_cleared_texts_are_gone_from_the_file(tmp_path):
    file = tmp_path / "h" / "history.sqlite"
    with closing(History(file)) as history:
        history.record(entry(1, text="xyzzy canary"))
        assert history.clear() == 1
    assert all(b"xyzzy" not in path.read_bytes() for path in file.parent.iterdir())


def test_a_newer_file_is_refused_and_left_alone(tmp_path):
    file = tmp_path / "history.sqlite"
    with closing(sqlite3.connect(file)) as db:
        db.execute("PRAGMA user_version = 99")
    before = file.read_bytes()
    with pytest.raises(SwictationError, match="written by a newer swictation"):
        History(file)
    assert file.read_bytes() == before


def test_reading_where_there_is_none_makes_none(tmp_path):
    assert list(stored(tmp_path / "none" / "history.sqlite")) == []
    assert not (tmp_path / "none").exists()
