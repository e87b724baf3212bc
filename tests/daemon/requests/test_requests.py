"""Watching the daemon, and that no request, however it is made, is answered in more than a line or ends the daemon."""

import asyncio
import json
import math
import socket

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from daemon import client, paths
from daemon.errors import RequestRefused

VERBS = (
    "status", "history", "timings", "delete", "insert", "decode_again", "config", "set_config", "microphones",
    "insert_last", "start", "stop", "cancel", "toggle", "nonsense",
)  # fmt: skip
ARGUMENTS = (
    "search", "outcomes", "limit", "before", "model", "mode", "id", "key", "value", "device", "recognise", "levels",
    "hands_free",
)  # fmt: skip
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20) | st.sampled_from(["held", "F9"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=5,
)


def next_of(watching, count):
    return [watching.answer() for _ in range(count)]


async def test_an_open_microphone_shows_its_level_to_who_asked(parts):
    parts.microphone.pattern = "#" * 10_000
    with client.Client() as levels, client.Client() as plain:
        assert (await asyncio.to_thread(levels.ask, "watch", levels=True))["listening"] is None
        await asyncio.to_thread(plain.ask, "watch")
        await parts.ask("start")
        shown = await asyncio.to_thread(next_of, levels, 8)
        last = shown[-1]["listening"]
        assert -30 < last["level_dbfs"] < 0
        assert 0 < last["open_s"] < 5
        assert 115 < last["left_s"] <= 120
        assert (last["settled"], last["unsettled"]) == ("", "")
        seen = await asyncio.to_thread(next_of, plain, 2)
        assert [one["state"] for one in seen] == ["opening", "listening"]
        plain._socket.settimeout(0.3)
        with pytest.raises(Exception, match="does not answer"):
            await asyncio.to_thread(plain.answer)


async def test_hands_free_has_no_countdown(parts):
    await parts.ask("start", hands_free=True)
    await parts.until(lambda: parts.daemon.control.take.ready)
    assert (await parts.ask("status"))["listening"]["left_s"] is None


async def test_a_slow_watcher_gets_what_is_new(parts):
    with socket.socket(socket.AF_UNIX) as slow:
        slow.connect(str(paths.socket_file()))
        slow.sendall(b'{"v":1,"verb":"watch"}\n')
        await asyncio.sleep(0.1)
        for _ in range(2000):
            parts.daemon.changed()
            await asyncio.sleep(0)
        parts.daemon.control.fault = "the newest"
        parts.daemon.changed()
        lines = await asyncio.to_thread(read_until, slow, b"the newest")
        assert len(lines) < 60, "what was in between is not told"


def read_until(connection, word):
    connection.settimeout(5)
    whole = b""
    while word not in whole:
        whole += connection.recv(4096)
    return whole.splitlines()


async def test_a_watcher_that_hangs_up_is_forgotten(parts):
    for _ in range(40):  # more than there may be at a time
        with client.Client() as watching:
            await asyncio.to_thread(watching.ask, "watch", levels=True)
    assert (await parts.ask("status"))["state"] == "idle"


async def test_requests_with_wrong_arguments_are_refused_in_a_line(parts):
    for verb, arguments in [
        ("history", {"limit": 501}),
        ("history", {"limit": "1"}),
        ("history", {"limit": True}),
        ("history", {"search": 3}),
        ("history", {"search": "x" * 201}),
        ("history", {"search": "\ud800"}),
        ("history", {"outcomes": "held"}),
        ("history", {"outcomes": ["lost"]}),
        ("history", {"before": -1}),
        ("timings", {"mode": ["hold"]}),
        ("timings", {"limit": 1001}),
        ("delete", {}),
        ("delete", {"id": "*"}),
        ("delete", {"id": "../../x"}),
        ("insert", {"id": "a" * 65}),
        ("decode_again", {"id": 3}),
        ("try_microphone", {"device": 3}),
        ("try_microphone", {"recognise": "yes"}),
        ("watch", {"levels": 1}),
        ("start", {"hands_free": "no"}),
    ]:
        with pytest.raises(RequestRefused) as refused:
            await parts.ask(verb, **arguments)
        assert "\n" not in str(refused.value)
        assert next(iter(arguments), "id") in str(refused.value)


async def test_no_request_ends_the_daemon(parts):
    # the daemon's tasks share the loop with the test, so the examples are made on a thread
    @settings(max_examples=300, database=None, suppress_health_check=list(HealthCheck))
    @given(verb=st.sampled_from(VERBS), arguments=st.dictionaries(st.sampled_from(ARGUMENTS), VALUES, max_size=4))
    def ask(verb, arguments):
        with client.Client() as asking:
            asking._socket.sendall(json.dumps({"v": 1, "verb": verb, **arguments}).encode() + b"\n")
            answer = json.loads(asking._lines.readline())
            assert answer["ok"] or "\n" not in answer["error"]

    await asyncio.to_thread(ask)
    assert (await parts.ask("status"))["state"] in {"idle", "opening", "listening", "working"}
    assert math.isfinite((await parts.ask("status"))["uptime_s"])
