"""What the cuts of voice activity detection cost on human speech, and how much speech and noise is held as doubtful.

    python -m tests.benchmarks.human

Needs the human recordings, the noises and the model that understands people (see tests/recordings.py).
"""

from __future__ import annotations

import sys
from collections import defaultdict
from collections.abc import Iterable
from pathlib import Path

from daemon.doubt import doubtful
from daemon.endpoint import EndpointSettings, segments
from daemon.text.join import join
from models import audio_file, bundle
from models.recogniser import Transcript
from models.sherpa import SherpaRecogniser
from tests.human_speech import noises, plain, recordings, word_error_rate
from tests.recordings import human_data, human_model

FOLDERS = ("librispeech-test-other", "librispeech-misc", "ljspeech", "vctk", "misc", "an4-test", "pocketsphinx")
FOLDERS += ("voicebank-demand-clean", "voicebank-demand-noisy")


def main() -> int:
    """Print both tables."""
    if human_data() is None:
        print("the human recordings are not here: set SWICTATION_TEST_DATA", file=sys.stderr)
        return 1
    recogniser = SherpaRecogniser(bundle.find(human_model()))
    whole: dict[str, list[tuple[str, str]]] = defaultdict(list)
    cut: dict[str, list[tuple[str, str]]] = defaultdict(list)
    for one in recordings(*FOLDERS):
        pcm = audio_file.read(one.file).pcm
        whole[one.file.parent.name].append((one.words, recogniser.recognise(pcm).text))
        pieces = [recogniser.recognise(segment.pcm).text for segment in segments(pcm, EndpointSettings())]
        cut[one.file.parent.name].append((one.words, plain(join(pieces))))
    print(f"{'set':<26}{'files':>6}{'words':>7}{'direct':>9}{'with VAD':>10}")
    for name in (*whole, "all"):
        direct = whole.get(name) or [pair for pairs in whole.values() for pair in pairs]
        pieced = cut.get(name) or [pair for pairs in cut.values() for pair in pairs]
        words = sum(len(reference.split()) for reference, _heard in direct)
        print(f"{name:<26}{len(direct):>6}{words:>7}{word_error_rate(direct):>8.1f}%{word_error_rate(pieced):>9.1f}%")
    print()
    print(f"{'audio':<26}{'files':>6}{'segments with text':>20}{'of them held':>14}")
    for name, files in {"speech": [one.file for one in recordings(*FOLDERS)], "noise": noises()}.items():
        texts = list(segments_with_text(recogniser, files))
        held = sum(doubtful(transcript, voiced_ms) for transcript, voiced_ms in texts)
        print(f"{name:<26}{len(files):>6}{len(texts):>20}{held:>14}")
    return 0


def segments_with_text(recogniser: SherpaRecogniser, files: Iterable[Path]) -> Iterable[tuple[Transcript, float]]:
    """What was recognised in each segment that has any text, with its voiced milliseconds."""
    for file in files:
        for segment in segments(audio_file.read(file).pcm, EndpointSettings()):
            transcript = recogniser.recognise(segment.pcm)
            if transcript.text:
                yield transcript, segment.voiced_ms


if __name__ == "__main__":
    sys.exit(main())
