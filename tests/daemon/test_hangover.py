"""How long to wait after what was recognised up to a pause."""

import pytest

from daemon.endpoint import EndpointSettings
from daemon.hangover import ends_sentence, has_blank_end, wait_ms
from models.recogniser import Transcript

SETTINGS = EndpointSettings(hangover_ms=700, short_hangover_ms=300)


@pytest.mark.parametrize(
    "text",
    ["That is all.", "Is it?", "No!", 'He said "no."', "Twenty five percent (or more).", "In 1984."],
)
def test_a_sentence_that_has_ended(text):
    assert ends_sentence(text)


@pytest.mark.parametrize(
    "text", ["", "  ", "I think that", "one, two,", "Well...", "Well…", "Ask Mr.", "for e.g.", "J.", "It is ten p.m."]
)
def test_a_sentence_that_goes_on(text):
    assert not ends_sentence(text)


@pytest.mark.parametrize(
    ("last_s", "audio_s", "blank"), [(0.8, 1.0, True), (0.92, 1.0, True), (0.96, 1.0, False), (1.0, 1.0, False)]
)
def test_the_last_frame_of_the_encoder_must_be_blank(last_s, audio_s, blank):
    transcript = Transcript("Yes.", ("Yes", "."), (0.4, last_s), (0.08, 0.08))
    assert has_blank_end(transcript, audio_s) is blank


@pytest.mark.parametrize(
    ("text", "last_s", "expected_ms"),
    [("Yes.", 0.8, 300), ("Yes.", 0.96, 700), ("Yes", 0.8, 700), ("Yes", 0.96, 700)],
)
def test_the_wait_is_short_only_after_a_finished_sentence_with_a_blank_end(text, last_s, expected_ms):
    assert wait_ms(Transcript(text, ("x",), (last_s,), (0.08,)), 1.0, SETTINGS) == expected_ms


def test_nothing_recognised_waits_long():
    assert wait_ms(Transcript(""), 1.0, SETTINGS) == 700


def test_the_short_wait_is_never_the_longer_one():
    settings = EndpointSettings(hangover_ms=200, short_hangover_ms=300)
    assert wait_ms(Transcript("Yes.", ("x",), (0.5,), (0.08,)), 1.0, settings) == 200
