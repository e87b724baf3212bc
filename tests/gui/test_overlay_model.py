"""What the overlay shows and where, as tables."""

import pytest

from gui.overlay_model import Area, Picture, picture, placed
from tests.gui.scripted_daemon import status


def listening(mode="hold", **changes):
    made = {"level_dbfs": -30.0, "open_s": 3.0, "left_s": None, "settled": "", "unsettled": "", **changes}
    return status("listening", mode=mode, listening=made)


@pytest.mark.parametrize(
    ("shown", "wanted"),
    [
        (None, None),
        (status("idle", listening=None), None),
        (status("loading", listening=None), None),
        (status("opening", listening=None), Picture("Opening the microphone")),
        (status("working", listening=None), Picture("Recognising")),
        (listening(), Picture("Listening", 0.5)),
        (listening(level_dbfs=None), Picture("Listening", 0.0)),
        (listening(level_dbfs=-90.0), Picture("Listening", 0.0)),
        (listening(level_dbfs=3.0), Picture("Listening", 1.0)),
        (listening("hands_free", open_s=83.4), Picture("Listening, hands-free", 0.5, "open 1:23")),
        (listening("toggle", left_s=15.0), Picture("Listening", 0.5)),
        (listening("toggle", left_s=9.6), Picture("Listening", 0.5, "closes in 10 s", urgent=True)),
        (listening("hands_free", left_s=-0.2), Picture("Listening, hands-free", 0.5, "closes in 0 s", urgent=True)),
        (listening(settled="so", unsettled="we"), Picture("Listening", 0.5, settled="so", unsettled="we")),
    ],
)
def test_picture(shown, wanted):
    assert picture(shown, with_text=True) == wanted


def test_the_words_stay_until_it_is_known_what_they_came_to():
    said = picture(listening(settled="so", unsettled="we"), with_text=True)
    assert picture(status("working", listening=None), said, with_text=True) == Picture(
        "Recognising", settled="so", unsettled="we"
    )
    assert picture(status("idle", listening=None), said, with_text=True) is None
    assert picture(status("opening", listening=None), said, with_text=True) == Picture("Opening the microphone")


def test_the_words_are_not_for_everybody():
    assert picture(listening(settled="so", unsettled="we"), with_text=False) == Picture("Listening", 0.5)


@pytest.mark.parametrize(
    ("place", "corner"),
    [
        ("bottom", (1860, 988)),
        ("top", (1860, 62)),
        ("top-left", (1032, 62)),
        ("top-right", (2688, 62)),
        ("bottom-left", (1032, 988)),
        ("bottom-right", (2688, 988)),
    ],
)
def test_place(place, corner):
    assert placed(place, Area(1000, 30, 2060, 1050), 340, 60, 32) == corner


def test_small_screen_shows_the_upper_left():
    assert placed("bottom-right", Area(0, 0, 300, 50), 340, 60, 32) == (0, 0)
