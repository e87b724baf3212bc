"""Audio files of any rate and channel count as the PCM that engines take."""

from __future__ import annotations

import re
import stat
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import soundfile
import soxr

from models.errors import AudioFileError
from models.recogniser import RATE_HZ, SAMPLE_BYTES

_BLOCK_FRAMES = 4096  # a damaged file loses one block before the damage; this is FLAC's own usual size
_SURELY_SHORT = 0.95  # the length of an MP3 file of variable bit rate is an estimate
_LENGTH_UNKNOWN = 1 << 31  # a WAV file written to a pipe has such a length, and is whole


@dataclass(frozen=True, slots=True)
class PcmFile:
    """A file as int16 little-endian mono ``pcm`` at 16 kHz.

    ``note`` says in one line what is wrong with a file that could still be read (it is cut off), or None.
    """

    pcm: bytes
    duration_s: float
    note: str | None = None


def read(path: str | Path) -> PcmFile:
    """Read a WAV, FLAC, OGG or MP3 file, mix its channels and resample it to 16 kHz.

    Raises AudioFileError, one line that names the file, if there is no audio in it that can be read.
    """
    path = Path(path)
    _check_readable(path)
    try:
        samples, rate_hz, note = _decode(path)
    except soundfile.LibsndfileError as error:
        reason = error.error_string.rstrip(".").removesuffix(" (see log for more details)")
        raise AudioFileError(f"{path} cannot be read as audio: {reason}; give a WAV, FLAC, OGG or MP3 file") from None
    if not samples.size:
        raise AudioFileError(f"{path} holds no audio: it has a header and no samples")
    if rate_hz != RATE_HZ:
        samples = soxr.resample(samples, rate_hz, RATE_HZ, quality="HQ")
    pcm = (np.clip(samples, -1.0, 32767 / 32768) * 32768).round().astype("<i2").tobytes()
    return PcmFile(pcm, len(pcm) / SAMPLE_BYTES / RATE_HZ, note)


def duration_s(path: str | Path) -> float:
    """How long a file says that it is, from its header; 0.0 for one that ``read`` would refuse."""
    try:
        _check_readable(Path(path))
        return float(soundfile.info(path).duration)
    except (AudioFileError, soundfile.LibsndfileError):
        return 0.0


def _check_readable(path: Path) -> None:
    try:
        found = path.stat()
        if stat.S_ISDIR(found.st_mode):
            raise AudioFileError(f"{path} is a directory; give the audio files in it")
        if not stat.S_ISREG(found.st_mode):
            raise AudioFileError(f"{path} is not a regular file; give a WAV, FLAC, OGG or MP3 file")
        if found.st_size == 0:
            raise AudioFileError(f"{path} is empty")
        path.open("rb").close()
    except FileNotFoundError:
        raise AudioFileError(f"{path} does not exist") from None
    except PermissionError:
        raise AudioFileError(f"{path} cannot be read: permission denied") from None
    except OSError as error:
        raise AudioFileError(f"{path} cannot be read: {error.strerror}") from None


def _decode(path: Path) -> tuple[np.ndarray[tuple[int], np.dtype[np.float32]], int, str | None]:
    """Mono float32 samples, their rate, and a note if they are not all that the file once held."""
    with soundfile.SoundFile(path) as file:
        try:
            frames = file.read(dtype="float32", always_2d=True)
        except soundfile.LibsndfileError:
            frames = _before_damage(file)
        rate_hz, promised, log = file.samplerate, file.frames, file.extra_info
    samples = np.nan_to_num(frames.mean(axis=1))
    missing = _promised_in_vain(log) or samples.size < promised * _SURELY_SHORT
    note = f"{path} is cut off or damaged: only its first {samples.size / rate_hz:.1f} s could be read"
    return samples, rate_hz, note if missing else None


def _before_damage(file: soundfile.SoundFile) -> np.ndarray[tuple[int, int], np.dtype[np.float32]]:
    """What stands in a file before the place where it cannot be decoded; raises LibsndfileError if that is nothing.

    Only for this: soundfile seeks after every read, which in an MP3 file spoils the next block.
    """
    blocks: list[np.ndarray[tuple[int, int], np.dtype[np.float32]]] = []
    file.seek(0)
    try:
        while len(block := file.read(_BLOCK_FRAMES, dtype="float32", always_2d=True)):
            blocks.append(block)
    except soundfile.LibsndfileError:
        if not blocks:
            raise
    return np.concatenate(blocks) if blocks else np.zeros((0, 1), np.float32)


def _promised_in_vain(log: str) -> bool:
    """Whether libsndfile's log of a WAV or Ogg file says that it ends too early; the length it gives is corrected."""
    data = re.search(r"^data : (\d+) \(should be (\d+)\)", log, re.MULTILINE)
    cut_wav = data is not None and int(data[2]) < int(data[1]) < _LENGTH_UNKNOWN
    return cut_wav or "lacks an end-of-stream bit" in log
