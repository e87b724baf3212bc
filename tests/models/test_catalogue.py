"""The catalogue's own consistency, its names, and what it offers to which machine."""

import re

import pytest

from models import catalogue
from models.bundle import PRACTICE_NOTICE
from models.errors import StoreError


def test_names_are_unique():
    names = [entry.name for entry in catalogue.ENTRIES]
    assert len(set(names)) == len(names)


@pytest.mark.parametrize("entry", catalogue.ENTRIES, ids=lambda entry: entry.name)
def test_every_entry_is_complete(entry):
    assert entry.address.startswith("https://")
    assert entry.address.endswith(f"/{entry.archive}")
    assert entry.licence
    assert entry.attribution
    assert entry.title
    assert bool(entry.languages) == (entry.kind != "vad")
    for sum_ in (entry.sha256, *(file.sha256 for file in entry.files if file.sha256)):
        assert re.fullmatch("[0-9a-f]{64}", sum_)
    assert sum(file.size_bytes or 0 for file in entry.files) <= entry.most_bytes
    assert (entry.archive_bytes or 0) <= entry.most_bytes
    roles = {file.name.split(".")[0] for file in entry.files}
    expected = {"transducer": {"encoder", "decoder", "joiner", "tokens"}, "ctc": {"model", "tokens"}}
    assert roles == expected.get(entry.kind, {"silero_vad"})


def test_the_name_in_the_practice_model_s_notice_is_the_float32_transducer():
    [name] = re.findall(r"swictation models pull (\S+)`", PRACTICE_NOTICE)
    entry = catalogue.find(name)
    assert entry.kind == "transducer"
    assert {file.name for file in entry.files} == {"encoder.onnx", "decoder.onnx", "joiner.onnx", "tokens.txt"}


def test_an_archive_s_name_is_a_name_too():
    for entry in catalogue.ENTRIES:
        assert catalogue.find(entry.archive) == entry
    stem = "sherpa-onnx-nemo-parakeet_tdt_transducer_110m-en-36000"
    assert catalogue.find(stem).name == "parakeet-110m"


def test_an_unknown_name_lists_the_known_ones_and_the_nearest():
    with pytest.raises(StoreError) as raised:
        catalogue.find("parakeet-110")
    assert '(did you mean "parakeet-110m"?)' in str(raised.value)
    assert "silero-vad" in str(raised.value)


@pytest.mark.parametrize(
    "name",
    [
        "sherpa-onnx-nemo-parakeet-tdt-0.6b-v2-fp16",
        "sherpa-onnx-nemo-parakeet-tdt-0.6b-v2-fp16.tar.bz2",
        "parakeet-0.6b-v2-fp16",
        "Parakeet-110m-FP16",
    ],
)
def test_fp16_exports_are_refused_by_name(name):
    with pytest.raises(StoreError, match=r"fp16 exports .* pull parakeet-110m"):
        catalogue.find(name)


@pytest.mark.parametrize("name", [entry.name for entry in catalogue.ENTRIES] + ["practice", "whisper-fp16"])
def test_nothing_else_is_known_to_be_bad(name):
    assert catalogue.known_bad(name) is None


@pytest.mark.parametrize(("gpu", "name"), [("NVIDIA H200", "parakeet-110m"), (None, "parakeet-110m-int8")])
def test_what_suits_a_machine_and_why(gpu, name):
    chosen, why = catalogue.suitable(gpu)
    assert chosen == name
    assert gpu is None or gpu in why
    assert "\n" not in why
    int8 = any(".int8." in file.name for file in catalogue.find(chosen).files)
    assert int8 == (gpu is None), "int8 is never for a GPU"
