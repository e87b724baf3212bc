"""Which way of listening to the hotkey this desktop gets: the one place where that is decided."""

from __future__ import annotations

from collections.abc import Mapping

from daemon import compositors
from daemon.errors import HotkeyError
from daemon.hotkey.contract import Hotkey, Listener
from daemon.hotkey.keys import Chord, parse
from daemon.hotkey.null import NullHotkey
from daemon.paths import session_bus

# Bouncing keys come down again within a few ms, auto-repeat of a remote desktop that sends releases at once.
RELEASE_GRACE_S = 0.03


def choose(
    key: str,
    listener: Listener,
    *,
    platform: str,
    environment: Mapping[str, str],
    release_grace_s: float = RELEASE_GRACE_S,
) -> Hotkey:
    """The hotkey for ``platform`` (as in ``sys.platform``) under ``environment``; ``key`` as ``keys.parse`` reads it.

    A key that comes down again within ``release_grace_s`` of its release has bounced; see ``press``.
    Raises HotkeyError if ``key`` is no key that can be used.
    """
    chord = parse(key)
    if platform in ("darwin", "win32"):
        try:
            from daemon.hotkey.pynput_keys import PynputHotkey  # needs a desktop of its own kind
        except ImportError as error:
            return NullHotkey(f"no hotkey: pynput cannot be used here ({error}); use `swictation toggle`")
        return PynputHotkey(chord, listener, release_grace_s=release_grace_s)
    if environment.get("WAYLAND_DISPLAY"):
        # an X11 grab would be heard only while an XWayland window has the focus: worse than none
        return _wayland(chord, listener, environment)
    display = environment.get("DISPLAY")
    if not display:
        return NullHotkey("no display: use `swictation toggle`")
    try:
        from daemon.hotkey.x11 import X11Hotkey  # python-xlib is there on Linux only
    except ImportError:
        raise HotkeyError("the hotkey needs python-xlib: run `pip install python-xlib`") from None
    return X11Hotkey(chord, listener, display=display, release_grace_s=release_grace_s)


def _wayland(chord: Chord, listener: Listener, environment: Mapping[str, str]) -> Hotkey:
    hint = compositors.hint(environment, chord)
    address = session_bus(environment)
    if address is None or compositors.detect(environment) == "hyprland":  # whose portal has shortcuts without keys
        return NullHotkey(hint)
    try:
        from daemon.hotkey.portal import PortalHotkey  # dbus-fast is there on Linux only
    except ImportError:
        raise HotkeyError("the hotkey needs dbus-fast: run `pip install dbus-fast`") from None
    return PortalHotkey(chord, listener, address=address, hint=hint)
