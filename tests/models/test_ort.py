"""OrtRecogniser against sherpa-onnx: the same tokens of the same audio."""

import dataclasses
import logging

import numpy as np
import pytest
import sherpa_onnx

from models import audio_file, bundle, ort, ort_encoder, ort_graphs
from models.errors import BundleError
from models.ort import OrtRecogniser
from models.sherpa import RecognitionError, SherpaRecogniser
from tests import recordings
from tests.benchmarks import stand_in
from tests.models import conformer
from tests.speech import word_errors

_SHAPES = {
    "one layer": conformer.TINY,
    "two layers": dataclasses.replace(conformer.TINY, lstm_layers=2, heads=2, kernel=5),
    "unmasked": dataclasses.replace(conformer.TINY, masked=False, width=48, joint=24),
}


@pytest.fixture(scope="module", params=_SHAPES)
def random_bundle(request, tmp_path_factory):
    shape = _SHAPES[request.param]
    return bundle.find(stand_in.build(tmp_path_factory.mktemp("random"), shape.masked, shape))


@pytest.fixture(scope="module")
def masked(tmp_path_factory):
    return bundle.find(stand_in.build(tmp_path_factory.mktemp("masked"), True, conformer.TINY))


def _audio(seconds, seed=1):
    """Tones that come and go over noise; enough for a model that does not know what speech is."""
    rng = np.random.default_rng(seed)
    times = np.arange(round(seconds * 16_000)) / 16_000
    tone = np.sin(2 * np.pi * rng.uniform(100, 3000) * times * (1 + 0.2 * np.sin(7 * times)))
    return (3000 * tone * np.sin(5 * times) + 300 * rng.standard_normal(times.size)).astype("<i2").tobytes()


def _assert_same(mine, theirs, log_probs=2e-3):
    assert mine.tokens == theirs.tokens
    assert mine.text == theirs.text
    assert mine.timestamps_s == pytest.approx(theirs.timestamps_s, abs=1e-3)
    assert mine.durations_s == pytest.approx(theirs.durations_s, abs=1e-3)
    assert mine.log_probs == pytest.approx(theirs.log_probs, abs=log_probs)


@pytest.mark.parametrize("stepwise", [False, True], ids=["arrays", "sessions"])
def test_random_models_token_for_token(random_bundle, stepwise):
    bundle.validate(random_bundle)
    own, reference = OrtRecogniser(random_bundle, stepwise=stepwise), SherpaRecogniser(random_bundle)
    found = 0
    for number, seconds in enumerate([0.03, 0.1, 0.25, 0.5, 1, 1.237, 2, 2.8, 3.333, 5, 7.5, 12]):
        mine = own.recognise(_audio(seconds, number))
        _assert_same(mine, reference.recognise(_audio(seconds, number)))
        found += len(mine.tokens)

    assert own.tabulated is not stepwise
    assert found > 60


@pytest.mark.skipif(not recordings.practice_model() or not recordings.practice_clips(), reason="no practice model")
@pytest.mark.parametrize("stepwise", [False, True], ids=["arrays", "sessions"])
def test_synthesised_speech_token_for_token(stepwise):
    found = bundle.find(recordings.practice_model())
    own, reference = OrtRecogniser(found, stepwise=stepwise), SherpaRecogniser(found)
    for clip in recordings.practice_clips():
        pcm = audio_file.read(clip).pcm
        for audio in (pcm, bytes(16_000) + pcm + bytes(9_000), pcm[: len(pcm) // 4 * 2]):
            mine = own.recognise(audio)
            _assert_same(mine, reference.recognise(audio))
        assert mine.tokens
        assert own.tabulated is not stepwise


@pytest.mark.human
@recordings.needs_human
@pytest.mark.parametrize("folder", ["librispeech-test-other", "vctk", "an4-test"])
def test_human_speech_all_but_token_for_token(folder):
    """Its encoder is quantised while it runs: a change of 1e-6 in its input changes 2 % of its output.

    So the rounding of another version of onnxruntime is heard, once in some hundred words.
    """
    found = bundle.find(recordings.human_model())
    own, reference = OrtRecogniser(found), SherpaRecogniser(found)
    errors = words = 0
    for clip in recordings.human_clips(folder, 6):
        pcm = audio_file.read(clip).pcm
        mine, theirs = own.recognise(pcm), reference.recognise(pcm)
        one, all_of_them = word_errors(" ".join(theirs.tokens), " ".join(mine.tokens))
        errors, words = errors + one, words + all_of_them

    assert not own.tabulated  # its decoder is no LSTM
    assert words > 20
    assert errors <= 0.1 * words


@pytest.mark.parametrize("samples", [0, 1, 79, 80, 160, 399, 400, 401, 640, 1600])
def test_audio_of_hardly_any_length(masked, samples):
    pcm = np.random.default_rng(1).normal(0, 300, samples).astype("<i2").tobytes()

    # normalised over two or three frames, a rounding error of the features is no longer small
    _assert_same(OrtRecogniser(masked).recognise(pcm), SherpaRecogniser(masked).recognise(pcm), log_probs=0.1)


def test_half_a_sample_at_the_end_is_left_out(masked):
    own = OrtRecogniser(masked)

    assert own.recognise(_audio(1) + b"x").tokens == own.recognise(_audio(1)).tokens


def test_silence_alone_ends(masked):
    assert OrtRecogniser(masked).recognise(bytes(64_000)).steps > 0


def test_every_stage_is_told(masked):
    heard = OrtRecogniser(masked).recognise(_audio(2.8))

    assert heard.features_ms > 0
    assert heard.encode_ms > 0
    assert heard.decode_ms > 0
    assert heard.steps >= len(heard.tokens) > 0


def test_two_threads_hear_the_same(masked):
    assert (
        OrtRecogniser(masked, threads=2).recognise(_audio(3)).tokens
        == OrtRecogniser(masked).recognise(_audio(3)).tokens
    )


def test_audio_longer_than_the_position_table_is_cut_as_for_sherpa_onnx(masked):
    pcm = _audio(50)

    heard = OrtRecogniser(masked).recognise(pcm)

    _assert_same(heard, SherpaRecogniser(masked).recognise(pcm))
    assert heard.timestamps_s[-1] > 45
    assert heard.steps >= len(heard.tokens)


def test_a_failure_is_one_line(masked):
    own = OrtRecogniser(masked)
    own._bins = 20  # as if the file were another model's than the header says

    with pytest.raises(RecognitionError, match=r"^the engine failed on 1.0 s of audio: .*$") as caught:
        own.recognise(_audio(1))
    assert "\n" not in str(caught.value)


def _lengths():
    return [2.8, 0.7, 0.01, 4.1, 1.3, 0.7, 2.81, 6.0, 0.0, 3.3]


def test_a_batch_gives_the_tokens_of_one_at_a_time(masked):
    own = OrtRecogniser(masked)
    pcms = [_audio(seconds, number) for number, seconds in enumerate(_lengths())]

    together = own.recognise_many(pcms)

    assert own._encoder.padding_error < 1e-5
    for mine, alone in zip(together, (own.recognise(pcm) for pcm in pcms), strict=True):
        _assert_same(mine, alone)
    assert sum(len(heard.tokens) for heard in together) > 30


def test_batches_are_of_similar_length_and_limited(masked, monkeypatch):
    monkeypatch.setattr(ort, "_BATCH_FRAMES", 900)
    own, sizes = OrtRecogniser(masked), []
    encode = own._encoder.encode_many
    own._encoder.encode_many = lambda batch, stop: sizes.append([mel.shape[1] for mel in batch]) or encode(batch, stop)
    pcms = [_audio(seconds, number) for number, seconds in enumerate([*_lengths(), 9.5])]

    together = own.recognise_many(pcms)

    assert sizes == [[70, 70, 130], [280, 281], [330, 410], [600]]
    assert [heard.tokens for heard in together] == [own.recognise(pcm).tokens for pcm in pcms]


def test_a_batch_with_audio_beyond_the_position_table_is_decoded_one_by_one(masked):
    own = OrtRecogniser(masked)
    pcms = [_audio(45), _audio(0.5)]

    assert [heard.tokens for heard in own.recognise_many(pcms)] == [own.recognise(pcm).tokens for pcm in pcms]


def _unmasked(tmp_path):
    shape = _SHAPES["unmasked"]
    return bundle.find(stand_in.build(tmp_path, shape.masked, shape))


def test_a_model_that_padding_changes_gets_masks(tmp_path):
    found = _unmasked(tmp_path)
    exact, padded = OrtRecogniser(found), OrtRecogniser(found, graphs=True)
    pcms = [_audio(seconds, number) for number, seconds in enumerate(_lengths())]
    alone = [exact.recognise(pcm).tokens for pcm in pcms]

    assert padded._encoder.masked
    assert padded._encoder.padding_error < 1e-5
    assert [padded.recognise(pcm).tokens for pcm in pcms] == alone
    assert [heard.tokens for heard in exact.recognise_many(pcms)] == alone
    assert exact._encoder.masked
    assert [exact.recognise(pcm).tokens for pcm in pcms] == alone


def test_a_model_that_masks_by_itself_is_left_alone(masked):
    own = OrtRecogniser(masked)

    assert own.pads
    assert not own._encoder.masked


@pytest.mark.parametrize("content", [None, b"no model"])
def test_a_model_that_cannot_be_masked_is_not_padded(tmp_path, monkeypatch, content):
    monkeypatch.setattr(ort_encoder, "with_masks", lambda _path: content)
    own = OrtRecogniser(_unmasked(tmp_path), graphs=True)
    pcms = [_audio(seconds, number) for number, seconds in enumerate(_lengths())]

    assert not own.pads
    assert own._encoder._ladder is None
    assert [heard.tokens for heard in own.recognise_many(pcms)] == [own.recognise(pcm).tokens for pcm in pcms]


def test_masks_that_change_the_exact_length_are_not_used(tmp_path, monkeypatch, masked):
    other = masked.encoder.read_bytes()  # a sound model, and not this one
    monkeypatch.setattr(ort_encoder, "with_masks", lambda _path: other)
    shape = dataclasses.replace(conformer.TINY, masked=False)
    own = OrtRecogniser(bundle.find(conformer.write(tmp_path, shape, 5, stand_in._encoded_speech)))

    assert not own.pads


@pytest.mark.skipif(not recordings.practice_model() or not recordings.practice_clips(), reason="no practice model")
def test_synthesised_speech_in_a_batch():
    own = OrtRecogniser(bundle.find(recordings.practice_model()))
    pcms = [audio_file.read(clip).pcm for clip in recordings.practice_clips()]

    assert [heard.tokens for heard in own.recognise_many(pcms)] == [own.recognise(pcm).tokens for pcm in pcms]
    assert own.pads


@pytest.mark.parametrize("damage", [lambda path: path.write_bytes(b"x" * 900), lambda path: path.unlink()])
@pytest.mark.parametrize("role", ["encoder", "decoder", "joiner"])
def test_a_damaged_file_is_one_line(masked, tmp_path, role, damage):
    for path in (masked.encoder, masked.decoder, masked.joiner, masked.tokens):
        (tmp_path / path.name).write_bytes(path.read_bytes())
    found = bundle.find(tmp_path)
    damage(getattr(found, role))

    with pytest.raises(BundleError, match=r"^the model in .* cannot be loaded \(.*\); fetch it again$"):
        OrtRecogniser(found)


@pytest.mark.human
@recordings.needs_human
def test_a_model_for_one_utterance_at_a_time_gets_one_at_a_time():
    own = OrtRecogniser(bundle.find(recordings.human_model()))
    pcms = [audio_file.read(clip).pcm for clip in recordings.human_clips("vctk", 2)]

    assert not own.pads
    assert own._encoder.padding_error == float("inf")
    assert [heard.tokens for heard in own.recognise_many(pcms)] == [own.recognise(pcm).tokens for pcm in pcms]


def test_padded_lengths_give_the_tokens_of_exact_ones(masked):
    """What the GPU runs as graphs, on the CPU: the same buffers and bindings, with utterances of all lengths mixed."""
    exact, padded = OrtRecogniser(masked), OrtRecogniser(masked, graphs=True)
    lengths = [0.03, 0.63, 0.64, 0.65, 5.0, 0.3, 2.8, 0.64, 31.0, 2.75, 1.0]
    heard = [padded.recognise(_audio(seconds, number)) for number, seconds in enumerate(lengths)]

    for number, seconds in enumerate(lengths):
        _assert_same(heard[number], exact.recognise(_audio(seconds, number)))
    assert padded._encoder._ladder is not None
    assert not padded.graphs


def _ladder(found):
    opened = ort_encoder.session(found.encoder, "cpu", 1)
    return ort_graphs.Ladder(opened, ["audio_signal", "length"], ["outputs", "encoded_lengths"], "cpu")


def test_features_that_do_not_fit_a_graph_are_refused(masked):
    ladder = _ladder(masked)
    ladder.encode(np.zeros((80, 100), np.float32))
    rung = ladder._rungs[128]

    with pytest.raises(ValueError, match="do not fit a graph"):
        rung.encode(np.zeros((80, 129), np.float32), replay=True)
    with pytest.raises(ValueError, match="do not fit a graph"):
        rung.encode(np.zeros((64, 100), np.float32), replay=True)


def test_a_graph_that_gives_another_result_is_not_used(masked, monkeypatch, caplog):
    """A recording that ignores its input, as one at wrong addresses would."""
    ladder = _ladder(masked)
    encode, first = ort_graphs._Rung.encode, []

    def stuck(rung, features, replay):
        output = encode(rung, features, replay)
        if replay:
            first.append(output.copy())
            return first[0][:, : output.shape[1]]
        return output

    monkeypatch.setattr(ort_graphs._Rung, "encode", stuck)
    with caplog.at_level(logging.WARNING):
        right = ladder.encode(np.ones((80, 100), np.float32))

    assert not ladder.sound
    assert not ladder.takes(100)
    assert "going on without graphs" in caplog.text
    assert right.shape == (conformer.TINY.width, 13)


def test_the_provider_is_the_one_of_the_session(masked):
    import onnxruntime

    here = "CUDAExecutionProvider" in onnxruntime.get_available_providers()
    asked = OrtRecogniser(masked, provider="cuda")

    assert OrtRecogniser(masked).provider == "cpu"
    assert asked.provider in ({"cpu", "cuda"} if here else {"cpu"})
    assert asked.recognise(_audio(2)).tokens == OrtRecogniser(masked).recognise(_audio(2)).tokens


def test_a_model_of_another_family_is_refused(masked, monkeypatch):
    monkeypatch.setattr(ort.Encoder, "metadata", {"is_giga_am": "1"}, raising=False)
    monkeypatch.setattr(ort.Encoder, "__init__", lambda *_: None)

    with pytest.raises(BundleError, match="only the sherpa engine runs"):
        OrtRecogniser(masked)


def test_pieces_are_joined_as_by_sherpa_onnx(masked, tmp_path):
    """Marks in front, twice, inside and alone; most tokens are met, as the model is random."""
    for path in (masked.encoder, masked.decoder, masked.joiner):
        (tmp_path / path.name).symlink_to(path)
    marks = {number: f"\u2581{mark}" for number, mark in zip((13, 15, 17, 24, 27, 31), "(%'\u201c\u3002-", strict=True)}
    special = marks | {
        0: "<unk>",
        1: "\u2581",
        18: "a\u2581b",
        23: "\u2581\u2581c",
        16: ".",
        32: "\u00e9",
        11: "\u2581,",
    }
    pieces = [f"{special.get(index, f't{index}')} {index}\n" for index in range(conformer.TINY.vocabulary)]
    (tmp_path / "tokens.txt").write_text("".join(pieces) + f"<blk> {conformer.TINY.vocabulary}\n", encoding="utf-8")
    found = bundle.find(tmp_path)
    own, reference = OrtRecogniser(found), SherpaRecogniser(found)
    met = set()
    for number in range(40):
        mine, theirs = own.recognise(_audio(6, number)), reference.recognise(_audio(6, number))
        assert mine.tokens == theirs.tokens
        assert mine.text == theirs.text
        met |= set(mine.tokens)

    assert len(met) > 20


def test_the_wheel_is_the_one_that_was_measured():
    assert sherpa_onnx.__version__ == "2.0.1"  # with another one, look at its features and its log's guard again
