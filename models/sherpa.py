"""The sherpa-onnx engine: NeMo TDT transducers, greedy decoding, on the CPU or on a GPU."""

from __future__ import annotations

import functools
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from models import cuda
from models.bundle import Bundle
from models.errors import SwictationError
from models.recogniser import RATE_HZ, SAMPLE_BYTES, Transcript
from models.stopping import Stop

FRAME_SAMPLES = RATE_HZ * 25 // 1000  # one analysis window; sherpa-onnx raises where not even a frame comes of it
_SPLIT_FROM_S = 10.0  # shorter audio fits every model, so an error about it is not an error of length
_PAUSE_SAMPLES = RATE_HZ * 20 // 1000
# Two settings of onnxruntime. EnableMemPattern=0: a plan of the memory is kept for every length ever decoded, over 1 MB
# per 100 utterances, and saves nothing on lengths that hardly ever return (110M, 2.8 s: 100 ms of CPU time without, 103
# with). allow_spinning=0: a second thread that spins between two operators doubles the CPU time and, on busy cores, the
# waiting.
_SESSION = Path(__file__).with_name("sherpa_session.conf")


_Number = TypeVar("_Number", int, float)
Samples = NDArray[np.int16]


class RecognitionError(SwictationError):
    """The engine could not recognise an utterance. ``device_lost`` if that was the GPU's fault, not the audio's."""

    def __init__(self, message: str, *, device_lost: bool = False) -> None:
        super().__init__(message)
        self.device_lost = device_lost


class SherpaRecogniser:
    """A Recogniser that sherpa-onnx runs. The bundle must have passed ``bundle.validate``.

    Once it decodes nothing can stop it; what may be stopped is what has not begun.

    sherpa-onnx cannot split its time further than this: ``features_ms`` is ``accept_waveform`` (with the conversion of
    the samples), ``encode_ms`` is None, and ``decode_ms`` is encoder and decoder together. It does not count ``steps``.
    """

    def __init__(self, bundle: Bundle, threads: int = 1, provider: str = "cpu") -> None:
        """Load the model. With ``provider`` "cuda" see the property for what came of it.

        A sherpa-onnx that can use CUDA must be first on ``sys.path`` then: see ``sherpa_overlay``. Raises RuntimeError.
        """
        # imported here: it takes a third of a second, and whoever only asks about bundles must not pay for it
        import sherpa_onnx

        self.model = bundle.name
        self._recogniser: Any = sherpa_onnx.OfflineRecognizer.from_transducer(
            encoder=str(bundle.encoder),
            decoder=str(bundle.decoder),
            joiner=str(bundle.joiner),
            tokens=str(bundle.tokens),
            num_threads=threads,
            sample_rate=RATE_HZ,
            feature_dim=bundle.feat_dim,
            decoding_method="greedy_search",
            model_type="nemo_transducer",
            # without the file it would end the process
            provider=f"{provider}:{_SESSION}" if _SESSION.is_file() else provider,
        )
        self._on_cuda = provider == "cuda" and cuda.is_loaded()

    @property
    def provider(self) -> str:
        """Where it runs: ``cpu`` or ``cuda``.

        sherpa-onnx goes on without CUDA and tells only its stderr, so the proof is CUDA's part of onnxruntime in this
        process: it is loaded for a session that runs there, and for nothing else.
        """
        return "cuda" if self._on_cuda else "cpu"

    @property
    def stops(self) -> bool:
        """Whether a decode can be stopped: never."""
        return False

    def recognise(self, pcm: bytes, stop: Stop | None = None) -> Transcript:
        """The transcript of int16 little-endian mono PCM at 16 kHz; of less than 25 ms, an empty one.

        Audio that is longer than the model's position table is cut at its quietest places and the transcripts joined.
        Raises RecognitionError, one line, if the engine fails, and Stopped.
        """
        samples = np.frombuffer(pcm[: len(pcm) // SAMPLE_BYTES * SAMPLE_BYTES], "<i2")
        return in_parts(samples, functools.partial(self._decode, stop=stop or Stop()), (RuntimeError,))

    def recognise_many(self, pcms: Sequence[bytes], stop: Stop | None = None) -> list[Transcript]:
        """The transcripts of several utterances, one after the other. Raises RecognitionError and Stopped.

        sherpa-onnx's own batches pad with silence that a model's subsampling may hear: see ``ort_encoder``.
        """
        return [self.recognise(pcm, stop) for pcm in pcms]

    def _decode(self, samples: Samples, stop: Stop) -> Transcript:
        stop.check()
        started = time.perf_counter()
        stream = self._recogniser.create_stream()
        # the binding takes a list: of an array it converts every element through a Python object of NumPy's own
        stream.accept_waveform(RATE_HZ, (samples.astype(np.float32) / 32768).tolist())
        accepted = time.perf_counter()
        self._recogniser.decode_stream(stream)
        decoded = time.perf_counter()
        result = stream.result
        return Transcript(
            text=result.text.strip(),
            tokens=tuple(result.tokens),
            timestamps_s=tuple(round(second, 3) for second in result.timestamps),
            durations_s=tuple(round(second, 3) for second in result.durations),
            log_probs=tuple(round(value, 4) for value in result.ys_log_probs),
            features_ms=(accepted - started) * 1000,
            decode_ms=(decoded - accepted) * 1000,
        )


def in_parts(
    samples: Samples, decode: Callable[[Samples], Transcript], failures: tuple[type[Exception], ...]
) -> Transcript:
    """What ``decode`` makes of ``samples``: in two parts if it fails on long audio, else a RecognitionError."""
    if samples.size < FRAME_SAMPLES:
        return Transcript("")
    try:
        return decode(samples)
    except failures as error:
        if samples.size < _SPLIT_FROM_S * RATE_HZ:
            reason = " ".join(str(error).split())[:300]
            message = f"the engine failed on {samples.size / RATE_HZ:.1f} s of audio: {reason}"
            raise RecognitionError(message, device_lost=cuda.is_fault(str(error))) from None
    cut = quietest(samples)
    first, second = (in_parts(part, decode, failures) for part in (samples[:cut], samples[cut:]))
    return joined(first, second, cut / RATE_HZ)


def quietest(samples: Samples) -> int:
    """Where to cut ``samples`` in two: amid the quietest 20 ms of their middle third."""
    third = samples.size // 3
    middle = samples[third : third + third // _PAUSE_SAMPLES * _PAUSE_SAMPLES].astype(np.float32)
    energy = np.square(middle).reshape(-1, _PAUSE_SAMPLES).sum(axis=1)
    return third + int(energy.argmin()) * _PAUSE_SAMPLES + _PAUSE_SAMPLES // 2


def joined(first: Transcript, second: Transcript, offset_s: float) -> Transcript:
    """Two transcripts as one, where the audio of ``second`` began ``offset_s`` into that of ``first``."""
    return Transcript(
        text=" ".join(part for part in (first.text, second.text) if part),
        tokens=first.tokens + second.tokens,
        timestamps_s=first.timestamps_s + tuple(round(second + offset_s, 3) for second in second.timestamps_s),
        durations_s=first.durations_s + second.durations_s,
        log_probs=first.log_probs + second.log_probs,
        features_ms=_sum(first.features_ms, second.features_ms),
        encode_ms=_sum(first.encode_ms, second.encode_ms),
        decode_ms=_sum(first.decode_ms, second.decode_ms),
        steps=_sum(first.steps, second.steps),
    )


def _sum(first: _Number | None, second: _Number | None) -> _Number | None:
    """The sum of what is known of the two, None where an engine knows neither."""
    if first is None or second is None:
        return second if first is None else first
    return first + second
