"""The engine worker as a real process under the real supervisor."""

import asyncio
import io
import json
import subprocess
import sys

import numpy as np
import psutil
import pytest

from daemon.worker import Worker
from models import audio_file, bundle, cuda, engine, wire
from models.recogniser import Transcript
from models.sherpa import SherpaRecogniser
from tests import recordings
from tests.benchmarks import stand_in
from tests.models import conformer, fake_recogniser, tiny
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
    assert (ready["engine"], ready["threads"]) == ("sherpa", 1)
    assert ready["provider_fault"] is ready["self_test"] is None
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


@pytest.mark.skipif(recordings.practice_model() is None, reason="the practice model is not in this checkout")
@pytest.mark.parametrize("engine", ["sherpa", "ort"])
def test_several_utterances_in_one_request(engine):
    clip = _speech()
    lengths = [len(clip), 0, len(clip) // 4 * 2, 32_000]
    body = clip + clip[: len(clip) // 4 * 2] + bytes(32_000)
    requests = [({"kind": "recognise_many", "id": 7, "lengths": lengths}, body), ({"kind": "recognise", "id": 8}, clip)]

    status, messages = _talk(recordings.practice_model(), requests, "--engine", engine)

    _ready, together, alone = [head for head in messages if head["kind"] != "alive"]
    heard = [Transcript.of(fields) for fields in together["transcripts"]]
    assert (status, together["kind"], together["id"]) == (0, "transcripts", 7)
    assert together["engine_ms"] > 0
    assert [bool(one.text) for one in heard] == [True, False, True, False]
    assert heard[0].tokens == Transcript.of(alone).tokens


@recordings.needs_model
@pytest.mark.skipif(cuda.no_driver() is None, reason="an NVIDIA driver is here")
@pytest.mark.parametrize("engine", ["sherpa", "ort"])
def test_a_gpu_that_is_not_there_is_told_and_the_cpu_used(engine):
    status, messages = _talk(
        recordings.any_model(), [({"kind": "recognise", "id": 1}, _speech())], "--engine", engine, "--provider", "cuda"
    )

    ready, answer = [head for head in messages if head["kind"] != "alive"]
    assert (status, ready["provider"], ready["engine"]) == (0, "cpu", engine)
    assert ready["provider_fault"] == cuda.no_driver()
    assert answer["kind"] == "transcript"


@pytest.mark.skipif(recordings.practice_model() is None, reason="the practice model is not in this checkout")
def test_a_judged_model_tells_its_verdict_and_not_what_it_heard():
    status, messages = _talk(recordings.practice_model(), [], "--judge")

    test = messages[0]["self_test"]
    assert (status, test["verdict"], test["wer"]) == (0, "passed", 0.0)
    assert test["decode_ms"] > 0
    assert len(test["text_sha256"]) == 64
    assert set(test) == {"verdict", "wer", "reason", "decode_ms", "text_sha256"}
    assert "window" not in json.dumps(messages)


def test_a_judged_model_that_talks_nonsense_is_refused(tmp_path):
    directory = stand_in.build(tmp_path / "random", True, conformer.TINY)

    status, messages = _talk(directory, [], "--judge")
    unjudged, _ready = _talk(directory, [])

    assert status == 3
    assert messages == [{"kind": "failed", "message": messages[0]["message"]}]
    assert messages[0]["message"].startswith(f"the model in {directory} is broken: ")
    assert unjudged == 0


@pytest.mark.parametrize("words", [fake_recogniser.ILLEGAL, fake_recogniser.FULL])
@pytest.mark.parametrize("many", [False, True])
def test_a_worker_that_lost_its_gpu_says_so_and_leaves(words, many):
    recogniser = fake_recogniser.FakeRecogniser("cuda", fails=[None, words])

    status, (heard, lost) = _serve(recogniser, 3, many)

    assert status == 4
    assert heard["kind"] == ("transcripts" if many else "transcript")
    assert (lost["kind"], lost["id"], lost["device_lost"]) == ("error", 1, True)
    assert "\n" not in lost["message"]
    assert recogniser.decodes == 2  # the third request is for the next worker


def test_the_process_of_a_lost_gpu_ends_with_its_own_status(tmp_path):
    """The whole worker, with a recogniser that loses its GPU at the first request."""
    code = (
        "import sys; from models import engine, loading;"
        "from tests.models.fake_recogniser import FakeRecogniser, ILLEGAL;"
        "lost = FakeRecogniser('cuda', fails=[None] * 6 + [ILLEGAL]);"
        "loading.load = lambda *_: loading.Loaded(lost); loading.on_cpu = lambda *_: FakeRecogniser();"
        "sys.exit(engine.main(['--model', sys.argv[1], '--provider', 'cuda']))"
    )
    directory = stand_in.build(tmp_path / "random", True, conformer.TINY)
    sent = b"".join(wire.pack({"kind": "recognise", "id": number}, bytes(32_000)) for number in (1, 2))

    done = subprocess.run(
        [sys.executable, "-c", code, str(directory)], input=sent, capture_output=True, check=False, timeout=120
    )

    said = io.BytesIO(done.stdout)
    (ready, _), (lost, _) = wire.read(said), wire.read(said)
    assert (ready["provider"], ready["provider_fault"]) == ("cuda", None)
    assert ready["self_test"]["verdict"] in {"unjudged", "broken"}  # it hears other words than were said
    assert (lost["kind"], lost["device_lost"], wire.read(said), done.returncode) == ("error", True, None, 4)


@pytest.mark.parametrize("provider", ["cpu", "cuda"])
def test_an_error_of_one_utterance_is_not_the_loss_of_a_gpu(provider):
    status, answers = _serve(fake_recogniser.FakeRecogniser(provider, fails=[fake_recogniser.SHAPE]), 2)

    assert status == 0
    assert [answer["kind"] for answer in answers] == ["error", "transcript"]
    assert answers[0]["device_lost"] is False


def test_a_processor_without_memory_is_not_the_loss_of_a_gpu():
    status, answers = _serve(fake_recogniser.FakeRecogniser("cpu", fails=[fake_recogniser.FULL]), 1)

    assert (status, answers[0]["kind"], answers[0]["device_lost"]) == (0, "error", False)


def test_the_loss_of_a_gpu_in_a_long_decode_is_one_too():
    """Long audio that fails is cut in two and tried again, which does not help here."""
    recogniser = fake_recogniser.FakeRecogniser("cuda", fails=[fake_recogniser.ILLEGAL] * 9)

    status, answers = _serve(recogniser, 1, seconds=30)

    assert (status, answers[0]["device_lost"]) == (4, True)


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


def _serve(recogniser, count, many=False, seconds=1):
    """Let a recogniser in this process answer: its exit status and what it said, but for the signs of life."""
    pcm = bytes(32_000 * seconds)
    head = {"kind": "recognise_many", "lengths": [len(pcm)]} if many else {"kind": "recognise"}
    outgoing = io.BytesIO()
    status = engine.serve(
        recogniser, io.BytesIO(b"".join(wire.pack({**head, "id": number}, pcm) for number in range(count))), outgoing
    )
    outgoing.seek(0)
    said = [message[0] for message in iter(lambda: wire.read(outgoing), None)]
    return status, [head for head in said if head["kind"] != "alive"]


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
