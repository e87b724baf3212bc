"""A decode that is given up half way, in each engine and in the worker."""

import contextlib
import io
import os
import random
import subprocess
import sys
import threading

import numpy as np
import psutil
import pytest

from models import bundle, engine, tdt, wire
from models.ort import OrtRecogniser
from models.ort_encoder import Encoder
from models.recogniser import Transcript
from models.sherpa import SherpaRecogniser
from models.stopping import Stop, Stopped
from tests.benchmarks import stand_in
from tests.models import conformer


@pytest.fixture(scope="module")
def random_model(tmp_path_factory):
    """Random weights, small, but large enough for a run to be met in its midst."""
    return bundle.find(stand_in.build(tmp_path_factory.mktemp("random"), True, conformer.TINY))


def _noise(seconds, seed=1):
    return np.random.default_rng(seed).normal(0, 3000, seconds * 16_000).astype("<i2").tobytes()


def test_whoever_is_told_hears_of_it_once_however_late_he_came():
    stop, heard = Stop(), []
    stop.check()
    stop.tell(lambda: heard.append("early"))
    stop.ask()
    stop.tell(lambda: heard.append("late"))

    assert heard == ["early", "late"]
    with pytest.raises(Stopped):
        stop.check()


class _StoppedAt:
    """A network that is stopped at its third step."""

    def __init__(self, stop):
        self.stop, self.steps = stop, 0

    def begin(self, _encoded):
        return self

    def take(self, token):
        pass

    def logits(self, _frame):
        self.steps += 1
        if self.steps == 3:
            self.stop.ask()
        return np.array([0, 1, 1, 0], np.float32)


def test_the_steps_end_after_the_one_in_which_it_was_asked_for():
    stop = Stop()
    network = _StoppedAt(stop)

    with pytest.raises(Stopped):
        tdt.greedy(network, np.zeros((2, 100), np.float32), 1, stop)
    assert network.steps == 3


class _Terminated:
    """A session that is asked to stop in the midst of a run."""

    def __init__(self, session, stop):
        self._session, self._stop = session, stop

    def run(self, outputs, feeds, options):
        assert options.terminate is False
        self._stop.ask()
        assert options.terminate is True
        return self._session.run(outputs, feeds, options)


def test_a_run_of_the_encoder_is_terminated_and_the_next_one_is_whole(random_model):
    encoder = Encoder(random_model.encoder, "cpu", threads=1)
    mel = np.random.default_rng(1).standard_normal((80, 300), np.float32)
    whole, session, stop = encoder.encode(mel), encoder._session, Stop()
    encoder._session = _Terminated(session, stop)
    with pytest.raises(Stopped):
        encoder.encode(mel, stop)
    encoder._session = session

    assert np.array_equal(encoder.encode(mel), whole)


def test_what_fails_by_itself_is_a_failure(random_model):
    encoder = Encoder(random_model.encoder, "cpu", threads=1)

    with pytest.raises(Exception, match="INVALID_ARGUMENT"):
        encoder.encode(np.zeros((3, 300), np.float32), Stop())


@pytest.mark.parametrize("seconds", [1, 20])
def test_nothing_is_begun_that_nobody_wants(random_model, seconds):
    """Not in two parts either, as what fails on long audio is."""
    stop = Stop()
    stop.ask()
    for recogniser in (OrtRecogniser(random_model), SherpaRecogniser(random_model)):
        with pytest.raises(Stopped):
            recogniser.recognise(_noise(seconds), stop)
        with pytest.raises(Stopped):
            recogniser.recognise_many([_noise(seconds)] * 2, stop)


def test_decodes_stopped_at_any_moment_leave_the_engine_as_it_was(random_model):
    recogniser = OrtRecogniser(random_model)
    pcms = [_noise(seconds) for seconds in (3, 12, 25)]
    wanted = [recogniser.recognise(pcm).tokens for pcm in pcms]
    _stop_often(recogniser, pcms, 40)
    before = psutil.Process().memory_info().rss
    _stop_often(recogniser, pcms, 200)

    assert [recogniser.recognise(pcm).tokens for pcm in pcms] == wanted
    assert psutil.Process().memory_info().rss - before < 8 << 20


def _stop_often(recogniser, pcms, often):
    """Stop so many decodes at random moments; those that are done before do not count."""
    moments = random.Random(1)  # noqa: S311
    tries = stopped = 0
    while stopped < often:
        tries += 1
        assert tries < 20 * often, "hardly one of them stops"
        stop = Stop()
        timer = threading.Timer(moments.uniform(0, 0.03), stop.ask)
        timer.start()
        try:
            recogniser.recognise(pcms[tries % len(pcms)], stop)
        except Stopped:
            stopped += 1
        timer.cancel()
        timer.join()


class _Slow:
    """Decodes until it is stopped; says nothing of silence at once."""

    model, provider, stops = "slow", "cpu", True

    def __init__(self):
        self.begun = threading.Event()

    def recognise(self, pcm, stop):
        if any(pcm):
            self.begun.set()
            asked = threading.Event()
            stop.tell(asked.set)
            asked.wait()
            stop.check()
        return Transcript("")


@contextlib.contextmanager
def _pipe():
    reading, writing = os.pipe()
    with os.fdopen(reading, "rb") as incoming, os.fdopen(writing, "wb", buffering=0) as outgoing:
        yield incoming, outgoing


@pytest.mark.parametrize(("error", "status"), [("TypeError('a fault of ours')", 1), ("BrokenPipeError", 0)])
def test_a_worker_that_cannot_go_on_leaves_though_it_still_hears_the_daemon(error, status):
    code = f"""
import sys
from models import engine, wire
from tests.models.fake_recogniser import FakeRecogniser
incoming, outgoing = wire.claim_stdio()
class Ends(FakeRecogniser):
    def recognise(self, pcm, stop=None):
        raise {error}
wire.claim_stdio = lambda: (incoming, outgoing)
engine._start = lambda _options: (Ends(), {{"kind": "ready"}})
sys.exit(engine.main(["--model", "any"]))
"""
    with subprocess.Popen(
        [sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as worker:
        assert wire.read(worker.stdout)[0] == {"kind": "ready"}
        worker.stdin.write(wire.pack({"kind": "recognise", "id": 1}, bytes(32_000)))
        worker.stdin.flush()
        assert worker.wait(30) == status
        said = worker.stderr.read().decode()
    assert ("a fault of ours" in said) is (status == 1)
    assert "Fatal Python error" not in said


def test_the_worker_stops_what_it_decodes_and_what_waits_and_goes_on():
    recogniser, answers = _Slow(), io.BytesIO()
    with _pipe() as (requests, writing):
        serving = threading.Thread(target=engine.serve, args=(recogniser, requests, answers))
        serving.start()
        for number, pcm in ((1, b"xx"), (2, b"xx"), (3, bytes(2))):
            writing.write(wire.pack({"kind": "recognise", "id": number}, pcm))
        assert recogniser.begun.wait(10)
        for number in (2, 9, 1):  # nine was never asked for
            writing.write(wire.pack({"kind": "cancel", "id": number}))
        writing.write(wire.pack({"kind": "recognise", "id": 4}, bytes(2)))
        writing.write(wire.pack({"kind": "cancel", "id": 3}))  # perhaps too late
        writing.close()
        serving.join(10)

    answers.seek(0)
    said = {head["id"]: head["kind"] for head, _ in iter(lambda: wire.read(answers), None) if head["kind"] != "alive"}
    assert list(said) == [1, 2, 3, 4]
    assert (said[1], said[2], said[4]) == ("cancelled", "cancelled", "transcript")
    assert said[3] in {"cancelled", "transcript"}
