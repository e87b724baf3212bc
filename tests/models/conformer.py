"""Writes FastConformer TDT bundles with random weights, of any size up to the 110M's: what such a model computes, from
the operators of the published exports.

Sizes and layers are those of NeMo's ``fastconformer_hybrid_tdt_ctc_bpe`` configuration. Blank and durations are biased
so that greedy decoding of speech gives tokens at a realistic rate; what they say means nothing.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from models import tdt, tdt_weights
from tests.models.graph import Graph
from tests.models.tiny import FLOAT32, INT32, INT64, tokens

_FRAMES_A_SECOND = 12.5
_STEPS_A_TOKEN = 1.4  # a blank after every second or third token


@dataclass(frozen=True)
class Shape:
    """``masked`` says whether the subsampling masks what lies behind ``length``, as NeMo does since 2024."""

    bins: int = 80
    width: int = 512
    layers: int = 17
    heads: int = 8
    kernel: int = 9
    channels: int = 256
    vocabulary: int = 1024
    lstm_layers: int = 1
    lstm_size: int = 640
    joint: int = 640
    positions: int = 5000
    masked: bool = True


PARAKEET_110M = Shape()
TINY = Shape(
    width=32, layers=2, heads=4, channels=8, vocabulary=40, lstm_size=24, joint=20, positions=500
)  # 40 s at most


def write(
    directory: Path,
    shape: Shape,
    seed: int,
    encode: Callable[[Path], tdt.Floats],
    tokens_a_second: float = 3.5,
) -> Path:
    """Write the bundle. ``encode`` runs the encoder in the given file on some speech, to set the token rate by."""
    directory.mkdir(parents=True, exist_ok=True)
    rng = np.random.default_rng(seed)
    _Encoder(shape, rng).write(directory / "encoder.onnx")
    encoded = encode(directory / "encoder.onnx")
    decoder, joiner = _decoder(shape, rng), _joiner(shape, rng, encoded)
    _set_rate(decoder, joiner, encoded, shape.vocabulary, tokens_a_second)
    _write_decoder(directory / "decoder.onnx", decoder)
    _write_joiner(directory / "joiner.onnx", joiner)
    (directory / "tokens.txt").write_text(tokens(shape.vocabulary), encoding="utf-8")
    return directory


class _Encoder:
    def __init__(self, shape: Shape, rng: np.random.Generator) -> None:
        self._shape, self._rng, self._graph = shape, rng, Graph()

    def write(self, path: Path) -> None:
        shape, graph = self._shape, self._graph
        hidden, length = self._subsampled()
        steps = graph.add("Unsqueeze", graph.add("Gather", graph.add("Shape", hidden), graph.integers(1)), self._axes())
        self._steps = graph.add("Reshape", steps, graph.integers(1))
        behind = graph.add("Unsqueeze", self._behind(self._steps, length), graph.integers(1))  # (B, 1, T')
        across = graph.add("Transpose", behind, perm=[0, 2, 1])
        self._behind_rows = graph.add("Unsqueeze", graph.add("Or", behind, across), graph.integers(1))
        self._behind_frames = behind
        positions = self._positions()
        for _ in range(shape.layers):
            hidden = self._block(hidden, positions)
        graph.add("Transpose", hidden, outputs=["outputs"], perm=[0, 2, 1])
        graph.add("Identity", length, outputs=["encoded_lengths"])
        graph.write(
            path,
            [("audio_signal", FLOAT32, (None, shape.bins, None)), ("length", INT64, (None,))],
            [("outputs", FLOAT32, (None, shape.width, None)), ("encoded_lengths", INT64, (None,))],
            {
                "vocab_size": str(shape.vocabulary),
                "normalize_type": "per_feature",
                "pred_rnn_layers": str(shape.lstm_layers),
                "pred_hidden": str(shape.lstm_size),
                "subsampling_factor": "8",
                "model_type": "EncDecHybridRNNTCTCBPEModel",
                "url": "https://example.invalid/stand-in-tdt",
                "comment": "random weights",
            },
        )

    def _subsampled(self) -> tuple[str, str]:
        """Frames of 80 ms, of shape (B, T', width), and how many of them are speech."""
        shape, graph, channels = self._shape, self._graph, self._shape.channels
        hidden = graph.add("Unsqueeze", graph.add("Transpose", "audio_signal", perm=[0, 2, 1]), graph.integers(1))
        length, strided = "length", {"strides": [2, 2], "pads": [1, 1, 1, 1], "kernel_shape": [3, 3]}
        for stage in range(3):
            if shape.masked and stage:
                hidden = self._masked(hidden, length)
            if stage:
                hidden = self._convolution(hidden, (channels, 1, 3, 3), group=channels, **strided)
                hidden = self._convolution(hidden, (channels, channels, 1, 1), kernel_shape=[1, 1])
            else:
                hidden = self._convolution(hidden, (channels, 1, 3, 3), **strided)
            hidden = graph.add("Relu", hidden)
            less = graph.add("Div", graph.add("Sub", length, graph.integers(1)), graph.integers(2))
            length = graph.add("Add", less, graph.integers(1))
        rows = -(-shape.bins // 8) * channels
        frames = graph.add("Transpose", hidden, perm=[0, 2, 1, 3])
        joined = self._linear(graph.add("Reshape", frames, graph.integers(0, 0, rows)), rows, shape.width)
        return graph.add("Mul", joined, graph.weight(math.sqrt(shape.width))), length

    def _masked(self, hidden: str, length: str) -> str:
        """``hidden`` (B, C, T, F) with zeros behind ``length``."""
        graph = self._graph
        steps = graph.add("Gather", graph.add("Shape", hidden), graph.integers(2))
        behind = graph.add("Unsqueeze", self._behind(steps, length), graph.integers(1, 3))
        return graph.add("Where", behind, graph.weight(0.0), hidden)

    def _behind(self, steps: str, length: str) -> str:
        """Which of ``steps`` frames lie behind ``length``, of shape (B, steps)."""
        graph = self._graph
        first, one = graph.weight(0, np.int64), graph.weight(1, np.int64)
        frames = graph.add("Range", first, graph.add("Squeeze", steps), one)
        return graph.add("GreaterOrEqual", frames, graph.add("Unsqueeze", length, graph.integers(1)))

    def _axes(self) -> str:
        return self._graph.integers(0)

    def _positions(self) -> str:
        """The rows of the position table for these frames, and the shapes of the relative shift."""
        shape, graph, steps = self._shape, self._graph, self._steps
        places = np.arange(shape.positions - 1, -shape.positions, -1)[:, None]
        angles = places * np.exp(np.arange(0, shape.width, 2) * -(math.log(10_000) / shape.width))
        table = np.stack([np.sin(angles), np.cos(angles)], axis=2).reshape(1, -1, shape.width)
        middle = graph.integers(shape.positions)
        last = graph.add("Sub", graph.add("Add", middle, steps), graph.integers(1))
        first = graph.add("Sub", middle, steps)
        self._shifted = graph.add("Concat", graph.integers(0, 0, -1), steps, axis=0)
        self._unshifted = graph.add("Concat", graph.integers(0, 0), steps, graph.integers(-1), axis=0)
        return graph.add("Slice", graph.weight(table), first, last, graph.integers(1))

    def _block(self, hidden: str, positions: str) -> str:
        hidden = self._feed_forward(hidden)
        hidden = self._graph.add("Add", hidden, self._attention(self._normalised(hidden), positions))
        hidden = self._graph.add("Add", hidden, self._convolved(self._normalised(hidden)))
        return self._normalised(self._feed_forward(hidden))

    def _feed_forward(self, hidden: str) -> str:
        width, graph = self._shape.width, self._graph
        inner = self._swish(self._linear(self._normalised(hidden), width, 4 * width))
        half = graph.add("Mul", self._linear(inner, 4 * width, width), graph.weight(0.5))
        return graph.add("Add", hidden, half)

    def _attention(self, hidden: str, positions: str) -> str:
        shape, graph = self._shape, self._graph
        width, split = shape.width, graph.integers(0, 0, shape.heads, shape.width // shape.heads)
        query, key, value = (graph.add("Reshape", self._linear(hidden, width, width), split) for _ in range(3))
        place = graph.add("Reshape", self._linear(positions, width, width, bias=False), split)
        biased = [graph.add("Add", query, self._random((shape.heads, width // shape.heads), 0.1)) for _ in range(2)]
        content, where = (graph.add("Transpose", one, perm=[0, 2, 1, 3]) for one in biased)
        by_content = graph.add("MatMul", content, graph.add("Transpose", key, perm=[0, 2, 3, 1]))
        by_place = graph.add("MatMul", where, graph.add("Transpose", place, perm=[0, 2, 3, 1]))
        scores = graph.add("Add", by_content, self._shift(by_place))
        scores = graph.add("Div", scores, graph.weight(math.sqrt(width // shape.heads)))
        scores = graph.add("Where", self._behind_rows, graph.weight(-10_000.0), scores)
        mixed = graph.add(
            "MatMul", graph.add("Softmax", scores, axis=-1), graph.add("Transpose", value, perm=[0, 2, 1, 3])
        )
        joined = graph.add("Reshape", graph.add("Transpose", mixed, perm=[0, 2, 1, 3]), graph.integers(0, 0, width))
        return self._linear(joined, width, width)

    def _shift(self, scores: str) -> str:
        """From scores by distance, (B, H, T', 2 T' - 1), to scores by place, (B, H, T', T')."""
        graph = self._graph
        padded = graph.add("Pad", scores, graph.integers(0, 0, 0, 1, 0, 0, 0, 0))
        turned = graph.add("Reshape", padded, self._shifted)
        top = graph.add("Slice", turned, graph.integers(1), graph.integers(1 << 62), graph.integers(2))
        return graph.add(
            "Slice", graph.add("Reshape", top, self._unshifted), graph.integers(0), self._steps, graph.integers(3)
        )

    def _convolved(self, hidden: str) -> str:
        shape, graph, width = self._shape, self._graph, self._shape.width
        columns = graph.add("Transpose", hidden, perm=[0, 2, 1])
        doubled = self._convolution(columns, (2 * width, width, 1), kernel_shape=[1])
        value, gate = graph.add("Split", doubled, outputs=2, axis=1)
        gated = graph.add("Mul", value, graph.add("Sigmoid", gate))
        gated = graph.add("Where", self._behind_frames, graph.weight(0.0), gated)
        side = shape.kernel // 2
        spread = self._convolution(
            gated, (width, 1, shape.kernel), group=width, kernel_shape=[shape.kernel], pads=[side, side]
        )
        mixed = self._convolution(self._swish(spread), (width, width, 1), kernel_shape=[1])
        return graph.add("Transpose", mixed, perm=[0, 2, 1])

    def _convolution(self, hidden: str, shape: tuple[int, ...], **attributes) -> str:
        weight = self._random(shape, 1.4 / math.sqrt(math.prod(shape[1:])))
        return self._graph.add("Conv", hidden, weight, self._random(shape[:1], 0.1), **attributes)

    def _linear(self, hidden: str, inputs: int, outputs: int, bias: bool = True) -> str:
        weight = self._normal((inputs, outputs), 1 / math.sqrt(inputs))
        return self._graph.linear(hidden, weight, self._normal((outputs,), 0.1) if bias else None)

    def _normalised(self, hidden: str) -> str:
        width = self._shape.width
        weight, bias = self._graph.weight(np.ones(width)), self._graph.weight(np.zeros(width))
        return self._graph.add("LayerNormalization", hidden, weight, bias, axis=-1, epsilon=1e-5)

    def _swish(self, hidden: str) -> str:
        return self._graph.add("Mul", hidden, self._graph.add("Sigmoid", hidden))

    def _random(self, shape: tuple[int, ...], spread: float) -> str:
        return self._graph.weight(self._normal(shape, spread))

    def _normal(self, shape: tuple[int, ...], spread: float) -> tdt.Floats:
        return self._rng.standard_normal(shape, np.float32) * np.float32(spread)


def _decoder(shape: Shape, rng: np.random.Generator) -> tdt_weights.DecoderWeights:
    def uniform(*sizes: int) -> tdt.Floats:
        return rng.uniform(-1, 1, sizes).astype(np.float32) / np.float32(math.sqrt(shape.lstm_size))

    embedding = rng.standard_normal((shape.vocabulary + 1, shape.lstm_size), np.float32)
    embedding[-1] = 0  # of the blank, with which every utterance begins
    rows = 4 * shape.lstm_size
    layers = tuple(
        tdt_weights.LstmLayer(uniform(rows, shape.lstm_size), uniform(rows, shape.lstm_size), uniform(rows))
        for _ in range(shape.lstm_layers)
    )
    return tdt_weights.DecoderWeights(embedding, layers)


def _joiner(shape: Shape, rng: np.random.Generator, encoded: tdt.Floats) -> tdt_weights.JoinerWeights:
    """A joiner that sees the encoder's output whitened: that of random layers hardly changes with time."""
    weight = rng.standard_normal((shape.width, shape.joint), np.float32) / np.float32(math.sqrt(shape.width))
    mean, spread = encoded.mean(axis=1), encoded.std(axis=1) + np.float32(1e-6)
    weight = weight / spread[:, None]
    decoded = rng.standard_normal((shape.lstm_size, shape.joint), np.float32) * np.float32(
        0.7 / math.sqrt(shape.lstm_size)
    )
    output = rng.standard_normal((shape.joint, shape.vocabulary + 6), np.float32) * np.float32(
        4 / math.sqrt(shape.joint)
    )
    return tdt_weights.JoinerWeights(
        tdt_weights.Linear(weight, -mean @ weight),
        tdt_weights.Linear(decoded, np.zeros(shape.joint, np.float32)),
        tdt_weights.Linear(output, np.zeros(shape.vocabulary + 6, np.float32)),
    )


def _set_rate(
    decoder: tdt_weights.DecoderWeights,
    joiner: tdt_weights.JoinerWeights,
    encoded: tdt.Floats,
    blank: int,
    tokens_a_second: float,
) -> None:
    """Find biases of the durations and the blank, in the joiner's own arrays, that give tokens at this rate."""
    bias, seconds = joiner.output.bias, encoded.shape[1] / _FRAMES_A_SECOND
    durations = slice(blank + 2, blank + 6)  # 1 to 4 frames
    hidden = np.maximum(encoded.T @ joiner.encoded.weight + joiner.encoded.bias, 0)
    even = -(hidden @ joiner.output.weight[:, durations]).mean(axis=0)
    bias[blank + 1] = even.mean() - 4  # that of 0 frames: rare

    def decoded() -> tdt.Hypothesis:
        return tdt.greedy(tdt_weights.Weights(decoder, joiner), encoded, blank)

    def steps_a_second(haste: float) -> float:
        bias[blank], bias[durations] = -50, even + haste * np.arange(4)
        return decoded().steps / seconds

    def found_a_second(silence: float) -> float:
        bias[blank] = silence
        return len(decoded().tokens) / seconds

    _bisect(steps_a_second, -20, 20, tokens_a_second * _STEPS_A_TOKEN)
    _bisect(found_a_second, -50, 80, tokens_a_second)


def _bisect(falling: Callable[[float], float], low: float, high: float, wanted: float) -> None:
    for _ in range(16):
        middle = (low + high) / 2
        low, high = (middle, high) if falling(middle) > wanted else (low, middle)


def _write_decoder(path: Path, weights: tdt_weights.DecoderWeights) -> None:
    graph, size, count = Graph(), weights.layers[0].size, len(weights.layers)
    hidden = graph.add("Transpose", graph.add("Gather", graph.weight(weights.embedding), "targets"), perm=[1, 0, 2])
    states: tuple[list[str], list[str]] = [], []
    for index, layer in enumerate(weights.layers):
        before = [_row(graph, name, index, count) for name in ("states.1", "onnx::LSTM_3")]
        bias = np.concatenate([layer.bias, np.zeros_like(layer.bias)])[None]
        arrays = [graph.weight(array) for array in (layer.inputs[None], layer.recurrent[None], bias)]
        output, state, cell = graph.add("LSTM", hidden, *arrays, "", *before, outputs=3, hidden_size=size)
        hidden = graph.add("Squeeze", output, graph.integers(1))
        states[0].append(state)
        states[1].append(cell)
    graph.add("Transpose", hidden, outputs=["outputs"], perm=[1, 2, 0])
    graph.add("Identity", "target_length", outputs=["prednet_lengths"])
    for names, output in zip(states, ("states", "states_2"), strict=True):
        graph.add("Concat", *names, outputs=[output], axis=0)
    state_shape = (count, None, size)
    graph.write(
        path,
        [
            ("targets", INT32, (None, None)),
            ("target_length", INT32, (None,)),
            ("states.1", FLOAT32, state_shape),
            ("onnx::LSTM_3", FLOAT32, state_shape),
        ],
        [
            ("outputs", FLOAT32, (None, size, None)),
            ("prednet_lengths", INT32, (None,)),
            ("states", FLOAT32, state_shape),
            ("states_2", FLOAT32, state_shape),
        ],
    )


def _row(graph: Graph, name: str, index: int, count: int) -> str:
    """The state of one layer; of a single layer, the state itself."""
    if count == 1:
        return name
    return graph.add("Slice", name, graph.integers(index), graph.integers(index + 1), graph.integers(0))


def _write_joiner(path: Path, weights: tdt_weights.JoinerWeights) -> None:
    graph = Graph()
    halves = []
    for name, layer, axis in (("encoder_outputs", weights.encoded, 2), ("decoder_outputs", weights.decoded, 1)):
        rows = graph.linear(graph.add("Transpose", name, perm=[0, 2, 1]), layer.weight, layer.bias)
        halves.append(graph.add("Unsqueeze", rows, graph.integers(axis)))
    hidden = graph.add("Relu", graph.add("Add", *halves))
    graph.linear(hidden, weights.output.weight, weights.output.bias, output="outputs")
    graph.write(
        path,
        [
            ("encoder_outputs", FLOAT32, (None, weights.encoded.weight.shape[0], None)),
            ("decoder_outputs", FLOAT32, (None, weights.decoded.weight.shape[0], None)),
        ],
        [("outputs", FLOAT32, (None, None, None, weights.output.bias.size))],
    )
