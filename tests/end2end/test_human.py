"""People's speech through the whole path, against a direct decode of the same audio by the same model."""

import json

import pytest

from daemon.doubt import doubtful
from models import audio_file, bundle
from models.sherpa import SherpaRecogniser
from tests.benchmarks.human import segments_with_text
from tests.end2end.test_dictation import hold_and_say
from tests.human_speech import decode_directly, noises, plain, recordings, word_error_rate
from tests.recordings import human_model, needs_human

pytestmark = [pytest.mark.human, pytest.mark.display, pytest.mark.sound, needs_human]

# What the cuts of voice activity detection may cost, in points of word error rate. Over all 222 recordings they cost
# 0.3 (tests/benchmarks/human.py); a handful of them scatters more.
_CUTS_COST_AT_MOST = 4.0


def test_transcribe_has_the_word_error_rate_of_a_direct_decode(daemon):
    some = recordings("librispeech-misc", "ljspeech", "vctk", "misc", "voicebank-demand-clean")
    done = daemon.cli("transcribe", "--json", "--model", str(human_model()), *(str(one.file) for one in some))
    heard = [json.loads(line)["text"] for line in done.stdout.splitlines()]
    assert len(heard) == len(some), done.stderr
    whole = word_error_rate(decode_directly(some))
    cut = word_error_rate(zip((one.words for one in some), heard, strict=True))
    assert cut <= whole + _CUTS_COST_AT_MOST, (cut, whole)


def test_dictation_in_real_time_has_the_word_error_rate_of_a_direct_decode(desktop, sound, daemon, terminal):
    some = [one for one in recordings("misc", "librispeech-test-other", "vctk") if one.seconds > 8][:3]
    some += [one for one in recordings("misc") if one.seconds > 40]
    daemon.start("--model", str(human_model()))
    assert daemon.status()["notice"] is None
    for one in some:
        hold_and_say(desktop, sound, daemon, audio_file.read(one.file).pcm)
    entries = daemon.entries(len(some))
    assert {entry["outcome"] for entry in entries} == {"confirmed"}
    assert terminal.text() == "".join(entry["text"] + " " for entry in entries)
    whole = word_error_rate(decode_directly(some))
    live = word_error_rate((one.words, plain(entry["text"])) for one, entry in zip(some, entries, strict=True))
    assert live <= whole + _CUTS_COST_AT_MOST, (live, whole)


def test_noise_in_which_words_were_found_is_held_and_speech_is_not():
    recogniser = SherpaRecogniser(bundle.find(human_model()))
    some = [one.file for one in recordings("librispeech-misc", "vctk", "ljspeech", "voicebank-demand-noisy")]
    speech, noise = (list(segments_with_text(recogniser, files)) for files in (some, noises()))
    assert len(speech) > 40
    assert not any(doubtful(transcript, voiced_ms) for transcript, voiced_ms in speech)
    typed = [transcript for transcript, voiced_ms in noise if not doubtful(transcript, voiced_ms)]
    assert len(typed) <= len(noise) / 3, (len(typed), len(noise))
