"""Voice detection: whether it hears speech in a recording of speech, and none in silence."""

from __future__ import annotations

from daemon.doctor.finding import Finding, State
from daemon.errors import AudioFileError
from daemon.messages import FRAME_BYTES
from daemon.voice import VoiceDetector
from models import audio_file, bundle

_NAME = "voice"
_LEAST, _MOST = 0.4, 0.05  # of the frames: between its words, speech has pauses
_QUIET = bytes(100 * FRAME_BYTES)
_MEND = "pip install --force-reinstall swictation webrtcvad-wheels"


def check(aggressiveness: int) -> Finding:
    """Let a detector of this aggressiveness hear the bundled recording, and silence."""
    try:
        spoken = audio_file.read(bundle.default_directory() / "recording.flac").pcm
    except AudioFileError as error:
        return Finding(_NAME, State.BAD, str(error), _MEND)
    return judge(share(VoiceDetector(aggressiveness), spoken), share(VoiceDetector(aggressiveness), _QUIET))


def share(detector: VoiceDetector, pcm: bytes) -> float:
    """The share of frames that the detector takes for speech."""
    frames = [pcm[start : start + FRAME_BYTES] for start in range(0, len(pcm) - FRAME_BYTES + 1, FRAME_BYTES)]
    return sum(detector.voiced(frame) for frame in frames) / len(frames)


def judge(in_speech: float, in_silence: float) -> Finding:
    """What the two shares show."""
    seen = f"speech in {in_speech:.0%} of a recording of speech, in {in_silence:.0%} of silence"
    good = in_speech >= _LEAST and in_silence <= _MOST
    return Finding(_NAME, State.OK if good else State.BAD, seen, None if good else _MEND)
