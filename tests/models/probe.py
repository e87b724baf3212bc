"""Reads back the features that sherpa-onnx gives to an encoder, through a model that says them aloud.

Its encoder makes one frame of each number, and its joiner chooses the same token in every frame, with a log probability
that tells the number; sherpa-onnx gives the log probabilities of the tokens that it chose.
"""

from pathlib import Path

import numpy as np
import sherpa_onnx

from tests.models.graph import Graph
from tests.models.tiny import FLOAT32, INT32, INT64

# The blank's logit is slope * number + offset: below the token's 0, and not by so much that the sum loses its digits.
_LOGIT = {"per_feature": (0.2, -2.0), "NA": (0.12, -0.8)}


def write(directory: Path, normalise: str, bins: int = 80) -> Path:
    """Write the probe; ``normalise`` is what its metadata says of normalisation."""
    directory.mkdir(parents=True, exist_ok=True)
    _encoder(directory / "encoder.onnx", normalise, bins)
    _decoder(directory / "decoder.onnx")
    _joiner(directory / "joiner.onnx", *_LOGIT[normalise])
    (directory / "tokens.txt").write_text("a 0\n<blk> 1\n")
    return directory


def features(probe: Path, normalise: str, samples: np.ndarray, bins: int = 80) -> np.ndarray:
    """The features of float32 samples, of shape (bins, frames), as read back from sherpa-onnx."""
    files = [str(probe / f"{name}.onnx") for name in ("encoder", "decoder", "joiner")]
    recogniser = sherpa_onnx.OfflineRecognizer.from_transducer(
        *files, str(probe / "tokens.txt"), model_type="nemo_transducer"
    )
    stream = recogniser.create_stream()
    stream.accept_waveform(16_000, samples)
    recogniser.decode_stream(stream)
    surprise = -np.array(stream.result.ys_log_probs)  # log(1 + exp(slope * number + offset))
    slope, offset = _LOGIT[normalise]
    numbers = (np.log(np.expm1(surprise)) - offset) / slope
    return numbers.reshape(-1, bins).T


def _encoder(path: Path, normalise: str, bins: int) -> None:
    graph = Graph()
    frames = graph.add("Transpose", "audio_signal", perm=[0, 2, 1])
    graph.add("Reshape", frames, graph.integers(1, 1, -1), outputs=["outputs"])
    graph.add("Mul", "length", graph.integers(bins), outputs=["encoded_lengths"])
    metadata = {
        "vocab_size": "1",
        "normalize_type": normalise,
        "pred_rnn_layers": "1",
        "pred_hidden": "1",
        "subsampling_factor": "8",
        "feat_dim": str(bins),
        "url": "https://example.invalid/probe-tdt",
    }
    inputs = [("audio_signal", FLOAT32, (None, bins, None)), ("length", INT64, (None,))]
    graph.write(path, inputs, [("outputs", FLOAT32, (1, 1, None)), ("encoded_lengths", INT64, (None,))], metadata)


def _decoder(path: Path) -> None:
    graph, one = Graph(), (1, 1, 1)
    graph.add("Unsqueeze", graph.add("Cast", "targets", to=FLOAT32), graph.integers(1), outputs=["outputs"])
    for name, output in (("target_length", "lengths"), ("h", "h2"), ("c", "c2")):
        graph.add("Identity", name, outputs=[output])
    states = [("h", FLOAT32, one), ("c", FLOAT32, one)]
    new_states = [("h2", FLOAT32, one), ("c2", FLOAT32, one)]
    graph.write(
        path,
        [("targets", INT32, (1, 1)), ("target_length", INT32, (1,)), *states],
        [("outputs", FLOAT32, one), ("lengths", INT32, (1,)), *new_states],
    )


def _joiner(path: Path, slope: float, offset: float) -> None:
    """Logits: token 0, blank ``slope * number + offset``, and a duration that is always 1."""
    graph = Graph()
    nothing = graph.add("Mul", "decoder_outputs", graph.weight(0.0))
    number = graph.add("Unsqueeze", graph.add("Add", "encoder_outputs", nothing), graph.integers(1))
    graph.add(
        "Add",
        graph.add("Mul", number, graph.weight([0, slope, 0, 0])),
        graph.weight([0, offset, 0, 9]),
        outputs=["logits"],
    )
    inputs = [("encoder_outputs", FLOAT32, (1, 1, 1)), ("decoder_outputs", FLOAT32, (1, 1, 1))]
    graph.write(path, inputs, [("logits", FLOAT32, (1, 1, 1, 4))])
