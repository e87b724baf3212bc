"""What ``swictation transcribe`` gains from batches: the same utterances together and one at a time, alternating.

    python -m tests.benchmarks.transcribe [--model DIR] [--engine NAME ...] [--provider NAME] [--seconds S]
                                          [--batch S] [--repeats N]

``many`` are short recordings, ``long`` is one file of all of them; both go through reading, endpointing and the engine
worker as the command does it. ``alone`` sends one utterance at a time; in both, the next are read and cut meanwhile.
Figures are seconds of audio for each second of waiting: medians, and the median of the ratios within each repeat. The
texts must be the same.
"""

import argparse
import asyncio
import random
import statistics
import tempfile
import time
from pathlib import Path

from daemon.commands.file_batches import BATCH_S, Spoken, batches
from daemon.endpoint import EndpointSettings
from daemon.engine.choice import Plan
from daemon.engine.recogniser import EngineClient
from models import audio_file
from models.choice import Backend
from tests import recordings
from tests.speech import silence, write

_LOAD_S = 300.0


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", type=Path, default=recordings.any_model())
    parser.add_argument("--engine", choices=["sherpa", "ort"], nargs="+", default=["sherpa", "ort"])
    parser.add_argument("--provider", choices=["cpu", "cuda"], default="cpu")
    parser.add_argument("--seconds", type=float, default=120.0, help="of audio, at least, in each set")
    parser.add_argument("--batch", type=float, default=BATCH_S, metavar="S", help="seconds of audio in a batch")
    parser.add_argument("--repeats", type=int, default=5)
    options = parser.parse_args()
    clips = recordings.practice_clips() + recordings.human_clips("vctk", 8)
    if options.model is None or not clips:
        parser.error("no model or no recording is here: give --model")
    with tempfile.TemporaryDirectory() as directory:
        sets = _sets(clips, options.seconds, Path(directory))
        named = f"{options.model.name} on {options.provider}"
        print(f"{named}, batches of {options.batch:.0f} s, {options.repeats} repeats")
        print("engine set     files   audio s   alone x   batched x   batched/alone")
        for engine in options.engine:
            plan = Plan(options.model, backend=Backend(engine, options.provider, 1))
            asyncio.run(_compare(plan, sets, options.batch, options.repeats))


def _sets(clips: list[Path], seconds: float, directory: Path) -> dict[str, list[Path]]:
    pcms = [audio_file.read(clip).pcm for clip in clips]
    times = 1 + int(seconds * 32_000 / sum(map(len, pcms)))
    long = write(directory / "long.wav", b"".join(pcm + silence(1.0) for pcm in pcms) * times)
    return {"many": clips * times, "long": [long]}


async def _compare(plan: Plan, sets: dict[str, list[Path]], batch_s: float, repeats: int) -> None:
    client = EngineClient(plan)
    await client.start()
    try:
        state = await client.wait_ready(_LOAD_S)
        if state.provider != plan.backend.provider:
            print(f"{plan.backend.engine}: {state.provider_fault}")
            return
        for name, files in sets.items():
            audio_s = sum(map(audio_file.duration_s, files))
            speeds: dict[bool, list[float]] = {False: [], True: []}
            texts = {}
            for repeat in range(-1, repeats):  # the first warms up
                for together in random.sample([False, True], 2):
                    began_s = time.perf_counter()
                    texts[together] = await _transcribe(client, files, batch_s, together=together)
                    if repeat >= 0:
                        speeds[together].append(audio_s / (time.perf_counter() - began_s))
            alone, batched = (statistics.median(speeds[together]) for together in (False, True))
            ratio = statistics.median(b / a for a, b in zip(speeds[False], speeds[True], strict=True))
            row = f"{plan.backend.engine:6} {name:6}{len(files):7d}{audio_s:10.1f}"
            same = "" if texts[False] == texts[True] else "   they do not hear the same"
            print(f"{row}{alone:10.1f}{batched:12.1f}{ratio:16.2f}{same}", flush=True)
    finally:
        await client.stop()


async def _transcribe(client: EngineClient, files: list[Path], batch_s: float, *, together: bool) -> list[str]:
    coming = batches(files, EndpointSettings(), batch_s)
    texts: list[str] = []
    following = asyncio.create_task(asyncio.to_thread(next, coming, None))
    while (batch := await following) is not None:
        following = asyncio.create_task(asyncio.to_thread(next, coming, None))
        pcms = [item.segment.pcm for item in batch if isinstance(item, Spoken)]
        heard = await client.recognise_many(pcms) if together else [await client.recognise(pcm) for pcm in pcms]
        texts += [one.transcript.text for one in heard]
    return texts


if __name__ == "__main__":
    main()
