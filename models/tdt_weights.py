"""Decoder and joiner computed here, from the weights in their ONNX files.

The same mathematics as the graphs, with what does not depend on the step taken out of the loop: the encoder's half of
the joiner is computed for all frames at once, and what a token contributes to the first LSTM layer is looked up. For
the 110M that takes half of the time of running the graphs step by step.

Only the graph that NeMo exports is recognised (embedding, LSTM layers; two linear layers, their sum, ReLU, one linear
layer). ``agree`` compares a network with onnxruntime's on the same input before anybody trusts it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from models.onnx_graph import Graph, Node
from models.tdt import Decoding, Floats, Network

_ONE, _HALF = np.float32(1), np.float32(0.5)
_TABLE_BYTES = 64 << 20  # 10 MB for the 1,024 tokens of the 110M; 84 MB for the 8,192 of a multilingual model
_TOLERANCE = 1e-3  # of logits whose spread is some 10; float32 sums in another order differ by 1e-5


class UnknownGraph(Exception):
    """The graph is not the one that NeMo exports."""


@dataclass(frozen=True, slots=True)
class Linear:
    """``weight`` of shape (inputs, outputs) and ``bias`` of shape (outputs,)."""

    weight: Floats
    bias: Floats


@dataclass(frozen=True, slots=True)
class LstmLayer:
    """An LSTM layer as ONNX has it: rows for the input, output, forget and cell gates, in this order.

    ``inputs`` of shape (4 x size, inputs), ``recurrent`` (4 x size, size), ``bias`` (4 x size,).
    """

    inputs: Floats
    recurrent: Floats
    bias: Floats

    @property
    def size(self) -> int:
        """The width of its state."""
        return int(self.recurrent.shape[1])


@dataclass(frozen=True, slots=True)
class DecoderWeights:
    """``embedding`` of shape (tokens and blank, inputs of the first layer)."""

    embedding: Floats
    layers: tuple[LstmLayer, ...]


@dataclass(frozen=True, slots=True)
class JoinerWeights:
    """``output`` of the ReLU of the sum of ``encoded`` and ``decoded``."""

    encoded: Linear
    decoded: Linear
    output: Linear


def decoder_weights(graph: Graph) -> DecoderWeights:
    """The weights of a decoder. Raises UnknownGraph."""
    gathers = [node for node in graph.nodes if node.operator == "Gather" and node.inputs[0] in graph.weights]
    lstms = [node for node in graph.nodes if node.operator == "LSTM"]
    if len(gathers) != 1 or not lstms:
        raise UnknownGraph("it is not one embedding and LSTM layers")
    embedding = graph.weights[gathers[0].inputs[0]]
    layers = tuple(_lstm_layer(graph, node) for node in lstms)
    widths = [embedding.shape[-1], *(layer.size for layer in layers)]
    fits = all(layer.inputs.shape[1] == width for layer, width in zip(layers, widths[:-1], strict=True))
    if embedding.ndim != 2 or not fits:
        raise UnknownGraph("its layers do not fit together")
    return DecoderWeights(embedding, layers)


def joiner_weights(graph: Graph) -> JoinerWeights:
    """The weights of a joiner. Raises UnknownGraph."""
    reached = {name: {position} for position, name in enumerate(graph.inputs[:2])}  # by which of the inputs
    linear: dict[frozenset[int], Linear] = {}
    for node in graph.nodes:
        sources = set[int]().union(*(reached.get(name, set()) for name in node.inputs))
        reached |= dict.fromkeys(node.outputs, sources)
        if node.operator in ("MatMul", "Gemm"):
            if frozenset(sources) in linear:
                raise UnknownGraph("it has more linear layers than a joiner")
            linear[frozenset(sources)] = _linear(graph, node)
    try:
        weights = JoinerWeights(linear[frozenset({0})], linear[frozenset({1})], linear[frozenset({0, 1})])
    except KeyError:
        raise UnknownGraph("it has fewer linear layers than a joiner") from None
    width = weights.output.weight.shape[0]
    if {weights.encoded.weight.shape[1], weights.decoded.weight.shape[1]} != {width}:
        raise UnknownGraph("its layers do not fit together")
    return weights


def _lstm_layer(graph: Graph, node: Node) -> LstmLayer:
    try:
        inputs, recurrent, bias = (graph.weights[name] for name in node.inputs[1:4])
    except (KeyError, ValueError):
        raise UnknownGraph("an LSTM layer has no plain weights") from None
    rows = 4 * recurrent.shape[-1]
    if inputs.shape[:2] != (1, rows) or recurrent.shape[:2] != (1, rows) or bias.shape != (1, 2 * rows):
        raise UnknownGraph("an LSTM layer is not of one direction")
    return LstmLayer(inputs[0], recurrent[0], bias[0, :rows] + bias[0, rows:])


def _linear(graph: Graph, node: Node) -> Linear:
    """The layer of a MatMul with the Add that follows it, or none."""
    weight = graph.weights.get(node.inputs[1])
    if node.operator == "Gemm" or weight is None or weight.ndim != 2:
        raise UnknownGraph("a linear layer has no plain weights")
    for follower in graph.nodes:
        if follower.operator == "Add" and node.outputs[0] in follower.inputs:
            bias = next((graph.weights[name] for name in follower.inputs if name in graph.weights), None)
            if bias is not None and bias.shape == weight.shape[1:]:
                return Linear(weight, bias)
    return Linear(weight, np.zeros(weight.shape[1], np.float32))


class Weights:
    """A Network of plain arrays.

    The time of a step is that of reading the weights once, 10.7 MB for the 110M. So nothing is read that need not be:
    what comes of the start symbol, the last row of the embedding, is computed once for all utterances.
    """

    def __init__(self, decoder: DecoderWeights, joiner: JoinerWeights, table_bytes: int = _TABLE_BYTES) -> None:
        """Prepare the arrays; what each token contributes is tabulated if that takes no more than ``table_bytes``."""
        first, *later = (_scaled(layer, number) for number, layer in enumerate(decoder.layers))
        self.first_recurrent = np.ascontiguousarray(first.recurrent)
        self.later = [(np.hstack([layer.inputs, layer.recurrent]), layer.bias) for layer in later]
        self.sizes = [layer.size for layer in decoder.layers]
        self._embedding, self._first = decoder.embedding, first
        tabulated = decoder.embedding.shape[0] * first.bias.nbytes <= table_bytes
        self._table = decoder.embedding @ first.inputs.T + first.bias if tabulated else None
        self._encoded, self._encoded_bias = joiner.encoded.weight, joiner.encoded.bias + joiner.decoded.bias
        self.decoded = np.ascontiguousarray(joiner.decoded.weight.T) * _HALF
        self.output, self.output_bias = np.ascontiguousarray(joiner.output.weight.T), joiner.output.bias
        self.start = decoder.embedding.shape[0] - 1
        self._started = _State(self.sizes, self.decoded.shape[0])
        self._started.take(self, self.start)
        self._started.look_ahead(self)

    def begin(self, encoded: Floats) -> Decoding:
        """Start on an utterance."""
        return _Running(self, encoded.T @ self._encoded + self._encoded_bias)

    def started(self) -> _State:
        """The decoder after the start symbol."""
        state = _State(self.sizes, self.decoded.shape[0])
        state.become(self._started)
        return state

    def first_gates(self, token: int) -> Floats:
        """What a token contributes to the gates of the first LSTM layer."""
        if self._table is not None:
            row: Floats = self._table[token]
            return row
        gates: Floats = self._first.inputs @ self._embedding[token] + self._first.bias
        return gates


class _State:
    """The decoder after some tokens, in buffers that are written over. Everything in it is twice what an LSTM has.

    For sigmoid(x) = (tanh(x / 2) + 1) / 2, and the halves are in the weights (``_scaled``), where they cost nothing and
    change no bit of the result.
    """

    def __init__(self, sizes: Sequence[int], joint: int) -> None:
        self.decoded = np.zeros(joint, np.float32)  # the decoder's half of the joiner
        self._states = [np.zeros(size, np.float32) for size in sizes]
        self._cells = [np.zeros(size, np.float32) for size in sizes]
        self._gates = [np.zeros(4 * size, np.float32) for size in sizes]
        self._looked_ahead = True  # the first gates hold what the state contributes to them: at the beginning nothing

    def become(self, other: _State) -> None:
        """Take over another state of the same model."""
        self.decoded[:] = other.decoded
        for mine, theirs in ((self._states, other._states), (self._cells, other._cells), (self._gates, other._gates)):
            for array, value in zip(mine, theirs, strict=True):
                array[:] = value
        self._looked_ahead = other._looked_ahead

    def look_ahead(self, weights: Weights) -> None:
        """Compute that part of the next step which does not depend on its token."""
        if not self._looked_ahead:
            np.dot(weights.first_recurrent, self._states[0], out=self._gates[0])
            self._looked_ahead = True

    def take(self, weights: Weights, token: int) -> None:
        self.look_ahead(weights)
        self._gates[0] += weights.first_gates(token)
        self._looked_ahead = False
        self._step(0)
        for layer, (matrix, bias) in enumerate(weights.later, start=1):
            np.dot(matrix, np.concatenate([self._states[layer - 1], self._states[layer]]), out=self._gates[layer])
            self._gates[layer] += bias
            self._step(layer)
        np.dot(weights.decoded, self._states[-1], out=self.decoded)

    def _step(self, layer: int) -> None:
        """Set cell and state from the gates."""
        gates, cells, states = self._gates[layer], self._cells[layer], self._states[layer]
        size = states.size
        np.tanh(gates, out=gates)
        gates[: 3 * size] += _ONE
        entry, leave, forget, cell = gates.reshape(4, -1)
        np.multiply(cells, forget, out=cells)
        cells *= _HALF
        entry *= cell
        cells += entry
        np.multiply(cells, _HALF, out=states)
        np.tanh(states, out=states)
        states *= leave


class _Running:
    def __init__(self, weights: Weights, joined: Floats) -> None:
        self._weights, self._joined = weights, joined
        self._state: _State | None = None
        self._hidden = np.empty(joined.shape[1], np.float32)
        self._logits = np.empty(weights.output_bias.size, np.float32)

    def take(self, token: int) -> None:
        if self._state is None and token == self._weights.start:
            self._state = self._weights.started()
            return
        if self._state is None:
            self._state = _State(self._weights.sizes, self._hidden.size)
        self._state.take(self._weights, token)

    def logits(self, frame: int) -> Floats:
        """As in the protocol; the array is written over by the next call."""
        assert self._state is not None  # a token was taken
        np.add(self._joined[frame], self._state.decoded, out=self._hidden)
        np.maximum(self._hidden, 0, out=self._hidden)
        np.dot(self._weights.output, self._hidden, out=self._logits)
        self._logits += self._weights.output_bias
        return self._logits


def _scaled(layer: LstmLayer, number: int) -> LstmLayer:
    """The layer for ``_State``: all gates but the cell's halved, and what comes of a state, which is twice as large."""
    scale = np.full((4 * layer.size, 1), _HALF)
    scale[3 * layer.size :] = 1  # the cell's gate is a tanh already
    of_state = scale * _HALF
    return LstmLayer(
        layer.inputs * (of_state if number else scale), layer.recurrent * of_state, layer.bias * scale[:, 0]
    )


def agree(one: Network, other: Network, width: int, tokens: Sequence[int]) -> bool:
    """Whether two networks give the same logits after each of ``tokens``, on random output of an encoder."""
    encoded = np.random.default_rng(1).standard_normal((width, len(tokens)), np.float32)
    runs = one.begin(encoded), other.begin(encoded)
    for frame, token in enumerate(tokens):
        for run in runs:
            run.take(token)
        mine, theirs = (run.logits(frame) for run in runs)
        if mine.shape != theirs.shape or not np.allclose(mine, theirs, rtol=_TOLERANCE, atol=_TOLERANCE):
            return False
    return True
