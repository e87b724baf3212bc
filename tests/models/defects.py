"""Every way in which a bundle can be wrong, with a part of the one line that must be said about it."""

from collections.abc import Callable
from pathlib import Path

from tests.models import tiny
from tests.models.tiny import FLOAT16, FLOAT32, INT64

Make = Callable[[Path], Path]


def _encoder(**changed: str | None) -> bytes:
    metadata = {key: value for key, value in {**tiny.METADATA, **changed}.items() if value is not None}
    return tiny.onnx(tiny.ENCODER_INPUTS, tiny.ENCODER_OUTPUTS, metadata)


def _files(**replaced: bytes | str | None) -> Make:
    return lambda directory: tiny.bundle(directory, **replaced)


def _tokens(content: bytes | str | None) -> Make:
    return lambda directory: tiny.bundle(directory, **{"tokens.txt": content})


def _swapped(values: list[tiny.Value], index: int, element: int, shape: tiny.Shape) -> list[tiny.Value]:
    return [
        (name, element, shape) if place == index else (name, kind, old)
        for place, (name, kind, old) in enumerate(values)
    ]


def _empty(directory: Path) -> Path:
    directory.mkdir()
    return directory


def _a_file(directory: Path) -> Path:
    directory.write_text("no model")
    return directory


def _parent(directory: Path) -> Path:
    tiny.bundle(directory / "inside")
    return directory


def _two(directory: Path) -> Path:
    sound = tiny.onnx(tiny.ENCODER_INPUTS, tiny.ENCODER_OUTPUTS, tiny.METADATA)
    tiny.bundle(directory, encoder=None)
    (directory / "encoder-epoch-1.onnx").write_bytes(sound)
    (directory / "encoder-epoch-2.onnx").write_bytes(sound)
    return directory


def _external(where: dict[str, str], size: int | None) -> Make:
    def make(directory: Path) -> Path:
        content = tiny.onnx(
            tiny.ENCODER_INPUTS, tiny.ENCODER_OUTPUTS, tiny.METADATA, tiny.weight("w", (10, 10), external=where)
        )
        tiny.bundle(directory, encoder=content)
        if size is not None:
            (directory / "encoder.weights").write_bytes(bytes(size))
        return directory

    return make


_SOUND = tiny.onnx(tiny.ENCODER_INPUTS, tiny.ENCODER_OUTPUTS, tiny.METADATA)
_WEIGHTS = {"location": "encoder.weights", "offset": "0", "length": "400"}
_WRONG_INPUT = tiny.onnx(
    _swapped(tiny.ENCODER_INPUTS, 0, FLOAT16, (None, 80, None)), tiny.ENCODER_OUTPUTS, tiny.METADATA
)
_WRONG_BINS = tiny.onnx(
    _swapped(tiny.ENCODER_INPUTS, 0, FLOAT32, (None, 128, None)), tiny.ENCODER_OUTPUTS, tiny.METADATA
)
_ONE_OUTPUT = tiny.onnx(tiny.ENCODER_INPUTS, tiny.ENCODER_OUTPUTS[:1], tiny.METADATA)
_WRONG_TARGETS = tiny.onnx(_swapped(tiny.DECODER_INPUTS, 0, INT64, (None, None)), tiny.DECODER_OUTPUTS)
_WRONG_LAYERS = tiny.onnx(_swapped(tiny.DECODER_INPUTS, 2, FLOAT32, (1, None, tiny.SIZE)), tiny.DECODER_OUTPUTS)
_WRONG_SIZE = tiny.onnx(tiny.DECODER_INPUTS, _swapped(tiny.DECODER_OUTPUTS, 3, FLOAT32, (tiny.LAYERS, None, 7)))
_WRONG_WIDTH = tiny.onnx(_swapped(tiny.JOINER_INPUTS, 0, FLOAT32, (None, 9, None)), tiny.JOINER_OUTPUTS)
_NO_DURATIONS = tiny.onnx(tiny.JOINER_INPUTS, [("logits", FLOAT32, (None, None, None, tiny.VOCABULARY + 1))])
_OPEN_LOGITS = tiny.onnx(tiny.JOINER_INPUTS, [("logits", FLOAT32, (None, None, None, None))])
_LINES = tiny.tokens().splitlines(keepends=True)

DEFECTS: dict[str, tuple[Make, str]] = {
    "no such directory": (lambda directory: directory, "does not exist"),
    "a file": (_a_file, "is a file; give the directory"),
    "an empty directory": (_empty, "is empty; expected encoder.onnx"),
    "the directory above": (_parent, "give "),
    "two encoders": (_two, "several models (encoder-epoch-1.onnx, encoder-epoch-2.onnx)"),
    "no encoder": (_files(encoder=None), "no encoder.onnx or encoder.int8.onnx"),
    "no decoder": (_files(decoder=None), "no decoder.onnx or decoder.int8.onnx"),
    "no joiner": (_files(joiner=None), "no joiner.onnx or joiner.int8.onnx"),
    "no tokens": (_tokens(None), "no tokens.txt"),
    "empty encoder": (_files(encoder=b""), "encoder.onnx is empty"),
    "empty joiner": (_files(joiner=b""), "joiner.onnx is empty"),
    "encoder cut off": (_files(encoder=_SOUND[:150]), "encoder.onnx is damaged, cut off or no ONNX model"),
    "decoder is a web page": (_files(decoder="<!DOCTYPE html>\n" * 20), "decoder.onnx is damaged, cut off or no ONNX"),
    "joiner is an LFS pointer": (_files(joiner="version https://git-lfs.github.com/spec/v1\n"), "Git LFS pointer"),
    "weights outside are missing": (_external(_WEIGHTS, None), "encoder.weights is missing"),
    "weights outside are cut off": (_external(_WEIGHTS, 399), "encoder.weights is cut off: 399 bytes"),
    "weights outside without length": (_external({"location": "encoder.weights"}, 399), "encoder.weights is cut off"),
    "weights elsewhere": (_external({"location": "../../secret"}, None), "outside its directory"),
    "no metadata": (_files(encoder=tiny.onnx(tiny.ENCODER_INPUTS, tiny.ENCODER_OUTPUTS)), "not of a TDT transducer"),
    "not TDT": (_files(encoder=_encoder(url="https://example.invalid/rnnt")), "not of a TDT transducer"),
    "no vocab_size": (_files(encoder=_encoder(vocab_size=None)), "lacks the metadata entry `vocab_size`"),
    "no subsampling": (
        _files(encoder=_encoder(subsampling_factor=None)),
        "lacks the metadata entry `subsampling_factor`",
    ),
    "no layers": (_files(encoder=_encoder(pred_rnn_layers=None)), "lacks the metadata entry `pred_rnn_layers`"),
    "no hidden size": (_files(encoder=_encoder(pred_hidden=None)), "lacks the metadata entry `pred_hidden`"),
    "vocab_size is no number": (_files(encoder=_encoder(vocab_size="many")), "'many', which must be a positive"),
    "pred_hidden is negative": (_files(encoder=_encoder(pred_hidden="-6")), "'-6', which must be a positive"),
    "no normalisation": (_files(encoder=_encoder(normalize_type=None)), "`normalize_type` None"),
    "unknown normalisation": (_files(encoder=_encoder(normalize_type="all")), "`normalize_type` 'all'"),
    "encoder in float16": (_files(encoder=_WRONG_INPUT), "'audio_signal' in float16 where float32"),
    "encoder of 128 bins without saying so": (_files(encoder=_WRONG_BINS), "(?, 128, ?) where (?, 80, ?)"),
    "encoder without lengths": (_files(encoder=_ONE_OUTPUT), "has 1 outputs where 2 are needed"),
    "decoder with int64 targets": (_files(decoder=_WRONG_TARGETS), "'targets' in int64 where int32"),
    "decoder without a state": (
        _files(decoder=tiny.onnx(tiny.DECODER_INPUTS[:2], tiny.DECODER_OUTPUTS)),
        "has 2 inputs where 4",
    ),
    "decoder with other layers": (_files(decoder=_WRONG_LAYERS), "(1, ?, 6) where (2, ?, 6)"),
    "decoder with another state": (_files(decoder=_WRONG_SIZE), "(2, ?, 7) where (2, ?, 6)"),
    "joiner of another encoder": (_files(joiner=_WRONG_WIDTH), "(?, 9, ?) where (?, 8, ?)"),
    "joiner without durations": (_files(joiner=_NO_DURATIONS), "an output of 5 logits where more than 5"),
    "joiner of unknown width": (_files(joiner=_OPEN_LOGITS), "an output of unknown logits"),
    "tokens are empty": (_tokens(""), "tokens.txt is empty"),
    "tokens cut off at a line": (_tokens("".join(_LINES[:-1])), "has 4 lines where the encoder's vocabulary needs 5"),
    "tokens cut off in a line": (_tokens(tiny.tokens()[:-3]), "damaged at line 5"),
    "one token too many": (_tokens(tiny.tokens(5)), "has 6 lines"),
    "tokens out of order": (_tokens("".join([_LINES[1], _LINES[0], *_LINES[2:]])), "damaged at line 1"),
    "tokens of no text": (_tokens(b"\xff\xfe\x00\x01"), "not UTF-8"),
    "no blank": (_tokens(tiny.tokens().replace("<blk>", "<pad>")), "must end with the blank, `<blk> 4`"),
}
