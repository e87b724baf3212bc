"""The hotkey: bound by the daemon, or free to be bound; where another program has it, one that is free."""

from __future__ import annotations

import os
import sys
from typing import Any

from daemon.doctor.finding import Finding, State
from daemon.errors import HotkeyError, KeyTaken, PortalError
from daemon.hotkey.choose import choose
from daemon.hotkey.contract import Hotkey, Listener
from daemon.paths import session_bus

_NAME = "hotkey"
_OTHERS = ("F9", "F10", "F8", "Pause", "Scroll_Lock", "<ctrl>+F9", "<ctrl>+<alt>+space", "<ctrl>+<alt>+F9")


async def check(key: str, status: dict[str, Any] | None) -> Finding:
    """``status`` is that of the running daemon, None without one."""
    way = status["hotkey"]["way"] if status is not None else _way(key)
    if way == "portal":
        fault = status["hotkey"]["fault"] if status is not None else await _portal_fault()
        return through_portal(key, fault, bound=status is not None)
    reason = await _reason(key)
    taken = isinstance(reason, KeyTaken)
    if status is not None:
        return judge(key, status["hotkey"], taken=taken, other=await _free() if status["hotkey"]["fault"] else None)
    if taken:
        return _taken(key, await _free())
    if reason is not None:
        return _without(str(reason))
    return Finding(_NAME, State.OK, f"{key} is free, and is bound when the daemon starts")


def through_portal(key: str, fault: str | None, *, bound: bool) -> Finding:
    """A portal asks its user for each key, so none is tried: what the daemon or the portal tells has to do."""
    if fault is not None:
        return _without(fault)
    if not bound:
        later = f"{key} is asked of the desktop's portal when the daemon starts; see `swictation status` then"
        return Finding(_NAME, State.UNKNOWN, later)
    return Finding(_NAME, State.OK, f"{key} is bound by the daemon (portal)")


def judge(key: str, told: dict[str, Any], *, taken: bool, other: str | None) -> Finding:
    """What the daemon tells of its hotkey, and ``taken``, whether it is grabbed, come to."""
    if told["fault"]:
        return _taken(key, other) if taken else _without(told["fault"])
    if told["way"] == "x11" and not taken:
        elsewhere = f"the daemon has bound {key} on another display than this one"
        return Finding(_NAME, State.BAD, elsewhere, "swictation quit && swictation")
    return Finding(_NAME, State.OK, f"{key} is bound by the daemon ({told['way']})")


def _taken(key: str, other: str | None) -> Finding:
    mend = f"swictation config set hotkey.key {_quoted(other)}" if other is not None else None
    who = "X11 does not tell by which; the desktop's own keyboard settings are the first place to look"
    return Finding(_NAME, State.BAD, f"{key} is taken by another program ({who})", mend)


def _without(reason: str) -> Finding:
    """No key can be bound here, and the commands can: dictation works by them."""
    return Finding(_NAME, State.WARN, reason)


def _quoted(key: str) -> str:
    return f"'{key}'" if "<" in key else key


async def _free() -> str | None:
    """The first usual key that nobody has."""
    for key in _OTHERS:
        if await _reason(key) is None:
            return key
    return None


async def _reason(key: str) -> HotkeyError | None:
    """Why a key cannot be bound here; it is tried, and given back at once."""
    try:
        hotkey = _hotkey(key)
        if hotkey.reason is not None:
            return HotkeyError(hotkey.reason)
        await hotkey.start()
        await hotkey.stop()
    except HotkeyError as error:
        return error
    return None


async def _portal_fault() -> str | None:
    """Why the desktop's portal can bind no key; None where it has shortcuts."""
    from daemon.portal import Portal  # dbus-fast is there on Linux only

    portal = Portal(session_bus(os.environ) or "", on_signal=lambda *_: None, on_end=lambda: None)
    try:
        await portal.open()
        there = await portal.version("org.freedesktop.portal.GlobalShortcuts")
    except PortalError as error:
        return f"{error}; use `swictation toggle`"
    finally:
        await portal.close()
    return None if there else "the desktop's portal has no shortcuts; use `swictation toggle`"


def _way(key: str) -> str:
    """By which way a key would be bound here; nothing for a name that is none."""
    try:
        return _hotkey(key).name
    except HotkeyError:
        return ""


def _hotkey(key: str) -> Hotkey:
    nobody = Listener(lambda _s: None, lambda _s: None, lambda _s: None, lambda _reason: None)
    return choose(key, nobody, platform=sys.platform, environment=os.environ)
