"""What the pages say, from what the daemon says."""

import pytest

from gui.settings import engine_words, microphone_words, model_words
from tests.gui.scripted_daemon import ENGINE, status
from tests.gui.settings.answers import HEARD, MICROPHONES, MODELS, model


def test_the_model_in_use_comes_first_and_only_what_can_dictate_is_offered():
    rows = model_words.rows(MODELS)
    assert [(row.name, row.state) for row in rows] == [
        ("practice", "in use"),
        ("parakeet-110m-int8", "installed"),
        ("parakeet-110m", "can be fetched"),
        ("parakeet-0.6b-v3-int8", "can be fetched"),
    ]


def test_what_can_be_done_with_a_model():
    practice, installed, fetchable, _ = model_words.rows(MODELS)
    assert (practice.can_use, practice.can_remove, practice.can_verify, practice.directory) == (False, False, True, "")
    assert (installed.can_use, installed.can_remove, installed.can_get) == (True, True, False)
    assert installed.directory == "/models/parakeet-110m-int8"
    assert (fetchable.can_get, fetchable.can_use, fetchable.can_verify) == (True, False, False)


def test_a_damaged_model_says_why_and_cannot_be_used():
    (row,) = model_words.rows([model("mine", installed=True, fault="encoder.onnx is missing")])
    assert row.fault == "encoder.onnx is missing"
    assert (row.can_use, row.can_remove) == (False, True)


def test_a_model_is_told_with_its_language_device_and_licence():
    rows = {row.name: row for row in model_words.rows(MODELS)}
    assert rows["parakeet-110m"].about.startswith("English · for a GPU · licence CC-BY-4.0")
    assert rows["parakeet-0.6b-v3-int8"].about.startswith("5 languages of Europe")
    assert rows["parakeet-0.6b-v3-int8"].size == "487 MB"


@pytest.mark.parametrize(
    ("told", "words", "share"),
    [
        ({"step": "downloading"}, "downloading", None),
        ({"step": "unpacking", "done_bytes": 5e6, "total_bytes": None}, "unpacking, 5 MB", None),
        (
            {"step": "downloading", "done_bytes": 40e6, "total_bytes": 160e6, "speed": 4.2e6, "left_s": 77.2},
            "downloading, 40 MB of 160 MB, 4.2 MB/s, 1:17 left",
            250,
        ),
    ],
)
def test_progress_in_words(told, words, share):
    assert model_words.progress_words(told) == words
    assert model_words.share(told) == share


def test_a_configured_microphone_that_is_not_there_stays_in_the_list():
    assert microphone_words.offered(MICROPHONES, "Yeti")[1] == ("Yeti", "“Yeti” (not connected)")
    assert microphone_words.offered(MICROPHONES, "usb")[1] == ("usb", "“usb”")
    assert microphone_words.offered([], "") == [("", "System default")]


def test_the_default_and_what_is_played_are_named():
    assert microphone_words.offered(MICROPHONES, "alsa_input.headset") == [
        ("", "System default (Desk microphone)"),
        ("alsa_input.desk", "Desk microphone"),
        ("alsa_input.headset", "USB headset"),
        ("alsa_output.monitor", "Loudspeakers (what is played)"),
    ]


@pytest.mark.parametrize(
    ("level", "speech", "word"),
    [
        (None, False, "silence"),
        (-70, False, "silence"),
        (-55, False, "quiet"),
        (-30, False, "sound"),
        (-30, True, "speech"),
    ],
)
def test_a_level_in_a_word(level, speech, word):
    assert microphone_words.level_words({"level_dbfs": level, "speech": speech}) == word


def test_what_was_heard_and_what_it_cost():
    said, cost = microphone_words.heard_words(HEARD)
    assert said == "Heard: “the quick brown fox”"
    assert cost == (
        "2.1 s of audio · silence awaited 700 ms · features 2 ms · encoding 31 ms · decoding 4 ms · altogether 741 ms"
    )


def test_nothing_heard_says_what_to_do():
    assert "choose another microphone" in microphone_words.heard_words({**HEARD, "text": " "})[0]


def test_what_really_decodes_and_why_it_is_not_what_was_asked():
    line = "onnxruntime sees no GPU: install swictation[gpu]"
    shown = status(engine=ENGINE | {"engine": "ort", "threads": 1, "provider_fault": line})
    assert engine_words.running(shown) == "onnxruntime on the CPU, 1 thread"
    assert engine_words.fault(shown) == line
    assert engine_words.running(status(provider="cuda")) == "sherpa-onnx on the GPU"
    assert engine_words.running(status(engine=ENGINE | {"phase": "loading"})) == "The model is being loaded."


def test_the_self_test_and_the_measurement():
    assert engine_words.tested(status()) == "passed"
    broken = {"verdict": "broken", "reason": "it heard nothing"}
    assert engine_words.tested(status(engine=ENGINE | {"self_test": broken})) == "failed: it heard nothing"
    assert engine_words.tested(status(engine=ENGINE | {"self_test": None})) == "not made"
    assert engine_words.measured(status()) == "not yet"
    assert "minute" in engine_words.measured(status(engine=ENGINE | {"measuring": True}))


def test_the_fastest_backend_is_told_first_and_what_failed_not_at_all():
    rows = [
        {"engine": "sherpa", "provider": "cpu", "threads": 1, "median_ms": 61.0, "ratio": 1.0, "fault": None},
        {"engine": "ort", "provider": "cuda", "threads": 1, "median_ms": None, "ratio": None, "fault": "no GPU"},
        {"engine": "ort", "provider": "cpu", "threads": 2, "median_ms": 38.0, "ratio": 0.6, "fault": None},
    ]
    told = engine_words.measured(status(engine=ENGINE | {"measured": {"at_s": 0.0, "load": 0.1, "rows": rows}}))
    assert told == "38 ms  onnxruntime on the CPU, 2 threads\n61 ms  sherpa-onnx on the CPU, 1 thread"
