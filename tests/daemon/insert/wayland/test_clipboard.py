"""What the user had copied is there afterwards, whatever happens to us; and who reads what."""

import asyncio
import os
import signal

import psutil
import pytest

from daemon.insert.contract import CTRL_SHIFT_V, CTRL_V, SHIFT_INSERT
from daemon.messages import Outcome
from tests.daemon.insert.conftest import comes_back, lent
from tests.daemon.insert.wayland.conftest import running, watcher, workers
from tests.desktop import wait_until

pytestmark = pytest.mark.display

PICTURE = b"\x89PNG\r\n\x1a\n" + bytes(range(256)) * 6000
WORDS = "what I had copied: é漢🎉".encode()


async def insert_once(inserter, text="dictated", way=SHIFT_INSERT):
    await inserter.prepare()
    result = await inserter.insert(text, await inserter.focus(), [way])
    assert result.outcome is Outcome.CONFIRMED, result.reason


async def test_text_comes_back_in_both_selections(foot, clipboard, inserter):
    clipboard.copy(WORDS)
    clipboard.copy(b"selected", primary=True)
    before = clipboard.types(), clipboard.types(primary=True)
    for way in (SHIFT_INSERT, CTRL_SHIFT_V, SHIFT_INSERT):
        await insert_once(inserter, "again", way)
        await comes_back(clipboard, WORDS)
        assert clipboard.read(primary=True) == b"selected"
        assert [sorted(types) for types in (clipboard.types(), clipboard.types(primary=True))] == [
            sorted(types) for types in before
        ]
    wait_until("the text", lambda: foot.text() == "again" * 3, 5)


async def test_a_picture_comes_back(foot, clipboard, inserter):
    clipboard.copy(PICTURE, "image/png")
    for text in ("one", "two"):
        await insert_once(inserter, text)
        await comes_back(clipboard, PICTURE, mime="image/png")
        assert clipboard.types() == ["image/png"]


async def test_an_empty_clipboard_stays_empty(foot, clipboard, inserter):
    await insert_once(inserter)
    wait_until("no content", lambda: clipboard.types() == clipboard.types(primary=True) == [], 10)


async def test_what_is_copied_after_the_preparation_comes_back(foot, clipboard, inserter):
    clipboard.copy(b"old")
    await inserter.prepare()
    clipboard.copy(WORDS)  # which makes the copy of a moment ago worthless
    assert (await inserter.insert("dictated", await inserter.focus(), [SHIFT_INSERT])).outcome is Outcome.CONFIRMED
    await comes_back(clipboard, WORDS)


async def test_what_the_user_copies_meanwhile_wins(foot, clipboard, inserter):
    clipboard.copy(b"old")
    target = await inserter.focus()
    foot.process.send_signal(signal.SIGSTOP)
    task = asyncio.create_task(inserter.insert("dictated", target, [SHIFT_INSERT]))
    await lent(clipboard, b"dictated")
    assert "x-kde-passwordManagerHint" in clipboard.types()
    await asyncio.to_thread(clipboard.copy, b"new")
    foot.process.send_signal(signal.SIGCONT)
    assert (await task).outcome is Outcome.CONFIRMED  # foot reads what is marked
    await comes_back(clipboard, b"new")
    assert clipboard.types(primary=True) == []


async def test_what_the_user_copies_afterwards_wins(foot, clipboard, inserter):
    clipboard.copy(b"old")
    await insert_once(inserter)
    clipboard.copy(b"new")
    await comes_back(clipboard, b"new")
    await insert_once(inserter)
    await comes_back(clipboard, b"new")


async def test_a_clipboard_of_a_frozen_program_is_not_destroyed(foot, clipboard, inserter, desktop):
    clipboard.copy(WORDS)
    (owner,) = [process for process in psutil.process_iter() if _is_copier(desktop, process)]
    owner.suspend()
    try:
        result = await inserter.insert("dictated", await inserter.focus(), [SHIFT_INSERT])
        assert result.outcome is Outcome.HELD
        assert "clipboard does not answer" in result.reason
    finally:
        owner.resume()
    assert clipboard.read() == WORDS
    assert foot.text() == ""


async def test_the_clipboard_outlives_the_daemon(desktop, foot, clipboard, inserter):
    clipboard.copy(WORDS)
    await insert_once(inserter)
    await inserter.stop()
    await comes_back(clipboard, WORDS)
    assert len(workers(desktop)) == 1
    clipboard.copy(b"new")
    wait_until("the keeper to end", lambda: not workers(desktop), 10)
    assert clipboard.read() == b"new"


async def test_a_worker_that_ends_in_the_middle_gives_it_back(desktop, foot, clipboard, inserter):
    clipboard.copy(WORDS)
    target = await inserter.focus()
    foot.process.send_signal(signal.SIGSTOP)
    task = asyncio.create_task(inserter.insert("dictated", target, [SHIFT_INSERT]))
    await asyncio.sleep(0.5)
    await inserter.stop()
    task.cancel()
    await asyncio.wait({task})
    foot.process.send_signal(signal.SIGCONT)
    await comes_back(clipboard, WORDS)
    assert foot.text() == ""


@pytest.fixture(params=["sway", "the protocol"])
def says(request, desktop, monkeypatch):
    """Who says which window has the focus: only sway knows its process, too."""
    monkeypatch.delenv("SWAYSOCK", raising=False)
    if request.param == "sway":
        monkeypatch.setenv("SWAYSOCK", desktop.environment["SWAYSOCK"])
    return request.param


async def test_a_clipboard_manager_is_no_receipt(desktop, deaf, clipboard, tmp_path, says):
    seen = tmp_path / "seen"
    clipboard.copy(b"mine")
    async with running(desktop) as inserter:
        with watcher(desktop, seen):
            wait_until("the manager", seen.exists, 10)
            result = await inserter.insert("dictated", await inserter.focus(), [SHIFT_INSERT, CTRL_V])
            assert result.outcome is Outcome.HELD
            assert "did not take the text" in result.reason
            wait_until("the manager to read", lambda: "dictated" in seen.read_text(), 5)
    await comes_back(clipboard, b"mine")


async def test_without_knowing_processes_a_program_that_reads_is_still_seen(
    desktop, foot, clipboard, tmp_path, monkeypatch
):
    monkeypatch.delenv("SWAYSOCK", raising=False)
    seen = tmp_path / "seen"
    seen.touch()
    async with running(desktop) as inserter:
        with watcher(desktop, seen):
            for _ in range(3):
                target = await inserter.focus()
                assert (target.application, target.pid) == ("foot", None)
                result = await inserter.insert("dictated", target, [SHIFT_INSERT])
                assert result.outcome is Outcome.CONFIRMED, result.reason
    wait_until("the text", lambda: foot.text() == "dictated" * 3, 5)


def _is_copier(desktop, process):
    try:
        return process.name() == "wl-copy" and process.environ().get("HOME") == os.fspath(desktop.directory)
    except psutil.Error:
        return False
