"""``swictation transcribe``: every format gives the right text, every bad file one clear line."""

import json

import numpy as np
import pytest
import soundfile
import soxr

from tests.end2end.running import RunningDaemon, environment_of
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
