"""The fake portal's RemoteDesktop and Clipboard: strict about order and owners, with a window that pastes."""

import asyncio
import itertools
import os
import uuid

from dbus_fast import Variant

from tests.portal.compositor import HINT, RETURN, TEXT, Window, drain, feed
from tests.portal.frontend import Refused

REMOTE, CLIPBOARD = "org.freedesktop.portal.RemoteDesktop", "org.freedesktop.portal.Clipboard"


def answer_calls(frontend, remote):
    """Let ``remote`` answer what is asked of ``frontend`` about a remote desktop and its clipboard."""
    frontend.versions |= {REMOTE: 2, CLIPBOARD: 1}
    frontend.calls |= {
        (REMOTE, "CreateSession"): ("a{sv}", remote._create),
        (REMOTE, "SelectDevices"): ("oa{sv}", remote._select),
        (REMOTE, "Start"): ("osa{sv}", remote._start),
        (REMOTE, "NotifyKeyboardKeysym"): ("oa{sv}iu", remote._key),
        (CLIPBOARD, "RequestClipboard"): ("oa{sv}", remote._request_clipboard),
        (CLIPBOARD, "SetSelection"): ("oa{sv}", remote._set_selection),
        (CLIPBOARD, "SelectionRead"): ("os", remote._read),
        (CLIPBOARD, "SelectionWrite"): ("ou", remote._write),
        (CLIPBOARD, "SelectionWriteDone"): ("oub", remote._write_done),
    }


class Remote:
    """Answers for ``frontend``; the user's clipboard holds ``content`` unless a session owns it."""

    def __init__(self, frontend):
        self.portal = frontend
        self.window = Window()
        self.managers = []
        self.content = {}  # what the user has copied, by media type
        self.owner = None  # the session that owns the clipboard
        self.offers = []  # every offer of a session, as media types
        self.tokens = set()
        self.lends = True
        self.gives_keyboard = True
        self.keeps_text = True  # of an owner that went, as Mutter does
        self.slow_owner_s = 0.0  # the program that the user copied from
        self.notices_late_s = 0.0  # so long after its end a read still counts, as in Mutter 43
        self.copied_at_keys = None  # what another program copies in the very moment of the paste keys
        self._offered = ()
        self._reading = 0
        self._serials = itertools.count(1)
        self._transfers = {}
        self._last_text = None
        answer_calls(frontend, self)
        forget = frontend.forget

        def forgotten(session):
            forget(session)
            self._gone(session)

        frontend.forget = forgotten

    @property
    def session(self):
        """The session that is open, if one is."""
        return next((one for one in self.portal.sessions.values() if one.started), None)

    @property
    def open_transfers(self):
        return [mime for mime, _pipe, _done in self._transfers.values()]

    def copy(self, content):
        """The user copies something in another program."""
        self.content, self.owner = content, None
        self._tell(list(content))

    async def clipboard(self):
        """What any program finds on the clipboard now, by media type."""
        if self.owner is None:
            return dict(self.content)
        return {mime: await self._transfer(mime) for mime in self._offered}

    # -- the session ---------------------------------------------------------------------------------------------------

    async def _create(self, message, options):
        return self.portal.create(message, options, "remote")

    async def _select(self, message, handle, options):
        session = self.portal.session(message, handle, "remote")
        if session.selected or session.started:
            self.portal.violation("SelectDevices out of order")
            raise Refused("Failed", "Invalid state")
        if options["types"].value & ~7 or options["persist_mode"].value not in range(3):
            self.portal.violation("SelectDevices with impossible options")
            raise Refused("InvalidArgs", "Unsupported device type")
        token = options["restore_token"].value if "restore_token" in options else None
        if token is not None:
            try:
                uuid.UUID(token)
            except ValueError:
                raise Refused("InvalidArgs", "Restore token is not a valid UUID string") from None
        session.restored = token in self.tokens
        self.tokens.discard(token)  # good for one time
        session.selected, session.devices = True, options["types"].value
        session.persists = options["persist_mode"].value

        async def work():
            return 0, {}

        return self.portal.request(message, options, work)

    async def _request_clipboard(self, message, handle, _options):
        session = self.portal.session(message, handle, "remote")
        if session.started or session.clipboard_requested:
            self.portal.violation("RequestClipboard out of order")
            raise Refused("Failed", "Invalid state")
        session.clipboard_requested = True

    async def _start(self, message, handle, _parent, options):
        session = self.portal.session(message, handle, "remote")
        if session.started or not session.selected:
            self.portal.violation("Start out of order")
            raise Refused("Failed", "Can only start once")

        async def work():
            code = 0 if session.restored else await self.portal.ask("keyboard")
            if code:
                self.portal.close_session(session)
                return code, {}
            session.started = True
            session.clipboard = session.clipboard_requested and self.lends
            results = {"devices": Variant("u", session.devices if self.gives_keyboard else 0)}
            results["clipboard_enabled"] = Variant("b", session.clipboard)
            if session.persists == 2:
                token = str(uuid.uuid4())
                self.tokens.add(token)
                results["restore_token"] = Variant("s", token)
            if session.clipboard:
                self._tell(list(self.content))
            return 0, results

        return self.portal.request(message, options, work)

    def _gone(self, session):
        if self.owner is session:
            self.owner = None
            kept = self._last_text if self.keeps_text else None
            self.content = {TEXT: kept} if kept is not None else {}
        for serial, (_mime, _pipe, done) in [*self._transfers.items()]:
            if not done.done():
                done.set_result(None)
            self._transfers.pop(serial)

    # -- keys ----------------------------------------------------------------------------------------------------------

    async def _key(self, message, handle, options, keysym, state):
        session = self.portal.session(message, handle, "remote")
        if not session.started or not session.devices & 1:
            self.portal.violation("a key before Start, or without a keyboard")
            raise Refused("Failed", "Session is not allowed to call NotifyKeyboard methods")
        if options or state not in {0, 1} or (keysym in session.down) == bool(state):
            self.portal.violation(f"key {keysym:#x} goes {state} with {session.down} down")
            return
        if not state:
            session.down.remove(keysym)
            return
        session.down.append(keysym)
        chord = tuple(session.down)
        if chord in self.window.chords:
            if self.copied_at_keys is not None:
                self.copy(self.copied_at_keys)
            self.portal.spawn(self._paste())
        elif len(chord) == 1 and (" " <= chr(keysym) <= "~" or keysym == RETURN):
            self.window.text += "\n" if keysym == RETURN else chr(keysym)

    async def _paste(self):
        await asyncio.sleep(self.window.delay_s)
        offered = self._offered if self.owner else self.content
        mime = next((one for one in self.window.reads if one in offered), None)
        for number in range(self.window.times):
            content = None if mime is None else await self._get(mime)
            if content is not None and not number:
                self.window.text += content.decode()

    # -- the clipboard -------------------------------------------------------------------------------------------------

    def _lender(self, message, handle):
        session = self.portal.session(message, handle, "remote")
        if not session.clipboard:
            self.portal.violation(f"{message.member} without a clipboard")
            raise Refused("AccessDenied", "Clipboard not enabled")
        return session

    async def _set_selection(self, message, handle, options):
        session = self._lender(message, handle)
        mimes = tuple(options["mime_types"].value) if "mime_types" in options else ()
        if len(set(mimes)) != len(mimes):
            self.portal.violation("a media type was offered twice")
        self.offers.append(mimes)
        if not mimes:
            self.owner, self.content = None, {}
        else:
            self.owner, self._offered = session, mimes
            for manager in self.managers:
                self.portal.spawn(self._manage(manager, mimes))
            if TEXT in mimes and self.keeps_text:
                self.portal.spawn(self._save())
        self._tell(list(mimes))

    async def _save(self):
        self._last_text = await self._transfer(TEXT)

    async def _manage(self, manager, mimes):
        await asyncio.sleep(manager.delay_s)
        if manager.obeys and HINT in mimes and await self._get(HINT) == b"secret":
            return
        if TEXT in mimes:
            manager.kept.append(await self._get(TEXT))

    async def _get(self, mime):
        return await self._transfer(mime) if self.owner else self.content.get(mime)

    async def _transfer(self, mime):
        """What the session that owns the clipboard gives for a read; None if it refuses."""
        if self.owner is None:
            return None
        serial, done = next(self._serials), asyncio.get_running_loop().create_future()
        self._transfers[serial] = (mime, None, done)
        owner = self.owner
        self.portal.emit(CLIPBOARD, "SelectionTransfer", "osu", [owner.handle, mime, serial], to=owner.owner)
        return await done

    async def _write(self, message, handle, serial):
        self._lender(message, handle)
        if serial not in self._transfers or self._transfers[serial][1] is not None:
            self.portal.violation(f"SelectionWrite for {serial}, which nobody waits for")
            raise Refused("Failed", "no such transfer")
        reading, writing = os.pipe()
        mime, _pipe, done = self._transfers[serial]
        self._transfers[serial] = (mime, self.portal.spawn(drain(reading)), done)
        return "h", [0], [writing]

    async def _write_done(self, message, handle, serial, success):
        self._lender(message, handle)
        if serial not in self._transfers:
            self.portal.violation(f"SelectionWriteDone for {serial}, which nobody waits for")
            return
        _mime, pipe, done = self._transfers.pop(serial)
        if pipe is None:
            self.portal.violation("SelectionWriteDone without SelectionWrite: older Mutters let the reader wait 15 s")
        content = await pipe if pipe is not None else b""
        if not done.done():
            done.set_result(content if success else None)

    async def _read(self, message, handle, mime):
        session = self._lender(message, handle)
        if self.owner is session:
            self.portal.violation("a session read its own clipboard")
            raise Refused("Failed", "Tried to read own selection")
        if self._reading:
            if not self.notices_late_s:
                self.portal.violation("two reads at a time")
            raise Refused("LimitsExceeded", "Tried to read in parallel")
        if mime not in self.content:
            raise Refused("Failed", f"{mime} is not offered")
        reading, writing = os.pipe()
        self._reading += 1
        self.portal.spawn(self._feed(writing, self.content[mime]))
        return "h", [0], [reading]

    async def _feed(self, writing, content):
        try:
            await asyncio.sleep(self.slow_owner_s)
            await feed(writing, content)
        finally:
            if self.notices_late_s:
                os.close(writing)
                await asyncio.sleep(self.notices_late_s)
                self._reading -= 1
            else:
                self._reading -= 1
                os.close(writing)

    def _tell(self, mimes):
        for session in self.portal.sessions.values():
            if session.clipboard:
                ours = Variant("b", self.owner is session)
                options = {"mime_types": Variant("as", mimes), "session_is_owner": ours}
                self.portal.emit(
                    CLIPBOARD, "SelectionOwnerChanged", "oa{sv}", [session.handle, options], to=session.owner
                )
