"""The progress of a pull: one rewritten line on a terminal, a line now and then elsewhere."""

import io
import json

import pytest

from daemon.commands.pull_progress import JsonProgress, PullProgress, in_words
from models.download import Progress


@pytest.mark.parametrize(
    ("progress", "words"),
    [
        (Progress(0, None, None, None), "0.0 MB"),
        (Progress(5_000_000, None, 1_500_000.0, None), "5.0 MB, 1.5 MB/s"),
        (Progress(54_000_000, 108_000_000, 2_000_000.0, 27.0), " 50% of 108.0 MB, 2.0 MB/s, 0:27 left"),
        (Progress(0, 482_000_000, 1_000_000.0, 482.4), "  0% of 482.0 MB, 1.0 MB/s, 8:02 left"),
    ],
)
def test_in_words(progress, words):
    assert in_words(progress) == words


def shown(*, terminal, seconds):
    stream, now = io.StringIO(), [0.0]
    progress = PullProgress(stream, terminal=terminal, clock=lambda: now[0])
    reporter = progress.reporter()
    reporter.step("getting it")
    for second in seconds:
        now[0] = second
        reporter.downloaded(Progress(round(second * 1e6), 60_000_000, 1e6, 60 - second))
    reporter.step("checking")
    progress.end()
    return stream.getvalue()


def test_a_terminal_has_one_line_that_is_rewritten():
    said = shown(terminal=True, seconds=[step / 100 for step in range(100)])
    first, rewritten, last = said.rstrip("\n").split("\n")
    assert first == "getting it"
    assert last == "checking"
    assert 9 <= rewritten.count("\r") <= 11


def test_on_a_terminal_the_end_is_shown_however_soon_it_comes():
    assert "100% of 60.0 MB" in shown(terminal=True, seconds=[59.99, 60.0])


def test_anywhere_else_a_line_comes_now_and_then():
    lines = shown(terminal=False, seconds=[step / 10 for step in range(350)]).splitlines()
    assert lines[0] == "getting it"
    assert lines[-1] == "checking"
    assert [line.split(",")[0] for line in lines[1:-1]] == [f" {share}% of 60.0 MB" for share in (17, 33, 50)]


def test_what_is_soon_done_has_no_progress_line():
    assert shown(terminal=False, seconds=[0.1, 0.2]) == "getting it\nchecking\n"


def test_a_program_is_told_of_steps_and_ten_times_a_second_how_far_it_is():
    stream, now = io.StringIO(), [0.0]
    progress = JsonProgress(stream, clock=lambda: now[0])
    reporter = progress.reporter()
    reporter.step("getting it")
    for step in range(1, 101):
        now[0] = step / 100
        reporter.downloaded(Progress(step, 100, 100.0, 1 - now[0]))
    reporter.step("unpacking")
    now[0] = 2.0
    reporter.unpacked(7)
    progress.end()
    progress.result({"name": "x"})
    first, *downloaded, unpacking, unpacked, last = [json.loads(line) for line in stream.getvalue().splitlines()]
    nothing = {"done_bytes": None, "total_bytes": None, "speed": None, "left_s": None}
    assert first == {"step": "getting it", **nothing}
    assert 10 <= len(downloaded) <= 12
    assert downloaded[-1] == {
        "step": "getting it",
        "done_bytes": 100,
        "total_bytes": 100,
        "speed": 100.0,
        "left_s": 0.0,
    }
    assert unpacking == {"step": "unpacking", **nothing}
    assert unpacked == {"step": "unpacking", **nothing, "done_bytes": 7}
    assert last == {"result": {"name": "x"}}
