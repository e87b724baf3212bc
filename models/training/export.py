"""Write a checkpoint as the four files that sherpa-onnx loads as a `nemo_transducer`.

    python -m models.training.export model.pt models/practice

encoder.onnx, decoder.onnx, joiner.onnx and tokens.txt have the inputs, outputs, metadata and token list of the
published export of Parakeet-TDT 110M. The loader turns durations on only if the `url` of the metadata contains "tdt",
and needs the width of the joiner fixed and `<blk>` on the last line of tokens.txt.
"""

from __future__ import annotations

import argparse
from dataclasses import replace
from pathlib import Path

import onnx
import torch

from models.training.network import Shape, Transducer
from models.training.tokeniser import BLANK, Tokeniser

OPSET = 17
POSITIONS = 1500  # 120 s of audio in one call; the table is computed, so training needs no such length
COMMENT = (
    "practice model: 359 words, trained on synthetic speech only, for tests and demonstrations; not for dictation. "
    "Made by the swictation project, which is not affiliated with the makers of the format."
)


def load(checkpoint: Path, *, averaged: bool = True, positions: int = POSITIONS) -> Transducer:
    """Load the network of a checkpoint, ready to decode, with a position table for `positions` frames of 80 ms."""
    saved = torch.load(checkpoint, weights_only=True)
    weights = saved["average"] if averaged and saved["average"] else saved["last"]
    phonemes = weights["phoneme_head.bias"].numel() // Transducer.PHONEMES_PER_FRAME - 1
    network = Transducer(replace(Shape(**saved["shape"]), positions=positions), phonemes)
    network.load_state_dict(weights)
    return network.eval()


def export(network: Transducer, tokeniser: Tokeniser, folder: Path) -> None:
    """Write the four files into `folder`, which is created if need be."""
    folder.mkdir(parents=True, exist_ok=True)
    _export_encoder(network, folder / "encoder.onnx")
    _export_decoder(network, folder / "decoder.onnx")
    _export_joiner(network, folder / "joiner.onnx")
    _describe(folder / "encoder.onnx", network.shape)
    lines = [f"{piece} {number}\n" for number, piece in enumerate([*tokeniser.pieces, BLANK])]
    (folder / "tokens.txt").write_text("".join(lines), encoding="utf-8")


def _export_encoder(network: Transducer, path: Path) -> None:
    example = (torch.randn(1, network.shape.mel_bins, 200), torch.tensor([200]))
    torch.onnx.export(
        network.encoder, example, path, opset_version=OPSET, dynamo=False,
        input_names=["audio_signal", "length"], output_names=["outputs", "encoded_lengths"],
        dynamic_axes={
            "audio_signal": {0: "batch", 2: "frames"}, "length": {0: "batch"},
            "outputs": {0: "batch", 2: "encoded"}, "encoded_lengths": {0: "batch"},
        },
    )  # fmt: skip


def _export_decoder(network: Transducer, path: Path) -> None:
    state = torch.zeros(1, 1, network.shape.prediction_width)
    example = (torch.zeros(1, 1, dtype=torch.int32), torch.ones(1, dtype=torch.int32), state, state)
    torch.onnx.export(
        network.predictor, example, path, opset_version=OPSET, dynamo=False,
        input_names=["targets", "target_length", "states.1", "onnx::LSTM_3"],
        output_names=["outputs", "prednet_lengths", "states", "states_2"],
        dynamic_axes={
            "targets": {0: "batch", 1: "tokens"}, "target_length": {0: "batch"}, "states.1": {1: "batch"},
            "onnx::LSTM_3": {1: "batch"}, "outputs": {0: "batch", 2: "tokens"}, "prednet_lengths": {0: "batch"},
            "states": {1: "batch"}, "states_2": {1: "batch"},
        },
    )  # fmt: skip


def _export_joiner(network: Transducer, path: Path) -> None:
    example = (torch.randn(1, network.shape.width, 1), torch.randn(1, network.shape.prediction_width, 1))
    torch.onnx.export(
        network.joint, example, path, opset_version=OPSET, dynamo=False,
        input_names=["encoder_outputs", "decoder_outputs"], output_names=["outputs"],
        dynamic_axes={
            "encoder_outputs": {0: "batch", 2: "encoded"}, "decoder_outputs": {0: "batch", 2: "tokens"},
            "outputs": {0: "batch", 1: "encoded", 2: "tokens"},
        },
    )  # fmt: skip


def _describe(encoder: Path, shape: Shape) -> None:
    metadata = {
        "vocab_size": shape.tokens,
        "normalize_type": "per_feature",
        "pred_rnn_layers": 1,
        "pred_hidden": shape.prediction_width,
        "subsampling_factor": 8,
        "model_type": "EncDecHybridRNNTCTCBPEModel",
        "version": "1",
        "model_author": "the swictation project",
        "url": "https://example.invalid/swictation-practice-tdt",
        "comment": COMMENT,
    }
    graph = onnx.load(encoder)
    onnx.helper.set_model_props(graph, {name: str(value) for name, value in metadata.items()})
    onnx.save(graph, encoder)


def main() -> None:
    """Run the command line."""
    parser = argparse.ArgumentParser(description="Export a checkpoint of the practice model.")
    parser.add_argument("checkpoint", type=Path)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--tokens", type=Path, default=Path(__file__).parents[1] / "practice" / "tokens.txt")
    parser.add_argument("--last", action="store_true", help="the last weights instead of the averaged ones")
    asked = parser.parse_args()
    export(load(asked.checkpoint, averaged=not asked.last), Tokeniser.from_file(asked.tokens), asked.folder)
    for path in sorted(asked.folder.glob("*.onnx")):
        print(f"{path.name}: {path.stat().st_size:,} bytes")


if __name__ == "__main__":
    main()
