"""Endpointing over patterns: one character is one frame of 20 ms, ``#`` voiced, ``.`` not."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from daemon.endpoint import Dropped, Endpoint, Endpointer, EndpointSettings, Onset, Pause, Segment, Speech, segments
from daemon.messages import FRAME_BYTES, FRAME_MS, RATE_HZ, Frame

FRAME_S = FRAME_MS / 1000

# Short times so that a pattern can be read: onset 3 of 5, pre-roll 4, hangover 8, at least 5, at most 60, tail 3.
SHORT = EndpointSettings(
    onset_ms=60, pre_roll_ms=80, hangover_ms=160, min_speech_ms=100, max_utterance_s=1.2, tail_ms=60
)


def frame(index, lost=0):
    """Frame number ``index``, which says so in its samples, after ``lost`` frames that never arrived."""
    return Frame((index + lost + 1) * FRAME_S, index.to_bytes(4, "little") * (FRAME_BYTES // 4))


def indices(pcm):
    assert len(pcm) % FRAME_BYTES == 0
    return [int.from_bytes(pcm[at : at + 4], "little") for at in range(0, len(pcm), FRAME_BYTES)]


def heard(pattern, settings=SHORT, *, finish=False):
    endpointer = Endpointer(settings)
    events = [event for i, mark in enumerate(pattern) for event in endpointer.push(frame(i), mark == "#")]
    return events + (endpointer.finish() if finish else [])


def cut(pattern, settings=SHORT, *, finish=False):
    """The frames of each segment as (first, last, cause)."""
    found = []
    for event in heard(pattern, settings, finish=finish):
        if isinstance(event, Endpoint):
            inside = indices(event.segment.pcm)
            assert inside == list(range(inside[0], inside[-1] + 1))
            found.append((inside[0], inside[-1], event.segment.cause))
    return found


@pytest.mark.parametrize(
    ("pattern", "finish", "expected"),
    [
        pytest.param("." * 40, True, [], id="silence"),
        pytest.param("......######........", False, [(2, 14, "hangover")], id="pre-roll and tail"),
        pytest.param("......######.......", False, [], id="one frame short of the hangover"),
        pytest.param("######........", False, [(0, 8, "hangover")], id="speech from the first frame"),
        pytest.param("......##.##........" + "." * 9, False, [], id="too little voice"),
        pytest.param("......##.###........", False, [(2, 14, "hangover")], id="onset with a hole"),
        pytest.param("......#.#.####........", False, [(2, 16, "hangover")], id="onset of 3 in 5"),
        pytest.param("......#..#..#..#..#..#........", False, [], id="sparse clicks are no onset"),
        pytest.param("..#...######........", False, [(2, 14, "hangover")], id="a lone click is silence before speech"),
        pytest.param("....#####.......#####........", False, [(0, 23, "hangover")], id="a pause below the hangover"),
        pytest.param("....#####........#####........", False, [(0, 11, "hangover"), (13, 24, "hangover")], id="two"),
        pytest.param(
            "....#####" + "." * 20 + "#####........", False, [(0, 11, "hangover"), (25, 36, "hangover")], id="far"
        ),
        pytest.param("......######", True, [(2, 11, "finish")], id="released while speaking"),
        pytest.param("......######..", True, [(2, 13, "finish")], id="released in the tail"),
        pytest.param("......######......", True, [(2, 14, "finish")], id="released in the hangover"),
        pytest.param("......######........", True, [(2, 14, "hangover")], id="released after the endpoint"),
        pytest.param("......##", True, [], id="released before the onset"),
        pytest.param("......####", True, [], id="released with too little voice"),
    ],
)
def test_where_utterances_begin_and_end(pattern, finish, expected):
    assert cut(pattern, finish=finish) == expected


@pytest.mark.parametrize(
    ("pattern", "expected"),
    [
        pytest.param(
            "#" * 10 + "." * 3 + "#" * 20 + "." * 5 + "#" * 22, [(0, 34, "cap"), (35, 59, "finish")], id="second half"
        ),
        pytest.param(
            "#" * 10 + "." * 7 + "#" * 20 + "." * 3 + "#" * 20,
            [(0, 12, "cap"), (13, 59, "finish")],
            id="over twice as long",
        ),
        pytest.param(
            "#" * 10 + "." * 6 + "#" * 20 + "." * 3 + "#" * 21,
            [(0, 36, "cap"), (37, 59, "finish")],
            id="twice as long is not over",
        ),
        pytest.param("#" * 52 + "." * 7 + "." * 5, [(0, 54, "hangover")], id="the hangover ends with the cap"),
        pytest.param("#" * 55 + "." * 5 + "." * 9, [(0, 57, "cap")], id="the longest pause is at its end"),
        pytest.param("#" * 55 + "." * 5 + "#" * 9, [(0, 57, "cap"), (58, 68, "finish")], id="speech goes on after it"),
    ],
)
def test_the_longest_utterance_is_cut_at_its_longest_pause(pattern, expected):
    assert cut(pattern, finish=True) == expected


@pytest.mark.parametrize(
    ("pattern", "expected"),
    [
        pytest.param("......######..", [], id="the tail is not complete"),
        pytest.param("......######...", [(2, 14)], id="it is"),
        pytest.param("......######.......", [(2, 14)], id="once for each silence"),
        pytest.param("......######...#..", [(2, 14)], id="speech goes on"),
        pytest.param("......######...#...", [(2, 14), (2, 18)], id="and stops again"),
        pytest.param("......######..#..#..", [], id="gaps of two frames are no pauses"),
        pytest.param("......####.......", [], id="too little voice to be committed"),
        pytest.param("......####...#...", [(2, 16)], id="enough at the second pause"),
        pytest.param("......######........" + "." * 9, [(2, 14)], id="none after the endpoint"),
        pytest.param("#" * 54 + "." * 4 + "##" + "...", [(0, 56), (56, 62)], id="of what remains after a cut"),
    ],
)
def test_a_pause_says_what_would_be_committed(pattern, expected):
    found = [indices(event.segment.pcm) for event in heard(pattern) if isinstance(event, Pause)]
    assert [(inside[0], inside[-1]) for inside in found] == expected


@pytest.mark.parametrize(
    "settings",
    [replace(SHORT, speculate=False), replace(SHORT, tail_ms=0), replace(SHORT, tail_ms=160)],
    ids=["not wanted", "no tail", "the tail is as long as the hangover"],
)
def test_where_there_are_no_pauses(settings):
    assert not [event for event in heard("......######........", settings) if isinstance(event, Pause)]


def test_a_long_pause_at_the_cut_is_not_decoded():
    settings = replace(SHORT, hangover_ms=400)
    assert cut("#" * 35 + "." * 15 + "#" * 10, settings, finish=True) == [(0, 37, "cap"), (46, 59, "finish")]


def test_speech_without_a_pause_is_cut_where_it_is_quietest():
    loud, quiet = np.full(320, 8000, "<i2"), np.full(320, 50, "<i2")
    loud[::2], quiet[::2] = -8000, -50
    endpointer = Endpointer(SHORT)
    events = []
    for index in range(60):
        samples = quiet if index == 41 else loud
        events += endpointer.push(Frame((index + 1) * FRAME_S, samples.tobytes()), voiced=True)
    events += endpointer.finish()
    parts = [event.segment for event in events if isinstance(event, Endpoint)]
    assert [len(part.pcm) // FRAME_BYTES for part in parts] == [41, 19]


def test_the_remainder_of_a_cut_is_speech_however_short():
    pattern = "#" * 54 + "." * 4 + "##" + "." * 8
    assert cut(pattern) == [(0, 55, "cap"), (56, 62, "hangover")]


def test_times_and_counts_of_a_segment():
    (segment,) = (event.segment for event in heard("......##.###........") if isinstance(event, Endpoint))
    assert segment == Segment(
        pcm=segment.pcm,
        started_s=pytest.approx(2 * FRAME_S),
        first_voiced_s=pytest.approx(6 * FRAME_S),
        last_voiced_s=pytest.approx(12 * FRAME_S),
        ended_s=pytest.approx(15 * FRAME_S),
        voiced_ms=100,
        cause="hangover",
        gaps=0,
        voiced=bytes([0, 0, 0, 0, 1, 1, 0, 1, 1, 1, 0, 0, 0]),
    )


def test_too_short_an_utterance_is_dropped_with_its_reason():
    events = heard("......####........")
    assert [type(event) for event in events] == [Onset] + [Speech] * 4 + [Dropped]  # no Pause, nothing to decode
    assert events[-1] == Dropped("only 80 ms of it was voiced, of 100 ms at least")


def test_the_onset_comes_with_the_frame_that_makes_it():
    events = heard("......###")
    assert events == [Onset(pytest.approx(6 * FRAME_S), tuple(frame(i) for i in range(2, 9)))]


def test_missing_frames_do_not_end_an_utterance_but_are_counted():
    endpointer = Endpointer(SHORT)
    events = []
    for index, mark in enumerate("....########........"):
        events += endpointer.push(frame(index, lost=50 if index > 7 else 0), mark == "#")
    (segment,) = (event.segment for event in events if isinstance(event, Endpoint))
    assert indices(segment.pcm) == list(range(15))
    assert segment.gaps == 1
    assert segment.ended_s == pytest.approx(65 * FRAME_S)


def test_reset_forgets_an_open_utterance_and_the_pre_roll():
    endpointer = Endpointer(SHORT)
    for index in range(10):
        endpointer.push(frame(index), voiced=True)
    assert endpointer.speaking
    endpointer.reset()
    assert not endpointer.speaking
    assert endpointer.finish() == []
    onset = [event for i in range(10, 13) for event in endpointer.push(frame(i), voiced=True)]
    assert onset == [Onset(pytest.approx(10 * FRAME_S), tuple(frame(i) for i in range(10, 13)))]


SETTINGS = st.builds(
    EndpointSettings,
    onset_ms=st.sampled_from([20, 60, 100]),
    pre_roll_ms=st.sampled_from([0, 40, 300]),
    hangover_ms=st.sampled_from([100, 160, 700]),
    min_speech_ms=st.sampled_from([20, 120]),
    max_utterance_s=st.sampled_from([0.5, 1.0, 3.0]),
    tail_ms=st.sampled_from([0, 60, 200]),
)
PATTERNS = st.lists(st.tuples(st.booleans(), st.integers(1, 40)), max_size=30).map(
    lambda runs: "".join(("#" if voiced else ".") * length for voiced, length in runs)
)


@given(pattern=PATTERNS, settings=SETTINGS)
def test_nothing_is_lost_and_nothing_is_doubled(pattern, settings):
    events = heard(pattern, settings, finish=True)
    taken = []  # every frame of every segment, in order
    accounted = set()  # the frames of segments and of dropped utterances
    spooled: list[int] = []
    onset_at_s = None
    for event in events:
        match event:
            case Onset(at_s, frames):
                spooled = indices(b"".join(one.pcm for one in frames))
                onset_at_s = at_s
            case Speech(frames):
                spooled += indices(b"".join(one.pcm for one in frames))
            case Endpoint(segment):
                inside = indices(segment.pcm)
                assert inside == (spooled if segment.cause != "cap" else spooled[: len(inside)])
                assert segment.first_voiced_s == onset_at_s
                taken += inside
                accounted.update(inside)
            case Dropped():
                accounted.update(spooled)
    assert taken == sorted(set(taken))
    for event in events:  # from its onset on, no voiced frame of an utterance is outside
        if isinstance(event, Endpoint):
            first, end = (round(at / FRAME_S) for at in (event.segment.first_voiced_s, event.segment.last_voiced_s))
            voiced = [i for i in range(first, end) if pattern[i] == "#"]
            assert len(voiced) * FRAME_MS == event.segment.voiced_ms
            assert set(voiced) <= set(indices(event.segment.pcm))
    skipped = "".join(mark for i, mark in enumerate(pattern) if i not in accounted)
    if settings.onset_ms == 20:  # every voiced frame is an onset, so all that is skipped is silence
        assert "#" not in skipped
    kept_silence = "".join(mark for i, mark in enumerate(pattern) if i in accounted).split("#")
    limit = (settings.hangover_ms + settings.pre_roll_ms + settings.tail_ms) // FRAME_MS
    assert all(len(silence) <= limit for silence in kept_silence)


@given(pattern=PATTERNS, settings=SETTINGS, end=st.integers(0, 300))
def test_an_endpoint_without_more_speech_has_the_audio_of_its_pause(pattern, settings, end):
    pause: Segment | None = None
    for event in heard(pattern[:end], settings, finish=True):
        match event:
            case Onset() | Speech():
                pause = None
            case Pause(segment):
                assert pause is None
                pause = segment
            case Endpoint(segment) if pause is not None and segment.cause != "cap":
                assert segment == replace(pause, cause=segment.cause)
            case Endpoint(segment) if settings.tail_ms and segment.cause != "cap":
                silent = segment.ended_s - segment.last_voiced_s
                assert silent < settings.tail_ms / 1000 - FRAME_S / 2 or settings.tail_ms >= settings.hangover_ms
            case Dropped():
                assert pause is None


@given(pattern=PATTERNS, settings=SETTINGS)
def test_no_utterance_is_longer_than_allowed(pattern, settings):
    longest = max(settings.max_utterance_s, (settings.pre_roll_ms + settings.onset_ms * 5 / 3 + 2 * FRAME_MS) / 1000)
    for event in heard(pattern, settings, finish=True):
        if isinstance(event, Endpoint):
            assert len(event.segment.pcm) / 2 / RATE_HZ <= longest + 1e-9


def babble(seconds, seed=0):
    """Something like speech for a detector: a buzzing voice whose loudness goes up and down four times a second."""
    at = np.arange(round(seconds * RATE_HZ)) / RATE_HZ
    voice = sum(np.sin(2 * np.pi * 120 * k * at) / k for k in range(1, 25))
    loudness = np.maximum(0.0, np.sin(2 * np.pi * 4 * at)) ** 0.5
    noise = np.random.default_rng(seed).standard_normal(len(at))
    return (2500 * voice * loudness + 3 * noise).astype("<i2").tobytes()


def silence(seconds):
    return np.random.default_rng(1).integers(-3, 4, round(seconds * RATE_HZ)).astype("<i2").tobytes()


def test_a_whole_recording_is_cut_with_times_from_its_beginning():
    pcm = silence(1.0) + babble(2.0) + silence(1.5) + babble(1.0) + silence(0.3) + b"\1\0" * 7
    first, second = segments(pcm, EndpointSettings())
    assert first.first_voiced_s == pytest.approx(1.0, abs=0.1)
    assert first.started_s == pytest.approx(0.7, abs=0.1)
    assert 3.0 - 0.25 <= first.last_voiced_s <= first.ended_s <= 3.5
    assert first.cause == "hangover"
    assert second.first_voiced_s == pytest.approx(4.5, abs=0.1)
    assert second.cause == "finish"
    start = round(first.started_s * RATE_HZ) * 2
    assert first.pcm == pcm[start : start + len(first.pcm)]


@pytest.mark.parametrize(
    "pcm", [b"", silence(0.01), silence(3.0), bytes(96_000)], ids=["empty", "10 ms", "hiss", "zeros"]
)
def test_a_recording_without_speech_has_no_segments(pcm):
    assert list(segments(pcm, EndpointSettings())) == []


def settled(pattern, at, wait_ms, settings=SHORT):
    """The endpoints where frame number ``at`` makes it known how long the wait is; after which frame each came."""
    endpointer, pause, found = Endpointer(settings), None, []
    for number, mark in enumerate(pattern):
        events = endpointer.push(frame(number), mark == "#")
        pause = next((event.segment for event in events if isinstance(event, Pause)), pause)
        if number == at:
            events += endpointer.settle(pause, wait_ms)
        found += [(number, event.segment) for event in events if isinstance(event, Endpoint)]
    return found


@pytest.mark.parametrize(
    ("pattern", "at", "wait_ms", "ended"),
    [
        pytest.param("######........", 8, 160, [13], id="the usual wait"),
        pytest.param("######........", 8, 100, [10], id="a short one"),
        pytest.param("######........", 11, 100, [11], id="known too late: at once"),
        pytest.param("######........", 8, 20, [8], id="never less than the tail"),
        pytest.param("######............", 8, 240, [17], id="a longer one"),
        pytest.param(
            "######....######........", 8, 100, [23], id="speech went on before, and the next pause is another"
        ),
        pytest.param("######...######........", 12, 100, [22], id="speech has gone on"),
        pytest.param("######...######........", 18, 100, [19], id="of the second pause"),
    ],
)
def test_the_wait_can_be_made_another_while_it_lasts(pattern, at, wait_ms, ended):
    found = settled(pattern, at, wait_ms)
    assert [number for number, _segment in found] == ended
    usual = [one for one in heard(pattern, finish=True) if isinstance(one, Endpoint)]
    assert [segment.pcm for _number, segment in found] == [one.segment.pcm for one in usual], "the audio is the same"


def test_a_wait_settled_too_late_ends_nothing_that_came_after():
    endpointer, pauses = Endpointer(SHORT), []
    for number, mark in enumerate("######........" + "######..."):
        pauses += [event.segment for event in endpointer.push(frame(number), mark == "#") if isinstance(event, Pause)]
    assert len(pauses) == 2
    assert endpointer.settle(pauses[0], 60) == []
    assert [type(event) for event in endpointer.settle(pauses[1], 60)] == [Endpoint]
    assert endpointer.settle(pauses[1], 60) == []
