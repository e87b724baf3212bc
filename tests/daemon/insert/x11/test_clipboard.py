"""What the user had copied is there afterwards, whatever happens to us."""

import asyncio
import os
import signal
import subprocess
import sys

import psutil
import pytest

from daemon.insert.x11.focus import Windows
from daemon.insert.x11.loop import Loop
from daemon.messages import Outcome
from models import wire
from tests.daemon.insert.conftest import comes_back, lent, workers
from tests.desktop import wait_until

pytestmark = pytest.mark.display

PICTURE = b"\x89PNG\r\n\x1a\n" + bytes(range(256)) * 6000  # over one request, so it goes in pieces
WORDS = "what I had copied: é漢🎉".encode()


async def insert_once(inserter, text="dictated"):
    await inserter.prepare()
    result = await inserter.insert(text, await inserter.focus())
    assert result.outcome is Outcome.CONFIRMED, result.reason


async def test_text_comes_back_in_both_selections(terminal, clipboard, inserter):
    clipboard.copy(WORDS)
    clipboard.copy(b"selected", "primary")
    await insert_once(inserter)
    await comes_back(clipboard, WORDS)
    assert clipboard.read("primary") == b"selected"
    await insert_once(inserter, "again")
    await comes_back(clipboard, WORDS)
    assert clipboard.read("primary") == b"selected"
    wait_until("the text", lambda: terminal.text() == "dictatedagain", 5)


async def test_a_picture_comes_back(terminal, clipboard, inserter):
    clipboard.copy(PICTURE, target="image/png")
    for text in ("one", "two"):
        await insert_once(inserter, text)
        await comes_back(clipboard, PICTURE, target="image/png")
        assert clipboard.read() is None


async def test_an_empty_clipboard_stays_empty(terminal, clipboard, inserter):
    await insert_once(inserter)
    wait_until("no owner", lambda: clipboard.owners() == [0, 0], 10)


async def test_without_preparation_it_is_copied_at_the_insertion(terminal, clipboard, inserter):
    await inserter.prepare()
    clipboard.copy(WORDS)  # which makes the copy of a moment ago worthless
    assert (await inserter.insert("dictated", await inserter.focus())).outcome is Outcome.CONFIRMED
    await comes_back(clipboard, WORDS)


async def test_what_the_user_copies_meanwhile_wins(terminal, clipboard, inserter):
    clipboard.copy(b"old")
    target = await inserter.focus()
    os.kill(terminal._process.pid, signal.SIGSTOP)
    task = asyncio.create_task(inserter.insert("dictated", target))
    await lent(clipboard, b"dictated")
    await asyncio.to_thread(clipboard.copy, b"new")
    os.kill(terminal._process.pid, signal.SIGCONT)
    assert (await task).outcome is Outcome.CONFIRMED  # xterm reads PRIMARY
    await comes_back(clipboard, b"new")
    assert clipboard.owners()[1] == 0


async def test_what_the_user_copies_afterwards_wins(terminal, clipboard, inserter):
    clipboard.copy(b"old")
    await insert_once(inserter)
    clipboard.copy(b"new")
    await comes_back(clipboard, b"new")
    await insert_once(inserter)
    await comes_back(clipboard, b"new")


async def test_a_clipboard_of_a_frozen_program_is_not_destroyed(desktop, terminal, clipboard, inserter):
    clipboard.copy(WORDS)
    owner = next(process for process in psutil.process_iter() if _is_xclip(desktop, process))
    owner.suspend()
    try:
        result = await inserter.insert("dictated", await inserter.focus())
        assert result.outcome is Outcome.HELD
        assert "clipboard does not answer" in result.reason
        assert "copy something else" in result.reason
    finally:
        owner.resume()
    await comes_back(clipboard, WORDS)
    await asyncio.sleep(0.3)
    assert terminal.text() == ""


async def test_histories_are_asked_to_forget_and_their_reads_do_no_harm(desktop, terminal, clipboard, inserter):
    clipboard.copy(b"mine")
    target = await inserter.focus()
    os.kill(terminal._process.pid, signal.SIGSTOP)
    task = asyncio.create_task(inserter.insert("dictated", target))
    await lent(clipboard, b"dictated")
    offered = clipboard.read(target="TARGETS").decode().split()
    assert clipboard.read(target="x-kde-passwordManagerHint") == b"secret"
    assert not task.done()
    os.kill(terminal._process.pid, signal.SIGCONT)
    assert (await task).outcome is Outcome.CONFIRMED
    assert {"TARGETS", "TIMESTAMP", "MULTIPLE", "UTF8_STRING", "STRING", "TEXT", "text/plain"} <= set(offered)


@pytest.mark.parametrize("content", [("UTF8_STRING", WORDS), ("image/png", PICTURE)], ids=["text", "picture"])
async def test_it_outlives_a_daemon_that_stops(desktop, terminal, clipboard, inserter, content):
    target, data = content
    clipboard.copy(data, target=target)
    clipboard.copy(b"selected", "primary")
    await insert_once(inserter)
    await inserter.stop()
    assert clipboard.read(target=target) == data
    assert clipboard.read("primary") == b"selected"
    assert len(workers(desktop)) == 1
    clipboard.clear()
    wait_until("the keeper to leave", lambda: not workers(desktop), 10)


async def test_a_worker_that_keeps_nothing_leaves_nothing(desktop, terminal, clipboard, inserter):
    await insert_once(inserter)
    await inserter.stop()
    assert clipboard.owners() == [0, 0]
    assert not workers(desktop)


async def test_stopping_in_the_middle_gives_back_at_once_and_pastes_nothing(desktop, terminal, clipboard, inserter):
    clipboard.copy(b"mine", "primary")
    target = await inserter.focus()
    os.kill(terminal._process.pid, signal.SIGSTOP)
    task = asyncio.create_task(inserter.insert("dictated", target))
    await lent(clipboard, b"dictated", "primary")
    await inserter.stop()
    assert clipboard.read("primary") == b"mine"
    os.kill(terminal._process.pid, signal.SIGCONT)
    await asyncio.sleep(1)
    assert terminal.text() == ""
    assert clipboard.read("primary") == b"mine"
    task.cancel()
    await asyncio.wait({task})


@pytest.mark.parametrize("content", [("UTF8_STRING", WORDS), ("image/png", PICTURE)], ids=["text", "picture"])
async def test_it_outlives_a_daemon_that_is_killed(desktop, terminal, clipboard, content):
    target, data = content
    clipboard.copy(data, target=target)
    script = f"""
import asyncio
from daemon.insert.ladder import Ladder
from daemon.insert.x11.desktop import X11Desktop

async def main():
    inserter = Ladder(X11Desktop("{desktop.environment["DISPLAY"]}"))
    await inserter.start()
    await inserter.desktop.wait_ready(30)
    await inserter.prepare()
    print((await inserter.insert("dictated", await inserter.focus())).outcome.value, flush=True)
    await asyncio.sleep(60)

asyncio.run(main())
"""
    daemon = await asyncio.create_subprocess_exec(sys.executable, "-c", script, stdout=subprocess.PIPE)
    assert await daemon.stdout.readline() == b"confirmed\n"
    daemon.kill()
    await daemon.wait()
    await comes_back(clipboard, data, target=target)
    wait_until("only the keeper", lambda: len(workers(desktop)) == 1, 10)
    assert clipboard.read(target=target) == data
    clipboard.copy(b"something new")
    wait_until("the keeper to leave", lambda: not workers(desktop), 10)


@pytest.mark.parametrize("moment", ["_await", "_give_back_after"])
async def test_a_worker_that_is_killed_leaves_no_text_of_ours(desktop, terminal, clipboard, moment):
    clipboard.copy(WORDS)
    script = f"""
import os, signal, sys
from daemon.insert.x11 import paste, worker

paste.Paste.{moment} = lambda *_, **__: os.kill(os.getpid(), signal.SIGKILL)
sys.exit(worker.main(["{desktop.environment["DISPLAY"]}"]))
"""
    worker = subprocess.Popen([sys.executable, "-c", script], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    with worker:
        assert wire.read(worker.stdout)[0]["kind"] == "ready"
        head = {"kind": "insert", "target": int(terminal.window), "ways": ["shift+insert"], "id": 1}
        worker.stdin.write(wire.pack(head, b"dictated"))
        worker.stdin.flush()
        assert wire.read(worker.stdout) is None
        assert worker.wait() == -signal.SIGKILL
    assert clipboard.read() in (None, WORDS)
    assert clipboard.read("primary") is None
    assert desktop.xdotool("getactivewindow").strip() == terminal.window
    desktop.xdotool("type", "keys are up")  # a Shift left down would show
    expected = ("dictated" if moment == "_give_back_after" else "") + "keys are up"
    wait_until("the keys", lambda: terminal.text() == expected, 10)


def _is_xclip(desktop, process):
    try:
        return process.name() == "xclip" and process.environ().get("DISPLAY") == desktop.environment["DISPLAY"]
    except psutil.Error:  # one that has ended
        return False


_MANAGER = """
import struct, sys
from daemon.insert.content import WHILE_WAITING
from daemon.insert.x11.content import Content
from daemon.insert.x11.loop import Loop
from daemon.insert.x11.read import Reader
from daemon.insert.x11.serve import Selections

loop = Loop(sys.argv[1])
clipboard, manager, save = (loop.atom(name) for name in ("CLIPBOARD", "CLIPBOARD_MANAGER", "SAVE_TARGETS"))
reader, selections = Reader(loop, [clipboard]), Selections(loop)
asked = []
selections.on_read = asked.append
selections.own(manager, {save: Content(loop.atom("NULL"), 32, b"")}, loop.timestamp_ms())
print("up", flush=True)
loop.wait(lambda: asked)
selections.own(clipboard, reader.copy(clipboard, WHILE_WAITING), loop.timestamp_ms())
print("saved", flush=True)
loop.wait(lambda: False)
"""


async def test_a_clipboard_manager_is_asked_to_take_over(desktop, terminal, clipboard, inserter):
    clipboard.copy(PICTURE, target="image/png")
    await insert_once(inserter)
    command = (sys.executable, "-c", _MANAGER, desktop.environment["DISPLAY"])
    manager = await asyncio.create_subprocess_exec(*command, stdout=subprocess.PIPE)
    try:
        assert await manager.stdout.readline() == b"up\n"
        await asyncio.sleep(0.5)  # until our own text has made way
        await inserter.stop()
        assert await manager.stdout.readline() == b"saved\n"
        wait_until("the keeper to leave", lambda: not workers(desktop), 10)
        assert clipboard.read(target="image/png") == PICTURE
    finally:
        manager.kill()
        await manager.wait()


async def test_two_connections_of_one_program_are_the_same(desktop, terminal):
    one, other = Loop(desktop.environment["DISPLAY"]), Loop(desktop.environment["DISPLAY"])
    try:
        windows = Windows(one)
        assert windows.process(one.window.id) == os.getpid()
        assert windows.same_program(one.window.id, other.window.id)
        assert not windows.same_program(one.window.id, int(terminal.window))
    finally:
        one.display.close()
        other.display.close()
