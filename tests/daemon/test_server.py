"""The socket: who may speak, in what form, how much; and that no client can hurt another."""

import asyncio
import contextlib
import json
import os
import socket

import pytest

from daemon import client, paths
from daemon.errors import NoDaemon, RequestRefused, UnsafeDirectory
from daemon.protocol import CLIENT_LIMIT, LINE_LIMIT_BYTES, VERSION
from daemon.server import Server


async def handle(request, connection):
    match request.get("verb"):
        case "echo":
            return {"said": request["text"]}
        case "refuse":
            raise RequestRefused("not now: try later")
        case "slow":
            await asyncio.sleep(30)
        case "talk":
            await connection.send({"ok": True, "result": "go on"})
            return await connection.receive()
    return None


@pytest.fixture
async def server(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path))
    paths.private(paths.runtime_directory())
    server = Server(paths.socket_file(), handle)
    await server.start()
    yield server
    await server.stop()


async def ask(verb, **arguments):
    return await asyncio.to_thread(client.ask, verb, **arguments)


async def raw(content: bytes) -> bytes:
    reader, writer = await asyncio.open_unix_connection(paths.socket_file())
    with contextlib.suppress(ConnectionError):
        writer.write(content)
        await writer.drain()
        writer.write_eof()
    try:
        return await asyncio.wait_for(reader.read(), 5)
    except ConnectionError:
        return b""
    finally:
        writer.close()
        with contextlib.suppress(ConnectionError):
            await writer.wait_closed()


async def test_a_request_is_answered(server):
    assert await ask("echo", text="käse 😀") == {"said": "käse 😀"}


async def test_an_error_is_told_in_the_daemons_words(server):
    with pytest.raises(RequestRefused, match="not now: try later"):
        await ask("refuse")


async def test_a_conversation_can_have_more_lines(server):
    def converse():
        with client.Client() as talk:
            assert talk.ask("talk") == "go on"
            talk.send({"more": 1})
            return talk.answer()

    assert await asyncio.to_thread(converse) == {"more": 1}


async def test_nobody_else_can_reach_it(server):
    assert paths.socket_file().stat().st_mode & 0o077 == 0
    assert paths.runtime_directory().stat().st_mode & 0o077 == 0


@pytest.mark.skipif(os.getuid() != 0, reason="only root can become another user")
async def test_another_user_is_turned_away(server, tmp_path):
    for directory in (*tmp_path.parents, tmp_path, paths.runtime_directory()):
        if directory.stat().st_uid == os.getuid() and directory.is_relative_to(tmp_path.parents[1]):
            directory.chmod(0o755)
    paths.socket_file().chmod(0o666)
    script = (
        "import socket,sys; s=socket.socket(socket.AF_UNIX); s.connect(sys.argv[1]); "
        's.sendall(b\'{"v":1,"verb":"echo","text":"x"}\\n\'); print(s.recv(100))'
    )
    stranger = await asyncio.create_subprocess_exec(
        "/usr/bin/python3", "-c", script, str(paths.socket_file()), user=65534, stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )  # fmt: skip
    said, _errors = await stranger.communicate()
    assert b"said" not in said
    assert await ask("echo", text="still here") == {"said": "still here"}


@pytest.mark.parametrize(
    "content",
    [
        b"\0\xff\xfe garbage\n",
        b"[1, 2]\n",
        b"{\n",
        b'{"v": 1, "verb": "echo"',
        b"x" * (LINE_LIMIT_BYTES * 3),
        b'{"v": 99, "verb": "echo", "text": "x"}\n',
        b"",
    ],
)
async def test_what_is_no_request_hurts_nobody(server, content):
    answer = await raw(content)
    assert answer == b"" or json.loads(answer)["ok"] is False
    assert await ask("echo", text="still here") == {"said": "still here"}


async def test_a_client_that_waits_does_not_hold_others_up(server):
    _reader, writer = await asyncio.open_unix_connection(paths.socket_file())
    writer.write(json.dumps({"v": VERSION, "verb": "slow"}).encode() + b"\n")
    assert await ask("echo", text="still here") == {"said": "still here"}
    writer.close()
    await writer.wait_closed()


async def test_only_so_many_clients_at_a_time(server):
    crowd = [await asyncio.open_unix_connection(paths.socket_file()) for _ in range(CLIENT_LIMIT + 5)]

    async def turned_away(reader):
        try:
            return await asyncio.wait_for(reader.read(1), 1.0) == b""
        except TimeoutError:
            return False

    try:
        assert sum(await asyncio.gather(*(turned_away(reader) for reader, _writer in crowd))) == 5
    finally:
        for _reader, writer in crowd:
            writer.close()
            await writer.wait_closed()


async def test_a_socket_that_a_dead_daemon_left_is_replaced(server):
    await server.stop()
    stale = socket.socket(socket.AF_UNIX)
    stale.bind(str(paths.socket_file()))
    stale.close()
    with pytest.raises(NoDaemon, match="start it with"):
        await ask("echo", text="x")
    await server.start()
    assert await ask("echo", text="x") == {"said": "x"}


async def test_without_a_daemon_the_client_says_what_to_do(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path))
    with pytest.raises(NoDaemon, match="start it with `swictation daemon`"):
        client.ask("status")


def test_a_runtime_directory_that_is_a_link_is_refused(tmp_path):
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "swictation").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(UnsafeDirectory, match="not a link"):
        paths.private(tmp_path / "swictation")


def test_a_runtime_directory_that_was_open_to_others_is_closed(tmp_path):
    (tmp_path / "swictation").mkdir(mode=0o755)
    assert paths.private(tmp_path / "swictation").stat().st_mode & 0o777 == 0o700


@pytest.mark.parametrize("turns", [1, 2, 3])
async def test_who_was_let_in_as_it_ends_is_sent_away(server, turns):
    reader, writer = await asyncio.open_unix_connection(paths.socket_file())
    for _ in range(turns):
        await asyncio.sleep(0)
    await server.stop()
    writer.write(b'{"verb": "echo"}\n')
    with contextlib.suppress(ConnectionError):
        assert await asyncio.wait_for(reader.read(), 5) == b""
    writer.close()
