"""CUDA graphs of an onnxruntime session, over a ladder of padded lengths.

On a GPU the 110M costs more to launch, operator by operator, than to compute. A CUDA graph is launched at once, but
replays what it recorded: the same shapes at the same addresses. So audio is padded to the next of a ladder of lengths
(``RUNG_FRAMES``), each of which has its own buffers, its own binding and its own graph; the encoder masks what lies
behind ``length``. onnxruntime does not notice a graph that is replayed with another shape. Here a rung's buffers have
the one shape that it was recorded with, and every recording is compared with a run without it before it is used.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from typing import Any

import numpy as np

from models.tdt import Floats

log = logging.getLogger(__name__)

RUNG_FRAMES = 64  # 0.64 s: at most that much of padding, and 47 graphs for 30 s
EAGER = "-1"  # as the id of a graph: record nothing, replay nothing
_TOP_FRAMES = 48 * RUNG_FRAMES  # 30.7 s; what is longer runs without a graph
_WARM_FRAMES = range(2 * RUNG_FRAMES, 14 * RUNG_FRAMES, RUNG_FRAMES)  # 1.28 to 8.32 s
_CLOSE = 1e-3  # of the largest value; a graph runs the very same kernels


class Ladder:
    """The CUDA graphs of a session, one for each rung."""

    def __init__(self, opened: Any, inputs: Sequence[str], outputs: Sequence[str], device: str) -> None:
        """Take a session on ``device`` (``cuda``, or ``cpu`` where nothing is recorded) and its tensors' names."""
        self._session, self._inputs, self._outputs, self._device = opened, inputs, outputs, device
        self._rungs: dict[int, _Rung] = {}
        self.sound = True

    def takes(self, frames: int) -> bool:
        """Whether audio of so many frames has a place here."""
        return self.sound and frames <= _TOP_FRAMES

    def warm(self, bins: int) -> None:
        """Record the graphs of the usual lengths."""
        for frames in _WARM_FRAMES:
            if self.sound:
                self.encode(np.zeros((bins, frames), np.float32))

    def encode(self, features: Floats) -> Floats:
        """The output for features that are padded to the next rung; its graph is recorded if there is none yet."""
        frames = -(-features.shape[1] // RUNG_FRAMES) * RUNG_FRAMES
        if frames not in self._rungs:
            shape = features.shape[0], frames
            graph = frames // RUNG_FRAMES  # from 1; 0 is onnxruntime's own
            rung = _Rung(self._session, (self._inputs, self._outputs), shape, graph, self._device)
            self.sound = rung.record()
            if not self.sound:
                log.warning("a CUDA graph gave another result than a run without it; going on without graphs")
            self._rungs[frames] = rung
        return self._rungs[frames].encode(features, replay=self.sound)


class _Rung:
    """The buffers and the graph of one padded length."""

    def __init__(
        self,
        opened: Any,
        names: tuple[Sequence[str], Sequence[str]],
        shape: tuple[int, int],
        graph: int,
        device: str,
    ) -> None:
        self._session, (inputs, self._outputs) = opened, names
        self._host = np.zeros((1, *shape), np.float32)
        self._frames = 0
        self._device_features = _on(device, self._host)
        self._device_length = _on(device, np.array([shape[1]], np.int64))
        self._binding = opened.io_binding()
        self._binding.bind_ortvalue_input(inputs[0], self._device_features)
        self._binding.bind_ortvalue_input(inputs[1], self._device_length)
        self._eager, self._replay = run_options(EAGER), run_options(str(graph))
        for name in self._outputs:  # their shapes are the session's to say, once
            self._binding.bind_output(name, device)
        opened.run_with_iobinding(self._binding, self._eager)
        self._results = self._binding.get_outputs()
        self._binding.clear_binding_outputs()
        for name, value in zip(self._outputs, self._results, strict=True):
            self._binding.bind_ortvalue_output(name, value)

    def record(self) -> bool:
        """Record the graph, replay it on other input, and say whether it gave what a run without it gives."""
        noise = np.random.default_rng(1).standard_normal(self._host.shape[1:], np.float32)
        self.encode(noise, replay=True)
        short = noise[:, ::-1][:, : noise.shape[1] - RUNG_FRAMES // 2]
        replayed, eager = self.encode(short, replay=True), self.encode(short, replay=False)
        return bool(np.abs(replayed - eager).max() <= _CLOSE * np.abs(eager).max())

    def encode(self, features: Floats, replay: bool) -> Floats:
        """The output for features of at most this rung's length."""
        frames = features.shape[1]
        if features.shape[0] != self._host.shape[1] or frames > self._host.shape[2]:
            raise ValueError(f"features of shape {features.shape} do not fit a graph of {self._host.shape}")
        self._host[0, :, :frames] = features
        self._host[0, :, frames : self._frames] = 0  # of the utterance before
        self._frames = frames
        self._device_features.update_inplace(self._host)
        self._device_length.update_inplace(np.array([frames], np.int64))
        self._session.run_with_iobinding(self._binding, self._replay if replay else self._eager)
        encoded, lengths = (value.numpy() for value in self._results)
        output: Floats = encoded[0, :, : int(lengths[0])]
        return output


def run_options(graph: str) -> Any:
    """The options of a run that records or replays the graph of this id."""
    import onnxruntime

    options = onnxruntime.RunOptions()
    options.add_run_config_entry("gpu_graph_id", graph)
    return options


def _on(device: str, array: np.ndarray[Any, Any]) -> Any:
    import onnxruntime

    return onnxruntime.OrtValue.ortvalue_from_numpy(array, device, 0)
