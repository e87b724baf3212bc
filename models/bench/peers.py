"""Other programs' ways to run the same model, for comparison on the same audio in the same run."""

from __future__ import annotations

import json
import tempfile
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from models import onnx_header
from models.bundle import Bundle
from models.errors import BundleError, SwictationError
from models.recogniser import RATE_HZ, SAMPLE_BYTES, Transcript

_NEEDED = {"sherpa": ("sherpa_onnx",), "onnx-asr": ("onnx_asr", "onnx", "onnxruntime")}
_INSTALL = {"sherpa": "sherpa-onnx", "onnx-asr": "onnx-asr onnx onnxruntime"}


def check_installed(peer: str) -> None:
    """Raise SwictationError, one line, if ``peer`` cannot be run here."""
    if missing := [module for module in _NEEDED[peer] if find_spec(module) is None]:
        raise SwictationError(
            f"{peer} cannot be compared with: {' and '.join(missing)} not installed; "
            f"`pip install {_INSTALL[peer]}` in the environment of swictation"
        )


class DirectSherpa:
    """sherpa-onnx as its own examples call it, without anything of ours. It is measured as a whole."""

    provider = "cpu"

    def __init__(self, bundle: Bundle, threads: int) -> None:
        import sherpa_onnx

        self.model = bundle.name
        self._recogniser: Any = sherpa_onnx.OfflineRecognizer.from_transducer(
            encoder=str(bundle.encoder),
            decoder=str(bundle.decoder),
            joiner=str(bundle.joiner),
            tokens=str(bundle.tokens),
            num_threads=threads,
            feature_dim=bundle.feat_dim,
            model_type="nemo_transducer",
        )

    def recognise(self, pcm: bytes) -> Transcript:
        """The transcript of int16 little-endian mono PCM at 16 kHz."""
        stream = self._recogniser.create_stream()
        stream.accept_waveform(RATE_HZ, _floats(pcm))
        self._recogniser.decode_stream(stream)
        return Transcript(stream.result.text.strip(), tuple(stream.result.tokens))


class OnnxAsr:
    """onnx-asr, given the same weights in the files that it looks for. It is measured as a whole.

    It wants decoder and joiner in one graph: the ``onnx`` package joins ours, in a directory with links to the encoder
    and the tokens.
    """

    provider = "cpu"

    def __init__(self, bundle: Bundle, threads: int) -> None:
        import onnx_asr
        import onnxruntime

        if onnx_header.read(bundle.encoder).metadata.get("normalize_type") != "per_feature":
            raise BundleError(
                f"onnx-asr cannot run {bundle.name}: it normalises the features of every NeMo model, and this one was "
                "trained without that"
            )
        self.model = bundle.name
        settings = onnxruntime.SessionOptions()
        settings.intra_op_num_threads = threads
        settings.log_severity_level = 3
        with tempfile.TemporaryDirectory(prefix="swictation-bench-") as place:  # read whole when it is loaded
            _lay_out(bundle, Path(place))
            self._recogniser: Any = onnx_asr.load_model(
                "nemo-conformer-tdt", place, sess_options=settings, providers=["CPUExecutionProvider"]
            ).with_timestamps()

    def recognise(self, pcm: bytes) -> Transcript:
        """The transcript of int16 little-endian mono PCM at 16 kHz."""
        result = self._recogniser.recognize(_floats(pcm), sample_rate=RATE_HZ)
        return Transcript(result.text.strip(), tuple(result.tokens))


def _lay_out(bundle: Bundle, directory: Path) -> None:
    """Put what onnx-asr looks for into ``directory``."""
    (directory / "encoder-model.onnx").symlink_to(bundle.encoder.resolve())
    (directory / "vocab.txt").symlink_to(bundle.tokens.resolve())
    shape = {"features_size": bundle.feat_dim, "subsampling_factor": bundle.subsampling}
    (directory / "config.json").write_text(json.dumps(shape), "utf-8")
    _join(bundle, directory / "decoder_joint-model.onnx")


def _join(bundle: Bundle, target: Path) -> None:
    """Write decoder and joiner as one graph, under the names that onnx-asr asks for."""
    import onnx
    from onnx import compose

    decoder, joiner = onnx.load(bundle.decoder), onnx.load(bundle.joiner)
    version = max(opset.version for model in (decoder, joiner) for opset in model.opset_import if not opset.domain)
    decoder, joiner = (onnx.version_converter.convert_version(model, version) for model in (decoder, joiner))
    decoder.ir_version = joiner.ir_version = max(decoder.ir_version, joiner.ir_version)
    names = [value.name for value in decoder.graph.output]
    fused = compose.merge_models(
        compose.add_prefix(decoder, "d/"),
        compose.add_prefix(joiner, "j/"),
        io_map=[(f"d/{names[0]}", f"j/{joiner.graph.input[1].name}")],
        outputs=[f"j/{joiner.graph.output[0].name}", f"d/{names[2]}", f"d/{names[3]}"],
    )
    asked = {f"j/{joiner.graph.input[0].name}": "encoder_outputs", f"j/{joiner.graph.output[0].name}": "outputs"}
    inputs = ("targets", "target_length", "input_states_1", "input_states_2")
    asked |= {f"d/{value.name}": name for value, name in zip(decoder.graph.input, inputs, strict=True)}
    asked |= {f"d/{name}": f"output_states_{number}" for number, name in enumerate(names[2:4], start=1)}
    _rename(fused.graph, asked)
    onnx.save(fused, target)


def _rename(graph: Any, asked: dict[str, str]) -> None:
    for value in (*graph.input, *graph.output):
        value.name = asked.get(value.name, value.name)
    for node in graph.node:
        node.input[:] = [asked.get(name, name) for name in node.input]
        node.output[:] = [asked.get(name, name) for name in node.output]
        for attribute in node.attribute:
            if attribute.HasField("g"):
                _rename(attribute.g, asked)


def _floats(pcm: bytes) -> NDArray[np.float32]:
    return np.frombuffer(pcm[: len(pcm) // SAMPLE_BYTES * SAMPLE_BYTES], "<i2").astype(np.float32) / np.float32(32768)
