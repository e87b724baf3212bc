"""The fake portal's GlobalShortcuts: what was bound once is remembered for the program, as KDE and GNOME do."""

import re
import time

from dbus_fast import Variant

from tests.portal.frontend import Refused

SHORTCUTS = "org.freedesktop.portal.GlobalShortcuts"
_TRIGGER = re.compile(r"((CTRL|ALT|SHIFT|NUM|LOGO)\+)*[A-Za-z0-9_]+\Z")


class Shortcuts:
    """Answers for ``frontend``; ``triggers`` are the keys that the user has given, by shortcut."""

    def __init__(self, frontend, version=2):
        self.portal = frontend
        self.triggers = {}
        self.wanted = {}  # the preferred triggers of the last BindShortcuts
        frontend.versions[SHORTCUTS] = version
        frontend.calls |= {
            (SHORTCUTS, "CreateSession"): ("a{sv}", self._create),
            (SHORTCUTS, "ListShortcuts"): ("oa{sv}", self._list),
            (SHORTCUTS, "BindShortcuts"): ("oa(sa{sv})sa{sv}", self._bind),
        }

    @property
    def session(self):
        """The session that has shortcuts, if one has."""
        return next((one for one in self.portal.sessions.values() if one.bound), None)

    def press(self, name="dictate", at_ms=None):
        self._signal("Activated", name, at_ms)

    def release(self, name="dictate", at_ms=None):
        self._signal("Deactivated", name, at_ms)

    def _signal(self, member, name, at_ms):
        session, at_ms = self.session, int(time.monotonic() * 1000) if at_ms is None else at_ms
        assert name in session.bound
        self.portal.emit(SHORTCUTS, member, "osta{sv}", [session.handle, name, at_ms, {}], to=session.owner)

    def change(self, name, trigger):
        """The user gives a shortcut another key in the settings of the desktop."""
        self.triggers[name] = trigger
        session = self.session
        session.bound[name] = trigger
        self.portal.emit(SHORTCUTS, "ShortcutsChanged", "oa(sa{sv})", [session.handle, self._told(session)])

    async def _create(self, message, options):
        return self.portal.create(message, options, "shortcuts")

    async def _list(self, message, handle, options):
        session = self.portal.session(message, handle, "shortcuts")
        session.bound = dict(self.triggers)

        async def work():
            return 0, {"shortcuts": Variant("a(sa{sv})", self._told(session))}

        return self.portal.request(message, options, work)

    async def _bind(self, message, handle, shortcuts, _parent, options):
        session = self.portal.session(message, handle, "shortcuts")
        if session.selected:
            self.portal.violation("BindShortcuts twice in one session")
            raise Refused("Failed", "Session already has bound shortcuts")
        session.selected = True
        for name, about in shortcuts:
            trigger = about["preferred_trigger"].value if "preferred_trigger" in about else None
            if not name or not about["description"].value or (trigger is not None and not _TRIGGER.match(trigger)):
                self.portal.violation(f"shortcut {name!r} with trigger {trigger!r}")
                raise Refused("InvalidArgs", "Unexpected shortcut")
            self.wanted[name] = trigger

        async def work():
            new = [name for name, _about in shortcuts if name not in self.triggers]
            if new and (code := await self.portal.ask("shortcuts")):
                return code, {}
            self.triggers |= {name: self.wanted[name] or "" for name in new}
            session.bound = {name: self.triggers[name] for name, _about in shortcuts}
            return 0, {"shortcuts": Variant("a(sa{sv})", self._told(session))}

        return self.portal.request(message, options, work)

    @staticmethod
    def _told(session):
        return [
            [name, {"description": Variant("s", name), "trigger_description": Variant("s", trigger)}]
            for name, trigger in session.bound.items()
        ]
