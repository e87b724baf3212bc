"""Which way in this desktop gets: the one place where that is decided."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from daemon.insert.contract import LATER, Inserter
from daemon.insert.null import NullInserter


def choose(
    method: str, platform: str, environment: Mapping[str, str], changed: Callable[[], None] = lambda: None
) -> Inserter:
    """The inserter for ``platform`` (as in ``sys.platform``) under ``environment``.

    ``method`` is ``auto``, or ``x11``, ``pynput`` or ``none`` to insist on one. ``changed`` is called when the
    answer to whether the last text can be taken back has changed.
    """
    if method == "none":
        return NullInserter("insertion is switched off (insert.method): read the text with `swictation last`")
    if method == "auto":
        method = "pynput" if platform in ("darwin", "win32") else "x11"
    if method == "pynput":
        return _pynput(platform)
    display = environment.get("DISPLAY")
    if not display and environment.get("WAYLAND_DISPLAY"):
        return NullInserter(
            "this Wayland session has no XWayland (DISPLAY is not set), and insertion works through X11 only: "
            "read the text with `swictation last`"
        )
    if not display:
        return NullInserter(f"no display (DISPLAY is not set): {LATER}")
    try:
        import Xlib  # noqa: F401 - installed on Linux only
    except ImportError:
        return NullInserter("insertion needs python-xlib: run `pip install python-xlib` and start swictation again")
    from daemon.insert.x11 import X11Inserter

    return X11Inserter(display, wayland=bool(environment.get("WAYLAND_DISPLAY")), changed=changed)


def _pynput(platform: str) -> Inserter:
    if platform not in ("darwin", "win32"):
        # its letters never reach a default xterm, and it leaves the keyboard map changed
        return NullInserter('insert.method "pynput" is for macOS and Windows: set it to "auto"')
    from daemon.insert.pynput_paste import PynputPaste, desktop

    return PynputPaste(desktop(platform))
