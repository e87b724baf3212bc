"""Audio on disk: grows, is settled, is found again by the next daemon."""

import os

from daemon.spool import Spool, Unsettled


def test_what_was_not_settled_is_found_in_order(tmp_path):
    spool = Spool(tmp_path / "pending")
    spool.append("b", 0, b"aa")
    spool.append("b", 0, b"bb")
    spool.append("b", 1, b"cc")
    spool.append("b", 10, b"dd")
    spool.append("b", 2, b"ee")
    spool.append("a", 0, b"ff")
    spool.mark_inserting("a")
    assert Spool(tmp_path / "pending").unsettled() == [
        Unsettled("a", (b"ff",), inserting=True),
        Unsettled("b", (b"aabb", b"cc", b"ee", b"dd"), inserting=False),
    ]
    spool.settle("a")
    spool.settle("b")
    assert Spool(tmp_path / "pending").unsettled() == []


def test_pieces_that_were_no_speech_and_half_samples_are_dropped(tmp_path):
    spool = Spool(tmp_path / "pending")
    spool.append("a", 0, b"aabbc")
    spool.append("a", 1, b"dd")
    spool.drop_piece("a", 1)
    assert spool.unsettled() == [Unsettled("a", (b"aabb",), inserting=False)]
    spool.replace("a", 0, b"zz")
    assert spool.unsettled() == [Unsettled("a", (b"zz",), inserting=False)]


def test_nobody_else_can_read_it(tmp_path):
    spool = Spool(tmp_path / "pending")
    spool.append("a", 0, b"aa")
    assert (tmp_path / "pending").stat().st_mode & 0o077 == 0
    assert all(path.stat().st_mode & 0o077 == 0 for path in (tmp_path / "pending").iterdir())


def test_audio_moves_to_a_spool_that_lasts(tmp_path):
    spool, kept = Spool(tmp_path / "pending"), Spool(tmp_path / "kept")
    spool.append("a", 0, b"aa")
    spool.append("a", 1, b"bb")
    spool.mark_inserting("a")
    spool.hand_over("a", kept)
    assert spool.unsettled() == []
    assert kept.unsettled() == [Unsettled("a", (b"aa", b"bb"), inserting=False)]


def test_a_write_that_takes_a_part_at_a_time_keeps_everything(tmp_path, monkeypatch):
    write = os.write
    monkeypatch.setattr(os, "write", lambda descriptor, content: write(descriptor, content[:3]))
    spool = Spool(tmp_path / "pending")
    spool.append("a", 0, b"aabbccdd")
    assert spool.unsettled() == [Unsettled("a", (b"aabbccdd",), inserting=False)]


def test_audio_whose_move_failed_half_way_is_moved_once(tmp_path):
    spool, kept = Spool(tmp_path / "pending"), Spool(tmp_path / "kept")
    spool.append("a", 0, b"aabbccdd")
    kept.append("a", 0, b"aab")
    spool.hand_over("a", kept)
    assert kept.unsettled() == [Unsettled("a", (b"aabbccdd",), inserting=False)]


def test_a_directory_that_vanished_is_a_fault_and_no_exception(tmp_path):
    spool = Spool(tmp_path / "pending")
    (tmp_path / "pending").rmdir()
    spool.append("a", 0, b"aa")
    assert "cannot be kept" in spool.fault
