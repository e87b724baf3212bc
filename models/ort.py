"""The onnxruntime engine: the same files as sherpa-onnx, the same tokens, on the CPU or on a GPU.

Features and greedy decoding are computed here, the encoder by onnxruntime. Next to sherpa-onnx it can say what each
stage cost, runs the encoder as CUDA graphs, keeps decoder and joiner off the GPU (where each of their small steps would
cost a launch and a copy), and decodes batches.
"""

from __future__ import annotations

import functools
import re
import time
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from models import features, onnx_graph, tdt, tdt_weights
from models.bundle import Bundle
from models.errors import BundleError
from models.ort_encoder import Encoder, failures, session
from models.recogniser import SAMPLE_BYTES, Transcript
from models.sherpa import FRAME_SAMPLES, RecognitionError, in_parts
from models.stopping import Stop

_FRAME_S = 0.01
# sherpa-onnx drops the space before every ASCII mark, opening ones too, and before those of full width
_BEFORE_A_MARK = re.compile(r" (?=[!-/:-@\[-`{-~\u3001\u3002\uff01-\uff0f\uff1a-\uff20])")
_BATCH_FRAMES = 6000  # of a batch, padding included: a minute of audio; the arena grows with it


class OrtRecogniser:
    """A Recogniser that onnxruntime runs. The bundle must have passed ``bundle.validate``.

    ``features_ms`` is the conversion of the samples with the features, ``encode_ms`` the encoder with the copies to and
    from its device, ``decode_ms`` decoder and joiner; ``steps`` counts the joiner's calls.
    """

    def __init__(
        self,
        bundle: Bundle,
        provider: str = "cpu",
        threads: int = 1,
        *,
        graphs: bool | None = None,
        tf32: bool = False,
        stepwise: bool = False,
        decoder_provider: str = "cpu",
    ) -> None:
        """Load the model. With ``provider`` "cuda" see the property for what came of it.

        ``graphs`` and ``tf32`` are the encoder's. ``stepwise`` runs decoder and joiner in onnxruntime even if they can
        be computed here, on ``decoder_provider``. Raises BundleError for a model that is damaged or that only
        sherpa-onnx runs, and RecognitionError where a GPU does not take it.
        """
        self.model = bundle.name
        self._bins, self._blank = bundle.feat_dim, bundle.vocab_size
        self._frame_s = bundle.subsampling * _FRAME_S
        self._pieces = _pieces(bundle)
        try:
            self._encoder = Encoder(bundle.encoder, provider, threads, graphs, tf32)
            self._network = _network(bundle, stepwise, decoder_provider)
        except failures() as error:
            reason = " ".join(str(error).split())[:300]
            if provider == "cuda":
                raise RecognitionError(f"the model cannot be loaded on the GPU ({reason}); use the CPU") from None
            raise BundleError(f"the model in {bundle.directory} cannot be loaded ({reason}); fetch it again") from None
        if self._encoder.metadata.get("is_giga_am", "0") != "0":
            raise BundleError(f"{bundle.encoder} is of a GigaAM model, which only the sherpa engine runs; choose that")
        self._normalise = self._encoder.metadata.get("normalize_type") == "per_feature"

    @property
    def provider(self) -> str:
        """Where the encoder runs, as its session says: ``cpu`` or ``cuda``."""
        return self._encoder.provider

    @property
    def graphs(self) -> bool:
        """Whether the encoder runs as CUDA graphs."""
        return self._encoder.graphs

    @property
    def tabulated(self) -> bool:
        """Whether decoder and joiner are computed here, and not by onnxruntime."""
        return isinstance(self._network, tdt_weights.Weights)

    @property
    def pads(self) -> bool:
        """Whether utterances are padded to a common length, in batches and graphs; see ``ort_encoder.Encoder``."""
        return self._encoder.pads()

    @property
    def stops(self) -> bool:
        """Whether a decode can be stopped: on a GPU between two of its stages, else in the encoder's midst, too."""
        return True

    def recognise(self, pcm: bytes, stop: Stop | None = None) -> Transcript:
        """The transcript of int16 little-endian mono PCM at 16 kHz; of less than 25 ms, an empty one.

        Audio that is longer than the model's position table is cut at its quietest places and the transcripts joined.
        Raises RecognitionError, one line, if the engine fails, and Stopped.
        """
        return in_parts(_samples(pcm), functools.partial(self._decode, stop=stop or Stop()), failures())

    def recognise_many(self, pcms: Sequence[bytes], stop: Stop | None = None) -> list[Transcript]:
        """The transcripts of several utterances, the encoder run on batches of similar length where the model pads.

        ``encode_ms`` of each is its share of the batch, by length. Raises RecognitionError and Stopped.
        """
        stop = stop or Stop()
        if not self.pads:
            return [self.recognise(pcm, stop) for pcm in pcms]
        found: dict[int, Transcript] = {}
        prepared: list[tuple[int, features.Floats, float]] = []
        for index, pcm in enumerate(pcms):
            stop.check()
            samples = _samples(pcm)
            if samples.size >= FRAME_SAMPLES and features.frame_count(samples.size) <= _BATCH_FRAMES:
                started = time.perf_counter()
                prepared.append((index, self._features(samples), _since_ms(started)))
            else:
                found[index] = self.recognise(pcm, stop)
        for batch in _batches([mel.shape[1] for _index, mel, _ms in prepared]):
            found |= self._decode_batch([prepared[place] for place in batch], pcms, stop)
        return [found[index] for index in range(len(pcms))]

    def _decode_batch(
        self, batch: Sequence[tuple[int, features.Floats, float]], pcms: Sequence[bytes], stop: Stop
    ) -> dict[int, Transcript]:
        started = time.perf_counter()
        try:
            encoded = self._encoder.encode_many([mel for _index, mel, _ms in batch], stop)
        except failures():  # one of them may be too long for the model; alone it is cut
            return {index: self.recognise(pcms[index], stop) for index, _mel, _ms in batch}
        each_ms = _since_ms(started) / sum(mel.shape[1] for _index, mel, _ms in batch)
        return {
            index: self._transcript(output, features_ms, each_ms * mel.shape[1], stop)
            for (index, mel, features_ms), output in zip(batch, encoded, strict=True)
        }

    def _decode(self, samples: NDArray[np.int16], stop: Stop) -> Transcript:
        stop.check()
        started = time.perf_counter()
        mel = self._features(samples)
        prepared = time.perf_counter()
        encoded = self._encoder.encode(mel, stop)
        return self._transcript(encoded, (prepared - started) * 1000, _since_ms(prepared), stop)

    def _features(self, samples: NDArray[np.int16]) -> features.Floats:
        return features.log_mel(samples.astype(np.float32) / np.float32(32768), self._bins, self._normalise)

    def _transcript(self, encoded: tdt.Floats, features_ms: float, encode_ms: float, stop: Stop) -> Transcript:
        started = time.perf_counter()
        found = tdt.greedy(self._network, encoded, self._blank, stop)
        decode_ms = _since_ms(started)
        tokens = [self._pieces[token] for token in found.tokens]
        return Transcript(
            text=_BEFORE_A_MARK.sub("", "".join(tokens)).strip(),
            tokens=tuple(tokens),
            timestamps_s=tuple(round(frame * self._frame_s, 3) for frame in found.frames),
            durations_s=tuple(round(frames * self._frame_s, 3) for frames in found.durations),
            log_probs=tuple(round(value, 4) for value in found.log_probs),
            features_ms=features_ms,
            encode_ms=encode_ms,
            decode_ms=decode_ms,
            steps=found.steps,
        )


def _network(bundle: Bundle, stepwise: bool, provider: str) -> tdt.Network:
    """Decoder and joiner as arrays if their graphs are known and onnxruntime agrees with them, else as its sessions."""
    sessions = tdt.Sessions(
        session(bundle.decoder, provider, 1), session(bundle.joiner, provider, 1), bundle.lstm_layers, bundle.lstm_size
    )
    if stepwise:
        return sessions
    try:
        decoder = tdt_weights.decoder_weights(onnx_graph.read(bundle.decoder))
        joiner = tdt_weights.joiner_weights(onnx_graph.read(bundle.joiner))
    except tdt_weights.UnknownGraph:
        return sessions
    if decoder.layers[-1].size != joiner.decoded.weight.shape[0] or decoder.embedding.shape[0] <= bundle.vocab_size:
        return sessions
    weights = tdt_weights.Weights(decoder, joiner)
    last = bundle.vocab_size - 1
    tokens = (bundle.vocab_size, 0, last, last // 2, bundle.vocab_size)
    return weights if tdt_weights.agree(weights, sessions, joiner.encoded.weight.shape[0], tokens) else sessions


def _pieces(bundle: Bundle) -> list[str]:
    """The text of each token; U+2581 at its beginning is a space."""
    lines = bundle.tokens.read_text("utf-8").removesuffix("\n").split("\n")
    pieces = (line.rstrip("\r").replace("\t", " ").rpartition(" ")[0] for line in lines)
    return [" " + piece[1:] if piece.startswith("\u2581") else piece for piece in pieces]


def _batches(lengths: Sequence[int]) -> list[list[int]]:
    """The places of ``lengths``, in batches of similar length that padded stay within ``_BATCH_FRAMES``."""
    batches: list[list[int]] = []
    for place in sorted(range(len(lengths)), key=lengths.__getitem__):
        if batches and (len(batches[-1]) + 1) * lengths[place] <= _BATCH_FRAMES:
            batches[-1].append(place)
        else:
            batches.append([place])
    return batches


def _samples(pcm: bytes) -> NDArray[np.int16]:
    return np.frombuffer(pcm[: len(pcm) // SAMPLE_BYTES * SAMPLE_BYTES], "<i2")


def _since_ms(started: float) -> float:
    return (time.perf_counter() - started) * 1000
