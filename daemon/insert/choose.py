"""Which way in this desktop gets: the one place where that is decided."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING

from daemon.insert.contract import LATER, Desktop, Front, Inserter, nothing_known
from daemon.insert.ladder import Ladder, Refuse, refuse_nothing
from daemon.insert.null import NullInserter
from daemon.limits import InsertRule
from daemon.paths import data_directory, session_bus

if TYPE_CHECKING:
    from daemon.insert.portal.desktop import PortalDesktop

_NO_X11_WINDOW = "no X11 window had the keyboard focus, and in a Wayland session only those can be reached"


def choose(
    method: str,
    platform: str,
    environment: Mapping[str, str],
    changed: Callable[[], None] = lambda: None,
    *,
    rules: Sequence[InsertRule] = (),
    refuse: Refuse = refuse_nothing,
    front: Front = nothing_known,
) -> Inserter:
    """The inserter for ``platform`` (as in ``sys.platform``) under ``environment``.

    ``method`` is ``auto``, or ``x11``, ``wayland``, ``portal``, ``pynput`` or ``none`` to insist on one. ``changed`` is
    called when ``notice`` or ``undoable`` is another. ``rules`` and ``refuse`` as for ``Ladder``, ``front`` as for
    ``PortalDesktop``.
    """
    desktop = choose_desktop(method, platform, environment, changed, front)
    if isinstance(desktop, str):
        return NullInserter(desktop)
    if desktop.name in ("x11", "portal") and environment.get("WAYLAND_DISPLAY"):
        return Ladder(desktop, rules, refuse, nowhere=_NO_X11_WINDOW)
    return Ladder(desktop, rules, refuse)


def choose_desktop(
    method: str,
    platform: str,
    environment: Mapping[str, str],
    changed: Callable[[], None] = lambda: None,
    front: Front = nothing_known,
) -> Desktop | str:
    """The desktop that texts are put into; where there is none, the reason why every text is held."""
    if method == "none":
        return "insertion is switched off (insert.method): read the text with `swictation last`"
    if method == "auto":
        method = "pynput" if platform in ("darwin", "win32") else "x11"
        if environment.get("WAYLAND_DISPLAY"):
            wayland = _wayland(environment, changed)
            return wayland if not isinstance(wayland, str) else _portal_or_x11(environment, changed, front)
    if method == "pynput":
        return _pynput(platform)
    if method == "portal":
        return _portal(environment, changed, front)
    if method == "wayland":
        return _wayland(environment, changed)
    return _x11(environment, changed)


def _wayland(environment: Mapping[str, str], changed: Callable[[], None]) -> Desktop | str:
    from daemon.insert.wayland.desktop import WlrootsDesktop, WlrootsWindows, suits
    from daemon.insert.wayland.wire import socket_path

    path = socket_path(environment)
    if path is None:
        return f"no Wayland session (WAYLAND_DISPLAY is not set): {LATER}"
    if not suits(path):
        return (
            "this compositor does not answer, or not offer what insertion needs (data-control, virtual-keyboard and "
            f'foreign-toplevel): set insert.method to "auto", and {LATER}'
        )
    x11 = _x11(environment, changed)
    return WlrootsDesktop(WlrootsWindows(path), None if isinstance(x11, str) else x11)


def _portal_or_x11(environment: Mapping[str, str], changed: Callable[[], None], front: Front) -> Desktop | str:
    portal, x11 = _portal(environment, changed, front), _x11(environment, changed)
    if isinstance(portal, str) or isinstance(x11, str):
        return x11 if isinstance(portal, str) else portal
    from daemon.insert.portal.or_x11 import PortalOrX11

    return PortalOrX11(portal, x11, changed=changed)


def _portal(environment: Mapping[str, str], changed: Callable[[], None], front: Front) -> PortalDesktop | str:
    if (address := session_bus(environment)) is None:
        return f"no portal can be asked: there is no session bus (DBUS_SESSION_BUS_ADDRESS is not set): {LATER}"
    try:
        from daemon.insert.portal.desktop import PortalDesktop  # dbus-fast is there on Linux only
        from daemon.insert.portal.session import RemoteSession
    except ImportError:
        return "insertion needs dbus-fast: run `pip install dbus-fast` and start swictation again"
    return PortalDesktop(RemoteSession(address), data_directory() / "portal-token", front=front, changed=changed)


def _x11(environment: Mapping[str, str], changed: Callable[[], None]) -> Desktop | str:
    display = environment.get("DISPLAY")
    if not display and environment.get("WAYLAND_DISPLAY"):
        return (
            "this Wayland session has no XWayland (DISPLAY is not set), and insertion works through X11 only: "
            "read the text with `swictation last`"
        )
    if not display:
        return f"no display (DISPLAY is not set): {LATER}"
    try:
        import Xlib  # noqa: F401 - installed on Linux only
    except ImportError:
        return "insertion needs python-xlib: run `pip install python-xlib` and start swictation again"
    from daemon.insert.x11.desktop import X11Desktop

    return X11Desktop(display, changed=changed)


def _pynput(platform: str) -> Desktop | str:
    if platform not in ("darwin", "win32"):
        # its letters never reach a default xterm, and it leaves the keyboard map changed
        return 'insert.method "pynput" is for macOS and Windows: set it to "auto"'
    from daemon.insert.pynput_paste import PynputPaste, desktop

    return PynputPaste(desktop(platform))
