"""``swictation transcribe``: audio files through voice activity detection and the recogniser, without a daemon."""

from __future__ import annotations

import asyncio
import dataclasses
import json
import logging
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from daemon import config, paths
from daemon.endpoint import EndpointSettings, segments
from daemon.errors import AudioFileError, WorkerError
from daemon.latency import sum_known
from daemon.recogniser import EngineClient, Recognition
from daemon.text.join import join
from daemon.text.sanitise import sanitise
from models import audio_file
from models.bundle import PRACTICE_NOTICE

_LOADING_LIMIT_S = 120.0


def run(files: Sequence[Path], model: Path | None, *, as_json: bool) -> int:
    """Print what each file says; a file that cannot be read gets one line on stderr and the exit status 1."""
    logging.getLogger("daemon").addHandler(logging.NullHandler())  # what goes wrong is raised, and told once
    chosen = config.load(paths.config_file())
    settings = EndpointSettings(**dataclasses.asdict(chosen.endpoint))
    engine = EngineClient(model or config.model_directory(chosen), chosen.model.threads, chosen.model.engine)
    return asyncio.run(_run(files, engine, settings, as_json=as_json))


async def _run(files: Sequence[Path], engine: EngineClient, settings: EndpointSettings, *, as_json: bool) -> int:
    status = 0
    await engine.start()
    try:
        state = await engine.wait_ready(_LOADING_LIMIT_S)
        if state.practice:
            print(f"swictation: {PRACTICE_NOTICE}", file=sys.stderr)
        for file in files:
            try:
                result = await _transcribe(file, engine, settings)
            except (AudioFileError, WorkerError) as error:
                print(f"swictation: {error}", file=sys.stderr)
                status = 1
                continue
            _show(result, as_json=as_json, named=len(files) > 1)
    finally:
        await engine.stop()
    return status


async def _transcribe(file: Path, engine: EngineClient, settings: EndpointSettings) -> dict[str, Any]:
    began_s = time.monotonic()
    audio = audio_file.read(file)
    read_s = time.monotonic()
    spoken = list(segments(audio.pcm, settings))
    cut_s = time.monotonic()
    heard = [(segment, await engine.recognise(segment.pcm)) for segment in spoken]
    pieces = [
        {
            "start_s": round(segment.started_s, 3),
            "end_s": round(segment.ended_s, 3),
            "text": sanitise(recognition.transcript.text),
        }
        for segment, recognition in heard
    ]
    if audio.note:
        print(f"swictation: {file}: {audio.note}", file=sys.stderr)
    timings = {
        "read": (read_s - began_s) * 1000,
        "endpointing": (cut_s - read_s) * 1000,
        **_engine_timings([recognition for _segment, recognition in heard]),
        "total": (time.monotonic() - began_s) * 1000,
    }
    return {
        "file": str(file),
        "text": join([str(piece["text"]) for piece in pieces]),
        "segments": pieces,
        "timings_ms": {stage: None if value is None else round(value, 3) for stage, value in timings.items()},
        "audio_s": round(audio.duration_s, 3),
        "model": engine.state.model,
        "provider": engine.state.provider,
    }


def _engine_timings(heard: Sequence[Recognition]) -> dict[str, float | None]:
    transcripts = [recognition.transcript for recognition in heard]
    return {
        "features": sum_known(transcript.features_ms for transcript in transcripts),
        "encode": sum_known(transcript.encode_ms for transcript in transcripts) if transcripts else None,
        "decode": sum_known(transcript.decode_ms for transcript in transcripts),
        "recognise": sum(recognition.recognise_ms for recognition in heard),
    }


def _show(result: dict[str, Any], *, as_json: bool, named: bool) -> None:
    if as_json:
        print(json.dumps(result, ensure_ascii=False), flush=True)
    else:
        print(f"{result['file']}: {result['text']}" if named else result["text"], flush=True)
