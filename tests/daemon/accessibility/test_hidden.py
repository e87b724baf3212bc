"""What is said into a password field is not shown while it is said, and nothing else is taken for it afterwards."""

import asyncio

import pytest

from daemon.accessibility import PASSWORD_TEXT, Place
from daemon.errors import RequestRefused
from daemon.messages import Insertion, Outcome
from tests.daemon.conftest import parts  # noqa: F401 - a fixture, used by its name

FIELD = Place(":1.1", "/field")


class PasswordBus:
    async def role(self, _place):
        return PASSWORD_TEXT


async def test_the_status_has_no_words_of_it(parts, monkeypatch):  # noqa: F811
    accessibility = parts.daemon.accessibility
    monkeypatch.setattr(parts.daemon.dictation, "preview", lambda _take: ("my dog's", "name"))
    parts.microphone.pattern = "#" * 10_000
    await parts.ask("start")
    await parts.until(lambda: parts.daemon.control.take.frames > 5)
    assert (await parts.ask("status"))["listening"]["settled"] == "my dog's"
    accessibility._bus, accessibility._role = PasswordBus(), asyncio.create_task(PasswordBus().role(FIELD))
    await parts.until(lambda: accessibility.in_password_field)
    listening = (await parts.ask("status"))["listening"]
    assert (listening["settled"], listening["unsettled"]) == ("", "")
    await parts.ask("cancel")


async def test_the_text_before_it_is_not_taken_for_the_last_one(parts):  # noqa: F811
    [inserter] = parts.inserters
    await parts.dictate()
    before = list(inserter.inserted)
    inserter.answer = Insertion(Outcome.HELD, "a password field", secret=True)
    await parts.dictate()
    inserter.answer = Insertion(Outcome.CONFIRMED)
    with pytest.raises(RequestRefused, match="`swictation history --decode "):
        await parts.ask("insert_last")
    assert inserter.inserted == before
