"""Writes ONNX files and bundles that have everything except mathematics: enough for all that reads headers."""

from collections.abc import Sequence
from pathlib import Path

FLOAT32, INT32, INT64, FLOAT16 = 1, 6, 7, 10
VOCABULARY, WIDTH, LAYERS, SIZE = 4, 8, 2, 6

Shape = Sequence[int | None] | None
Value = tuple[str, int, Shape]

METADATA = {
    "vocab_size": str(VOCABULARY),
    "normalize_type": "per_feature",
    "pred_rnn_layers": str(LAYERS),
    "pred_hidden": str(SIZE),
    "subsampling_factor": "8",
    "url": "https://example.invalid/tiny-tdt",
}
ENCODER_INPUTS: list[Value] = [("audio_signal", FLOAT32, (None, 80, None)), ("length", INT64, (None,))]
ENCODER_OUTPUTS: list[Value] = [("outputs", FLOAT32, (None, WIDTH, None)), ("encoded_lengths", INT64, (None,))]
STATE: list[Value] = [("h", FLOAT32, (LAYERS, None, SIZE)), ("c", FLOAT32, (LAYERS, 1, SIZE))]
DECODER_INPUTS: list[Value] = [("targets", INT32, (None, None)), ("target_length", INT32, (None,)), *STATE]
DECODER_OUTPUTS: list[Value] = [
    ("outputs", FLOAT32, (None, SIZE, None)),
    ("lengths", INT32, (None,)),
    ("h2", FLOAT32, (LAYERS, None, SIZE)),
    ("c2", FLOAT32, (LAYERS, None, SIZE)),
]
JOINER_INPUTS: list[Value] = [("e", FLOAT32, (None, WIDTH, None)), ("d", FLOAT32, (None, SIZE, None))]
JOINER_OUTPUTS: list[Value] = [("logits", FLOAT32, (None, None, None, VOCABULARY + 1 + 5))]


def varint(value: int) -> bytes:
    out = b""
    while value >= 0x80:
        out, value = out + bytes([value & 0x7F | 0x80]), value >> 7
    return out + bytes([value])


def number(field: int, value: int) -> bytes:
    return varint(field << 3) + varint(value)


def block(field: int, content: bytes | str) -> bytes:
    content = content.encode() if isinstance(content, str) else content
    return varint(field << 3 | 2) + varint(len(content)) + content


def pair(field: int, key: str, value: str) -> bytes:
    return block(field, block(1, key) + (block(2, value) if value else b""))


def value_info(field: int, value: Value) -> bytes:
    name, element, shape = value
    tensor = number(1, element)
    if shape is not None:
        dims = [block(1, block(2, "open") if size is None else number(1, size)) for size in shape]
        tensor += block(2, b"".join(dims))
    return block(field, block(1, name) + block(2, block(1, tensor)))


def weight(name: str, dims: Sequence[int], raw: bytes | None = None, external: dict[str, str] | None = None) -> bytes:
    content = b"".join(number(1, size) for size in dims) + number(2, FLOAT32) + block(8, name)
    if raw is not None:
        content += block(9, raw)
    if external is not None:
        content += b"".join(pair(13, key, value) for key, value in external.items()) + number(14, 1)
    return block(5, content)


def onnx(
    inputs: Sequence[Value], outputs: Sequence[Value], metadata: dict[str, str] | None = None, more: bytes = b""
) -> bytes:
    """A model of one node; ``more`` are further fields of its graph, such as weights."""
    node = block(1, block(1, inputs[0][0]) + block(2, outputs[0][0]) + block(4, "NoSuchOperator"))
    values = b"".join(value_info(11, value) for value in inputs) + b"".join(value_info(12, value) for value in outputs)
    entries = b"".join(pair(14, key, value) for key, value in (metadata or {}).items())
    return number(1, 8) + block(7, node + block(2, "graph") + more + values) + block(8, number(2, 17)) + entries


def tokens(count: int = VOCABULARY) -> str:
    return "".join(f"\u2581t{index} {index}\n" for index in range(count)) + f"<blk> {count}\n"


def bundle(directory: Path, **replaced: bytes | str | None) -> Path:
    """A sound bundle in ``directory`` (but for its mathematics); ``replaced`` gives files another content, or none."""
    files: dict[str, bytes | str | None] = {
        "encoder.onnx": onnx(ENCODER_INPUTS, ENCODER_OUTPUTS, METADATA),
        "decoder.onnx": onnx(DECODER_INPUTS, DECODER_OUTPUTS),
        "joiner.onnx": onnx(JOINER_INPUTS, JOINER_OUTPUTS),
        "tokens.txt": tokens(),
    }
    files |= {name if name in files else f"{name}.onnx": content for name, content in replaced.items()}
    directory.mkdir(parents=True, exist_ok=True)
    for name, content in files.items():
        if content is not None:
            (directory / name).write_bytes(content.encode() if isinstance(content, str) else content)
    return directory
