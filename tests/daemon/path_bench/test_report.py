"""The report in words and as a picture, of scripted figures."""

import io

import matplotlib.image
import pytest

from daemon.errors import SwictationError
from daemon.path_bench import plots, run
from daemon.path_bench.judge import judged
from daemon.path_bench.words import path_in_words
from tests.daemon.path_bench.made import trial, trials


def _result():
    tried = trials([trial()], [trial(recognise=100.0)])
    tried += trials([trial(wait=700.0)], [trial(wait=700.0, recognise=100.0)], gap_ms=None)
    about = {"model": "practice", "engine": "sherpa", "provider": "cpu", "threads": 1, "spoiled": 2}
    machine = {"processor": "A Processor", "cores": 2, "load": 1.9, "system": "Linux 6"}
    models = [{**about, **judged(tried, tail_ms=80, practice=True)}]
    return {"machine": machine, "repeats": 1, "tail_ms": 80, "hangover_ms": 700, "models": models}


def test_the_words_fit_the_terminal_and_name_cases_bars_and_what_was_repeated():
    told = path_in_words(_result())
    assert max(map(len, told.splitlines())) <= 120
    for part in ("release at 150 ms", "hands-free", "met", "not judged", "2 trials were made again", "load 1.9"):
        assert part in told, told


def test_a_picture(tmp_path):
    file = tmp_path / "report.png"
    plots.writer(file)(_result(), "")
    picture = matplotlib.image.imread(io.BytesIO(file.read_bytes()), format="png")
    assert picture.shape[1] == 1500


def test_missing_programs_are_named_with_the_command_that_gets_them(monkeypatch):
    missing = {"Xvfb", "pactl", "parec"}
    monkeypatch.setattr(run.shutil, "which", lambda name: None if name in missing else f"/bin/{name}")
    wanted = r"needs Xvfb, pactl, parec: `sudo apt install xvfb pulseaudio-utils`$"
    with pytest.raises(SwictationError, match=wanted):
        run.check_programs()
