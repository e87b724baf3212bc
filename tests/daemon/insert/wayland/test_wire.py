"""The wire format, against a compositor of the test's own at the other end of a socket."""

import contextlib
import os
import socket
import struct
import threading
from collections import deque

import pytest
from hypothesis import given
from hypothesis import strategies as st

from daemon.insert.wayland import protocol
from daemon.insert.wayland.wire import Connection, WaylandGone, packed, socket_path, unpacked


class _Number:
    def __init__(self, number):
        self.number = number


@pytest.mark.parametrize(
    ("signature", "values", "content"),
    [
        ("u", [7], struct.pack("=I", 7)),
        ("i", [-7], struct.pack("=i", -7)),
        ("f", [-1.5], struct.pack("=i", -384)),
        ("s", [""], struct.pack("=I4s", 1, b"")),
        ("s", ["abc"], struct.pack("=I4s", 4, b"abc")),
        ("s", ["é漢🎉"], struct.pack("=I12s", 10, "é漢🎉".encode())),
        ("a", [b""], struct.pack("=I", 0)),
        ("a", [b"12345"], struct.pack("=I8s", 5, b"12345")),
        ("o", [_Number(9)], struct.pack("=I", 9)),
        ("o", [None], struct.pack("=I", 0)),
        ("usun", [1, "wl_seat", 5, _Number(3)], struct.pack("=II8sII", 1, 8, b"wl_seat", 5, 3)),
    ],
)
def test_arguments_stand_as_the_protocol_says(signature, values, content):
    assert packed(signature, values) == (content, [])
    assert len(content) % 4 == 0
    plain = [value.number if isinstance(value, _Number) else 0 if value is None else value for value in values]
    assert unpacked(signature, content, deque()) == plain


def test_a_file_goes_beside_the_message():
    assert packed("sh", ["text/plain", 42]) == (struct.pack("=I12s", 11, b"text/plain"), [42])
    assert unpacked("sh", struct.pack("=I4s", 2, b"a"), deque([42])) == ["a", 42]


@given(st.binary(max_size=40), st.sampled_from(["s", "a", "us", "sh", "iof"]))
def test_no_event_breaks_the_reader(content, signature):
    with contextlib.suppress(WaylandGone):
        unpacked(signature, content, deque())


@pytest.mark.parametrize(
    ("environment", "path"),
    [
        ({}, None),
        ({"XDG_RUNTIME_DIR": "/run/user/1"}, None),
        ({"WAYLAND_DISPLAY": "wayland-1"}, None),
        ({"WAYLAND_DISPLAY": "wayland-1", "XDG_RUNTIME_DIR": "/run/user/1"}, "/run/user/1/wayland-1"),
        ({"WAYLAND_DISPLAY": "/a/b"}, "/a/b"),
    ],
)
def test_the_socket_is_where_the_session_says(environment, path):
    assert socket_path(environment) == path


@pytest.mark.parametrize(
    ("offered", "lacking"),
    [
        (
            {"ext_data_control_manager_v1", "zwp_virtual_keyboard_manager_v1", "zwlr_foreign_toplevel_manager_v1"},
            [],
        ),
        (
            {"zwlr_data_control_manager_v1", "zwp_virtual_keyboard_manager_v1", "zwlr_foreign_toplevel_manager_v1"},
            [],
        ),
        ({"ext_data_control_manager_v1", "zwlr_foreign_toplevel_manager_v1"}, ["virtual-keyboard"]),
        (set(), ["data-control", "virtual-keyboard", "foreign-toplevel"]),
    ],
)
def test_what_a_compositor_lacks_is_named(offered, lacking):
    assert protocol.missing(offered) == lacking


@pytest.fixture
def compositor(tmp_path):
    listening = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    listening.bind(str(tmp_path / "wayland-0"))
    listening.listen()
    connection = Connection(str(tmp_path / "wayland-0"))
    other, _ = listening.accept()
    yield connection, other
    connection.close()
    other.close()
    listening.close()


def event(number, opcode, content=b""):
    return struct.pack("=II", number, (8 + len(content)) << 16 | opcode) + content


def test_the_other_process_is_known(compositor):
    connection, _ = compositor
    assert connection.peer == os.getpid()


def test_numbers_are_used_again_when_the_compositor_says_so(compositor):
    connection, other = compositor
    first, second = connection.new(protocol.CALLBACK), connection.new(protocol.CALLBACK)
    assert (first.number, second.number) == (2, 3)
    other.sendall(event(1, 1, struct.pack("=I", 2)))
    connection.dispatch()
    assert connection.new(protocol.CALLBACK).number == 2
    assert connection.new(protocol.CALLBACK).number == 4


def test_an_event_that_comes_in_two_parts_is_one(compositor):
    connection, other = compositor
    callback = connection.new(protocol.CALLBACK)
    heard = []
    callback.on["done"] = heard.append
    message = event(2, 0, struct.pack("=I", 77))
    other.sendall(message[:5])
    connection.dispatch()
    assert heard == []
    other.sendall(message[5:])
    connection.dispatch()
    assert heard == [77]


def test_an_offer_of_theirs_lives_until_it_is_destroyed(compositor):
    connection, other = compositor
    device = connection.new(protocol.DEVICE)
    offers, mimes = [], []
    device.on["data_offer"] = lambda offer: (offers.append(offer), offer.on.update(offer=mimes.append))
    theirs = 0xFF000000
    mime = struct.pack("=I12s", 11, b"text/plain")
    other.sendall(event(2, 0, struct.pack("=I", theirs)) + event(theirs, 0, mime))
    connection.dispatch()
    assert mimes == ["text/plain"]
    offers[0].destroy()
    other.sendall(event(theirs, 0, mime))
    connection.dispatch()
    assert mimes == ["text/plain"]
    assert other.recv(100) == struct.pack("=II", theirs, 8 << 16 | 1)


def test_a_file_arrives_and_one_that_nobody_wants_is_closed(compositor):
    connection, other = compositor
    source = connection.new(protocol.SOURCE)
    reading, writing = os.pipe()
    message = event(2, 0, struct.pack("=I4s", 4, b"a/b"))
    socket.send_fds(other, [message], [writing])
    os.close(writing)
    connection.dispatch()  # nothing listens for it
    assert os.read(reading, 1) == b""
    os.close(reading)
    reading, writing = os.pipe()
    source.on["send"] = lambda mime, file: (os.write(file, mime.encode()), os.close(file))
    socket.send_fds(other, [message], [writing])
    os.close(writing)
    connection.dispatch()
    assert os.read(reading, 10) == b"a/b"
    os.close(reading)


def test_files_of_a_request_arrive_in_order_and_are_closed_here(compositor):
    connection, other = compositor
    offer = connection.new(protocol.OFFER)
    pipes = [os.pipe() for _ in range(40)]
    for number, (_reading, writing) in enumerate(pipes):
        offer.send("receive", f"{number}", writing)
    connection.flush()
    received = []
    while len(received) < len(pipes):
        _content, files, _flags, _address = socket.recv_fds(other, 1 << 16, 28)
        received += files
    for number, file in enumerate(received):
        os.write(file, b"%d" % number)
        os.close(file)
    for number, (reading, writing) in enumerate(pipes):
        assert os.read(reading, 10) == b"%d" % number
        assert os.read(reading, 10) == b""  # nobody else can write to it
        os.close(reading)
        with pytest.raises(OSError, match="Bad file"):
            os.fstat(writing)


def test_a_refusal_is_told_in_the_compositors_words(compositor):
    connection, other = compositor
    words = b"no such thing\0"
    content = struct.pack("=III16s", 1, 3, len(words), words)
    other.sendall(event(1, 0, content))
    with pytest.raises(WaylandGone, match=r"no such thing \(wl_display, error 3\)"):
        connection.dispatch()


def test_the_end_of_the_compositor_is_noticed_either_way(compositor):
    connection, other = compositor
    other.close()
    with pytest.raises(WaylandGone, match="the compositor is gone"):
        connection.dispatch()
    connection.display.send("sync", connection.new(protocol.CALLBACK))
    with pytest.raises(WaylandGone, match="the compositor is gone"):
        connection.flush()


def test_a_long_request_is_sent_whole(compositor):
    connection, other = compositor
    callback = connection.new(protocol.CALLBACK)
    for _ in range(100_000):
        connection.display.send("sync", callback)
    count = [0]

    def drain():
        while count[0] < 1_200_000:
            count[0] += len(other.recv(1 << 16))

    draining = threading.Thread(target=drain)
    draining.start()
    connection.flush()
    draining.join(timeout=30)
    assert count == [1_200_000]
