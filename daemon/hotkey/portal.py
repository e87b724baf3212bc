"""The hotkey on Wayland, where the desktop has the GlobalShortcuts portal: KDE, GNOME from 48 on.

The user says in a window of the desktop whether we may have the key, and may give us another one. Escape cannot be had
for the time of a recording only, so cancelling is a shortcut of its own that has no key until the user gives it one.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence
from typing import Any

from dbus_fast import Variant

from daemon.errors import HotkeyError, PortalError, PortalRefused
from daemon.hotkey.contract import Listener
from daemon.hotkey.keys import Chord
from daemon.hotkey.portal_trigger import State, Up, activated, deactivated, trigger
from daemon.hotkey.press import Edge, Pressed
from daemon.portal import CALL_S, SESSION, Portal

_SHORTCUTS = "org.freedesktop.portal.GlobalShortcuts"
_ASK_S = 120.0  # the user reads what he is asked
_STOP_S = 1.0
# The text may be ready at once, and the paste keys with a Ctrl or Alt that is still held would be others: all fingers
# of a chord are up within this time. The desktop does not tell which keys are down.
_FINGERS_S = 0.15
_DICTATE, _CANCEL = "dictate", "cancel"


class PortalHotkey:
    """Asks the portal on the bus at ``address`` for ``chord``. See ``contract.Hotkey``.

    ``hint`` is what the user can do where the portal has no shortcuts.
    """

    name = "portal"

    def __init__(
        self,
        chord: Chord,
        listener: Listener,
        *,
        address: str,
        hint: str,
        call_s: float = CALL_S,
        ask_s: float = _ASK_S,
    ) -> None:
        self.reason: str | None = None
        self.trigger: str | None = None
        self._chord = chord
        self._listener = listener
        self._hint = hint
        self._ask_s = ask_s
        self._portal = Portal(address, on_signal=self._hear, on_end=self._ended, call_s=call_s)
        self._session: str | None = None
        self._had_session = False  # what of this portal is missing afterwards will come back
        self._listening = False
        self._asking: asyncio.Task[None] | None = None
        self._key: State = Up()
        self._cancel_wanted = False
        self._released_s = 0.0
        self._releasing: asyncio.TimerHandle | None = None  # until that release is told

    async def start(self) -> None:
        """Ask for the key; a user who has to be asked is not waited for. Raises HotkeyError without a portal."""
        self.reason = None
        try:
            await self._portal.open()
            if not self._had_session and not await self._portal.version(_SHORTCUTS):
                self.reason = self._hint
                return
            options = {"session_handle_token": Variant("s", self._portal.token())}
            created = await self._portal.request(_SHORTCUTS, "CreateSession", "a{sv}", [options])
            self._session, self._had_session = str(created["session_handle"]), True
            known = await self._portal.request(_SHORTCUTS, "ListShortcuts", "oa{sv}", [self._session, {}])
        except PortalError as error:
            await self.stop()
            if self._portal.absent and not self._had_session:
                self.reason = self._hint
                return
            raise HotkeyError(f"no hotkey {self._chord}: {error}; or: {self._hint}") from None
        self._listening = True
        if self._take(known):
            self.reason = self._keyless
        else:
            self.reason = f"the desktop asks whether swictation may have {self._chord}: allow it there"
            self._asking = asyncio.create_task(self._bind(), name="ask for the hotkey")

    async def stop(self) -> None:
        """Give the key back: the portal ends what was asked for by this connection."""
        self._listening, self._session, self._key = False, None, Up()
        if self._releasing is not None:
            self._releasing.cancel()
            self._releasing = None
        if self._asking is not None:
            self._asking.cancel()
            await asyncio.wait({self._asking}, timeout=_STOP_S)
        await self._portal.close()

    def cancel_key(self, active: bool) -> None:
        """Listen for the shortcut that cancels, or stop doing so."""
        self._cancel_wanted = active

    # -- asking --------------------------------------------------------------------------------------------------------

    async def _bind(self) -> None:
        dictate = {
            "description": Variant("s", "Dictate: hold and speak, or tap to start and stop"),
            "preferred_trigger": Variant("s", trigger(self._chord)),
        }
        wanted = [[_DICTATE, dictate], [_CANCEL, {"description": Variant("s", "Drop what is being dictated")}]]
        try:
            given = await self._portal.request(
                _SHORTCUTS, "BindShortcuts", "oa(sa{sv})sa{sv}", [self._session, wanted, "", {}], limit_s=self._ask_s
            )
        except PortalError as error:
            if not self._listening:  # the portal ended, which was told
                return
            refused = isinstance(error, PortalRefused)
            self._note(
                f"swictation was not allowed to have {self._chord}: restart it to be asked again, or use "
                "`swictation toggle`"
                if refused
                else f"no hotkey {self._chord}: {error}; use `swictation toggle`"
            )
        else:
            self._take(given)
            self._note(self._keyless)

    def _take(self, results: dict[str, Any]) -> bool:
        """Note what has to be pressed; whether the shortcut is there at all."""
        for name, about in results.get("shortcuts", []):
            if name == _DICTATE:
                said = about.get("trigger_description")
                self.trigger = (str(said.value) if said is not None else "") or None
                return True
        return False

    @property
    def _keyless(self) -> str | None:
        """What to do where the shortcut is known and has no key: Hyprland gives none by itself."""
        if self.trigger is not None:
            return None
        return f"the desktop has given dictation no key: give it one in its settings for shortcuts, or: {self._hint}"

    def _note(self, reason: str | None) -> None:
        self.reason = reason
        self._listener.on_lost(reason)

    # -- hearing -------------------------------------------------------------------------------------------------------

    def _hear(self, interface: str, member: str, path: str, body: Sequence[Any]) -> None:
        if not self._listening:
            return
        if interface == SESSION and member == "Closed" and path == self._session:
            self._ended()
        elif interface == _SHORTCUTS and body and body[0] == self._session:
            if member == "ShortcutsChanged":
                self._take({"shortcuts": body[1]})
                self._note(self._keyless)
            elif body[1] == _DICTATE:
                if self.reason is not None:  # the user has given it a key that the desktop does not name
                    self._note(None)
                step = activated if member == "Activated" else deactivated
                self._key, edges = step(self._key, time.monotonic(), int(body[2]))
                self._tell(edges)
            elif body[1] == _CANCEL and member == "Activated" and self._cancel_wanted:
                self._cancel_wanted = False
                self._listener.on_cancel(time.monotonic())

    def _tell(self, edges: Sequence[Edge]) -> None:
        for edge in edges:
            if isinstance(edge, Pressed):
                self._tell_release()
                self._listener.on_press(edge.at_s)
            else:
                self._released_s = edge.at_s
                held = self._chord.modifiers or "+" in (self.trigger or "")
                wait_s = _FINGERS_S if held else 0.0
                self._releasing = asyncio.get_running_loop().call_later(wait_s, self._tell_release)

    def _tell_release(self) -> None:
        if self._releasing is not None:
            self._releasing.cancel()
            self._releasing = None
            self._listener.on_release(self._released_s)

    def _ended(self) -> None:
        """The portal or the session is gone; whoever keeps the hotkey begins anew."""
        if self._listening:
            self._listening, self.reason = False, None
            self._key, edges = deactivated(self._key, time.monotonic(), 0)
            self._tell(edges)
            self._listener.on_lost(f"the desktop took the hotkey {self._chord} away: trying to have it again")
