"""Batches of utterances from files, what becomes of one that fails, and how far it all is in words."""

import contextlib
import io
import itertools
import shutil
import struct

import pytest

from daemon.commands.file_batches import FileEnd, Spoken, batches
from daemon.commands.progress_line import ProgressLine
from daemon.commands.transcribe import Advance, recognise_each
from daemon.endpoint import EndpointSettings, segments
from daemon.engine.choice import Plan
from daemon.engine.recogniser import EngineClient
from daemon.errors import WorkerError
from models import audio_file
from models.choice import Backend
from tests import recordings
from tests.daemon import sherpa_stand_in
from tests.daemon.sherpa_stand_in import FAIL, SPEAK
from tests.models import tiny
from tests.speech import clips, silence, write

_READY_S = 30.0
_SETTINGS = EndpointSettings()


@pytest.fixture
def stand_in(tmp_path, monkeypatch):
    shutil.copy(sherpa_stand_in.__file__, tmp_path / "sherpa_onnx.py")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    return tiny.bundle(tmp_path / "model")


@contextlib.asynccontextmanager
async def _client(plan):
    client = EngineClient(plan)
    await client.start()
    try:
        await client.wait_ready(_READY_S)
        yield client
    finally:
        await client.stop()


def _pcm(action, samples):
    return struct.pack("<h", action) + bytes(2 * samples - 2)


def _pauses(tmp_path):
    """A file with every clip, a pause after each."""
    return write(tmp_path / "long.wav", b"".join(clip.pcm + silence(1.0) for clip in clips()))


def test_batches_hold_what_the_files_say_in_order_and_stay_within_their_bound(tmp_path):
    long = _pauses(tmp_path)
    (tmp_path / "empty.wav").touch()
    files = [clips()[0].file, long, tmp_path / "empty.wav", clips()[1].file]
    given = list(batches(files, _SETTINGS, batch_s=10.0))

    items = [item for batch in given for item in batch]
    assert [item.file for item in items if isinstance(item, FileEnd)] == files
    assert [end.fault is None for end in items if isinstance(end, FileEnd)] == [True, True, False, True]
    of_long = [item.segment for item in items if isinstance(item, Spoken) and item.file == long]
    assert of_long == list(segments(audio_file.read(long).pcm, _SETTINGS))
    lengths_s = [sum(len(item.segment.pcm) / 32_000 for item in batch if isinstance(item, Spoken)) for batch in given]
    assert max(lengths_s) <= 10.0
    assert all(first + second > 10.0 for first, second in itertools.pairwise(lengths_s))


def test_an_utterance_longer_than_a_batch_is_one_of_its_own():
    files = [clip.file for clip in clips()[:3]]
    given = list(batches(files, _SETTINGS, batch_s=0.1))
    assert [sum(isinstance(item, Spoken) for item in batch) for batch in given] == [1, 1, 1]


async def test_one_that_cannot_be_recognised_does_not_take_its_batch_with_it(stand_in):
    async with _client(Plan(stand_in)) as client:
        pcms = [_pcm(SPEAK, 1600), _pcm(FAIL, 1600), _pcm(SPEAK, 3200)]
        first, failed, last = await recognise_each(client, pcms)

    assert (first.transcript.text, last.transcript.text) == ("heard 1600", "heard 3200")
    assert isinstance(failed, WorkerError)
    assert "asked to fail" in str(failed)


async def test_a_model_that_has_become_broken_is_told_once_and_not_for_every_utterance(stand_in):
    async with _client(Plan(stand_in)) as client:
        (stand_in / "tokens.txt").write_text("cut off")
        (stand_in.parent / "decode_ends").write_text("9")
        with pytest.raises(WorkerError, match=r"tokens\.txt is damaged"):
            await recognise_each(client, [_pcm(sherpa_stand_in.END, 1600)] * 3)


@recordings.needs_model
@pytest.mark.parametrize("engine", ["sherpa", "ort"])
async def test_a_batch_says_the_same_as_one_at_a_time(engine):
    plan = Plan(recordings.any_model(), backend=Backend(engine, "cpu", 1))
    pcms = [clip.pcm for clip in clips()] + [clips()[-1].pcm + silence(0.5) + clips()[0].pcm, silence(0.01)]
    async with _client(plan) as client:
        alone = [(await client.recognise(pcm)).transcript for pcm in pcms]
        together = [heard.transcript for heard in await client.recognise_many(pcms)]

    assert [one.text for one in together] == [one.text for one in alone]
    assert [one.tokens for one in together] == [one.tokens for one in alone]
    assert [one.timestamps_s for one in together] == [one.timestamps_s for one in alone]
    assert sum(bool(one.text) for one in together) == len(pcms) - 1


@pytest.mark.parametrize(
    ("advance", "words"),
    [
        (Advance(1, 0, 0.0, None, 0.0), "0 s"),
        (Advance(1, 0, 60.0, None, 4.0), "60 s, 15.0 x real time"),
        (Advance(1, 0, 60.0, 600.0, 4.0), " 10% of 600 s, 15.0 x real time, 0:36 left"),
        (Advance(12, 3, 60.0, 600.0, 4.0), " 10% of 600 s, 3 of 12 files, 15.0 x real time, 0:36 left"),
        (Advance(2, 2, 61.0, 60.0, 6.1), "100% of 60 s, 2 of 2 files, 10.0 x real time, 0:00 left"),
    ],
)
def test_how_far_it_is_in_words(advance, words):
    assert advance.in_words() == words


def test_a_line_that_was_cleared_leaves_no_letter_of_it():
    stream = io.StringIO()
    line = ProgressLine(stream, terminal=True, clock=lambda: 0.0)
    line.update("half of it")
    line.clear()
    line.clear()
    assert stream.getvalue() == "\rhalf of it\r" + " " * 10 + "\r"
