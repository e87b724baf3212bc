"""The quantised variant: what is made and what is refused, that nothing half stays, and that both engines run it."""

import dataclasses
import errno
import shutil
import sys
from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import numpy_helper

from models import bundle, onnx_header, optimise
from models.bench.trial import Trial
from models.errors import StoreError
from models.ort import OrtRecogniser
from models.sherpa import SherpaRecogniser
from models.store import Store
from tests import recordings, speech

BETTER = Trial(
    "sherpa", before_ms=100, after_ms=55, ratio=0.55, errors_before=10, errors_after=10, words=133, same_text=True
)
SLOWER = dataclasses.replace(BETTER, after_ms=101, ratio=1.01)

pytestmark = pytest.mark.skipif(
    recordings.practice_model() is None, reason="the practice model is not in this checkout"
)


class Trials:
    """Answers a trial with what is due, and notes which variants it was shown."""

    def __init__(self, *due):
        self.due, self.shown = list(due), []

    def __call__(self, directory):
        found = bundle.find(directory)
        bundle.validate(found)
        self.shown.append(found)
        answer = self.due.pop(0)
        if isinstance(answer, BaseException):
            raise answer
        return [answer]


@pytest.fixture
def store(tmp_path):
    return Store(tmp_path / "models")


@pytest.fixture
def practice():
    return bundle.find(bundle.default_directory())


def make(store, found, *due):
    trials, said = Trials(*due), []
    return optimise.optimise(store, found, trials, said.append), trials, said


def left(store):
    return sorted(path.name for path in store.directory.iterdir())


def test_a_variant_that_is_better_is_a_model_of_the_store(store, practice):
    made, _trials, said = make(store, practice, BETTER)

    assert (made.name, made.weights, made.reason, made.fresh) == ("practice-optimised", "signed", None, True)
    assert left(store) == ["practice-optimised"]
    assert store.faults(made.name) == []
    found = bundle.find(made.directory)
    assert found.int8
    assert found.encoder.stat().st_size < 0.7 * practice.encoder.stat().st_size
    assert onnx_header.read(practice.encoder).metadata.items() <= onnx_header.read(found.encoder).metadata.items()
    assert found.decoder.read_bytes() == practice.decoder.read_bytes()
    assert (found.directory / "recording.flac").is_file(), "its self-test is the model's own"
    manifest = store.manifest(made.name)
    assert manifest.made_from["encoder.onnx"] == optimise.sha256_of(practice.encoder)
    assert "sherpa: 55.0 ms in place of 100.0 (0.55 x)" in manifest.checked
    assert said == ["quantising the encoder of practice, signed weights", "trying it against the model itself"]


def test_a_variant_of_a_model_of_the_store_keeps_its_licence(store, practice):
    first, _trials, _said = make(store, practice, BETTER)
    shutil.copyfile(practice.encoder, first.directory / "encoder.onnx")
    made, _trials, _said = make(store, dataclasses.replace(bundle.find(first.directory), name=first.name), BETTER)

    assert store.manifest(made.name).licence == store.manifest(first.name).licence
    assert store.manifest(made.name).attribution.startswith(store.manifest(first.name).attribution)


def test_the_second_recipe_is_tried_where_the_first_does_not_stand(store, practice):
    made, trials, said = make(store, practice, SLOWER, BETTER)

    assert made.weights == "unsigned"
    assert len(trials.shown) == 2
    assert any("signed weights: on sherpa it is not clearly faster" in line for line in said)


def test_a_variant_that_is_no_better_leaves_nothing(store, practice):
    made, _trials, _said = make(store, practice, SLOWER, SLOWER)

    assert made.directory is None
    assert (
        made.reason
        == "on sherpa it is not clearly faster here: 101.0 ms for 2.8 s of speech, the model itself 100.0 ms (1.01 x)"
    )
    assert left(store) == []


@pytest.mark.parametrize("ending", [KeyboardInterrupt(), OSError(errno.EIO, "Input/output error"), StoreError("no")])
def test_whatever_ends_it_leaves_nothing(store, practice, ending):
    with pytest.raises(type(ending)):
        make(store, practice, ending)

    assert left(store) == []


def test_a_full_disk_is_one_line(store, practice, monkeypatch):
    with pytest.raises(StoreError, match=r"^the disk that holds .*models is full: nothing was left behind; make room"):
        make(store, practice, OSError(errno.ENOSPC, "No space left on device"))
    monkeypatch.setattr(optimise.shutil, "disk_usage", lambda _path: shutil._ntuple_diskusage(100, 99, 1))
    with pytest.raises(StoreError, match=r"^the disk that holds .*models is full: 11 MB are needed for a while"):
        make(store, practice)
    assert left(store) == []


def test_what_is_here_of_the_same_files_is_not_made_again(store, practice):
    make(store, practice, BETTER)
    made, trials, _said = make(store, practice)

    assert not made.fresh
    assert made.directory == store.path("practice-optimised")
    assert trials.shown == []


def test_what_is_damaged_is_made_again(store, practice):
    first, _trials, _said = make(store, practice, BETTER)
    (first.directory / "tokens.txt").write_text("changed")
    [fault] = store.faults(first.name)
    assert fault.endswith(
        "; `swictation models remove practice-optimised` and make it again with `swictation models optimise`"
    )
    made, _trials, _said = make(store, practice, BETTER)

    assert made.fresh
    assert store.faults(made.name) == []


def test_what_is_quantised_already_is_refused(store, practice):
    made, _trials, _said = make(store, practice, BETTER)

    with pytest.raises(StoreError, match="quantised already; give a model in float32"):
        make(store, bundle.find(made.directory))


def test_without_the_packages_it_is_one_line(store, practice, monkeypatch):
    monkeypatch.setitem(sys.modules, "onnx", None)

    with pytest.raises(StoreError, match=r"^optimising needs onnx .*pip install 'swictation\[optimise\]'`$"):
        make(store, practice)


@pytest.fixture(scope="module", params=optimise.RECIPES)
def quantised(request, tmp_path_factory):
    directory = tmp_path_factory.mktemp(request.param)
    for path in Path(bundle.default_directory()).iterdir():
        if path.is_file() and path.name != "encoder.onnx":
            shutil.copyfile(path, directory / path.name)
    optimise.quantise(bundle.default_directory() / "encoder.onnx", directory / "encoder.int8.onnx", request.param)
    return request.param, bundle.find(directory)


def test_no_sum_of_the_fast_kernels_can_overflow(quantised):
    weights, found = quantised
    graph = onnx.load(found.encoder).graph
    arrays = {one.name: one for one in graph.initializer}
    products = [arrays[node.input[1]] for node in graph.node if node.op_type == "MatMulInteger"]

    assert len(products) > 20
    for array in map(numpy_helper.to_array, products):
        if weights == "signed":
            pair = 2 * 255 * int(np.abs(array.astype(int)).max())
            assert pair <= 32_767, "two products are added in 16 bits"
        assert array.dtype == (np.int8 if weights == "signed" else np.uint8)


def test_nothing_else_is_quantised_and_nothing_lies_about(quantised):
    _weights, found = quantised
    operators = {node.op_type for node in onnx.load(found.encoder).graph.node}

    assert "Conv" in operators
    assert not operators & {"ConvInteger", "DynamicQuantizeLSTM", "QLinearConv"}
    assert {path.name for path in found.directory.iterdir() if path.suffix == ".onnx"} == {
        "encoder.int8.onnx",
        "decoder.onnx",
        "joiner.onnx",
    }


def test_both_engines_run_it(quantised):
    """Not token for token: what is quantised while it runs turns the last bits of the features into other tokens."""
    _weights, found = quantised
    for engine in (SherpaRecogniser(found), OrtRecogniser(found)):
        wrong = [speech.word_errors(clip.text, engine.recognise(clip.pcm).text) for clip in speech.clips()]
        assert sum(errors for errors, _words in wrong) <= 0.1 * sum(words for _errors, words in wrong)


def test_it_is_not_padded_as_its_scales_are_those_of_the_whole_batch(quantised):
    _weights, found = quantised
    engine = OrtRecogniser(found)
    pcms = [clip.pcm for clip in speech.clips()[:4]]

    assert not engine.pads
    assert [one.tokens for one in engine.recognise_many(pcms)] == [engine.recognise(pcm).tokens for pcm in pcms]
