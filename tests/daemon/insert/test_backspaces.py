import pytest

from daemon.insert.backspaces import MOST, presses


@pytest.mark.parametrize(
    "text", ["plain words. ", "“Žluťoučký” … naïve…", "Съешь ещё; 漢字かな 한국어 🎉 ", "a" * MOST]
)
def test_where_every_code_point_is_a_character_each_takes_one(text):
    assert presses(text) == len(text)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "a" * (MOST + 1),
        " at the beginning an editor may take an indentation",
        "two  spaces",
        "two\nlines",
        "a\tb",
        "e\u0301",  # an accent that joins
        "👩\u200d🚀",
        "👍🏽",
        "🇨🇿",
        "❤\ufe0f",
        "\u1112\u1161\u11ab",
        "\u0e01\u0e33",
        "\u0928\u093f",
    ],
)
def test_where_programs_disagree_there_is_no_number(text):
    assert presses(text) is None
