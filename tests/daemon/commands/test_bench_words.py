"""The tables of ``swictation bench``."""

import dataclasses

import pytest

from daemon.commands.bench_words import bench_in_words
from tests.models.bench.results import measured, result, row

LONG = "a-model-whose-name-nobody-would-want-to-type-twice-in-a-row-int8"
BROKEN = {"verdict": "broken", "wer": None, "reason": "it answers speech with nothing " * 6, "decode_ms": 1.0}
RESULTS = {
    "usual": result(row(), row("ort", split=True)),
    "peers": result(row(), row("peer:sherpa"), row("peer:onnx-asr")),
    "long names": result(row(model=LONG, lengths=(measured(1.0, clip="a recording of mine with a long name.flac"),))),
    "a gpu": result(row(), row("ort", provider="cuda", gpu_speed_up={f"{second} s": 12.3 for second in range(40)})),
    "faults": result(row(seconds=(), fault="it could not be loaded " * 9), notes=["onnx-asr is not installed"]),
    "broken": result(row(quality=BROKEN)),
    "no fits": result(row(seconds=(1.0,), fits={"whole": {"seconds": None, "tokens": None}})),
}


@pytest.mark.parametrize("name", RESULTS)
def test_no_line_is_wider_than_120_columns(name):
    lines = bench_in_words(RESULTS[name]).splitlines()

    assert max(map(len, lines)) <= 120
    assert all(line == line.rstrip() for line in lines)


def _lines(name, beginning):
    return [line.split() for line in bench_in_words(RESULTS[name]).splitlines() if line.startswith(beginning)]


def test_every_figure_of_the_whole_stands_in_its_column():
    heads = ["audio", "cold", "p50", "p95", "rtf", "tokens", "/token", "/sherpa", "same"]
    assert _lines("usual", "the whole")[0][2:] == heads
    whole = [words for words in _lines("usual", "practice ort cpu") if words[-1] == "yes"]
    assert whole[0][3:] == ["1", "s", "20000.0", "10000.0", "10001.0", "10.000", "4", "2500.00", "1.000", "yes"]


def test_with_peers_the_times_are_held_against_them():
    assert _lines("peers", "the whole")[0][-3:] == ["/sherpa", "/onnx-asr", "same"]
    assert "practice sherpa direct cpu" in bench_in_words(RESULTS["peers"])


def test_a_time_for_encoder_and_decoder_together_is_not_called_the_decoders():
    phases = {
        engine: [words[5] for words in _lines("usual", f"practice {engine} cpu") if words[-1] == "%"]
        for engine in ("sherpa", "ort")
    }
    assert phases["sherpa"][:4] == ["features", "enc+dec", "whole", "processor"]
    assert phases["ort"][:5] == ["features", "encode", "decode", "whole", "processor"]


def test_faults_verdicts_and_notes_are_there_in_full():
    text = " ".join(bench_in_words(RESULTS["faults"]).split())
    assert "fault: " + " ".join(["it could not be loaded"] * 9) in text
    assert "note: onnx-asr is not installed" in text
    assert "broken" in bench_in_words(RESULTS["broken"])
    assert " ".join(["it answers speech with nothing"] * 6) in " ".join(bench_in_words(RESULTS["broken"]).split())


@pytest.mark.parametrize(("load", "told"), [(0.2, False), (1.9, True), (None, False)])
def test_a_busy_machine_is_told(load, told):
    found = result(row())
    found["machine"] = {**found["machine"], "load": load}

    assert ("other work was running" in bench_in_words(found)) is told


def test_a_file_is_named_by_its_name():
    named = dataclasses.replace(row(), lengths=(measured(1.0, clip="mine.wav"),))

    assert "mine.wav" in bench_in_words(result(named))
