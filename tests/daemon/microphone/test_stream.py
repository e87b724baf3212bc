"""What the capture worker does with an open stream that nobody hears, and what it keeps of it."""

from __future__ import annotations

import os
import time
from io import BytesIO
from queue import SimpleQueue
from types import SimpleNamespace

import pytest

from daemon.messages import FRAME_BYTES, FRAME_MS, RATE_HZ, Frame
from daemon.microphone import devices as microphones
from daemon.microphone import stream as capture_stream
from daemon.microphone import worker as capture_worker
from daemon.microphone.devices import Source
from daemon.microphone.framing import Framer
from daemon.microphone.stream import Block, Format, Recording, Unheard
from daemon.microphone.worker import CaptureWorker
from models import wire

FRAME_S = FRAME_MS / 1000
BLOCK = Block(1, b"\x01\x00" * (FRAME_BYTES // 2), time.monotonic(), FRAME_S, False)


def frames_at(*numbers):
    return [Frame(number * FRAME_S, number.to_bytes(2, "little") * (FRAME_BYTES // 2)) for number in numbers]


@pytest.mark.parametrize(
    ("keep_ms", "heard", "later", "since", "given"),
    [
        (100, 3, (4, 5, 6), 0, (4, 5, 6)),  # what was heard is never given again
        (100, 1, (4, 5), 0, (2, 3, 4, 5)),  # what had been sent and was not heard is
        (100, 0, (), 0, (1, 2, 3)),
        (100, 3, (), 0, ()),
        (60, 3, (4, 5, 6, 7), 0, (5, 6, 7)),  # no more than is to be kept
        (100, 3, (4, 5, 6, 7), 5, (6, 7)),  # none from before the pre-roll
        (100, 3, (4, 5), 5, ()),
        (0, 0, (4, 5), 0, ()),
    ],
)
def test_what_nobody_has_heard_of_a_recording_of_three_frames(keep_ms, heard, later, since, given):
    unheard = Unheard(200)
    for frame in frames_at(1, 2, 3):
        unheard.push(frame)
    unheard.rest(3 - heard, keep_ms)
    for frame in frames_at(*later):
        unheard.push(frame)
    assert unheard.since(since * FRAME_S) == frames_at(*given)


class GivenUp(Exception):
    """The worker has left its process."""


@pytest.fixture
def unheard(monkeypatch):
    """A worker, not in a process of its own, with an open stream of the microphone ``desk`` that nobody hears."""
    worker = CaptureWorker(None, BytesIO())
    source = Source("desk", "Desk", server_source="desk", index=1)
    worker._recording = Recording(1, "desk", source, None, Framer(RATE_HZ, 1), Format(RATE_HZ, 1), Unheard(500))

    def leave(_status):
        raise GivenUp

    monkeypatch.setattr(capture_worker, "os", SimpleNamespace(_exit=leave, getpid=os.getpid))
    monkeypatch.setattr(microphones, "recorded_index", lambda _process: 1)
    return worker


def give_up(worker):
    """What a worker tells that leaves its process at the next block."""
    with pytest.raises(GivenUp):
        worker._take_block(BLOCK)
    worker._outgoing.seek(0)
    told, _body = wire.read(worker._outgoing)
    assert (told["kind"], told["take"]) == ("lost", None)
    return told["message"]


def test_after_the_machine_has_slept_nobody_hears_with_the_old_stream(unheard):
    stream = unheard._recording
    unheard._take_block(BLOCK)
    assert unheard._serves(stream, "desk")
    stream.slept_s -= 60.0
    assert not unheard._serves(stream, "desk")
    assert "slept" in give_up(unheard)


def test_no_other_microphone_stays_open_in_the_place_of_one_that_went(unheard, monkeypatch):
    for _ in range(capture_worker._LOOK_BLOCKS):
        unheard._take_block(BLOCK)
    monkeypatch.setattr(microphones, "recorded_index", lambda _process: 2)
    for _ in range(capture_worker._LOOK_BLOCKS - 1):
        unheard._take_block(BLOCK)
    assert "another took its place" in give_up(unheard)


@pytest.mark.parametrize(("device", "samples"), [(microphones.SERVER_DEVICE, 160), (3, 320), (None, 320)])
def test_a_sound_server_is_asked_for_smaller_blocks_than_a_bare_device(device, samples):
    asked = []
    sounddevice = SimpleNamespace(
        PortAudioError=OSError,
        query_devices=lambda _device, _kind: {"default_samplerate": 48_000.0, "max_input_channels": 1},
        check_input_settings=lambda **_: None,
        RawInputStream=lambda **settings: asked.append(settings) or SimpleNamespace(start=lambda: None),
    )
    capture_stream.record(sounddevice, Source("desk", "Desk", device), "desk", SimpleQueue(), 0)
    assert [settings["blocksize"] for settings in asked] == [samples]
