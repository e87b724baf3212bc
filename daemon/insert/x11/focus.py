"""Which window has the keyboard, and whether two windows belong to the same program."""

from __future__ import annotations

import re
import struct
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from Xlib import X, Xatom
from Xlib.error import XError
from Xlib.ext import res

from daemon.insert.x11.loop import Loop

_TITLE_LIMIT = 80
# The command lines of a browser's own processes: Chromium (Electron, Qt WebEngine), Firefox, WebKit.
_SHOWS_PAGES = re.compile(rb"--type=|-contentproc|WebKitWebProcess|WPEWebProcess")


class Windows:
    """Questions about windows."""

    def __init__(self, loop: Loop) -> None:
        self._loop = loop

    def focused(self) -> int | None:
        """The top-level window that has the keyboard focus; None if none has, or the desktop itself.

        Toolkits give the focus to windows of their own inside the one that the user knows; that one is meant here:
        the nearest that the window manager manages (it has WM_STATE), without one the child of the root.
        """
        window = self._loop.display.get_input_focus().focus
        if isinstance(window, int):  # None, or wherever the pointer is
            return None
        try:
            top = self._top_level(window)
        except XError:
            return None
        if top is None or self._is_desktop(top) or self._is_window_managers(top):
            return None
        return int(top.id)

    def application(self, window: int) -> str:
        """The class of WM_CLASS, in lower case; "" if it has none."""
        resource = self._loop.display.create_resource_object("window", window)
        value = self._loop.property(resource, Xatom.WM_CLASS)
        names = value[2].decode("latin-1").split("\0") if value else []
        return names[1].lower() if len(names) > 1 else ""

    def title(self, window: int) -> str:
        """The window's title in quotes, shortened; "the window" if it has none."""
        resource = self._loop.display.create_resource_object("window", window)
        for name in ("_NET_WM_NAME", "WM_NAME"):
            value = self._loop.property(resource, self._loop.atom(name))
            text = value[2].decode(errors="replace").strip() if value else ""
            if text:
                printable = "".join(character for character in text if character.isprintable())
                return f'"{printable[:_TITLE_LIMIT]}"'
        return "the window"

    def same_program(self, one: int, other: int) -> bool:
        """Whether two windows were made over the same connection or by the same local process."""
        if self._connection(one) == self._connection(other):
            return True
        process = self.process(one)
        return process is not None and process == self.process(other)

    def process(self, window: int) -> int | None:
        """The process id of the local program that made the window; None if the server does not say."""
        try:
            answer = self._loop.display.res_query_client_ids([{"client": window, "mask": res.LocalClientPIDMask}])
        except (XError, AttributeError):  # AttributeError: a server without the X-Resource extension
            return None
        return next((int(entry.value[0]) for entry in answer.ids if entry.value), None)

    def answers_for_its_pages(self, window: int) -> bool:
        """Whether the program handles keys where it answers a ping: a browser's pages run in processes of their own.

        Such a page may hang and paste later, while its browser goes on answering: Chromium then pasted twice. Not of
        a program on another machine, of which nothing is known.
        """
        process = self.process(window)
        if process is None:
            return False
        try:
            children = [child for path in Path(f"/proc/{process}/task").iterdir() for child in _children(path)]
            return not any(_SHOWS_PAGES.search(Path(f"/proc/{child}/cmdline").read_bytes()) for child in children)
        except OSError:  # one that has ended just now, or another system
            return False

    def _connection(self, window: int) -> int:
        return int(window & ~self._loop.display.display.info.resource_id_mask)

    def _top_level(self, window: Any) -> Any | None:
        state = self._loop.atom("WM_STATE")
        while window.id != self._loop.root.id:
            if window.get_property(state, X.AnyPropertyType, 0, 0) is not None:
                return window
            parent = window.query_tree().parent
            if isinstance(parent, int) or parent.id == self._loop.root.id:
                return window
            window = parent
        return None

    def _is_desktop(self, window: Any) -> bool:
        kinds = self._loop.property(window, self._loop.atom("_NET_WM_WINDOW_TYPE"))
        desktop = self._loop.atom("_NET_WM_WINDOW_TYPE_DESKTOP")
        return kinds is not None and (desktop,) in struct.iter_unpack("=I", kinds[2])

    def _is_window_managers(self, window: Any) -> bool:
        """A window manager parks the focus in a window of its own while no window has it."""
        check = self._loop.property(self._loop.root, self._loop.atom("_NET_SUPPORTING_WM_CHECK"))
        if check is None or len(check[2]) != 4:
            return False
        return self._connection(window.id) == self._connection(struct.unpack("=I", check[2])[0])


def _children(thread: Path) -> Sequence[str]:
    return (thread / "children").read_text(encoding="ascii").split()
