import os
import struct

import numpy as np
import pytest
import soundfile

from models import audio_file
from models.errors import AudioFileError


def _tone(rate_hz, seconds=1.0, channels=1):
    wave = 0.5 * np.sin(2 * np.pi * 440 * np.arange(int(rate_hz * seconds)) / rate_hz)
    return np.stack([wave] * channels, axis=1)


def _peak_hz(pcm):
    samples = np.frombuffer(pcm, "<i2").astype(float)
    return np.argmax(np.abs(np.fft.rfft(samples))) * 16_000 / samples.size


def _loudness(pcm):
    """Root mean square of the middle half, where no codec's start or end is heard."""
    samples = np.frombuffer(pcm, "<i2").astype(float)
    return np.sqrt(np.mean(samples[samples.size // 4 : -samples.size // 4] ** 2))


@pytest.mark.parametrize("rate_hz", [8_000, 16_000, 22_050, 44_100, 48_000])
@pytest.mark.parametrize("channels", [1, 2])
@pytest.mark.parametrize("kind", ["wav", "flac", "ogg", "mp3"])
def test_every_format_rate_and_channel_count(tmp_path, rate_hz, channels, kind):
    path = tmp_path / f"tone.{kind}"
    soundfile.write(path, _tone(rate_hz, 1.0, channels), rate_hz)

    heard = audio_file.read(path)

    assert heard.duration_s == pytest.approx(1.0, abs=0.12 if kind == "mp3" else 0.001)  # MP3 pads to whole blocks
    assert len(heard.pcm) == round(heard.duration_s * 16_000) * 2
    assert _peak_hz(heard.pcm) == pytest.approx(440, abs=2)
    assert _loudness(heard.pcm) == pytest.approx(0.5 * 32768 / np.sqrt(2), rel=0.05)
    assert heard.note is None


def test_sixteen_bits_at_16_khz_come_through_unchanged(tmp_path):
    samples = np.random.default_rng(1).integers(-32768, 32767, 16_000).astype(np.int16)
    soundfile.write(tmp_path / "a.wav", samples, 16_000)

    assert audio_file.read(tmp_path / "a.wav").pcm == samples.tobytes()


def test_samples_beyond_full_scale_are_clipped_and_do_not_wrap(tmp_path):
    soundfile.write(tmp_path / "loud.wav", np.array([1.5, -1.5, 1.0, -1.0]), 16_000, subtype="FLOAT")

    assert np.frombuffer(audio_file.read(tmp_path / "loud.wav").pcm, "<i2").tolist() == [32767, -32768, 32767, -32768]


def test_a_block_boundary_loses_nothing(tmp_path):
    samples = np.random.default_rng(1).integers(-9000, 9000, (1 << 16) + 7).astype(np.int16)
    soundfile.write(tmp_path / "long.flac", samples, 16_000)

    assert audio_file.read(tmp_path / "long.flac").pcm == samples.tobytes()


@pytest.mark.parametrize("kind", ["wav", "flac", "ogg", "mp3"])
def test_a_file_that_is_cut_off_gives_its_beginning_and_says_so(tmp_path, kind):
    path = tmp_path / f"cut.{kind}"
    noise = np.random.default_rng(1).normal(0, 0.1, 16_000 * 8)  # incompressible, so half the bytes are half the time
    soundfile.write(path, noise, 16_000)
    os.truncate(path, path.stat().st_size // 2)

    heard = audio_file.read(path)

    assert 2.0 < heard.duration_s < 6.0
    assert heard.note.startswith(f"{path} is cut off or damaged: only its first {heard.duration_s:.1f} s")
    assert "\n" not in heard.note


def test_a_wav_file_written_to_a_pipe_is_whole_though_it_promises_more(tmp_path):
    path = tmp_path / "piped.wav"
    soundfile.write(path, _tone(16_000), 16_000)
    content = bytearray(path.read_bytes())
    content[4:8] = content[40:44] = b"\xff\xff\xff\xff"
    path.write_bytes(content)

    heard = audio_file.read(path)

    assert heard.duration_s == pytest.approx(1.0)
    assert heard.note is None


def _broken(tmp_path, what):
    path = tmp_path / "it.wav"
    if what == "empty":
        path.write_bytes(b"")
    elif what == "text":
        path.write_text("Dear diary,\n" * 100)
    elif what == "directory":
        path.mkdir()
    elif what == "pipe":
        os.mkfifo(path)
    elif what == "header only":
        soundfile.write(path, np.zeros(0), 16_000)
    elif what == "half a header":
        path.write_bytes(b"RIFF" + struct.pack("<I", 36) + b"WAVEfmt ")
    return path


@pytest.mark.parametrize(
    ("what", "said"),
    [
        ("missing", "does not exist"),
        ("empty", "is empty"),
        ("text", "cannot be read as audio"),
        ("directory", "is a directory; give the audio files in it"),
        ("pipe", "is not a regular file"),
        ("header only", "holds no audio"),
        ("half a header", "cannot be read as audio"),
    ],
)
def test_what_is_no_audio_is_one_line_that_names_the_file(tmp_path, what, said):
    path = _broken(tmp_path, what)

    with pytest.raises(AudioFileError) as raised:
        audio_file.read(path)

    assert str(raised.value).startswith(str(path))
    assert said in str(raised.value)
    assert "\n" not in str(raised.value)


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_a_file_that_may_not_be_read(tmp_path):
    path = tmp_path / "private.wav"
    soundfile.write(path, _tone(16_000), 16_000)
    path.chmod(0)

    with pytest.raises(AudioFileError, match=r"private\.wav cannot be read: permission denied"):
        audio_file.read(path)


def test_a_file_below_a_file(tmp_path):
    (tmp_path / "file").write_text("x")

    with pytest.raises(AudioFileError, match="cannot be read: Not a directory"):
        audio_file.read(tmp_path / "file" / "inner.wav")
