"""What decoding again brings where words seem to be missing: on human speech, synthesised speech and noise.

    python -m tests.benchmarks.second_look

Needs the human recordings, the noises and the model that understands people (see tests/recordings.py).
"""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path

from daemon.endpoint import EndpointSettings, Segment, segments
from daemon.engine.recogniser import Recognition
from daemon.second_look import look
from daemon.text.join import join
from models import audio_file, bundle
from models.sherpa import SherpaRecogniser
from tests.benchmarks.human import FOLDERS
from tests.human_speech import noises, plain, recordings, word_error_rate
from tests.recordings import human_data, human_model
from tests.speech import clips


def main() -> int:
    """Print a line for each set."""
    if human_data() is None:
        print("the human recordings are not here: set SWICTATION_TEST_DATA", file=sys.stderr)
        return 1
    speech = [(one.file, one.words) for one in recordings(*FOLDERS)]
    print(f"{'audio':<14}{'segments':>9}{'suspicious':>11}{'changed':>9}{'decodes':>9}{'WER before':>12}{'after':>7}")
    _line("human", speech, human_model())
    _line("synthesised", [(one.file, one.text) for one in clips()], bundle.default_directory())
    _line("noise", [(file, "") for file in noises()], human_model())
    return 0


def _line(name: str, files: list[tuple[Path, str]], model: Path | None) -> None:
    recogniser = SherpaRecogniser(bundle.find(model))
    decodes = 0

    async def recognise(pcm: bytes) -> Recognition:
        nonlocal decodes
        decodes += 1
        return Recognition(recogniser.recognise(pcm), 0.0, 0.0, 0.0, "", "cpu", 1)

    async def both(segment: Segment) -> tuple[str, str, bool]:
        first = await recognise(segment.pcm)
        seen = await look(segment, first, recognise)
        return first.transcript.text, seen.heard.transcript.text, seen.note is not None

    before, after, count, suspicious, changed = [], [], 0, 0, 0
    for file, words in files:
        texts = [asyncio.run(both(one)) for one in segments(audio_file.read(file).pcm, EndpointSettings())]
        count += len(texts)
        suspicious += sum(noted for _first, _second, noted in texts)
        changed += sum(first != second for first, second, _noted in texts)
        before.append((words, plain(join([first for first, _second, _noted in texts]))))
        after.append((words, plain(join([second for _first, second, _noted in texts]))))
    rates = ["-" if name == "noise" else f"{word_error_rate(pairs):.2f} %" for pairs in (before, after)]
    print(f"{name:<14}{count:>9}{suspicious:>11}{changed:>9}{decodes:>9}{rates[0]:>12}{rates[1]:>9}", flush=True)


if __name__ == "__main__":
    sys.exit(main())
