"""What the history window says, as tables."""

import pytest

from gui.history_model import about, beneath, emptiness, item, question, with_newest
from gui.moments import decimal
from tests.gui.spoken import entry


def items(*numbers, **more):
    return [item(entry(number, **more)) for number in numbers]


@pytest.mark.parametrize(
    ("outcome", "text", "line", "result"),
    [
        ("confirmed", "two\nlines  of\ttext", "two lines of text", "inserted"),
        ("sent", "a note", "a note", "sent, without a receipt"),
        ("held", "a note", "a note", "not inserted"),
        ("nothing", None, "(no speech was heard)", ""),
        ("failed", None, "(not recognised)", "not recognised"),
    ],
)
def test_lines(outcome, text, line, result):
    one = item(entry(1, outcome, text))
    assert (one.line, one.result) == (line, result)


def test_text_that_was_not_kept_is_said_to_be_so():
    assert item(entry(1) | {"text": None}).line == "(the text was not kept)"


def test_markup_stays_text():
    assert item(entry(1, text="<b>bold</b>")).line == "<b>bold</b>"


def test_beneath_and_about():
    made = entry(1) | {"audio_s": 2.5}
    made["timings_ms"]["felt"] = 84.2
    assert beneath(item(made), "14:03") == "14:03 · inserted · 84 ms"
    assert about(item(made), "14:03") == (
        f"14:03 · inserted · 84 ms · push to talk · {decimal(2.5)} s of audio · parakeet-110m on CPU"
    )
    held = item(entry(2, "held", reason="no window had the focus"))
    assert beneath(held, "14:04") == "14:04 · not inserted"
    assert about(held, "14:04").endswith("\nno window had the focus")


@pytest.mark.parametrize(
    ("known", "page", "total", "numbers"),
    [
        ((), (3, 2), 10, (3, 2)),
        ((4, 3, 2, 1), (5, 4), 5, (5, 4, 3, 2, 1)),  # one came
        ((4, 3, 2, 1), (9, 8), 9, (9, 8, 4, 3, 2, 1)),
        ((4, 3, 2, 1), (4, 3), 3, (4, 3)),  # one of the older ones was deleted elsewhere
        ((4, 3), (), 0, ()),
    ],
)
def test_newest_page_joins_what_is_known(known, page, total, numbers):
    assert [one.number for one in with_newest(items(*known), items(*page), total)] == list(numbers)


def test_sentences():
    assert emptiness("noon", attention=False) == "No text has “noon” in it."
    assert emptiness("", attention=True) == "Everything else is above."
    assert emptiness("", attention=False) == "Nothing has been dictated yet."
    assert question(1, 0, "1") == "Delete the one entry of the history, for good?"
    assert question(1234, 2, "1.234") == (
        "Delete all 1.234 entries of the history, for good? 2 texts were never inserted."
    )
    assert question(9, 1, "9").endswith("One text was never inserted.")
