"""What sherpa-onnx demands of each file of a NeMo TDT bundle, as checks that raise BundleError.

It takes inputs and outputs by their order, not by their names::

    encoder  float32 (B, feat_dim, T), int64 (B)             -> float32 (B, D, T'), int64 or int32 (B)
    decoder  int32 (B, U), int32 (B), 2 x float32 (L, B, H)  -> float32 (B, P, U), int32 (B), 2 x float32 (L, B, H)
    joiner   float32 (B, D, 1), float32 (B, P, 1)            -> float32 (B, 1, 1, vocabulary + blank + durations)

A dimension that a file leaves open agrees with anything, except the joiner's last, which sherpa-onnx reads at load.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from models.errors import BundleError
from models.onnx_header import FLOAT32, INT32, INT64, TYPE_NAMES, OnnxHeader, Tensor

_BLANK = "<blk>"
_Shape = tuple[int | None, ...]


def check_external(path: Path, header: OnnxHeader) -> None:
    """Check that weights kept outside ``path`` are beside it, and long enough."""
    needed: dict[str, int] = {}
    for part in header.external:
        needed[part.location] = max(needed.get(part.location, 0), part.offset + (part.length or 1))
    for location, length in needed.items():
        file = path.parent / location
        if Path(location).is_absolute() or ".." in Path(location).parts:
            raise BundleError(
                f"{path} wants its weights from {location!r}, outside its directory; export the model again"
            )
        if not file.is_file():
            raise BundleError(f"{file} is missing, which holds the weights of {path.name}; fetch it too")
        if (size := file.stat().st_size) < length:
            raise BundleError(f"{file} is cut off: {size} bytes in place of at least {length}; fetch it again")


def check_encoder(path: Path, header: OnnxHeader, feat_dim: int) -> int | None:
    """Check the encoder; the width of its output, where the file tells."""
    _check_tensors(path, "input", header.inputs, [({FLOAT32}, (None, feat_dim, None)), ({INT64}, (None,))])
    _check_tensors(path, "output", header.outputs, [({FLOAT32}, (None, None, None)), ({INT64, INT32}, (None,))])
    return _dimension(header.outputs[0], 1)


def check_decoder(path: Path, header: OnnxHeader, layers: int, size: int) -> int | None:
    """Check the decoder against its state's ``layers`` and ``size``; the width of its output, where the file tells."""
    state = ({FLOAT32}, (layers, None, size))
    _check_tensors(path, "input", header.inputs, [({INT32}, (None, None)), ({INT32}, (None,)), state, state])
    # the second output, the lengths, is thrown away unread, so its type does not matter
    anything = ({*TYPE_NAMES}, None)
    _check_tensors(path, "output", header.outputs, [({FLOAT32}, (None, None, None)), anything, state, state])
    return _dimension(header.outputs[0], 1)


def check_joiner(path: Path, header: OnnxHeader, widths: Sequence[int | None], vocab_size: int) -> None:
    """Check the joiner against the ``widths`` of the encoder's and the decoder's output."""
    _check_tensors(path, "input", header.inputs, [({FLOAT32}, (None, width, None)) for width in widths])
    _check_tensors(path, "output", header.outputs, [({FLOAT32}, (None, None, None, None))])
    last = _dimension(header.outputs[0], 3)
    if last is None or last <= vocab_size + 1:
        raise BundleError(
            f"{path} has an output of {last or 'unknown'} logits where more than {vocab_size + 1} are needed "
            "(tokens, blank and durations); it belongs to another model or is no TDT model"
        )


def check_tokens(path: Path, vocab_size: int) -> None:
    """Check tokens.txt: ``piece id`` on each line, ids in order, the blank last and as many as the model has."""
    try:
        # split at \n only: a piece may be one of the other characters that Unicode takes for a line's end or a space
        lines = path.read_bytes().decode("utf-8").removesuffix("\n").split("\n")
    except UnicodeDecodeError:
        raise BundleError(f"{path} is damaged: it is not UTF-8 text; fetch it again") from None
    except OSError as error:
        raise BundleError(f"{path} cannot be read: {error.strerror}") from None
    if lines == [""]:
        raise BundleError(f"{path} is empty; fetch it again")
    for number, line in enumerate(lines):
        piece, _, identifier = line.rstrip("\r").replace("\t", " ").rpartition(" ")
        if not piece or identifier != str(number):
            raise BundleError(
                f"{path} is damaged at line {number + 1}: it must be a piece and the id {number}; fetch it again"
            )
    if len(lines) != vocab_size + 1:
        raise BundleError(
            f"{path} has {len(lines)} lines where the encoder's vocabulary needs {vocab_size + 1}; "
            "it is cut off or belongs to another model: fetch it again"
        )
    if piece != _BLANK:
        raise BundleError(f"{path} must end with the blank, `{_BLANK} {vocab_size}`; it belongs to another model")


def _check_tensors(
    path: Path, what: str, found: Sequence[Tensor], wanted: Sequence[tuple[set[int], _Shape | None]]
) -> None:
    """Check number, element types and shapes of a graph's inputs or outputs."""
    if len(found) < len(wanted) or (what == "input" and len(found) > len(wanted)):
        raise BundleError(
            f"{path} has {len(found)} {what}s where {len(wanted)} are needed; it is not of a NeMo TDT model"
        )
    for tensor, (types, shape) in zip(found, wanted, strict=False):
        if tensor.type not in types:
            got = TYPE_NAMES.get(tensor.type, f"type {tensor.type}")
            need = " or ".join(TYPE_NAMES[kind] for kind in sorted(types))
            raise BundleError(f"{path} has the {what} {tensor.name!r} in {got} where {need} is needed; export it again")
        if shape is not None and not _agree(tensor.shape, shape):
            raise BundleError(
                f"{path} has the {what} {tensor.name!r} of shape {_show(tensor.shape)} where {_show(shape)} is needed; "
                "it belongs to another model than the other files"
            )


def _agree(found: _Shape | None, wanted: _Shape) -> bool:
    if found is None:
        return True
    return len(found) == len(wanted) and all(
        None in (one, other) or one == other for one, other in zip(found, wanted, strict=True)
    )


def _show(shape: _Shape | None) -> str:
    return "unknown" if shape is None else "(" + ", ".join("?" if size is None else str(size) for size in shape) + ")"


def _dimension(tensor: Tensor, axis: int) -> int | None:
    return tensor.shape[axis] if tensor.shape is not None and axis < len(tensor.shape) else None
