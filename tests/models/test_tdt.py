"""Greedy decoding, and decoder and joiner as arrays against onnxruntime."""

import dataclasses

import numpy as np
import pytest

from models import bundle, onnx_graph, tdt, tdt_weights
from models.errors import BundleError
from models.ort_encoder import session
from tests.models import conformer, tiny

_BLANK = 3


class _Script:
    """A network whose joiner says, step by step, which token and which duration; it notes where it was asked."""

    def __init__(self, *says):
        self.says, self.asked, self.taken = list(says), [], []

    def begin(self, encoded):
        return self

    def take(self, token):
        self.taken.append(token)

    def logits(self, frame):
        token, duration = self.says[len(self.asked)]
        self.asked.append(frame)
        logits = np.zeros(_BLANK + 1 + 5, np.float32)
        logits[token], logits[_BLANK + 1 + duration] = 2, 3
        return logits


def _greedy(frames, *says):
    script = _Script(*says)
    return script, tdt.greedy(script, np.zeros((2, frames), np.float32), _BLANK)


def test_a_token_goes_to_the_decoder_and_its_duration_to_the_next_frame():
    script, found = _greedy(10, (0, 2), (_BLANK, 3), (1, 4), (2, 1))

    assert script.asked == [0, 2, 5, 9]
    assert script.taken == [_BLANK, 0, 1], "and of the last token nothing is asked any more"
    assert (found.tokens, found.frames, found.durations, found.steps) == ((0, 1, 2), (0, 5, 9), (2, 4, 1), 4)


def test_a_blank_without_duration_goes_one_frame_on():
    script, found = _greedy(2, (_BLANK, 0), (_BLANK, 0))

    assert script.asked == [0, 1]
    assert (found.tokens, found.log_probs) == ((), ())


def test_the_fifth_token_of_a_frame_is_its_last():
    script, found = _greedy(2, *[(1, 0)] * 5, (2, 1))

    assert script.asked == [0] * 5 + [1]
    assert found.durations == (0, 0, 0, 0, 0, 1)


def test_a_duration_begins_the_count_of_tokens_anew():
    script, _found = _greedy(3, *[(1, 0)] * 4, (1, 1), *[(1, 0)] * 5, (1, 1))

    assert script.asked == [0] * 5 + [1] * 5 + [2]


def test_a_log_probability_is_among_tokens_and_blank():
    _script, found = _greedy(1, (0, 1))

    assert found.log_probs[0] == pytest.approx(2 - np.log(np.exp(2) + 3))


def test_no_frame_no_step():
    assert _greedy(0)[1] == tdt.Hypothesis((), (), (), (), 0)


_SHAPES = {
    "one layer": conformer.TINY,
    "two layers": dataclasses.replace(conformer.TINY, lstm_layers=2),
    "three layers": dataclasses.replace(conformer.TINY, lstm_layers=3, lstm_size=16, joint=32),
}


def _noise(seed):
    return lambda _encoder: np.random.default_rng(seed).standard_normal((conformer.TINY.width, 250), np.float32)


@pytest.fixture(scope="module", params=_SHAPES)
def written(request, tmp_path_factory):
    directory = conformer.write(tmp_path_factory.mktemp("tiny"), _SHAPES[request.param], 1, _noise(2))
    return bundle.find(directory)


def _sessions(found):
    opened = [session(path, "cpu", 1) for path in (found.decoder, found.joiner)]
    return tdt.Sessions(*opened, found.lstm_layers, found.lstm_size)


def _weights(found, **options):
    decoder = tdt_weights.decoder_weights(onnx_graph.read(found.decoder))
    return tdt_weights.Weights(decoder, tdt_weights.joiner_weights(onnx_graph.read(found.joiner)), **options)


@pytest.mark.parametrize("table_bytes", [1 << 20, 0], ids=["tabulated", "untabulated"])
def test_arrays_and_sessions_decode_the_same(written, table_bytes):
    found = 0
    for seed in range(5):
        encoded = _noise(seed)(None)
        one = tdt.greedy(_weights(written, table_bytes=table_bytes), encoded, written.vocab_size)
        other = tdt.greedy(_sessions(written), encoded, written.vocab_size)
        assert dataclasses.replace(one, log_probs=()) == dataclasses.replace(other, log_probs=())
        assert one.log_probs == pytest.approx(other.log_probs, abs=1e-4)
        found += len(one.tokens)
    assert found > 50


def test_networks_agree_with_themselves_and_not_with_others(written, tmp_path):
    other = bundle.find(conformer.write(tmp_path, conformer.TINY, 3, _noise(2)))
    blank = written.vocab_size

    for tokens in ((blank, 0, 5), (5, blank, 0), (blank, blank)):
        assert tdt_weights.agree(_weights(written), _sessions(written), conformer.TINY.width, tokens)
        assert not tdt_weights.agree(_weights(written), _sessions(other), conformer.TINY.width, tokens)


def test_an_utterance_leaves_nothing_to_the_next(written):
    network, encoded = _weights(written), _noise(4)(None)
    once = tdt.greedy(network, encoded, written.vocab_size)

    assert len(once.tokens) > 5
    assert tdt.greedy(network, encoded, written.vocab_size) == once


def _node(operator, inputs, outputs):
    return onnx_graph.Node(operator, inputs, outputs)


def _square(*names):
    return {name: np.eye(4, dtype=np.float32) for name in names}


@pytest.mark.parametrize(
    "nodes",
    [
        [],
        [_node("Gather", ("w", "targets"), ("e",))],
        [_node("LSTM", ("e", "w", "r", "b"), ("y",))],
        [_node("Gather", ("w", "targets"), ("e",)), _node("LSTM", ("e", "quantised", "r", "b"), ("y",))],
        [_node("Gather", ("w", "targets"), ("e",)), _node("LSTM", ("e", "w", "w", "w"), ("y",))],
        [_node("Gather", ("w", "targets"), ("e",)), _node("LSTM", ("e",), ("y",))],
    ],
    ids=["nothing", "no LSTM", "no embedding", "other weights", "other shapes", "no weights"],
)
def test_another_decoder_is_not_taken_for_one_of_nemo(nodes):
    graph = onnx_graph.Graph(tuple(nodes), _square("w"), ("targets", "length", "h", "c"), ("y",))

    with pytest.raises(tdt_weights.UnknownGraph):
        tdt_weights.decoder_weights(graph)


_LINEAR = [_node("MatMul", ("e", "w"), ("a",)), _node("MatMul", ("d", "w"), ("b",)), _node("Add", ("a", "b"), ("s",))]


@pytest.mark.parametrize(
    "nodes",
    [
        [],
        _LINEAR,
        [*_LINEAR, _node("MatMul", ("s", "w"), ("t",)), _node("MatMul", ("t", "w"), ("y",))],
        [*_LINEAR, _node("Gemm", ("s", "w", "c"), ("y",))],
        [*_LINEAR, _node("MatMul", ("s", "quantised"), ("y",))],
        [*_LINEAR, _node("MatMul", ("s", "narrow"), ("y",))],
    ],
    ids=["nothing", "no output", "a layer too many", "another operator", "other weights", "another width"],
)
def test_another_joiner_is_not_taken_for_one_of_nemo(nodes):
    weights = {**_square("w"), "narrow": np.zeros((2, 4), np.float32)}
    graph = onnx_graph.Graph(tuple(nodes), weights, ("e", "d"), ("y",))

    with pytest.raises(tdt_weights.UnknownGraph):
        tdt_weights.joiner_weights(graph)


def test_a_layer_without_bias_has_one_of_zeros():
    nodes = (*_LINEAR, _node("MatMul", ("s", "w"), ("y",)))
    weights = tdt_weights.joiner_weights(onnx_graph.Graph(nodes, _square("w"), ("e", "d"), ("y",)))

    assert not weights.output.bias.any()


def test_equal_weights_that_are_stored_once_are_found(tmp_path):
    content = tiny.weight("w", (2, 2), np.arange(4, dtype="<f4").tobytes())
    content += tiny.block(1, tiny.block(1, "w") + tiny.block(2, "v") + tiny.block(4, "Identity"))
    (tmp_path / "x.onnx").write_bytes(tiny.onnx(tiny.JOINER_INPUTS, tiny.JOINER_OUTPUTS, more=content))

    graph = onnx_graph.read(tmp_path / "x.onnx")

    assert graph.weights["v"].tolist() == [[0, 1], [2, 3]]
    assert graph.inputs == ("e", "d")
    assert graph.outputs == ("logits",)


def test_weights_that_lie_elsewhere_are_left_out(tmp_path):
    content = tiny.weight("w", (2, 2), external={"location": "x.data"})
    (tmp_path / "x.onnx").write_bytes(tiny.onnx(tiny.JOINER_INPUTS, tiny.JOINER_OUTPUTS, more=content))

    assert onnx_graph.read(tmp_path / "x.onnx").weights == {}


@pytest.mark.parametrize("content", [b"", b"\x3a\xff\xff\x03", b"no graph at all", b"\x08\x08"])
def test_a_file_that_is_no_graph_is_one_line(tmp_path, content):
    (tmp_path / "x.onnx").write_bytes(content)

    with pytest.raises(BundleError, match=r"^.*x\.onnx .*; fetch it again$"):
        onnx_graph.read(tmp_path / "x.onnx")
    with pytest.raises(BundleError, match=r"^.*y\.onnx cannot be read"):
        onnx_graph.read(tmp_path / "y.onnx")
