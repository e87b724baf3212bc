import pytest

from models import bundle
from models.errors import BundleError
from tests import recordings
from tests.models import tiny
from tests.models.defects import DEFECTS


def test_a_sound_bundle(tmp_path):
    found = bundle.find(tiny.bundle(tmp_path / "some-model"))

    bundle.validate(found)

    assert found.name == "some-model"
    assert (found.vocab_size, found.feat_dim, found.subsampling) == (tiny.VOCABULARY, 80, 8)
    assert (found.lstm_layers, found.lstm_size) == (tiny.LAYERS, tiny.SIZE)
    assert not found.int8
    assert not found.practice


@pytest.mark.parametrize("defect", DEFECTS)
def test_every_defect_is_one_line_that_says_where(tmp_path, defect):
    make, said = DEFECTS[defect]
    directory = make(tmp_path / "model")

    with pytest.raises(BundleError) as raised:
        bundle.validate(bundle.find(directory))

    assert said in str(raised.value)
    assert str(tmp_path) in str(raised.value)
    assert "\n" not in str(raised.value)


def test_a_known_bad_export_is_refused_by_the_name_of_its_directory(tmp_path):
    sound = tiny.bundle(tmp_path / "sherpa-onnx-nemo-parakeet-tdt-0.6b-v2-fp16")

    with pytest.raises(BundleError, match="fp16 exports"):
        bundle.find(sound)


def test_a_model_of_128_mel_bins_and_outside_weights_like_the_large_one(tmp_path):
    inputs = [("audio_signal", tiny.FLOAT32, (None, 128, None)), ("length", tiny.INT64, (None,))]
    where = {"location": "encoder.weights", "offset": "64", "length": "400"}
    weights = tiny.weight("w", (10, 10), external=where)
    tiny.bundle(
        tmp_path, encoder=tiny.onnx(inputs, tiny.ENCODER_OUTPUTS, {**tiny.METADATA, "feat_dim": "128"}, weights)
    )
    (tmp_path / "encoder.weights").write_bytes(bytes(464))

    found = bundle.find(tmp_path)
    bundle.validate(found)

    assert found.feat_dim == 128


def test_float_weights_are_preferred_and_each_file_may_be_either(tmp_path):
    tiny.bundle(tmp_path)
    for role in ("encoder", "joiner"):
        (tmp_path / f"{role}.int8.onnx").write_bytes((tmp_path / f"{role}.onnx").read_bytes())
    assert not bundle.find(tmp_path).int8

    for role in ("encoder", "joiner"):
        (tmp_path / f"{role}.onnx").unlink()
    mixed = bundle.find(tmp_path)

    assert mixed.int8
    assert [path.name for path in (mixed.encoder, mixed.decoder, mixed.joiner)] == [
        "encoder.int8.onnx",
        "decoder.onnx",
        "joiner.int8.onnx",
    ]


def test_longer_names_are_found(tmp_path):
    tiny.bundle(tmp_path)
    for role in ("encoder", "decoder", "joiner"):
        (tmp_path / f"{role}.onnx").rename(tmp_path / f"{role}-epoch-99-avg-1.int8.onnx")

    found = bundle.find(tmp_path)
    bundle.validate(found)

    assert found.int8
    assert found.decoder.name == "decoder-epoch-99-avg-1.int8.onnx"


def test_windows_line_ends_in_tokens(tmp_path):
    tiny.bundle(tmp_path, **{"tokens.txt": tiny.tokens().replace("\n", "\r\n")})

    bundle.validate(bundle.find(tmp_path))


def test_pieces_that_unicode_takes_for_spaces_or_line_ends(tmp_path):
    pieces = ["\u2028", "\u3000", "\x85", "\x1c"]
    lines = "".join(f"{piece} {index}\n" for index, piece in enumerate(pieces))
    tiny.bundle(tmp_path, **{"tokens.txt": lines + "<blk> 4\n"})

    bundle.validate(bundle.find(tmp_path))


def test_the_practice_model_is_known_by_its_own_word_wherever_it_lies(tmp_path):
    metadata = {**tiny.METADATA, "comment": "practice model: understands synthesised speech"}
    tiny.bundle(tmp_path, encoder=tiny.onnx(tiny.ENCODER_INPUTS, tiny.ENCODER_OUTPUTS, metadata))

    found = bundle.find(tmp_path)

    assert found.practice
    assert found.name == "practice"


@pytest.mark.skipif(recordings.practice_model() is None, reason="the practice model is not in this checkout")
def test_the_bundled_model_is_the_practice_model_by_its_own_word(tmp_path):
    found = bundle.find(bundle.default_directory())
    bundle.validate(found)
    assert found.practice

    for path in (found.encoder, found.decoder, found.joiner, found.tokens):
        (tmp_path / path.name).write_bytes(path.read_bytes())
    assert bundle.find(tmp_path).practice


@pytest.mark.human
@recordings.needs_human
def test_the_human_model():
    found = bundle.find(recordings.human_model())
    bundle.validate(found)

    assert (found.name, found.int8, found.practice, found.vocab_size) == ("human-tdt", True, False, 499)


@pytest.mark.human
@recordings.needs_human
def test_a_real_transducer_of_another_kind_is_refused():
    with pytest.raises(BundleError, match="not of a TDT transducer"):
        bundle.find(recordings.human_data() / "models" / "human-zipformer")
