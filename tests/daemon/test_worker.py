"""The supervisor against a real child process that does what a worker does, and what it should not."""

import asyncio
import os
import signal
import sys
import textwrap
import time
from pathlib import Path

import pytest

from daemon import worker
from daemon.errors import DeadlinePassed, WorkerDied, WorkerError
from daemon.worker import Backoff, Worker
from tests.daemon.scripted_backend import until

SCRIPT = textwrap.dedent(
    """
    import os, sys, time
    from models import wire
    incoming, outgoing = wire.claim_stdio()
    if "broken" in sys.argv:
        outgoing.write(wire.pack({"kind": "failed", "message": "tokens.txt is truncated"}))
        sys.exit(3)
    print("a library prints to stdout")
    outgoing.write(wire.pack({"kind": "ready", "model": "m"}))
    while (message := wire.read(incoming)) is not None:
        head, body = message
        if head["kind"] == "echo":
            outgoing.write(wire.pack({"kind": "answer", "id": head["id"]}, body))
        elif head["kind"] == "error":
            outgoing.write(wire.pack({"kind": "error", "id": head["id"], "message": "no such microphone"}))
        elif head["kind"] == "hang":
            time.sleep(60)
        elif head["kind"] == "die":
            os._exit(7)
        elif head["kind"] == "garbage":
            os.write(outgoing.fileno(), b"\\xff" * 64)
        elif head["kind"] == "tell":
            outgoing.write(wire.pack({"kind": "news", "number": 1}, b"xyz"))
    """,
)


@pytest.fixture
async def make(tmp_path, monkeypatch):
    script = tmp_path / "child.py"
    script.write_text(SCRIPT)
    monkeypatch.setattr(worker, "program", lambda _package: [sys.executable, str(script)])
    made = []

    async def make(*arguments, **callbacks):
        made.append(Worker("_child", *arguments, environment={"PYTHONPATH": str(Path.cwd())}, **callbacks))
        await made[-1].start()
        return made[-1]

    yield make
    for child in made:
        await child.stop()


async def test_requests_are_answered_whatever_libraries_print(make):
    child = await make()
    assert (await child.wait_ready(10))["model"] == "m"
    body = os.urandom(300_000)
    head, echoed = await child.request({"kind": "echo"}, body, deadline_s=10)
    assert head["kind"] == "answer"
    assert echoed == body


async def test_messages_that_answer_nothing_reach_the_listener(make):
    news = asyncio.Queue()
    child = await make(on_message=lambda head, body: news.put_nowait((head["number"], body)))
    await child.wait_ready(10)
    child.send({"kind": "tell"})
    assert await asyncio.wait_for(news.get(), 10) == (1, b"xyz")


async def test_an_error_answer_is_raised(make):
    child = await make()
    await child.wait_ready(10)
    with pytest.raises(WorkerError, match="no such microphone"):
        await child.request({"kind": "error"}, deadline_s=10)


async def test_a_death_is_told_and_the_next_one_is_ready_soon(make):
    ended = []
    child = await make(on_end=ended.append)
    await child.wait_ready(10)
    with pytest.raises(WorkerDied, match="status 7"):
        await child.request({"kind": "die"}, deadline_s=10)
    assert ended == ["the child worker ended with status 7"]
    await child.wait_ready(10)
    assert (await child.request({"kind": "echo"}, b"x", deadline_s=10))[1] == b"x"
    assert child.starts == 2


async def test_a_hang_is_killed_at_its_deadline(make):
    child = await make()
    await child.wait_ready(10)
    first = child.pid
    with pytest.raises(DeadlinePassed):
        await child.request({"kind": "hang"}, deadline_s=0.3)
    await child.wait_ready(10)
    assert child.pid != first


async def test_a_stopped_process_is_killed_at_its_deadline(make):
    child = await make()
    await child.wait_ready(10)
    os.kill(child.pid, signal.SIGSTOP)
    with pytest.raises(DeadlinePassed):
        await child.request({"kind": "echo"}, b"x" * 1_000_000, deadline_s=0.3)


async def test_broken_framing_ends_the_process(make):
    child = await make()
    await child.wait_ready(10)
    with pytest.raises(WorkerDied):
        await child.request({"kind": "garbage"}, deadline_s=10)
    await child.wait_ready(10)


async def test_one_that_cannot_start_says_why_and_is_not_started_in_a_loop(make):
    child = await make("broken")
    await until(lambda: child.last_error is not None)
    with pytest.raises(WorkerError, match=r"tokens\.txt is truncated"):
        await child.wait_ready(2.0)
    assert child.starts <= 6


async def test_one_that_cannot_be_started_is_tried_again(make, monkeypatch):
    child = await make()
    await child.wait_ready(10)
    runs = worker.program("daemon")
    monkeypatch.setattr(worker, "program", lambda _package: ["/nowhere/python"])
    child.kill()
    await until(lambda: "cannot be started" in (child.last_error or ""))
    with pytest.raises(WorkerError, match="cannot be started: No such file"):
        await child.wait_ready(0.1)
    monkeypatch.setattr(worker, "program", lambda _package: runs)
    await child.wait_ready(10)


async def test_stop_leaves_no_process(make):
    child = await make()
    await child.wait_ready(10)
    child.send({"kind": "hang"})
    pid, began_s = child.pid, time.monotonic()
    await child.stop()
    assert time.monotonic() - began_s < 5
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)


def test_backoff_starts_at_once_then_doubles_and_forgets():
    backoff = Backoff()
    assert [backoff.wait_s(0.0) for _ in range(8)] == [0.0, 0.1, 0.2, 0.4, 0.8, 1.6, 3.2, 5.0]
    assert backoff.wait_s(31.0) == 0.0
    assert backoff.wait_s(1.0) == 0.1
