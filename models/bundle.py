"""Model directories: which files belong together, and everything that must be true of them before an engine sees them.

sherpa-onnx ends its whole process on a bundle that it does not like (no exception, status 255), so each of its demands
is checked here first, and a defect becomes a BundleError: one line that names the file and what to do. What cannot be
seen here is a changed bit inside the weights; the checksum of a download is what finds that.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from models import onnx_header
from models.bundle_checks import check_decoder, check_encoder, check_external, check_joiner, check_tokens
from models.catalogue import known_bad
from models.errors import BundleError

PRACTICE_NOTICE = (
    "practice model: understands synthesised speech and a small vocabulary; "
    "get the real one with `swictation models pull parakeet-110m`"
)
_PRACTICE_COMMENT = "practice model"  # begins the encoder's metadata entry `comment` of every practice model
_EXPECTED = "expected encoder.onnx, decoder.onnx and joiner.onnx (or the same as .int8.onnx) and tokens.txt"
_NORMALISATIONS = ("per_feature", "NA", "")


@dataclass(frozen=True, slots=True)
class Bundle:
    """A NeMo TDT transducer in the files that k2-fsa publishes.

    ``vocab_size`` is without the blank, ``feat_dim`` in mel bins, ``subsampling`` in 10 ms frames per encoder frame;
    ``lstm_layers`` and ``lstm_size`` are the shape of the decoder's state. ``int8`` says that the encoder is quantised.
    """

    directory: Path
    name: str
    encoder: Path
    decoder: Path
    joiner: Path
    tokens: Path
    int8: bool
    practice: bool
    vocab_size: int
    feat_dim: int
    subsampling: int
    lstm_layers: int
    lstm_size: int


def default_directory() -> Path:
    """Where the practice model lies that comes with the program."""
    return Path(__file__).parent / "practice"


def find(directory: str | Path) -> Bundle:
    """The bundle in ``directory``, with its encoder's metadata read. Weights in float32 are preferred over int8.

    Raises BundleError if it is no model directory or one known to be bad by its name, a file is missing or the
    encoder's metadata is not that of a NeMo TDT transducer. The rest is ``validate``'s.
    """
    directory = Path(directory).expanduser()
    if (reason := known_bad(directory.resolve().name)) is not None:
        raise BundleError(reason)
    _check_directory(directory)
    encoder = _role_file(directory, "encoder")
    metadata = onnx_header.read(encoder).metadata
    if "tdt" not in metadata.get("url", ""):
        raise BundleError(
            f"{encoder} is not of a TDT transducer: its metadata entry `url` is {metadata.get('url', '')[:80]!r}, "
            "without `tdt` in it; give a directory with a NeMo Parakeet-TDT model as k2-fsa exports it"
        )
    if (normalisation := metadata.get("normalize_type")) not in _NORMALISATIONS:
        raise BundleError(
            f"{encoder} has the metadata entry `normalize_type` {normalisation!r} where `per_feature` or `NA` is "
            "needed; export the model again"
        )
    practice = metadata.get("comment", "").startswith(_PRACTICE_COMMENT) or _is_default(directory)
    return Bundle(
        directory=directory,
        name="practice" if practice else directory.resolve().name,
        encoder=encoder,
        decoder=_role_file(directory, "decoder"),
        joiner=_role_file(directory, "joiner"),
        tokens=_tokens_file(directory),
        int8=".int8." in encoder.name,
        practice=practice,
        vocab_size=_count(encoder, metadata, "vocab_size"),
        feat_dim=_count(encoder, metadata, "feat_dim", default=80),  # sherpa-onnx's own default; the 110M has no entry
        subsampling=_count(encoder, metadata, "subsampling_factor"),
        lstm_layers=_count(encoder, metadata, "pred_rnn_layers"),
        lstm_size=_count(encoder, metadata, "pred_hidden"),
    )


def validate(bundle: Bundle) -> None:
    """Check everything on which sherpa-onnx would end the process or fail later.

    Reads the headers only: milliseconds, whatever the size of the weights. Raises BundleError at the first defect.
    """
    headers = {path: onnx_header.read(path) for path in (bundle.encoder, bundle.decoder, bundle.joiner)}
    for path, header in headers.items():
        check_external(path, header)
    width = check_encoder(bundle.encoder, headers[bundle.encoder], bundle.feat_dim)
    decoded = check_decoder(bundle.decoder, headers[bundle.decoder], bundle.lstm_layers, bundle.lstm_size)
    check_joiner(bundle.joiner, headers[bundle.joiner], (width, decoded), bundle.vocab_size)
    check_tokens(bundle.tokens, bundle.vocab_size)


def _check_directory(directory: Path) -> None:
    try:
        entries = list(directory.iterdir())
    except FileNotFoundError:
        raise BundleError(f"the model directory {directory} does not exist; give one with a model in it") from None
    except NotADirectoryError:
        raise BundleError(f"{directory} is a file; give the directory that holds the model: {_EXPECTED}") from None
    except OSError as error:
        raise BundleError(f"the model directory {directory} cannot be read: {error.strerror}") from None
    if not entries:
        raise BundleError(f"the model directory {directory} is empty; {_EXPECTED}")
    inner = [entry for entry in entries if entry.is_dir() and list(entry.glob("encoder*.onnx"))]
    if len(inner) == 1 and not list(directory.glob("encoder*.onnx")):
        raise BundleError(f"there is no model in {directory} itself; give {inner[0]}")


def _role_file(directory: Path, role: str) -> Path:
    """The file of ``role``: under its plain name, else under a longer one such as encoder-epoch-99-avg-1.onnx."""
    quantised = sorted(directory.glob(f"{role}-*.int8.onnx"))
    longer = [path for path in sorted(directory.glob(f"{role}-*.onnx")) if path not in quantised]
    for found in ([directory / f"{role}.onnx"], longer, [directory / f"{role}.int8.onnx"], quantised):
        files = [path for path in found if path.is_file()]
        if len(files) > 1:
            names = ", ".join(path.name for path in files)
            raise BundleError(f"{directory} holds several models ({names}); leave one of them there")
        if files:
            return files[0]
    raise BundleError(f"there is no {role}.onnx or {role}.int8.onnx in {directory}; {_EXPECTED}")


def _tokens_file(directory: Path) -> Path:
    tokens = directory / "tokens.txt"
    if not tokens.is_file():
        raise BundleError(f"there is no tokens.txt in {directory}; {_EXPECTED}")
    return tokens


def _is_default(directory: Path) -> bool:
    return directory.resolve() == default_directory().resolve()


def _count(encoder: Path, metadata: Mapping[str, str], key: str, default: int | None = None) -> int:
    """A positive whole number from the encoder's metadata."""
    if key not in metadata:
        if default is not None:
            return default
        raise BundleError(f"{encoder} lacks the metadata entry `{key}`; give a model that was exported for sherpa-onnx")
    text = metadata[key]
    if not (text.isascii() and text.isdigit() and 0 < int(text) < 1 << 31):
        raise BundleError(
            f"{encoder} has the metadata entry `{key}` {text[:40]!r}, which must be a positive whole number"
        )
    return int(text)
