"""``swictation transcribe``: audio files through voice activity detection and the recogniser, without a daemon.

The utterances of all files go to the engine in batches, and while it decodes one the next is read and cut.
"""

from __future__ import annotations

import asyncio
import concurrent.futures
import contextlib
import dataclasses
import json
import logging
import os
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

from daemon import config, paths
from daemon.commands.file_batches import Batch, FileEnd, Spoken, batches
from daemon.commands.progress_line import ProgressLine, minutes_left
from daemon.endpoint import EndpointSettings
from daemon.engine import choice as engine_choice
from daemon.engine.recogniser import EngineClient, Phase, Recognition
from daemon.errors import WorkerError
from daemon.latency import sum_known
from daemon.text.join import join
from daemon.text.sanitise import sanitise
from models import audio_file
from models.bundle import PRACTICE_NOTICE

_LOADING_LIMIT_S = 120.0

_T = TypeVar("_T")
Heard = Recognition | WorkerError


def run(files: Sequence[Path], model: Path | None, *, as_json: bool) -> int:
    """Print what each file says, in their order; what cannot be recognised gets a line on stderr and exit status 1."""
    logging.getLogger("daemon").addHandler(logging.NullHandler())  # what goes wrong is raised, and told once
    chosen = config.load(paths.config_file())
    settings = EndpointSettings(**dataclasses.asdict(chosen.endpoint))
    engine = EngineClient(engine_choice.for_model(model or config.model_directory(chosen), chosen.model))
    transcription = _Transcription(engine, files, as_json=as_json)
    return asyncio.run(transcription.run(batches(files, settings)))


@dataclass(frozen=True, slots=True)
class Advance:
    """How far a transcription is. ``total_s`` is the length of all files, None while it is not known."""

    files: int
    files_done: int
    audio_s: float
    total_s: float | None
    elapsed_s: float

    def in_words(self) -> str:
        """Files, seconds of audio, speed and time left, as far as they are known."""
        words = [f"{self.audio_s:.0f} s"]
        if self.total_s:
            words = [f"{min(1.0, self.audio_s / self.total_s):4.0%} of {self.total_s:.0f} s"]
        if self.files > 1:
            words.append(f"{self.files_done} of {self.files} files")
        if self.elapsed_s > 0 and self.audio_s > 0:
            speed = self.audio_s / self.elapsed_s
            words.append(f"{speed:.1f} x real time")
            if self.total_s:
                words.append(minutes_left(max(0.0, self.total_s - self.audio_s) / speed))
        return ", ".join(words)


@dataclass
class _Transcription:
    """Recognises batches and prints the text of each file as soon as it is whole."""

    engine: EngineClient
    files: Sequence[Path]
    as_json: bool
    _status: int = 0
    _file: list[tuple[Spoken, Heard]] = field(default_factory=list)  # of the file whose end has not come
    _files_done: int = 0
    _audio_s: float = 0.0  # of the files that are done
    _total_s: concurrent.futures.Future[float] | None = None
    _line: ProgressLine | None = None

    async def run(self, coming: Iterator[Batch]) -> int:
        """The exit status."""
        if sys.stderr.isatty():
            self._line = ProgressLine(sys.stderr, terminal=True)
            self._total_s = _in_thread(lambda: sum(map(audio_file.duration_s, self.files)))
        await self.engine.start()
        try:
            await self._ready()
            began_s = time.monotonic()
            following = _in_thread(lambda: next(coming, None))
            while (batch := await asyncio.wrap_future(following)) is not None:
                following = _in_thread(lambda: next(coming, None))
                await self._recognise(batch)
                self._advance(batch, time.monotonic() - began_s)
        except asyncio.CancelledError:  # Ctrl+C: nothing is asked of a decode that cannot be stopped
            if self.engine.pid is not None:
                with contextlib.suppress(ProcessLookupError):
                    os.kill(self.engine.pid, getattr(signal, "SIGKILL", signal.SIGTERM))  # Windows has the second
            raise
        finally:
            self._clear()
            await self.engine.stop()
        return self._status

    async def _ready(self) -> None:
        if self._line is not None:
            self._line.update(f"loading {self.engine.state.model}")
        state = await self.engine.wait_ready(_LOADING_LIMIT_S)
        engine_choice.remember_self_test(state.directory, state.engine, state.provider, state.self_test)
        if state.practice:
            self._say(PRACTICE_NOTICE)

    async def _recognise(self, batch: Batch) -> None:
        spoken = [item for item in batch if isinstance(item, Spoken)]
        heard = iter(await recognise_each(self.engine, [one.segment.pcm for one in spoken]))
        for item in batch:
            if isinstance(item, Spoken):
                self._file.append((item, next(heard)))
            else:
                self._end(item)

    def _end(self, end: FileEnd) -> None:
        """Print the file that is whole now."""
        heard, self._file = self._file, []
        self._files_done += 1
        self._audio_s += end.audio_s
        for line in [end.fault, *(_refusal(spoken, why) for spoken, why in heard if isinstance(why, WorkerError))]:
            if line is not None:
                self._say(line)
                self._status = 1
        if end.note:
            self._say(end.note)
        if end.fault is None:
            known = [(spoken, found) for spoken, found in heard if isinstance(found, Recognition)]
            self._clear()
            self._show(
                {**_result(end, known), "model": self.engine.state.model, "provider": self.engine.state.provider}
            )

    def _show(self, result: dict[str, Any]) -> None:
        if self.as_json:
            print(json.dumps(result, ensure_ascii=False), flush=True)
        else:
            print(f"{result['file']}: {result['text']}" if len(self.files) > 1 else result["text"], flush=True)

    def _say(self, line: str) -> None:
        self._clear()
        print(f"swictation: {line}", file=sys.stderr)

    def _advance(self, batch: Batch, elapsed_s: float) -> None:
        if self._line is None:
            return
        total_s = self._total_s.result() if self._total_s is not None and self._total_s.done() else None
        within_s = batch[-1].segment.ended_s if isinstance(batch[-1], Spoken) else 0.0
        done = Advance(len(self.files), self._files_done, self._audio_s + within_s, total_s, elapsed_s)
        self._line.update(done.in_words())

    def _clear(self) -> None:
        if self._line is not None:
            self._line.clear()


async def recognise_each(engine: EngineClient, pcms: Sequence[bytes]) -> list[Heard]:
    """What is heard in each, or why nothing: where a batch fails, each is tried alone.

    Raises WorkerError when the model itself is broken.
    """
    try:
        return list(await engine.recognise_many(pcms))
    except WorkerError as error:
        if len(pcms) == 1:
            _check_model(engine)
            return [error]
    return [(await recognise_each(engine, [pcm]))[0] for pcm in pcms]


def _check_model(engine: EngineClient) -> None:
    state = engine.state
    if state.phase is Phase.BROKEN:
        raise WorkerError(state.message or f"{state.model} is broken")


def _refusal(spoken: Spoken, error: WorkerError) -> str:
    where = f"{spoken.segment.started_s:.1f} to {spoken.segment.ended_s:.1f} s"
    return f"{spoken.file}: {where} could not be recognised: {error}"


def _result(end: FileEnd, heard: Sequence[tuple[Spoken, Recognition]]) -> dict[str, Any]:
    pieces = [
        {
            "start_s": round(spoken.segment.started_s, 3),
            "end_s": round(spoken.segment.ended_s, 3),
            "text": sanitise(recognition.transcript.text),
        }
        for spoken, recognition in heard
    ]
    timings = {
        "read": end.read_ms,
        "endpointing": end.endpointing_ms,
        **_engine_timings([recognition for _spoken, recognition in heard]),
    }
    timings["total"] = sum_known(timings[stage] for stage in ("read", "endpointing", "recognise"))
    return {
        "file": str(end.file),
        "text": join([str(piece["text"]) for piece in pieces]),
        "segments": pieces,
        "timings_ms": {stage: None if value is None else round(value, 3) for stage, value in timings.items()},
        "audio_s": round(end.audio_s, 3),
    }


def _engine_timings(heard: Sequence[Recognition]) -> dict[str, float | None]:
    transcripts = [recognition.transcript for recognition in heard]
    return {
        "features": sum_known(transcript.features_ms for transcript in transcripts),
        "encode": sum_known(transcript.encode_ms for transcript in transcripts) if transcripts else None,
        "decode": sum_known(transcript.decode_ms for transcript in transcripts),
        "recognise": sum(recognition.recognise_ms for recognition in heard),
    }


def _in_thread(work: Callable[[], _T]) -> concurrent.futures.Future[_T]:
    """``work`` in a thread that nobody waits for at the end: a Ctrl+C must not last until a long file is read."""
    done: concurrent.futures.Future[_T] = concurrent.futures.Future()

    def run() -> None:
        try:
            result = work()
        except BaseException as error:  # noqa: BLE001 -- handed on to whoever waits
            done.set_exception(error)
        else:
            done.set_result(result)

    threading.Thread(target=run, name="audio files", daemon=True).start()
    return done
