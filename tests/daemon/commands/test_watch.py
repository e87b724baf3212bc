"""The text as it grows, on a terminal and for a program."""

import asyncio
import io
import json
import sys

import pytest

from daemon import client
from daemon.commands import watch
from daemon.commands.live_line import LiveLine, fitted
from tests.daemon.test_preview import Counting

ENGINE = {"model": "m", "provider": "cpu", "engine": {"phase": "ready"}, "speculation": {"stops": True}}
IDLE = {"state": "idle", "mode": None, "listening": None, **ENGINE}
ENTRY = {
    "id": "1", "at_s": 0.0, "outcome": "confirmed", "reason": None, "text": "one two three",
    "timings_ms": {"felt": 84.3},
}  # fmt: skip


def speaking(settled="", unsettled=""):
    return {"state": "listening", "mode": "hold", "listening": {"settled": settled, "unsettled": unsettled}, **ENGINE}


RUNS = {"event": "engine", "model": "m", "provider": "cpu", "stops": True}
LISTENS = {"event": "state", "state": "listening", "mode": "hold"}


@pytest.mark.parametrize(
    ("before", "after", "told"),
    [
        (None, IDLE, [RUNS, {"event": "state", "state": "idle", "mode": None}]),
        (IDLE | {"engine": {"phase": "loading"}}, IDLE, [RUNS]),
        (IDLE, IDLE | {"engine": {"phase": "loading"}}, []),
        (IDLE, IDLE | {"speculation": {"stops": False}}, [RUNS | {"stops": False}]),
        (IDLE, IDLE, []),
        (IDLE, speaking(), [LISTENS]),
        (None, speaking("one"), [RUNS, LISTENS, {"event": "preview", "settled": "one", "unsettled": ""}]),
        (speaking("one"), speaking("one", "two"), [{"event": "preview", "settled": "one", "unsettled": "two"}]),
        (speaking("one", "two"), speaking("one", "two"), []),
        (
            speaking("one"),
            IDLE,
            [
                {"event": "state", "state": "idle", "mode": None},
                {"event": "preview", "settled": "", "unsettled": ""},
            ],
        ),
    ],
)
def test_changes(before, after, told):
    assert list(watch.changes(before, after)) == told


@pytest.mark.parametrize(
    ("known", "now", "new"),
    [
        (None, "cba", ""),  # at first none is news
        (set(), "a", "a"),
        (set("ba"), "dcba", "dc"),
        (set("cb"), "ca", ""),  # b was deleted, and what had not been looked at moved up
        (set("cb"), "a", ""),
        (set("a"), "", ""),
    ],
)
def test_what_a_deletion_moves_up_is_no_news(known, now, new):
    assert watch.news(known, [{"id": one} for one in now]) == [{"id": one} for one in new]


@pytest.mark.parametrize(
    ("settled", "unsettled", "columns", "shown"),
    [
        ("one", "two", 7, ("one ", "two")),
        ("one", "", 7, ("one", "")),
        ("", "two", 7, ("", "two")),
        ("one", "two", 6, ("…e ", "two")),
        ("one", "two", 3, ("", "…wo")),
        ("one", "two", 4, ("", "…two")),
        ("日本", "", 4, ("日本", "")),
        ("日本", "", 3, ("…本", "")),
        ("e\u0301te\u0301", "", 3, ("e\u0301te\u0301", "")),
    ],
)
def test_a_line_holds_the_end_of_a_text(settled, unsettled, columns, shown):
    assert fitted(settled, unsettled, columns) == shown


def drawn(stream):
    """What stands on the lines of a terminal, escapes that mean no place left out."""
    lines = stream.getvalue().replace("\033[2m", "<").replace("\033[0m", ">").split("\n")
    return [line.rpartition("\r\033[K")[2] for line in lines]


def test_a_terminal_shows_the_text_grow_and_then_what_came_of_it():
    stream = io.StringIO()
    words = watch._Words(LiveLine(stream, terminal=True))
    words.there(True)
    words.tell({"event": "state", "state": "listening", "mode": "hold"})
    assert drawn(stream) == ["<listening>"]
    words.tell({"event": "preview", "settled": "one", "unsettled": "two"})
    assert drawn(stream) == ["one <two>"]
    words.tell({"event": "preview", "settled": "", "unsettled": ""})
    words.tell({"event": "state", "state": "working", "mode": None})
    assert drawn(stream) == ["one <two>"], "until it is known what it came to"
    words.tell({"event": "state", "state": "idle", "mode": None})
    assert drawn(stream) == [""]
    words.tell({"event": "utterance", **ENTRY})
    words.there(False)
    words.there(False)
    words.there(True)
    utterance, ended, there, rest = drawn(stream)
    assert utterance.endswith("confirmed     84 ms  one two three")
    assert "not running" in ended
    assert there == "the daemon is there"
    assert rest == ""


def test_a_terminal_is_told_why_the_text_does_not_grow():
    stream = io.StringIO()
    words = watch._Words(LiveLine(stream, terminal=True))
    words.tell(RUNS)
    assert stream.getvalue() == ""
    words.tell(RUNS | {"stops": False})
    assert "at pauses only" in stream.getvalue()


def test_a_pipe_gets_only_lines_that_stay():
    stream = io.StringIO()
    words = watch._Words(LiveLine(stream, terminal=False))
    words.tell({"event": "state", "state": "listening", "mode": "hold"})
    words.tell({"event": "preview", "settled": "one", "unsettled": "two"})
    words.tell({"event": "utterance", **ENTRY})
    assert stream.getvalue().count("\n") == 1
    assert "one <two>" not in stream.getvalue()


async def test_the_text_so_far_is_made_only_for_who_wants_it(parts):
    watchers = parts.daemon.dictation.watchers
    with client.Client() as plain:
        await asyncio.to_thread(plain.ask, "watch", levels=True)
        assert watchers.count == 0
        with client.Client() as one, client.Client() as two:
            await asyncio.to_thread(one.ask, "watch", preview=True)
            await asyncio.to_thread(two.ask, "watch", preview=True)
            assert watchers.count == 2
        await parts.until(lambda: watchers.count == 0)


async def test_a_program_is_told_everything_as_it_happens(parts, tmp_path):
    recognise = Counting(stops=True).recognise
    parts.engine.recognise, parts.engine.stops = recognise, True
    command = [sys.executable, "-m", "daemon", "watch", "--json"]
    process = await asyncio.create_subprocess_exec(*command, stdout=asyncio.subprocess.PIPE, limit=1 << 20)
    events = []

    async def read() -> None:
        while line := await process.stdout.readline():
            events.append(json.loads(line))

    reading = asyncio.create_task(read())
    await parts.until(lambda: len(events) >= 2)
    await parts.dictate("#" * 400)
    await parts.until(lambda: events[-1]["event"] == "utterance")
    process.send_signal(2)
    await reading
    assert await process.wait() == 0
    assert [one["event"] for one in events[:3]] == ["daemon", "engine", "state"]
    states = [one["state"] for one in events if one["event"] == "state"]
    assert states[:3] == ["idle", "opening", "listening"]
    settled = [one["settled"] for one in events if one["event"] == "preview" and one["unsettled"]]
    assert "w1" in settled[-1]
    assert (events[-1]["outcome"], events[-1]["text"]) == ("confirmed", " ".join(f"w{n}" for n in range(16)))
    assert all(one["time_s"] for one in events)
