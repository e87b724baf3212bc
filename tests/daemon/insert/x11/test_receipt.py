"""Reads after a chord: which is the receipt, and which paste is one too many. No display."""

import pytest

from daemon.insert.x11.keys import places
from daemon.insert.x11.receipt import Chord, Late, Sending
from daemon.insert.x11.serve import Read
from daemon.insert.x11.typing import character, strokes
from daemon.limits import WAYS

SI, CV, CSV, TYPE = WAYS
WINDOW, OTHER = 0x200001, 0x400001


def same(one, other):
    return one >> 20 == other >> 20


def read(serial=20, requestor=0x200009, *, dated=True):
    return Read(1, requestor, 2, serial, dated)


def sending(*ways, strict=False):
    found = Sending(WINDOW, strict)
    for number, way in enumerate(ways):
        found.send(Chord(way, 9, 10 + number, float(number)))
    return found


@pytest.mark.parametrize(
    ("question", "concerned"),
    [(read(), True), (read(10), True), (read(9), False), (read(requestor=OTHER), False), (read(0x8009), True)],
)
def test_only_the_programs_own_questions_after_the_chord_count(question, concerned):
    assert sending(SI).concerns(question, same) is concerned


def test_before_a_chord_nothing_counts():
    assert not sending().concerns(read(), same)


def given(one, *questions):
    """What each question was answered with, and when the receipt came."""
    answers = []
    for number, question in enumerate(questions):
        answers.append(one.give(question))
        if answers[-1]:
            one.took(question, float(number))
    return answers, one.receipt_s


CHROMIUM = read(dated=False)


@pytest.mark.parametrize(
    ("chords", "questions", "answers", "receipt"),
    [
        ([SI], [read()], [True], 0.0),
        ([SI], [read(), read()], [True, True], 0.0),  # a program that reads twice for one paste
        ([SI], [CHROMIUM], [True], 0.0),
        ([CV], [read()], [True], 0.0),
        ([CV], [CHROMIUM], [True], None),  # its own process; the page may hang
        ([CV], [CHROMIUM, CHROMIUM], [True, True], 1.0),
        ([SI, CV], [read(), read()], [True, False], 0.0),
        ([SI, CV], [CHROMIUM, CHROMIUM, CHROMIUM], [True, True, False], 1.0),
        ([SI, CV, CSV], [read(), read(), read()], [True, False, False], 0.0),
    ],
)
def test_more_than_one_chord_is_given_one_paste(chords, questions, answers, receipt):
    assert given(sending(*chords), *questions) == (answers, receipt)


def test_after_a_chord_that_may_still_come_one_more_is_given_one_paste():
    assert given(sending(SI, strict=True), read(), read()) == ([True, False], 0.0)


@pytest.mark.parametrize(
    ("chords", "reads", "left"),
    [([], 0, 0), ([SI], 0, 1), ([SI], 1, 0), ([SI, CV], 0, 2), ([SI, CV], 1, 1), ([SI, CV], 2, 0)],
)
def test_what_may_still_come(chords, reads, left):
    one = sending(*chords)
    given(one, *[read()] * reads)
    assert one.left == left


def test_a_new_chord_has_to_be_answered_itself():
    one = sending(SI)
    one.asked = one.awake = True
    one.send(Chord(CV, 9, 12, 1.0))
    assert not one.asked
    assert not one.awake


def test_so_many_late_pastes_are_refused_and_what_a_refused_program_asks_next_is_of_the_same_paste():
    late = Late(WINDOW, None, 100.0, 2, blocks=True)
    for now_s, left in ((10.0, 1), (10.2, 1), (20.0, 0), (20.5, 0)):
        late.refuse(now_s)
        assert late.left == left
    assert not late.open
    assert late.until_s == 21.0


@pytest.mark.parametrize(
    ("symbol", "writes"),
    [
        (0x61, "a"),
        (0xE9, "é"),
        (0x01002019, "\N{RIGHT SINGLE QUOTATION MARK}"),
        (0xAD2, "“"),
        (0xAAA, "–"),  # noqa: RUF001
        (0x6C1, "а"),  # noqa: RUF001 - Cyrillic
        (0x6A3, "ё"),
        (0x6B0, "№"),
        (0x6BF, "Џ"),
        (0x6FF, "Ъ"),
        (0x1E8, "č"),
        (0x7E1, "α"),  # noqa: RUF001
        (0x7B1, None),  # an accented one, which ISO 8859-7 has elsewhere
        (0x20AC, "€"),
        (0x13BD, "œ"),
        (0xFF0D, "\n"),
        (0xFE51, None),  # a dead key
        (0xFFE1, None),
        (0, None),
    ],
)
def test_what_a_key_writes(symbol, writes):
    assert character(symbol) == writes


ROWS = {24: (0x71, 0x51, 0x6CA, 0x6EA, 0x40, 0), 38: (0x61, 0x41, 0x6C6, 0x6E6, 0, 0), 65: (0x20, 0x20)}


def test_a_text_is_typed_only_if_every_character_has_a_key_in_the_active_layout():
    assert strokes("aQ @", places(ROWS, 0)) == [(38, 0), (24, 1), (65, 0), (24, 2)]
    assert strokes("aжé", places(ROWS, 0)) == "жé"
    assert strokes("йф", places(ROWS, 1)) == [(24, 0), (38, 0)]
    assert strokes("a", places(ROWS, 2)) == "a"
