"""When the user is told to speak: with the first sound that the microphone gives, and not before."""

from __future__ import annotations

import pytest

from daemon.requests import verbs as requests
from tests.daemon.fake_parts import LOUD
from tests.daemon.fakes import SILENT


@pytest.mark.parametrize(
    ("zeros", "heard"),
    [
        (0, 1),
        (5, 6),  # a headset that was only waking
        (24, 25),
        (100, 25),  # a muted one gives nothing else: half a second is enough
    ],
)
async def test_the_sign_to_speak_comes_with_the_first_sound(parts, zeros, heard):
    shown = []
    parts.microphone.pattern = "." * zeros + "#" * 1000
    real, seen = parts.daemon.changed, parts.daemon.dictation.listener._sink

    def note():
        take = parts.daemon.control.take
        status = requests.status(parts.daemon)
        shown.append((status["state"], status["listening"] is not None, take.frames if take else None))
        real()

    object.__setattr__(seen, "changed", note)
    await parts.ask("start")
    assert (await parts.ask("status"))["state"] in {"opening", "listening"}
    await parts.until(lambda: parts.daemon.control.take.ready)
    assert shown[0] == ("listening", True, heard)
    assert (LOUD != SILENT, any(SILENT)) == (True, False)


async def test_before_it_nothing_says_that_somebody_listens(parts):
    parts.microphone.pattern = ""
    parts.microphone.flows.clear()
    await parts.ask("start")
    parts.microphone.flows.set()
    await parts.until(lambda: parts.daemon.control.take.frames > 0)
    parts.microphone.flows.clear()
    status = await parts.ask("status")
    assert (status["state"], status["listening"]) == ("opening", None)
    parts.microphone.flows.set()
    await parts.until(lambda: parts.daemon.control.take.ready)
    status = await parts.ask("status")
    assert (status["state"], status["listening"]["settled"]) == ("listening", "")
