"""The engine worker as a real process under the real supervisor."""

import asyncio
import json
import subprocess
import sys

import numpy as np
import psutil
import pytest

from daemon.worker import Worker
from models import audio_file, bundle, wire
from models.recogniser import Transcript
from models.sherpa import SherpaRecogniser
from tests import recordings
from tests.models import tiny
from tests.models.defects import DEFECTS


@pytest.mark.parametrize("defect", DEFECTS)
def test_every_defect_is_reported_as_one_line_by_a_worker_that_then_leaves(tmp_path, defect):
    make, said = DEFECTS[defect]
    status, messages = _talk(make(tmp_path / "model"), [])

    assert status == 3
    assert [head["kind"] for head in messages] == ["failed"]
    assert said in messages[0]["message"]
    assert "\n" not in messages[0]["message"]


def test_damage_that_no_header_shows_is_reported_too(tmp_path):
    status, messages = _talk(tiny.bundle(tmp_path / "model"), [])

    assert status == 3
    assert [head["kind"] for head in messages] == ["failed"]
    assert str(tmp_path / "model") in messages[0]["message"]
    assert "cannot be loaded" in messages[0]["message"]
    assert "\n" not in messages[0]["message"]


async def test_the_supervisor_keeps_the_reason(tmp_path):
    worker = Worker("_engine", "--model", str(tmp_path / "absent"))
    await worker.start()
    async with asyncio.timeout(30):
        while worker.refused is None:
            await asyncio.sleep(0.02)

    assert worker.refused == f"the model directory {tmp_path / 'absent'} does not exist; give one with a model in it"
    assert worker.last_error == worker.refused
    assert worker.ready is None
    await worker.stop()


@recordings.needs_model
def test_ready_then_transcripts_in_the_order_of_the_requests():
    directory = recordings.any_model()
    clip = _speech()
    silence = bytes(32_000)
    requests = [({"kind": "recognise", "id": 1}, clip), ({"kind": "recognise", "id": 2}, b"")]
    requests += [({"kind": "recognise", "id": 3}, silence), ({"kind": "recognise", "id": 4}, clip)]

    status, messages = _talk(directory, requests)

    assert status == 0
    ready, *answers = [head for head in messages if head["kind"] != "alive"]
    assert ready["kind"] == "ready"
    assert ready["model"] == bundle.find(directory).name
    assert ready["provider"] == "cpu"
    assert ready["practice"] == bundle.find(directory).practice
    assert ready["directory"] == str(directory)
    assert ready["load_ms"] > 0
    assert ready["warm_ms"] > 0
    assert [head["id"] for head in answers] == [1, 2, 3, 4]
    assert {head["kind"] for head in answers} == {"transcript"}
    assert answers[1]["text"] == answers[2]["text"] == ""
    assert answers[0]["text"] == answers[3]["text"] != ""
    assert answers[0]["features_ms"] + answers[0]["decode_ms"] <= answers[0]["engine_ms"]
    assert answers[0]["encode_ms"] is None
    assert answers[0]["steps"] is None
    direct = SherpaRecogniser(bundle.find(directory)).recognise(clip)
    assert Transcript.of(answers[0]).tokens == direct.tokens


@pytest.mark.skipif(recordings.practice_model() is None, reason="the practice model is not in this checkout")
def test_the_other_engine_hears_the_same_and_tells_every_stage():
    clip = _speech()

    status, messages = _talk(recordings.practice_model(), [({"kind": "recognise", "id": 1}, clip)], "--engine", "ort")

    ready, answer = [head for head in messages if head["kind"] != "alive"]
    assert (status, ready["kind"], answer["kind"]) == (0, "ready", "transcript")
    assert answer["features_ms"] + answer["encode_ms"] + answer["decode_ms"] <= answer["engine_ms"]
    assert answer["steps"] >= len(answer["tokens"]) > 0
    direct = SherpaRecogniser(bundle.find(recordings.practice_model())).recognise(clip)
    assert Transcript.of(answer).tokens == direct.tokens


@recordings.needs_model
def test_the_other_engine_says_what_it_lacks(tmp_path, monkeypatch):
    (tmp_path / "onnxruntime.py").write_text("raise ImportError('no such library')")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))

    status, messages = _talk(recordings.any_model(), [], "--engine", "ort")

    assert status == 3
    assert messages == [{"kind": "failed", "message": messages[0]["message"]}]
    assert "needs onnxruntime (no such library); run `pip install 'swictation[gpu]'`" in messages[0]["message"]


@recordings.needs_model
def test_a_long_decode_gives_signs_of_life():
    status, messages = _talk(recordings.any_model(), [({"kind": "recognise", "id": 1}, _speech() * 200)])

    assert status == 0
    kinds = [head["kind"] for head in messages]
    assert kinds[0] == "ready"
    assert kinds[-1] == "transcript"
    assert "alive" in kinds[1:-1]


@recordings.needs_model
def test_it_leaves_when_the_daemon_is_gone():
    process = subprocess.Popen(_command(recordings.any_model()), stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    with process:
        assert wire.read(process.stdout)[0]["kind"] == "ready"
        process.stdout.close()
        process.stdin.write(wire.pack({"kind": "recognise", "id": 1}, _speech()))
        process.stdin.close()
        assert process.wait(timeout=30) == 0
    assert not psutil.pid_exists(process.pid)


def _speech():
    clips = recordings.practice_clips() or recordings.human_clips("librispeech-test-other", 3)[2:]
    if clips:
        return audio_file.read(clips[0]).pcm
    return pytest.skip("no recording of speech is here")


def _command(directory):
    return [sys.executable, "-m", "daemon", "_engine", "--model", str(directory)]


def _talk(directory, requests, *options):
    """Start a worker, send it everything, close its stdin: its exit status and the heads of all that it said."""
    sent = b"".join(wire.pack(head, body) for head, body in requests)
    done = subprocess.run(
        [*_command(directory), *options],
        input=sent,
        capture_output=True,
        check=False,
        cwd=recordings.ROOT,
        timeout=120,
    )
    messages, rest = [], done.stdout
    while rest:
        head_length, body_length = np.frombuffer(rest[:8], ">u4").tolist()
        messages.append(json.loads(rest[8 : 8 + head_length]))
        rest = rest[8 + head_length + body_length :]
    return done.returncode, messages
