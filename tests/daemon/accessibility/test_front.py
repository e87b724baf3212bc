"""Which program is in front, and whether it is still the same window, where the desktop itself does not say."""

import shutil

import pytest

from tests.daemon.accessibility import test_programs
from tests.daemon.accessibility.test_programs import accessibility, desktop, opened
from tests.daemon.accessibility.waiting import until

__all__ = ["accessibility", "desktop", "opened"]
pytestmark = [*test_programs.pytestmark, pytest.mark.skipif(shutil.which("mousepad") is None, reason="needs mousepad")]


async def test_two_programs_and_the_way_back(desktop, accessibility, opened):
    seen = {}

    async def is_in_front(name):
        window, application = await accessibility.front()
        if window and name in application:
            seen.setdefault(name, []).append(window)
        return bool(window) and name in application

    field = opened(desktop.field, "plain")
    await until("the field", lambda: is_in_front("lines"))
    opened(desktop.mousepad)
    await until("mousepad", lambda: is_in_front("mousepad"))
    field.focus()
    await until("the field again", lambda: is_in_front("lines"))
    assert len(set(seen["lines"])) == 1
    assert not set(seen["lines"]) & set(seen["mousepad"])
