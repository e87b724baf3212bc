"""Starting on login: whether its entry, if there is one, starts this program."""

from __future__ import annotations

from daemon.autostart import switch
from daemon.autostart.switch import State as Autostart
from daemon.doctor.finding import Finding, State
from daemon.errors import AutostartError

_NAME = "autostart"


def check() -> Finding:
    """How it stands."""
    try:
        return judge(switch.switched(None))
    except AutostartError as error:
        return Finding(_NAME, State.WARN, str(error), "swictation autostart on")


def judge(found: Autostart) -> Finding:
    """An entry that starts nothing, or something else, is worth a word; none at all is a choice."""
    wrong = found.way is not None and found.reason is not None
    if wrong:
        return Finding(_NAME, State.WARN, found.in_words(), "swictation autostart on")
    return Finding(_NAME, State.OK, found.in_words())
