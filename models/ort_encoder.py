"""The encoder in onnxruntime: on the CPU at the length that comes, on CUDA through graphs over padded lengths."""

from __future__ import annotations

import functools
import logging
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from models.onnx_masking import with_masks
from models.ort_graphs import EAGER, Ladder, run_options
from models.stopping import Stop
from models.tdt import Floats

log = logging.getLogger(__name__)

# What padding may change before a model is not padded. An encoder that masks every convolution gives the same to the
# last bit; without masks in the subsampling it is 0.3 to 0.9 %, and one utterance in ten gives other tokens.
_PADDING_CHANGES = 1e-3
_CUDA_OPTIONS = {
    "cudnn_conv_algo_search": "HEURISTIC",  # the default tries all of them, 0.3 to 1.3 s for each length first seen
    "arena_extend_strategy": "kSameAsRequested",
}
_RECORD = {"enable_cuda_graph": "1"}
_CPU, _CUDA = "CPUExecutionProvider", "CUDAExecutionProvider"


def session(model: Path | bytes, provider: str, threads: int, options: dict[str, str] | None = None) -> Any:
    """An onnxruntime session of a file or its content, on ``cpu`` or ``cuda``.

    One asked for CUDA may be on the CPU: see its ``get_providers``.
    """
    import onnxruntime

    on_cuda = provider == "cuda" and _CUDA in onnxruntime.get_available_providers()
    if on_cuda:
        onnxruntime.preload_dlls()  # the CUDA libraries of the wheels, which the loader would not look for
    settings = onnxruntime.SessionOptions()
    settings.intra_op_num_threads, settings.inter_op_num_threads = threads, 1
    settings.enable_mem_pattern = False  # a plan would be kept for every length ever seen; see models.sherpa
    settings.add_session_config_entry("session.intra_op.allow_spinning", "0")
    settings.log_severity_level = 3  # warnings about nodes on the CPU are expected
    providers = [(_CUDA, options or {}), _CPU] if on_cuda else [_CPU]
    return onnxruntime.InferenceSession(
        model if isinstance(model, bytes) else str(model),
        settings,
        providers=providers,
        enable_fallback=0,  # a failure, at the start or in the middle of a run, is not to become a slow CPU quietly
    )


class Encoder:
    """An encoder on one provider."""

    def __init__(self, path: Path, provider: str, threads: int, graphs: bool | None = None, tf32: bool = False) -> None:
        """Load the encoder and record graphs of the usual lengths, where ``graphs`` or by default on CUDA.

        On the CPU ``graphs`` gives the padded lengths and the bound buffers without anything recorded. ``tf32`` lets
        the GPU round the factors of its matrix products to 10 bits.
        """
        wanted = provider == "cuda" if graphs is None else graphs
        options = {**_CUDA_OPTIONS, "use_tf32": str(int(tf32))}
        self._path = path
        self._open = functools.partial(session, provider=provider, threads=threads, options=options)
        recording = _with_graphs(path, threads, options) if provider == "cuda" and wanted else None
        if recording is not None:
            self._open = functools.partial(self._open, options={**options, **_RECORD})
        self._session: Any = self._open(path) if recording is None else recording
        self._inputs = [value.name for value in self._session.get_inputs()]
        self._outputs = [value.name for value in self._session.get_outputs()][:2]
        self.metadata: dict[str, str] = dict(self._session.get_modelmeta().custom_metadata_map)
        self.provider = "cuda" if _CUDA in self._session.get_providers() else "cpu"
        self._recording = recording is not None and self.provider == "cuda"
        self._bins = self._session.get_inputs()[0].shape[1]
        self.padding_error: float | None = None
        self.masked = False
        useful = wanted and (self._recording or provider == "cpu") and self.pads()
        self._ladder = Ladder(self._session, self._inputs, self._outputs, self.provider) if useful else None
        if self._ladder is not None and self._recording:
            self._ladder.warm(self._bins)

    @property
    def graphs(self) -> bool:
        """Whether utterances of usual length are run as CUDA graphs."""
        return self._recording and self._ladder is not None and self._ladder.sound

    def pads(self) -> bool:
        """Whether utterances may be padded to a common length, found out by trying once.

        An encoder whose subsampling does not mask its padding is loaded again with masks (``masked``). What padding
        changes is then in ``padding_error``, as a part of the output's largest value; infinite if it takes no batches.
        """
        if self.padding_error is None:
            alone, self.padding_error = self._try_padding(self._session)
            if _PADDING_CHANGES < self.padding_error < float("inf"):
                self._put_masks_in(alone)
        return self.padding_error <= _PADDING_CHANGES

    def encode(self, features: Floats, stop: Stop | None = None) -> Floats:
        """The output for features of shape (bins, frames): (width, encoded frames). Raises Stopped."""
        stop = stop or Stop()
        stop.check()
        if self._ladder is not None and self._ladder.takes(features.shape[1]):
            return self._ladder.encode(features)
        return self._run(self._session, [features], stop)[0]

    def encode_many(self, utterances: Sequence[Floats], stop: Stop | None = None) -> list[Floats]:
        """The outputs for several utterances in one batch, padded to the longest. Only for an encoder that ``pads``.

        Raises Stopped.
        """
        return self._run(self._session, utterances, stop or Stop())

    def _run(self, opened: Any, utterances: Sequence[Floats], stop: Stop) -> list[Floats]:
        lengths = np.array([features.shape[1] for features in utterances], np.int64)
        if len(utterances) == 1:
            batch = utterances[0][None]
        else:
            batch = np.zeros((len(utterances), utterances[0].shape[0], lengths.max()), np.float32)
            for row, features in zip(batch, utterances, strict=True):
                row[:, : features.shape[1]] = features
        feeds = dict(zip(self._inputs, (batch, lengths), strict=True))
        try:
            encoded, frames = opened.run(self._outputs, feeds, self._options(stop))
        except failures():
            if self.provider == "cpu":  # a run that was terminated fails like any other
                stop.check()
            raise
        return [output[:, :count] for output, count in zip(encoded, frames, strict=True)]

    def _options(self, stop: Stop) -> Any:
        """The options of a run that ``stop`` ends; none does on a GPU, which takes a few milliseconds."""
        import onnxruntime

        if self.provider == "cuda":
            return run_options(EAGER) if self._recording else None
        options = onnxruntime.RunOptions()
        options.log_severity_level = 4  # a node with a graph of its own would complain; errors are raised
        stop.tell(functools.partial(setattr, options, "terminate", True))
        return options

    def _try_padding(self, opened: Any) -> tuple[Floats, float]:
        """The output of some noise alone, and how different it is as the shorter one of a batch."""
        noise = np.random.default_rng(1).standard_normal((self._bins, 164), np.float32)
        short = noise[:, :101]
        alone = self._run(opened, [short], Stop())[0]
        try:
            beside = self._run(opened, [short, noise], Stop())[0]
        except failures():  # a graph that was exported for one utterance at a time
            return alone, float("inf")
        if alone.shape != beside.shape:
            return alone, float("inf")
        return alone, float(np.abs(alone - beside).max() / np.abs(alone).max())

    def _put_masks_in(self, wanted: Floats) -> None:
        """Go on with masks in the subsampling if they do their work, and change nothing at the exact length."""
        content = with_masks(self._path)
        if content is None:
            return
        try:
            masked = self._open(content)
            alone, error = self._try_padding(masked)
        except failures():
            log.warning("the encoder cannot be masked; its utterances are not padded")
            return
        if error <= _PADDING_CHANGES and np.abs(alone - wanted).max() <= _PADDING_CHANGES * np.abs(wanted).max():
            self._session, self.padding_error, self.masked = masked, error, True


def failures() -> tuple[type[Exception], ...]:
    """Everything that onnxruntime raises. Its errors have no base of their own but Exception."""
    from onnxruntime.capi import onnxruntime_pybind11_state as state

    own = (value for value in vars(state).values() if isinstance(value, type) and issubclass(value, Exception))
    return (*own, RuntimeError)  # the last for what comes from the binding itself


def _with_graphs(path: Path, threads: int, options: dict[str, str]) -> Any:
    """A session that can record CUDA graphs, or None if this model or machine cannot."""
    try:
        return session(path, "cuda", threads, {**options, **_RECORD})
    except failures() as error:
        log.warning("no CUDA graphs: %s", " ".join(str(error).split())[:300])
        return None
