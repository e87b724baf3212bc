"""The models that swictation can fetch: where each is, what it must look like, for whom it is. Data and no I/O.

The weights are NVIDIA's, exported for sherpa-onnx and published by k2-fsa as assets of one release, which also carries
a list of its sums. A release's assets can be replaced, so every sum here says how many independent places gave it:
where that is one place only, the release's own list has a say too (``models.pull``).
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

from models.errors import StoreError

Kind = Literal["transducer", "ctc", "vad"]
Device = Literal["gpu", "cpu", "any"]

_RELEASE = "https://github.com/k2-fsa/sherpa-onnx/releases/download/asr-models"
_EUROPEAN = (
    *("bg", "cs", "da", "de", "el", "en", "es", "et", "fi", "fr", "hr", "hu", "it"),
    *("lt", "lv", "mt", "nl", "pl", "pt", "ro", "ru", "sk", "sl", "sv", "uk"),
)


@dataclass(frozen=True, slots=True)
class ModelFile:
    """One file of a model: its name in the archive and in the store; size in bytes and sha256 where they are known."""

    name: str
    size_bytes: int | None = None
    sha256: str | None = None


@dataclass(frozen=True, slots=True)
class Entry:
    """One model of the catalogue.

    ``archive`` is the file at ``address`` (a tar archive, or the model's only file itself), ``sha256`` its sum, which
    ``sum_sources`` independent places gave; ``sums_address`` is the release's own list of sums. ``archive_bytes`` is
    None where it is not known. Nothing larger than ``most_bytes`` is downloaded or unpacked. ``device`` is where the
    model belongs; ``languages`` are ISO 639-1 codes, none for a model without language.
    """

    name: str
    title: str
    kind: Kind
    device: Device
    archive: str
    archive_bytes: int | None
    sha256: str
    sum_sources: int
    most_bytes: int
    files: tuple[ModelFile, ...]
    languages: tuple[str, ...]
    licence: str
    attribution: str
    base_address: str = _RELEASE

    @property
    def address(self) -> str:
        """Where the archive is."""
        return f"{self.base_address}/{self.archive}"

    @property
    def sums_address(self) -> str:
        """Where the release lists the sums of its assets."""
        return f"{self.base_address}/checksum.txt"

    @property
    def sum_is_certain(self) -> bool:
        """Whether more than one independent place gave the archive's sum."""
        return self.sum_sources > 1


def _nvidia(model: str) -> str:
    return f"{model} by NVIDIA, exported to ONNX for sherpa-onnx by k2-fsa"


_TOKENS_110M = ModelFile("tokens.txt", 9_953, "450e56bd2f036fe5b6aa821865838cc5aa9d8b0106134ce9a9ba0664abe6cd10")

ENTRIES: tuple[Entry, ...] = (
    Entry(
        name="parakeet-110m",
        title="Parakeet TDT 110M, float32",
        kind="transducer",
        device="gpu",
        archive="sherpa-onnx-nemo-parakeet_tdt_transducer_110m-en-36000.tar.bz2",
        archive_bytes=None,
        sha256="4cb81f605eb7bc6fe0d69cd9d4045161e1691a64c2b7d4f1e7d5099e1d3bc024",
        sum_sources=1,
        most_bytes=600_000_000,
        files=(ModelFile("encoder.onnx"), ModelFile("decoder.onnx"), ModelFile("joiner.onnx"), ModelFile("tokens.txt")),
        languages=("en",),
        licence="CC-BY-4.0",
        attribution=_nvidia("Parakeet TDT-CTC 110M"),
    ),
    Entry(
        name="parakeet-110m-int8",
        title="Parakeet TDT 110M, int8",
        kind="transducer",
        device="cpu",
        archive="sherpa-onnx-nemo-parakeet_tdt_transducer_110m-en-36000-int8.tar.bz2",
        archive_bytes=108_035_095,
        sha256="f628312e9fdf8686374cb01a69425c41732529d540860311f16f37cbc32cfe9b",
        sum_sources=3,
        most_bytes=200_000_000,
        files=(
            ModelFile(
                "encoder.int8.onnx", 131_113_202, "0f35509ddeb9b39002fb077d979a9fe74f06eb0bc4dd5c34f512f82e5111d657"
            ),
            ModelFile(
                "decoder.int8.onnx", 3_955_863, "f7c331c5504c2e593c76ed22b728e3f554af6c4a383dde862e719ced08b1da19"
            ),
            ModelFile(
                "joiner.int8.onnx", 1_411_403, "bf7dff69e9f2cdbe9943d70da358f38b361c115ba0105bae7e908e0d6ec782f6"
            ),
            _TOKENS_110M,
        ),
        languages=("en",),
        licence="CC-BY-4.0",
        attribution=_nvidia("Parakeet TDT-CTC 110M"),
    ),
    Entry(
        name="parakeet-110m-ctc-int8",
        title="Parakeet 110M, its CTC head, int8",
        kind="ctc",
        device="cpu",
        archive="sherpa-onnx-nemo-parakeet_tdt_ctc_110m-en-36000-int8.tar.bz2",
        archive_bytes=104_337_827,
        sha256="17f945007b52ccd8b7200ffc7c5652e9e8e961dfdf479cefcabd06cf5703630b",
        sum_sources=3,
        most_bytes=200_000_000,
        files=(
            ModelFile(
                "model.int8.onnx", 131_652_171, "9177a9146cf32ee0cc8152276ef95116f312018d316be37ccf57f7efea81fc1a"
            ),
            _TOKENS_110M,
        ),
        languages=("en",),
        licence="CC-BY-4.0",
        attribution=_nvidia("Parakeet TDT-CTC 110M"),
    ),
    Entry(
        name="parakeet-0.6b-v2-int8",
        title="Parakeet TDT 0.6B v2, int8",
        kind="transducer",
        device="cpu",
        archive="sherpa-onnx-nemo-parakeet-tdt-0.6b-v2-int8.tar.bz2",
        archive_bytes=482_468_385,
        sha256="157c157bc51155e03e37d2466522a3a737dd9c72bb25f36eb18912964161e1ad",
        sum_sources=3,
        most_bytes=800_000_000,
        files=(
            ModelFile(
                "encoder.int8.onnx", 652_184_296, "a32b12d17bbbc309d0686fbbcc2987b5e9b8333a7da83fa6b089f0a2acd651ab"
            ),
            ModelFile(
                "decoder.int8.onnx", 7_257_753, "b6bb64963457237b900e496ee9994b59294526439fbcc1fecf705b31a15c6b4e"
            ),
            ModelFile(
                "joiner.int8.onnx", 1_739_080, "7946164367946e7f9f29a122407c3252b680dbae9a51343eb2488d057c3c43d2"
            ),
            ModelFile("tokens.txt", 9_384, "ec182b70dd42113aff6c5372c75cac58c952443eb22322f57bbd7f53977d497d"),
        ),
        languages=("en",),
        licence="CC-BY-4.0",
        attribution=_nvidia("Parakeet TDT 0.6B v2"),
    ),
    Entry(
        name="parakeet-0.6b-v3-int8",
        title="Parakeet TDT 0.6B v3, int8",
        kind="transducer",
        device="cpu",
        archive="sherpa-onnx-nemo-parakeet-tdt-0.6b-v3-int8.tar.bz2",
        archive_bytes=487_170_055,
        sha256="5793d0fd397c5778d2cf2126994d58e9d56b1be7c04d13c7a15bb1b4eafb16bf",
        sum_sources=3,
        most_bytes=800_000_000,
        files=(
            ModelFile(
                "encoder.int8.onnx", 652_184_281, "acfc2b4456377e15d04f0243af540b7fe7c992f8d898d751cf134c3a55fd2247"
            ),
            ModelFile(
                "decoder.int8.onnx", 11_845_275, "179e50c43d1a9de79c8a24149a2f9bac6eb5981823f2a2ed88d655b24248db4e"
            ),
            ModelFile(
                "joiner.int8.onnx", 6_355_277, "3164c13fc2821009440d20fcb5fdc78bff28b4db2f8d0f0b329101719c0948b3"
            ),
            ModelFile("tokens.txt", 93_939, "d58544679ea4bc6ac563d1f545eb7d474bd6cfa467f0a6e2c1dc1c7d37e3c35d"),
        ),
        languages=_EUROPEAN,
        licence="CC-BY-4.0",
        attribution=_nvidia("Parakeet TDT 0.6B v3"),
    ),
    Entry(
        name="silero-vad",
        title="Silero voice activity detection",
        kind="vad",
        device="any",
        archive="silero_vad.onnx",
        archive_bytes=643_854,
        sha256="9e2449e1087496d8d4caba907f23e0bd3f78d91fa552479bb9c23ac09cbb1fd6",
        sum_sources=3,
        most_bytes=10_000_000,
        files=(
            ModelFile("silero_vad.onnx", 643_854, "9e2449e1087496d8d4caba907f23e0bd3f78d91fa552479bb9c23ac09cbb1fd6"),
        ),
        languages=(),
        licence="MIT",
        attribution="Silero VAD by the Silero team, published for sherpa-onnx by k2-fsa",
    ),
)


def known_bad(name: str) -> str | None:
    """Why a model of this name is not to be used, in one line, or None. Takes names of models, archives, directories.

    The published fp16 exports of Parakeet give empty text or only ``<unk>`` on CUDA (k2-fsa/sherpa-onnx issue 2282).
    """
    lowered = name.lower()
    if "parakeet" in lowered and "fp16" in lowered:
        return (
            f"{name} is refused: the fp16 exports of Parakeet are known to give empty or wrong text on a GPU; "
            "take the float32 model instead: `swictation models pull parakeet-110m`"
        )
    return None


def find(name: str, entries: Iterable[Entry] = ENTRIES) -> Entry:
    """The entry of ``name``, which may also be its archive's name. Raises StoreError: unknown, or known to be bad."""
    if (reason := known_bad(name)) is not None:
        raise StoreError(reason)
    by_name = {key: entry for entry in entries for key in (entry.name, entry.archive, _stem(entry.archive))}
    if name in by_name:
        return by_name[name]
    names = sorted({entry.name for entry in by_name.values()})
    close = difflib.get_close_matches(name, names, n=1)
    meant = f' (did you mean "{close[0]}"?)' if close else ""
    raise StoreError(f"no model {name} is known{meant}; there are {', '.join(names)}")


def suitable(nvidia_gpu: str | None) -> tuple[str, str]:
    """The name of the model for a machine and the reason in words; ``nvidia_gpu`` is the name of its GPU, if any."""
    if nvidia_gpu is not None:
        return "parakeet-110m", f"{nvidia_gpu} found: the float32 model is the right one for a GPU, int8 is slow there"
    return (
        "parakeet-110m-int8",
        "no NVIDIA GPU found: on a CPU the int8 model is the smaller and usually the faster one",
    )


def _stem(archive: str) -> str:
    return archive.removesuffix(".tar.bz2").removesuffix(".onnx")
