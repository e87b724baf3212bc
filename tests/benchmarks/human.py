"""What the cuts of voice activity detection cost on human speech: the word error rate of a direct decode and with them.

    python -m tests.benchmarks.human

Needs the human recordings and the model that understands them (see tests/recordings.py).
"""

from __future__ import annotations

import sys
from collections import defaultdict

from daemon.endpoint import EndpointSettings, segments
from daemon.text.join import join
from models import audio_file, bundle
from models.sherpa import SherpaRecogniser
from tests.human_speech import plain, recordings, word_error_rate
from tests.recordings import human_data, human_model

_FOLDERS = ("librispeech-test-other", "librispeech-misc", "ljspeech", "vctk", "misc", "an4-test", "pocketsphinx")
_FOLDERS += ("voicebank-demand-clean", "voicebank-demand-noisy")


def main() -> int:
    """Print the table."""
    if human_data() is None:
        print("the human recordings are not here: set SWICTATION_TEST_DATA", file=sys.stderr)
        return 1
    recogniser = SherpaRecogniser(bundle.find(human_model()))
    whole: dict[str, list[tuple[str, str]]] = defaultdict(list)
    cut: dict[str, list[tuple[str, str]]] = defaultdict(list)
    for one in recordings(*_FOLDERS):
        pcm = audio_file.read(one.file).pcm
        whole[one.file.parent.name].append((one.words, recogniser.recognise(pcm).text))
        cut[one.file.parent.name].append((one.words, _in_pieces(recogniser, pcm)))
    print(f"{'set':<26}{'files':>6}{'words':>7}{'direct':>9}{'with VAD':>10}")
    for name in (*whole, "all"):
        direct = whole.get(name) or [pair for pairs in whole.values() for pair in pairs]
        pieces = cut.get(name) or [pair for pairs in cut.values() for pair in pairs]
        words = sum(len(reference.split()) for reference, _heard in direct)
        print(f"{name:<26}{len(direct):>6}{words:>7}{word_error_rate(direct):>8.1f}%{word_error_rate(pieces):>9.1f}%")
    return 0


def _in_pieces(recogniser: SherpaRecogniser, pcm: bytes) -> str:
    pieces = [recogniser.recognise(segment.pcm).text for segment in segments(pcm, EndpointSettings())]
    return plain(join(pieces))


if __name__ == "__main__":
    sys.exit(main())
