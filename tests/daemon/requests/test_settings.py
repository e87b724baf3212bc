"""The configuration over the socket: a change is checked, applied at once and written down, or nothing has changed."""

import asyncio
import threading
import tomllib

import pytest

from daemon import client, config
from daemon.errors import RequestRefused
from tests.daemon.fake_parts import TAKEN


async def set_(parts, key, value):
    return await parts.ask("set_config", key=key, value=value)


async def test_the_configuration_comes_with_its_defaults_and_limits(parts):
    whole = await parts.ask("config")
    assert whole["file"] == str(parts.file)
    assert whole["values"] == whole["defaults"] == config.flatten(config.Config())
    assert set(whole["limits"]) == set(whole["values"])
    assert whole["limits"]["hotkey.key"] == {"kind": "key"}
    assert whole["limits"]["hotkey.hold_ms"] == {"kind": "range", "low": 50, "high": 2000}
    assert whole["limits"]["overlay.place"]["kind"] == "one_of"
    assert whole["limits"]["microphone.device"] is None


async def test_a_change_is_applied_and_keeps_the_comments(parts):
    parts.file.parent.mkdir(parents=True, exist_ok=True)
    parts.file.write_text("# mine\n[sounds]\non = false # quiet\n")
    revision = (await parts.ask("status"))["config_revision"]
    changed = await set_(parts, "sounds.on", True)
    assert changed["values"]["sounds.on"] is True
    assert changed["restart_needed_for"] == []
    assert parts.file.read_text() == "# mine\n[sounds]\non = true # quiet\n"
    assert (await parts.ask("status"))["config_revision"] != revision
    await set_(parts, "endpoint.max_utterance_s", 15)
    assert parts.daemon.dictation.settings.endpoint.max_utterance_s == 15.0


@pytest.mark.parametrize(
    ("key", "value", "line"),
    [
        ("hotkey.hold_ms", 1, "hotkey.hold_ms: must be from 50 to 2000"),
        ("hotkey.hold_ms", "300", "hotkey.hold_ms: must be a whole number, not a text"),
        ("hotkey.hold_ms", True, "hotkey.hold_ms: must be a whole number"),
        ("endpoint.max_utterance_s", float("nan"), "endpoint.max_utterance_s: must be from 3 to 60"),
        ("hotkey.kye", "F9", "unknown key"),
        ("hotkey", "F9", "unknown key"),
        ("hotkey.key", "a", "alone would be taken away"),
        ("hotkey.key", TAKEN, "F11 is taken by another program"),
        ("model.dir", "/nowhere/bad", "the model cannot be loaded: it is bad"),
        ("microphone.device", "a\nb", "value must be one line"),
        ("sounds.on", None, "value must be a text, a number, or true or false"),
        ("sounds.on", {"a": 1}, "value must be a text, a number, or true or false"),
    ],
)
async def test_a_refused_change_leaves_everything_as_it_was(parts, key, value, line):
    await set_(parts, "hotkey.hold_ms", 250)
    before, values = parts.file.read_text(), (await parts.ask("config"))["values"]
    status = await parts.ask("status")
    with pytest.raises(RequestRefused, match=line):
        await set_(parts, key, value)
    assert parts.file.read_text() == before
    assert (await parts.ask("config"))["values"] == values
    assert parts.bound == ["F9"]
    assert parts.engine.plan.directory.name != "bad"
    assert (await parts.ask("status"))["config_revision"] == status["config_revision"]


async def test_a_file_that_cannot_be_written_leaves_the_daemon_as_it_was(parts):
    parts.file.parent.mkdir(parents=True, exist_ok=True)
    (parts.file.parent / "config.toml.new").mkdir()
    with pytest.raises(RequestRefused, match="cannot be written"):
        await set_(parts, "hotkey.key", "F10")
    assert parts.bound == ["F9"]
    assert parts.daemon.config.hotkey.key == "F9"


async def test_a_faulty_file_is_told_and_not_touched(parts):
    parts.file.parent.mkdir(parents=True, exist_ok=True)
    parts.file.write_text("[sounds\n")
    with pytest.raises(RequestRefused, match="not valid TOML"):
        await set_(parts, "sounds.on", True)
    assert parts.file.read_text() == "[sounds\n"


async def test_two_changes_at_a_time_are_both_there(parts):
    parts.engine.slow.clear()
    loading = asyncio.create_task(set_(parts, "model.dir", "/nowhere/good"))
    await asyncio.sleep(0.1)
    await set_(parts, "sounds.on", True)
    parts.engine.slow.set()
    await loading
    assert tomllib.loads(parts.file.read_text()) == {"sounds": {"on": True}, "model": {"dir": "/nowhere/good"}}
    assert parts.daemon.config.sounds.on
    assert parts.daemon.config.model.dir == "/nowhere/good"


async def test_another_hotkey_is_bound_and_the_old_one_given_back(parts):
    await set_(parts, "hotkey.key", "F10")
    assert parts.bound == ["F10"]
    await set_(parts, "hotkey.key", "f10")
    assert parts.bound == ["F10"]


async def test_the_hotkey_stays_while_somebody_dictates(parts):
    await parts.ask("start")
    with pytest.raises(RequestRefused, match="a dictation is running"):
        await set_(parts, "hotkey.key", "F10")
    assert parts.bound == ["F9"]


async def test_what_is_inserted_next_goes_another_way(parts):
    await parts.dictate()
    await set_(parts, "insert.method", "none")
    await parts.dictate()
    assert [inserter.inserted for inserter in parts.inserters] == [["words 1 "], ["words 2 "]]


async def test_rules_for_programs_count_after_a_reload(parts):
    parts.file.parent.mkdir(parents=True, exist_ok=True)
    parts.file.write_text('[[insert.rules]]\napplication = "remmina"\nways = ["type"]\n')
    await parts.ask("reload")
    await parts.ask("reload")
    assert len(parts.inserters) == 2, "one for each set of rules"
    assert (await parts.ask("config"))["values"]["insert.rules"] == [{"application": "remmina", "ways": ["type"]}]


async def test_the_length_of_the_history_counts_at_once(parts):
    for _ in range(3):
        await parts.dictate()
    await set_(parts, "history.limit", 1)
    assert [entry["text"] for entry in (await parts.ask("history"))["entries"]] == ["words 3"]


async def test_hands_free_begins_and_ends_at_once(parts):
    await set_(parts, "dictation.hands_free", True)
    assert (await parts.ask("status"))["mode"] == "hands_free"
    await set_(parts, "dictation.hands_free", False)
    assert (await parts.ask("status"))["mode"] is None


async def test_a_paused_hotkey_is_bound_again_when_the_client_goes(parts):
    with client.Client() as pausing:
        assert await asyncio.to_thread(pausing.ask, "pause_hotkey") == "paused"
        assert parts.bound == []
        await set_(parts, "hotkey.key", "F10")
        assert parts.bound == [], "it was tried, and waits for the end of the pause"
        with pytest.raises(RequestRefused, match="taken"):
            await set_(parts, "hotkey.key", TAKEN)
    await parts.until(lambda: parts.bound == ["F10"])


async def test_two_pauses_end_with_the_second(parts):
    with client.Client() as first:
        await asyncio.to_thread(first.ask, "pause_hotkey")
        with client.Client() as second:
            await asyncio.to_thread(second.ask, "pause_hotkey")
        await asyncio.sleep(0.05)
        assert parts.bound == []
    await parts.until(lambda: parts.bound == ["F9"])


async def test_models_are_listed_as_the_command_line_does(parts):
    models = await parts.ask("models")
    assert [model["name"] for model in models if model["in_use"]] == ["practice"]


async def test_a_change_that_was_read_before_another_one_does_not_take_that_back(parts, monkeypatch):
    begun, committed, with_value = threading.Event(), threading.Event(), config.with_value

    def slowly(file, key, value):
        read = with_value(file, key, value)
        if key == "sounds.on":
            begun.set()
            committed.wait(5)
        return read

    monkeypatch.setattr(config, "with_value", slowly)
    slow = asyncio.create_task(set_(parts, "sounds.on", True))
    await asyncio.to_thread(begun.wait, 5)
    await set_(parts, "hotkey.key", "F10")
    committed.set()
    changed = await slow
    assert (changed["values"]["sounds.on"], changed["values"]["hotkey.key"]) == (True, "F10")
    assert parts.daemon.hotkey.key == "F10"
