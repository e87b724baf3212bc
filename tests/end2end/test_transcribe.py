"""``swictation transcribe``: every format gives the right text, every bad file one clear line."""

import contextlib
import json
import os
import shutil
import signal
import struct
import subprocess
import sys

import numpy as np
import psutil
import pytest
import soundfile
import soxr

from daemon.endpoint import EndpointSettings, segments
from tests.daemon import sherpa_stand_in
from tests.desktop import wait_until
from tests.end2end.running import ROOT, RunningDaemon, environment_of
from tests.models import tiny
from tests.speech import RATE_HZ, clips, silence, word_errors, write


@pytest.fixture
def alone(tmp_path):
    return RunningDaemon(tmp_path, environment_of({"XDG_RUNTIME_DIR": str(tmp_path / "run")}))


def test_one_object_for_each_file_and_line(alone):
    some = clips()[:3]
    done = alone.cli("transcribe", "--json", *(str(clip.file) for clip in some))
    results = [json.loads(line) for line in done.stdout.splitlines()]
    assert [result["text"] for result in results] == [clip.text for clip in some]
    assert [result["file"] for result in results] == [str(clip.file) for clip in some]
    for result in results:
        assert result["model"]
        assert result["provider"] == "cpu"
        assert result["timings_ms"]["decode"] > 0
        assert result["timings_ms"]["encode"] is None
        [segment] = result["segments"]
        assert 0 <= segment["start_s"] < segment["end_s"]
    assert done.stderr.startswith("swictation: practice model: understands synthesised speech")


def test_pauses_make_segments_with_their_times(alone, tmp_path):
    first, second = clips()[3], clips()[4]
    file = write(tmp_path / "two.wav", first.pcm + silence(2.0) + second.pcm)
    [result] = [json.loads(line) for line in alone.cli("transcribe", "--json", str(file)).stdout.splitlines()]
    assert [segment["text"] for segment in result["segments"]] == [first.text, second.text]
    assert result["text"] == f"{first.text} {second.text}"
    assert result["segments"][1]["start_s"] > len(first.pcm) / 2 / RATE_HZ + 1.0


@pytest.mark.parametrize(
    ("ending", "rate_hz", "channels"),
    [
        ("wav", 8_000, 1),
        ("wav", 44_100, 2),
        ("wav", 48_000, 1),
        ("flac", 48_000, 2),
        ("mp3", 44_100, 2),
        ("ogg", 48_000, 1),
    ],
)
def test_formats_rates_and_channels(alone, tmp_path, ending, rate_hz, channels):
    clip = clips()[-1]
    samples = soxr.resample(np.frombuffer(clip.pcm, "<i2").astype(np.float32) / 32768, RATE_HZ, rate_hz)
    file = tmp_path / f"speech.{ending}"
    soundfile.write(file, np.repeat(samples[:, None], channels, axis=1), rate_hz)
    done = alone.cli("transcribe", str(file))
    assert done.returncode == 0, done.stderr
    errors, words = word_errors(clip.text, done.stdout.strip())
    assert errors <= (words // 2 if rate_hz == 8_000 else 0), done.stdout


def test_bad_files_get_one_line_each_and_good_ones_their_text(alone, tmp_path):
    good = clips()[3]
    (tmp_path / "empty.wav").touch()
    (tmp_path / "text.wav").write_text("this is no audio")
    (tmp_path / "directory.wav").mkdir()
    (tmp_path / "header.wav").write_bytes(write(tmp_path / "whole.wav", good.pcm).read_bytes()[:20])
    bad = ["empty.wav", "text.wav", "directory.wav", "header.wav", "missing.wav"]
    done = alone.cli("transcribe", *(str(tmp_path / name) for name in bad), str(good.file))
    assert done.returncode == 1
    assert done.stdout.strip().endswith(good.text)
    lines = done.stderr.splitlines()
    assert len(lines) == len(bad) + 1, lines  # and the practice model's
    for name in bad:
        assert sum(name in line for line in lines) == 1


def test_a_truncated_file_gives_what_is_there(alone, tmp_path):
    first, second = clips()[3], clips()[4]
    whole = write(tmp_path / "whole.wav", first.pcm + silence(2.0) + second.pcm)
    cut = tmp_path / "cut.wav"
    cut.write_bytes(whole.read_bytes()[: 44 + len(first.pcm) + 32_000])
    done = alone.cli("transcribe", str(cut))
    assert done.stdout.strip() == first.text


def test_silence_has_no_text_and_is_no_error(alone, tmp_path):
    done = alone.cli("transcribe", "--json", str(write(tmp_path / "silence.wav", silence(3))))
    result = json.loads(done.stdout)
    assert (done.returncode, result["text"], result["segments"]) == (0, "", [])


def test_a_model_that_is_none(alone, tmp_path):
    done = alone.cli("transcribe", "--model", str(tmp_path / "nowhere"), str(clips()[0].file))
    assert done.returncode == 1
    assert done.stderr.count("\n") == 1
    assert "nowhere" in done.stderr


def _on_a_terminal(alone, *arguments):
    """Run ``transcribe`` with a terminal for its stderr; the exit status and what came there and on stdout."""
    ours, theirs = os.openpty()
    command = [sys.executable, "-m", "daemon", "transcribe", *arguments]
    with subprocess.Popen(
        command, env=alone.environment, cwd=alone.directory, stdout=subprocess.PIPE, stderr=theirs
    ) as running:
        os.close(theirs)
        said = b""
        with contextlib.suppress(OSError):  # how Linux tells that nobody has the other end any more
            while part := os.read(ours, 4096):
                said += part
        os.close(ours)
        return running.wait(), said.decode(), running.stdout.read().decode()


def test_a_terminal_sees_how_far_it_is_and_the_texts_stay_clean(alone, tmp_path):
    many = write(tmp_path / "many.wav", b"".join(clip.pcm + silence(1.0) for clip in clips()) * 3)
    status, progress, texts = _on_a_terminal(alone, str(many), str(tmp_path / "missing.wav"), str(clips()[0].file))
    assert status == 1
    assert f"100% of {round(_length_s(many) + _length_s(clips()[0].file))} s, 3 of 3 files" in progress
    assert " x real time, 0:00 left" in progress
    assert "missing.wav does not exist" in progress
    assert len(texts.splitlines()) == 2
    assert "real time" not in texts


def _length_s(file):
    return soundfile.info(file).duration


def test_without_a_terminal_there_is_no_progress(alone):
    assert "real time" not in alone.cli("transcribe", str(clips()[0].file)).stderr


def test_an_interrupt_ends_it_in_the_middle_of_a_decode(alone, tmp_path):
    shutil.copy(sherpa_stand_in.__file__, tmp_path / "sherpa_onnx.py")
    alone.environment["PYTHONPATH"] = f"{tmp_path}{os.pathsep}{ROOT}"
    [spoken] = segments(clips()[0].pcm, EndpointSettings())
    hanging = write(tmp_path / "hangs.wav", struct.pack("<h", sherpa_stand_in.HANG) + spoken.pcm[2:])
    command = ["transcribe", "--model", str(tiny.bundle(tmp_path / "model")), str(hanging)]
    running = subprocess.Popen(
        [sys.executable, "-m", "daemon", *command], env=alone.environment, cwd=tmp_path,
        stdout=subprocess.PIPE, stderr=subprocess.PIPE,
    )  # fmt: skip
    [worker] = wait_until("the worker", lambda: psutil.Process(running.pid).children())
    wait_until("the decode", lambda: (tmp_path / "hanging").exists() or running.poll() is not None)
    running.send_signal(signal.SIGINT)
    out, error = running.communicate(timeout=20)

    assert (running.returncode, out, error) == (130, b"", b"")
    assert not worker.is_running()
