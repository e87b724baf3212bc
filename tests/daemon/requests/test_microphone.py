"""A microphone on trial: its level, what was heard, and that it is closed whatever happens to the client."""

import asyncio

import pytest

from daemon import client
from daemon.config import MicrophoneConfig
from daemon.errors import NoDaemon, RequestRefused
from daemon.microphone import trial


def talk(device=None, **arguments):
    """Every answer of a trial, until it ends."""
    answers = []
    with client.Client() as trying:
        answers.append(trying.ask("try_microphone", device=device, **arguments))
        try:
            while True:
                answers.append(trying.answer())
        except NoDaemon:
            return answers


async def test_the_microphones_are_listed(parts):
    assert [(one["name"], one["default"]) for one in await parts.ask("microphones")] == [("one", True)]


async def test_levels_come_until_the_client_hangs_up(parts):
    parts.microphone.pattern = "#" * 10_000
    with client.Client() as trying:
        level = await asyncio.to_thread(trying.ask, "try_microphone", device="two")
        assert level == {"level_dbfs": pytest.approx(-18, abs=6), "speech": True}
        await asyncio.to_thread(trying.answer)
        assert parts.microphone.is_open == "two"
        assert (await parts.ask("status"))["state"] == "idle"
    async with asyncio.timeout(3):
        while parts.microphone.is_open:
            await asyncio.sleep(0.005)


async def test_what_was_heard_is_told_and_kept_nowhere(parts):
    parts.microphone.pattern = "#" * 40
    *levels, heard = await asyncio.to_thread(talk, recognise=True)
    assert levels
    assert all(set(level) == {"level_dbfs", "speech"} for level in levels)
    assert heard["text"] == "words 1"
    assert heard["audio_s"] == pytest.approx(1.0, abs=0.3)
    assert heard["timings_ms"]["decode"] == 2.0
    assert heard["timings_ms"]["felt"] is None
    assert parts.microphone.is_open is None
    assert parts.inserters[0].inserted == []
    assert (await parts.ask("history"))["total"] == 0
    assert await parts.ask("last") is None
    assert parts.daemon.dictation.kept_audio() == set()


async def test_a_microphone_that_is_not_there_is_told(parts):
    with pytest.raises(RequestRefused, match="no microphone named none"):
        await parts.ask("try_microphone", device="none")


async def test_an_engine_that_cannot_recognise_is_told(parts):
    parts.microphone.pattern = "#" * 40
    parts.engine.fault = "the model is broken"
    with pytest.raises(RequestRefused, match="the model is broken"):
        await asyncio.to_thread(talk, recognise=True)
    assert parts.microphone.is_open is None


async def test_it_ends_after_a_while(parts, monkeypatch):
    monkeypatch.setattr(trial, "_LIMIT_S", 0.2)
    with pytest.raises(RequestRefused, match="was closed after"):
        await asyncio.to_thread(talk)
    assert parts.microphone.is_open is None


async def test_it_is_refused_while_somebody_dictates(parts):
    await parts.ask("start")
    with pytest.raises(RequestRefused, match="a dictation is running"):
        await parts.ask("try_microphone")


async def test_a_dictation_takes_the_microphone_from_a_trial(parts):
    with client.Client() as trying:
        await asyncio.to_thread(trying.ask, "try_microphone", device="two")
        await parts.dictate()
        with pytest.raises(RequestRefused, match="something else needs the microphone"):
            await asyncio.to_thread(lambda: [trying.answer() for _ in range(50)])
    assert parts.inserters[0].inserted == ["words 1 "]


async def test_the_next_trial_ends_the_one_before(parts):
    with client.Client() as first, client.Client() as second:
        await asyncio.to_thread(first.ask, "try_microphone", device="two")
        await asyncio.to_thread(second.ask, "try_microphone", device="three")
        assert parts.microphone.is_open == "three"
    await parts.until(lambda: parts.microphone.is_open is None)


async def test_an_open_microphone_is_closed_by_cancelling_nothing(parts):
    await parts.ask("start")
    await parts.ask("cancel")
    assert parts.microphone.closed_between == 0  # that ended the dictation
    await parts.ask("cancel")
    assert parts.microphone.closed_between == 1
    await parts.ask("set_config", key="microphone.keep_open", value=True)
    await parts.ask("cancel")
    assert parts.microphone.closed_between == 1  # it would be opened again


async def test_the_microphone_follows_its_configuration(parts):
    assert parts.microphone.between == MicrophoneConfig()
    await parts.ask("set_config", key="microphone.linger_s", value=30)
    assert parts.microphone.between == MicrophoneConfig(linger_s=30)
    with pytest.raises(RequestRefused, match="from 0 to 3600"):
        await parts.ask("set_config", key="microphone.linger_s", value=3601)
    with pytest.raises(RequestRefused, match="from 0 to 2000"):
        await parts.ask("set_config", key="microphone.pre_roll_ms", value=2001)
    assert parts.microphone.between == MicrophoneConfig(linger_s=30)


async def test_of_trials_that_come_at_once_the_last_goes_on(parts):
    async def report(_level):
        pass

    parts.microphone.pattern = "#" * 10_000
    trials = [asyncio.create_task(parts.daemon.trial.run("one", report, listen=False))]
    async with asyncio.timeout(5):
        while not parts.microphone.is_open:
            await asyncio.sleep(0.005)
        trials += [asyncio.create_task(parts.daemon.trial.run(name, report, listen=False)) for name in ("two", "three")]
        while not all(one.done() for one in trials[:2]) or parts.microphone.is_open != "three":
            await asyncio.sleep(0.005)
    assert not trials[2].done()
    await parts.daemon.trial.end()
    for one in trials:
        with pytest.raises(RequestRefused, match="something else needs the microphone"):
            await one
    assert parts.microphone.is_open is None
