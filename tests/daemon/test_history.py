"""The history is private, limited and can do without texts; an older file is brought up to date, a newer refused."""

import sqlite3
import threading
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


@pytest.fixture
def older(tmp_path):
    """A file as version 1 laid it out, with one utterance."""
    numbers = "capture_open_ms speech_ms endpoint_wait_ms queue_ms recognise_ms features_ms encode_ms decode_ms text_ms"
    columns = ", ".join(f"{name} REAL" for name in f"{numbers} insert_ms felt_ms tokens steps rtf".split())
    file = tmp_path / "h" / "history.sqlite"
    file.parent.mkdir()
    with closing(sqlite3.connect(file)) as db:
        db.execute(
            "CREATE TABLE utterance (number INTEGER PRIMARY KEY AUTOINCREMENT, id TEXT UNIQUE NOT NULL, "
            "at_s REAL NOT NULL, mode TEXT NOT NULL, outcome TEXT NOT NULL, reason TEXT, text TEXT, model TEXT, "
            f"provider TEXT, audio_s REAL NOT NULL, {columns})"
        )
        db.execute(
            "INSERT INTO utterance (id, at_s, mode, outcome, text, model, provider, audio_s, decode_ms, felt_ms, "
            "tokens) VALUES ('u1', 1001.0, 'hold', 'confirmed', 'words 1', 'practice', 'cpu', 1.5, 20.25, 80.5, 7)"
        )
        db.execute("PRAGMA user_version = 1")
        db.commit()
    return file


def version(file):
    with closing(sqlite3.connect(file)) as db:
        return db.execute("PRAGMA user_version").fetchone()[0]


def test_an_older_file_is_brought_up_to_date_and_a_copy_of_it_kept(older):
    with closing(History(older)) as history:
        assert history.latest() == [entry(1)]
        history.record(entry(2))
    assert version(older) == 2
    [copy] = older.parent.glob("*.version-1")
    assert version(copy) == 1
    assert copy.stat().st_mode & 0o077 == 0
    with closing(sqlite3.connect(copy)) as db:
        assert db.execute("SELECT id, text, felt_ms FROM utterance").fetchall() == [("u1", "words 1", 80.5)]
    with closing(History(older)) as history:
        assert [e.id for e in history.latest()] == ["u2", "u1"], "the second time there is nothing to do"


def test_what_is_deleted_is_in_no_copy_either(older):
    with closing(History(older)) as history:
        assert history.delete("u1")
    assert [path.name for path in older.parent.iterdir()] == ["history.sqlite"]
    assert b"words 1" not in older.read_bytes()


def test_an_older_file_stays_as_it_is_where_no_copy_can_be_kept(older):
    (older.parent / "history.sqlite.version-1").mkdir()
    before = older.read_bytes()
    with pytest.raises(SwictationError, match="no copy of it could be kept"):
        History(older)
    assert older.read_bytes() == before
    assert {path.name for path in older.parent.iterdir()} == {"history.sqlite", "history.sqlite.version-1"}


def test_many_at_once_bring_it_up_to_date_once(older):
    seen, gate = [], threading.Barrier(8)

    def open_it():
        gate.wait()
        with closing(History(older)) as history:
            seen.append(history.latest())

    crowd = [threading.Thread(target=open_it) for _ in range(8)]
    for one in crowd:
        one.start()
    for one in crowd:
        one.join()
    assert seen == [[entry(1)]] * 8
    assert version(older) == 2


def test_a_file_that_is_no_history_is_named_and_left_alone(tmp_path):
    file = tmp_path / "history.sqlite"
    file.write_bytes(b"not a database, and longer than a header of one hundred bytes" * 4)
    before = file.read_bytes()
    with pytest.raises(
        SwictationError, match=r"history\.sqlite cannot be opened .*: if it is damaged, move the file away"
    ):
        History(file)
    assert file.read_bytes() == before


def test_reading_where_there_is_none_makes_none(tmp_path):
    assert list(stored(tmp_path / "none" / "history.sqlite")) == []
    assert not (tmp_path / "none").exists()
