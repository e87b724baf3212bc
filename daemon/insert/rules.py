"""Which ways in suit which program: one table, what the user's configuration puts before it, and what was learned.

``application`` is a glob without regard to case, held against ``Target.application``. All pure.
"""

from __future__ import annotations

import fnmatch
from collections.abc import Iterable, Mapping, Sequence

from daemon.insert.contract import CTRL_SHIFT_V, CTRL_V, SHIFT_INSERT, TYPE
from daemon.limits import InsertRule
from daemon.messages import Insertion, Outcome

# Their window shows another machine: its paste keys paste what that machine has. The viewer itself reads the clipboard
# whenever it changes, so that a read proves nothing.
VIEWERS = (
    *("*freerdp*", "*remmina*", "*vncviewer*", "*tigervnc*", "*rdesktop*", "*krdc*", "*vinagre*", "*virt-viewer*"),
    *("*remote-viewer*", "*spicy*", "*anydesk*", "*teamviewer*", "*rustdesk*", "*nomachine*", "nxplayer*", "vmware*"),
    *("*virtualbox?machine*", "qemu*", "*virt-manager*", "*gnome.connections*"),
)

# Ctrl+V is a control character in a terminal, and never tried; in these, Ctrl+Shift+V is one, too.
_OLD_TERMINALS = ("*xterm*", "*rxvt*", "st", "st-*")
_TERMINALS = (
    *("*terminal*", "*konsole*", "*alacritty*", "*kitty*", "*tilix*", "*terminator*", "foot*"),
    *(
        "*ghostty*",
        "*wezterm*",
        "*ptyxis*",
        "*yakuake*",
        "*guake*",
        "*tilda*",
        "*kgx*",
        "*gnome.console*",
        "st",
        "st-*",
    ),
    *("*cool-retro-term*", "*contour*", "*sakura*", "*terminology*"),
)

DEFAULTS = (
    *(InsertRule(one, (TYPE,)) for one in VIEWERS),
    *(InsertRule(one, (SHIFT_INSERT, TYPE)) for one in _OLD_TERMINALS),
    *(InsertRule(one, (SHIFT_INSERT, CTRL_SHIFT_V)) for one in _TERMINALS),
    InsertRule("*", (SHIFT_INSERT, CTRL_V)),
)


def fits(glob: str, application: str) -> bool:
    """Whether a rule's ``application`` is about this program."""
    return fnmatch.fnmatchcase(application.lower(), glob.lower())


def ways_for(
    application: str, rules: Iterable[InsertRule], there: Sequence[str], learned: Sequence[str] = ()
) -> tuple[str, ...]:
    """The ways to try, the best first, of those that are ``there`` on this desktop; none if the rule allows none.

    The first of ``rules`` that fits says which; ``learned`` is their order as it has shown itself. ``DEFAULTS`` ends
    with a rule that fits everything.
    """
    rule = next(rule for rule in (*rules, *DEFAULTS) if fits(rule.application, application))
    allowed = [way for way in rule.ways if way in there]
    known = [way for way in learned if way in allowed]
    return (*known, *(way for way in allowed if way not in known))


def is_viewer(application: str) -> bool:
    """Whether it shows another machine's screen."""
    return any(fits(one, application) for one in VIEWERS)


def learn(ways: Sequence[str], result: Insertion) -> tuple[str, ...]:
    """The order of ``ways`` after an insertion: what was confirmed comes first, what was silent last."""
    first = [way for way in ways if way == result.way and result.outcome is Outcome.CONFIRMED]
    last = [way for way in result.silent if way in ways and way not in first]
    return (*first, *(way for way in ways if way not in first and way not in last), *last)


class Memory:
    """The order of ways that has shown itself, by application, for as long as this daemon runs."""

    def __init__(self) -> None:
        self._orders: dict[str, tuple[str, ...]] = {}

    @property
    def orders(self) -> Mapping[str, tuple[str, ...]]:
        """What was learned."""
        return self._orders

    def note(self, application: str, ways: Sequence[str], result: Insertion) -> None:
        """An insertion by ``ways`` came to ``result``; of a program without a name nothing is kept."""
        if application and (result.way is not None or result.silent):
            self._orders[application] = learn(ways, result)

    def of(self, application: str) -> tuple[str, ...]:
        """The order for a program; empty if nothing is known."""
        return self._orders.get(application, ())
