"""A copy of a selection is of what is there now."""

import pytest
from Xlib.display import Display

from daemon.insert.content import WHILE_WAITING, Unreadable
from daemon.insert.x11.loop import Loop
from daemon.insert.x11.read import Reader


@pytest.mark.display
def test_a_selection_that_changed_hands_a_moment_ago_is_not_taken_for_what_it_was(desktop):
    name = desktop.environment["DISPLAY"]
    loop, other = Loop(name), Display(name)
    selection = loop.atom("SECONDARY")  # nobody's
    reader = Reader(loop, [selection])
    try:
        assert reader.copy(selection, WHILE_WAITING) is None
        window = other.screen().root.create_window(0, 0, 1, 1, 0, 0)
        window.set_selection_owner(selection, 0)
        other.sync()
        with pytest.raises(Unreadable):  # as its owner does not answer; but it is not the old copy
            reader.copy(selection, WHILE_WAITING)
    finally:
        other.close()
        loop.display.close()
