"""The history over the socket: search, pages, timings, and that what is deleted is gone, its audio and memory too."""

import asyncio
import time

import pytest

from daemon.errors import RequestRefused
from daemon.history import Entry, Filter
from daemon.latency import Timings
from daemon.messages import Insertion, Mode, Outcome

FAILED = "the model is broken"


async def fail(parts) -> str:
    """Say something that is not recognised; the id of its entry."""
    parts.engine.fault = FAILED
    await parts.dictate()
    parts.engine.fault = None
    answer = await parts.ask("history", outcomes=["failed"])
    return answer["entries"][0]["id"]


async def test_entries_come_newest_first_in_pages_and_by_search(parts):
    parts.engine.texts = iter(["one Käse", "two bread", "three KÄSE", "four"])
    for _ in range(4):
        await parts.dictate()
    whole = await parts.ask("history")
    assert [entry["text"] for entry in whole["entries"]] == ["four", "three KÄSE", "two bread", "one Käse"]
    assert whole["total"] == 4
    page = await parts.ask("history", limit=2, before=whole["entries"][1]["number"])
    assert [entry["text"] for entry in page["entries"]] == ["two bread", "one Käse"]
    assert page["total"] == 4
    found = await parts.ask("history", search="käse")
    assert [entry["text"] for entry in found["entries"]] == ["three KÄSE", "one Käse"]
    assert found["total"] == 2
    assert (await parts.ask("history", search="%"))["total"] == 0


async def test_what_failed_is_found_with_its_audio_and_counted(parts):
    id_ = await fail(parts)
    await parts.dictate()
    [entry] = (await parts.ask("history", outcomes=["held", "failed"]))["entries"]
    assert (entry["id"], entry["audio_kept"], entry["reason"]) == (id_, True, FAILED)
    assert (await parts.ask("history"))["entries"][0]["audio_kept"] is False
    assert (await parts.ask("status"))["history"]["failed"] == 1


async def test_the_revision_is_another_after_every_change(parts):
    revisions = [(await parts.ask("status"))["history"]["revision"]]
    await parts.dictate()
    revisions.append((await parts.ask("history"))["revision"])
    await parts.ask("delete", id=(await parts.ask("last"))["id"])
    revisions.append((await parts.ask("timings"))["revision"])
    assert len(set(revisions)) == 3


async def test_what_failed_is_recognised_again_under_the_same_id_and_held(parts):
    id_ = await fail(parts)
    again = await parts.ask("decode_again", id=id_)
    assert (again["id"], again["outcome"], again["text"]) == (id_, "held", "words 1")
    assert parts.inserters[0].inserted == []
    [entry] = (await parts.ask("history"))["entries"]
    assert (entry["outcome"], entry["text"], entry["audio_kept"]) == ("held", "words 1", False)
    assert (await parts.ask("status"))["history"] | {"revision": 0} == {"revision": 0, "held": 1, "failed": 0}
    with pytest.raises(RequestRefused, match="no audio of this utterance is kept"):
        await parts.ask("decode_again", id=id_)


@pytest.mark.parametrize(
    ("fault", "texts", "line"), [("still broken", [], "still broken"), (None, [" "], "hears no words")]
)
async def test_audio_that_still_gives_no_text_stays(parts, fault, texts, line):
    id_ = await fail(parts)
    parts.engine.fault, parts.engine.texts = fault, iter(texts)
    with pytest.raises(RequestRefused, match=f"{line}.*the audio is kept"):
        await parts.ask("decode_again", id=id_)
    [entry] = (await parts.ask("history"))["entries"]
    assert (entry["outcome"], entry["audio_kept"]) == ("failed", True)


async def test_a_text_is_inserted_again_by_its_id(parts):
    await parts.dictate()
    parts.inserters[0].answer = Insertion(Outcome.HELD, "no window")
    await parts.dictate()
    parts.inserters[0].answer = Insertion(Outcome.CONFIRMED)
    newest, oldest = (await parts.ask("history"))["entries"]
    assert (await parts.ask("insert", id=oldest["id"]))["outcome"] == "confirmed"
    assert (await parts.ask("insert", id=newest["id"]))["outcome"] == "confirmed"
    assert parts.inserters[0].inserted == ["words 1 ", "words 1 ", "words 2 "]
    assert (await parts.ask("status"))["history"]["held"] == 0


async def test_a_deleted_entry_is_gone_from_file_memory_and_audio(parts):
    parts.engine.texts = iter(["xyzzy canary"])
    await parts.dictate()
    id_ = (await parts.ask("last"))["id"]
    assert await parts.ask("delete", id=id_) == {"deleted": 1}
    assert await parts.ask("last") is None
    assert (await parts.ask("status"))["last_utterance"] is None
    files = [path for path in parts.file.parents[2].rglob("*") if path.is_file()]
    assert files
    assert all(b"xyzzy" not in path.read_bytes() for path in files)
    with pytest.raises(RequestRefused, match="no such utterance"):
        await parts.ask("delete", id=id_)
    failed = await fail(parts)
    await parts.ask("delete", id=failed)
    assert parts.daemon.dictation.kept_audio() == set()


async def test_a_cleared_history_leaves_nothing(parts):
    await fail(parts)
    await parts.dictate()
    assert await parts.ask("clear_history") == {"deleted": 2}
    assert parts.daemon.dictation.kept_audio() == set()
    assert await parts.ask("last") is None
    assert (await parts.ask("history"))["total"] == 0


async def test_what_is_deleted_while_it_is_recognised_stays_deleted(parts):
    id_ = await fail(parts)
    parts.engine.go.clear()
    before = parts.engine.asked
    again = asyncio.create_task(parts.ask("decode_again", id=id_))
    await parts.until(lambda: parts.engine.asked > before)
    await parts.ask("delete", id=id_)
    parts.engine.go.set()
    with pytest.raises(RequestRefused, match="deleted meanwhile"):
        await again
    assert (await parts.ask("history"))["total"] == 0


async def test_timings_hold_no_text_and_sum_up_what_the_filter_lets_through(parts):
    for number in range(30):
        await parts.daemon.journal.record(measured(number, model="a" if number % 3 else "b"))
    whole = await parts.ask("timings", limit=5)
    assert [entry["id"] for entry in whole["entries"]] == [f"u{number}" for number in range(29, 24, -1)]
    assert all("text" not in entry for entry in whole["entries"])
    assert (whole["models"], whole["modes"], whole["total"]) == (["a", "b"], ["hold"], 30)
    felt = next(stage for stage in whole["summary"] if stage["stage"] == "felt")
    assert (felt["count"], felt["p50_ms"], felt["share"]) == (30, 14.5, 1.0)
    some = await parts.ask("timings", model="b", mode="hold")
    assert some["total"] == len(some["entries"]) == 10
    assert next(stage for stage in some["summary"] if stage["stage"] == "felt")["p50_ms"] == 13.5
    assert (await parts.ask("timings", mode="hands_free"))["summary"] == []


async def test_the_status_shows_first_words_only_where_texts_may_be_kept(parts):
    parts.engine.texts = iter(["one two three four five six seven eight"] * 2)
    await parts.dictate()
    last = (await parts.ask("status"))["last_utterance"]
    assert (last["words"], last["has_text"], last["undo"]) == ("one two three four five six", True, False)
    assert "text" not in last
    await parts.ask("set_config", key="history.keep_text", value=False)
    assert (await parts.ask("status"))["last_utterance"]["words"] is None
    await parts.dictate()
    assert (await parts.ask("history"))["entries"][0]["text"] is None


def measured(number: int, model: str) -> Entry:
    return Entry(
        id=f"u{number}", at_s=time.time(), mode=Mode.HOLD, outcome=Outcome.CONFIRMED, reason=None, text="words",
        model=model, provider="cpu", audio_s=1.0, timings=Timings(felt=float(number), insert=1.0),
    )  # fmt: skip


def test_a_filter_names_every_condition():
    condition, values = Filter("A", ["held"], "m", "hold").condition()
    assert condition == "instr(casefold(text), ?) AND outcome IN (?) AND model = ? AND mode = ?"
    assert values == ["a", "held", "m", "hold"]
    assert Filter().condition() == ("TRUE", [])
