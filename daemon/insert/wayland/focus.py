"""Which window has the keyboard. Wayland does not say; compositors do, each in its own way.

The compositor's own socket knows the program as well: sway's, Hyprland's, niri's. Any wlroots compositor tells by the
foreign-toplevel protocol which window is active, and thereby whether one is: none is while the session is locked or a
launcher has the keyboard.
"""

from __future__ import annotations

import functools
import itertools
import json
import logging
import socket
import struct
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from daemon.insert.wayland import protocol
from daemon.insert.wayland.loop import Loop
from daemon.insert.wayland.wire import Proxy

log = logging.getLogger(__name__)

_ANSWER_S = 1.0
_TITLE_LIMIT = 80
_OURS = 1 << 62  # our own numbers of windows, which no compositor gives
_SWAY_MAGIC = b"i3-ipc"
_SWAY_HEAD = struct.Struct("=6sII")
_SWAY_GET_TREE = 4


@dataclass(frozen=True, slots=True)
class Window:
    """A window: its number for the compositor, its program's app_id (class on XWayland), and that program's process."""

    number: int
    title: str = ""
    application: str = ""
    pid: int | None = None
    xwayland: bool = False

    @property
    def quoted(self) -> str:
        """The title in quotes, shortened; "the window" if it has none."""
        printable = "".join(character for character in self.title if character.isprintable()).strip()
        return f'"{printable[:_TITLE_LIMIT]}"' if printable else "the window"


class Windows:
    """Asks whoever knows."""

    def __init__(self, loop: Loop, environment: Mapping[str, str]) -> None:
        self._ask = asker(environment)
        self._toplevels = Toplevels(loop)

    def focused(self) -> Window | None:
        """The window that has the keyboard; None if none has, or it cannot be known."""
        active = self._toplevels.active
        if active is None or self._ask is None:
            return active
        try:
            return self._ask()
        except (OSError, ValueError, KeyError, TypeError) as error:
            log.warning("the compositor's socket does not say which window has the focus: %s", error)
            return active


class Toplevels:
    """The windows as the foreign-toplevel protocol tells of them."""

    def __init__(self, loop: Loop) -> None:
        self._windows: dict[Proxy, dict[str, Any]] = {}
        self._numbers = itertools.count(_OURS)
        manager = loop.bind(protocol.TOPLEVELS)
        manager.on["toplevel"] = self._add

    @property
    def active(self) -> Window | None:
        """The active window."""
        for told in self._windows.values():
            if told["active"]:
                return Window(told["number"], told["title"], told["app_id"])
        return None

    def _add(self, toplevel: Proxy) -> None:
        told = self._windows[toplevel] = {"number": next(self._numbers), "title": "", "app_id": "", "active": False}

        def state(states: bytes) -> None:
            told["active"] = (protocol.ACTIVATED,) in struct.iter_unpack("=I", states)

        def closed() -> None:
            del self._windows[toplevel]
            toplevel.destroy()

        for name in ("title", "app_id"):
            toplevel.on[name] = functools.partial(told.__setitem__, name)
        toplevel.on |= {"state": state, "closed": closed}


def asker(environment: Mapping[str, str]) -> Callable[[], Window | None] | None:
    """How the compositor that set these variables is asked; None for one that has no socket, or none that we know."""
    if sway := environment.get("SWAYSOCK"):
        return lambda: sway_focused(_ask_sway(sway))
    if niri := environment.get("NIRI_SOCKET"):
        return lambda: niri_focused(_ask_plainly(niri, b'"FocusedWindow"\n', line=True))
    signature, directory = environment.get("HYPRLAND_INSTANCE_SIGNATURE"), environment.get("XDG_RUNTIME_DIR")
    if signature and directory:
        path = f"{directory}/hypr/{signature}/.socket.sock"
        return lambda: hyprland_focused(_ask_plainly(path, b"j/activewindow"))
    return None


def sway_focused(tree: Mapping[str, Any]) -> Window | None:
    """The focused window in sway's tree."""
    waiting = [tree]
    while waiting:
        node = waiting.pop()
        if node["focused"] and node.get("pid"):
            properties = node.get("window_properties") or {}
            name = node.get("app_id") or properties.get("class") or ""
            return Window(node["id"], node["name"] or "", name, node["pid"], node.get("shell") == "xwayland")
        waiting += (*node["nodes"], *node["floating_nodes"])
    return None


def hyprland_focused(answer: Mapping[str, Any]) -> Window | None:
    """The active window in Hyprland's answer, which is empty if there is none."""
    if not answer:
        return None
    return Window(int(answer["address"], 16), answer["title"], answer["class"], answer["pid"], answer["xwayland"])


def niri_focused(answer: Mapping[str, Any]) -> Window | None:
    """The focused window in niri's answer; its X11 windows come through a satellite, which is a program like others."""
    window = answer["Ok"]["FocusedWindow"]
    if window is None:
        return None
    return Window(window["id"], window["title"] or "", window["app_id"] or "", window["pid"])


def _ask_sway(path: str) -> Any:
    with _connected(path) as link:
        link.sendall(_SWAY_HEAD.pack(_SWAY_MAGIC, 0, _SWAY_GET_TREE))
        with link.makefile("rb") as stream:
            magic, length, _kind = _SWAY_HEAD.unpack(_exactly(stream, _SWAY_HEAD.size))
            if magic != _SWAY_MAGIC:
                raise ValueError("that is not sway's protocol")
            return json.loads(_exactly(stream, length))


def _ask_plainly(path: str, question: bytes, *, line: bool = False) -> Any:
    with _connected(path) as link:
        link.sendall(question)
        with link.makefile("rb") as stream:
            return json.loads(stream.readline() if line else stream.read())


def _connected(path: str) -> socket.socket:
    link = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    link.settimeout(_ANSWER_S)
    try:
        link.connect(path)
    except OSError:
        link.close()
        raise
    return link


def _exactly(stream: Any, count: int) -> bytes:
    content: bytes = stream.read(count)
    if len(content) < count:
        raise ValueError("the answer is cut off")
    return content
