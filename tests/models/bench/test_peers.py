"""The peers: what they hear, and what is said where they are not installed."""

import importlib.util

import pytest

from models import audio_file, bundle
from models.bench import peers
from models.errors import SwictationError
from models.sherpa import SherpaRecogniser
from tests import recordings

pytestmark = pytest.mark.skipif(recordings.practice_model() is None, reason="no practice model in this checkout")


@pytest.mark.parametrize(
    ("peer", "missing", "said"),
    [
        ("onnx-asr", {"onnx_asr"}, "onnx_asr not installed; `pip install onnx-asr onnx onnxruntime`"),
        ("onnx-asr", {"onnx_asr", "onnx"}, "onnx_asr and onnx not installed"),
        ("sherpa", {"sherpa_onnx"}, "sherpa_onnx not installed"),
    ],
)
def test_a_peer_that_is_not_installed_is_one_line(monkeypatch, peer, missing, said):
    monkeypatch.setattr(peers, "find_spec", lambda name: None if name in missing else importlib.util.find_spec("json"))

    with pytest.raises(SwictationError, match=f"^{peer} cannot be compared with: ") as raised:
        peers.check_installed(peer)

    assert said in str(raised.value)
    assert "\n" not in str(raised.value)


def test_sherpa_onnx_itself_hears_the_same():
    found = bundle.find(recordings.practice_model())
    pcm = audio_file.read(found.directory / "recording.flac").pcm

    direct, ours = peers.DirectSherpa(found, 1).recognise(pcm), SherpaRecogniser(found).recognise(pcm)

    assert (direct.text, direct.tokens) == (ours.text, ours.tokens)
    assert direct.text


@pytest.mark.skipif(
    not all(importlib.util.find_spec(name) for name in ("onnx_asr", "onnx")), reason="onnx-asr and onnx: not installed"
)
@pytest.mark.filterwarnings("default")  # its own are its own
def test_onnx_asr_runs_the_same_weights():
    found = bundle.find(recordings.practice_model())
    pcm = audio_file.read(found.directory / "recording.flac").pcm

    assert peers.OnnxAsr(found, 1).recognise(pcm).text == SherpaRecogniser(found).recognise(pcm).text
