"""What is decided on Wayland without a compositor: keys, maps, and what compositors say about the focus."""

import json
import os
import re
import socket
import subprocess
import threading

import pytest
from hypothesis import given
from hypothesis import strategies as st

from daemon.insert.wayland.focus import Window, asker, hyprland_focused, niri_focused, sway_focused
from daemon.insert.wayland.keyboard import US, keymap, strokes
from daemon.insert.wayland.readers import holds, programs, visible


def node(number, *, focused=False, nodes=(), floating=(), **more):
    return {"id": number, "focused": focused, "nodes": list(nodes), "floating_nodes": list(floating), **more}


FOOT = {"name": "~", "app_id": "foot", "pid": 7, "shell": "xdg_shell"}
XTERM = {"name": "x", "app_id": None, "pid": 8, "shell": "xwayland", "window_properties": {"class": "XTerm"}}


@pytest.mark.parametrize(
    ("tree", "window"),
    [
        (node(1), None),
        (node(1, nodes=[node(2, name="1", type="workspace", focused=True)]), None),
        (node(1, nodes=[node(2, nodes=[node(5, focused=True, **FOOT)])]), Window(5, "~", "foot", 7)),
        (node(1, floating=[node(6, focused=True, **XTERM)]), Window(6, "x", "XTerm", 8, xwayland=True)),
        (node(1, nodes=[node(5, **FOOT), node(6, **XTERM)]), None),
        (node(1, nodes=[node(5, focused=True, **{**FOOT, "name": None})]), Window(5, "", "foot", 7)),
    ],
)
def test_sway_says_which_window_has_the_focus(tree, window):
    assert sway_focused(tree) == window


@pytest.mark.parametrize(
    ("answer", "window"),
    [
        ({}, None),
        (
            {"address": "0x55d0c0de", "title": "t", "class": "kitty", "pid": 9, "xwayland": False},
            Window(0x55D0C0DE, "t", "kitty", 9),
        ),
    ],
)
def test_hyprland_says_it_too(answer, window):
    assert hyprland_focused(answer) == window


@pytest.mark.parametrize(
    ("window", "found"),
    [
        (None, None),
        ({"id": 3, "title": "t", "app_id": "foot", "pid": 9}, Window(3, "t", "foot", 9)),
        ({"id": 3, "title": None, "app_id": None, "pid": None}, Window(3)),
    ],
)
def test_niri_says_it_too(window, found):
    assert niri_focused({"Ok": {"FocusedWindow": window}}) == found


@pytest.mark.parametrize(
    ("title", "quoted"),
    [("notes", '"notes"'), ("", "the window"), ("a\nb\x1b[0m", '"ab[0m"'), ("x" * 100, '"' + "x" * 80 + '"')],
)
def test_a_title_is_fit_for_a_line(title, quoted):
    assert Window(1, title).quoted == quoted


def answers(path, question, answer):
    """Listen as a compositor does, for one question."""
    listening = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    listening.bind(path)
    listening.listen()

    def serve():
        with listening, listening.accept()[0] as link:
            assert link.recv(100) == question
            link.sendall(answer)

    threading.Thread(target=serve, daemon=True).start()


def test_each_compositor_is_asked_in_its_own_way(tmp_path):
    assert asker({}) is None
    niri = str(tmp_path / "niri")
    answers(niri, b'"FocusedWindow"\n', b'{"Ok":{"FocusedWindow":null}}\n')
    assert asker({"NIRI_SOCKET": niri})() is None
    (tmp_path / "hypr" / "abc").mkdir(parents=True)
    window = {"address": "0x5", "title": "t", "class": "kitty", "pid": 9, "xwayland": False}
    answers(str(tmp_path / "hypr" / "abc" / ".socket.sock"), b"j/activewindow", json.dumps(window).encode())
    environment = {"HYPRLAND_INSTANCE_SIGNATURE": "abc", "XDG_RUNTIME_DIR": str(tmp_path)}
    assert asker(environment)() == Window(5, "t", "kitty", 9)


@pytest.mark.parametrize("answer", [b"", b"HTTP/1.1 400 Bad Request\r\n", b"i3-ipc\x10\0\0\0\4\0\0\0{"])
def test_what_is_no_answer_of_sway_is_none(tmp_path, answer):
    sway = str(tmp_path / "sway")
    answers(sway, b"i3-ipc\0\0\0\0\4\0\0\0", answer)
    with pytest.raises((ValueError, OSError)):
        asker({"SWAYSOCK": sway})()


def test_the_us_keyboard_has_every_ascii_character_once():
    assert {chr(code) for code in range(32, 127)} | {"\n", "\t"} == set(US)
    assert len(set(US.values())) == len(US)


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("", [({}, [])]),
        ("aA\n", [({}, [(30, False), (30, True), (28, False)])]),
        ("éaé", [({"é": 41}, [(41, False), (30, False), (41, False)])]),
        ("é`", [({"é": 41}, [(41, False)]), ({}, [(41, False)])]),
        ("`é`", [({"é": 43}, [(41, False), (43, False), (41, False)])]),
    ],
)
def test_a_text_becomes_keys(text, parts):
    assert list(strokes(text)) == parts


@given(st.text(st.sampled_from("aA1!`~ \n\té漢🎉ж" + "".join(map(chr, range(0x400, 0x500))))))
def test_a_map_has_every_character_of_its_part_on_a_key_of_its_own(text):
    typed = ""
    for extra, presses in strokes(text):
        characters = {press: character for character, press in US.items() if press[0] not in extra.values()}
        characters |= {(key, False): character for character, key in extra.items()}
        typed += "".join(characters[press] for press in presses)
        assert len(set(extra.values())) == len(extra)
    assert typed == text


def test_the_last_key_of_a_map_is_none_that_is_pressed():
    """GTK 3 never finds it."""
    text = keymap({"é": 41})
    names = re.findall(r"<K(\d+)> = (\d+);", text)
    assert all(int(code) == int(name) + 8 for name, code in names)
    last = max(int(name) for name, _code in names)
    assert f"key <K{last}>" not in text
    assert "key <K41> { [ U00E9 ] };" in text
    assert "key <K47> { [ U0076, U0056 ] };" in text


def test_who_holds_a_pipe_is_seen():
    reading, writing = os.pipe()
    pipe = os.fstat(reading).st_ino
    other = subprocess.Popen(["sleep", "60"], pass_fds=[reading])
    try:
        assert holds(other.pid, pipe) is True
        assert holds(os.getppid(), pipe) in {False, None}
        assert any(name.endswith(("sleep", "coreutils")) for name in programs(pipe, frozenset({os.getpid()})))
        assert programs(pipe, frozenset({os.getpid(), other.pid})) == frozenset()
        assert visible(other.pid) == other.pid
    finally:
        other.kill()
        other.wait()
    assert holds(other.pid, pipe) is None
    assert visible(other.pid) is None
    assert visible(None) is None
    os.close(reading)
    os.close(writing)
