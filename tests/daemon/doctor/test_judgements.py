"""What each examination makes of what it saw."""

from array import array
from pathlib import Path

import pytest

from daemon.autostart.switch import State as Autostart
from daemon.doctor import engine, hotkey, login, microphone, places, report, speech
from daemon.doctor.finding import Finding, State, in_words, verdict, works
from daemon.doctor.microphone import Recorded
from daemon.engine.choice import Plan
from daemon.messages import FRAME_BYTES
from daemon.voice import VoiceDetector
from models.choice import Wish


def test_dictation_works_unless_something_is_bad():
    fine = [Finding("a", State.OK, ""), Finding("b", State.WARN, ""), Finding("c", State.UNKNOWN, "")]
    broken = [*fine, Finding("d", State.BAD, "")]
    assert works(fine)
    assert not works(broken)
    assert verdict(fine) == "dictation will work"
    assert verdict(broken) == "dictation will not work: see d"


def test_a_finding_in_words():
    assert in_words(Finding("disk", State.OK, "room")) == "ok      disk          room"
    assert in_words(Finding("disk", State.BAD, "full", "rm x")).endswith("\n" + " " * 22 + "mend it with: rm x")


def second(*samples):
    return Recorded("mic", 12.0, 48_000, array("h", (samples * 16_000)[:16_000]).tobytes())


def test_a_microphone_is_judged_by_its_samples():
    good = microphone.judge(second(1000, -1000))
    assert good.state is State.OK
    assert good.says == "mic: 1.0 s at 48000 Hz (resampled to 16000 Hz), level -30 dBFS, 0.0% clipped, opened in 12 ms"
    loud = microphone.judge(second(32767, -32768, 0, 0))
    assert (loud.state, loud.mend) == (State.WARN, "pactl set-source-volume mic 60%")
    assert "50.0% clipped" in loud.says
    silent = microphone.judge(second(0))
    assert (silent.state, silent.mend) == (State.BAD, "pactl set-source-mute mic 0")


def test_the_default_microphone_is_named_as_the_server_names_it():
    silent = microphone.judge(Recorded("default", 1.0, 16_000, bytes(32_000)))
    assert silent.mend == "pactl set-source-mute @DEFAULT_SOURCE@ 0"


@pytest.mark.parametrize(("in_speech", "in_silence"), [(0.0, 0.0), (1.0, 1.0)])
def test_a_detector_that_cannot_tell_speech_from_silence(in_speech, in_silence):
    assert speech.judge(in_speech, in_silence).state is State.BAD


@pytest.mark.parametrize("aggressiveness", range(4))
def test_the_real_detector_is_sound_at_every_setting(aggressiveness):
    assert speech.check(aggressiveness).state is State.OK
    assert speech.share(VoiceDetector(aggressiveness), bytes(10 * FRAME_BYTES)) == 0


def heard(provider="cpu", fault=None, text="a", practice=False):
    return {
        "model": "m", "engine": "ort", "provider": provider, "threads": 1, "load_ms": 5.0, "practice": practice,
        "provider_fault": fault, "self_test": {"reason": "it understood", "decode_ms": 9.0, "text_sha256": text},
    }  # fmt: skip


def plan(provider="auto"):
    return Plan(Path("m"), wish=Wish("auto", provider, 0))


def test_a_gpu_that_hears_what_the_cpu_hears():
    found = engine.provider(plan(), heard("cuda"), heard(), gpu=True)
    assert found.state is State.OK
    assert found.says == (
        "asked for auto on auto, got ort on cuda, 1 thread, 9 ms for the recording; the CPU, 9 ms for the recording, "
        "the same text"
    )


def test_a_gpu_that_hears_something_else():
    found = engine.provider(plan(), heard("cuda"), heard(text="b"), gpu=True)
    assert (found.state, found.mend) == (State.WARN, "swictation config set model.provider cpu")


def test_a_gpu_that_was_asked_for_and_is_not_used():
    found = engine.provider(plan("cuda"), heard(fault="no driver"), None, gpu=False)
    assert (found.state, found.mend) == (State.WARN, "swictation config set model.provider auto")
    assert found.says.endswith(": no driver")


def test_a_gpu_that_lies_idle():
    assert engine.provider(plan(), heard(), None, gpu=True).mend == "swictation models measure"
    assert engine.provider(plan("cpu"), heard(), None, gpu=True).state is State.OK
    assert engine.provider(plan(), heard(), None, gpu=False).state is State.OK


def test_a_hotkey_that_the_daemon_bound_elsewhere():
    told = {"way": "x11", "fault": None}
    assert hotkey.judge("F9", told, taken=True, other=None).state is State.OK
    assert hotkey.judge("F9", told, taken=False, other=None).mend == "swictation quit && swictation"


def test_a_hotkey_that_is_taken():
    told = {"way": "x11", "fault": "taken"}
    found = hotkey.judge("F9", told, taken=True, other="<ctrl>+F9")
    assert (found.state, found.mend) == (State.BAD, "swictation config set hotkey.key '<ctrl>+F9'")
    assert hotkey.judge("F9", told, taken=True, other=None).mend is None


def test_where_no_key_can_be_bound_commands_still_work():
    told = {"way": "none", "fault": "Wayland: bind it in the settings"}
    assert hotkey.judge("F9", told, taken=False, other=None).state is State.WARN


def test_no_key_is_tried_where_the_portal_would_ask_the_user_for_each():
    assert hotkey.through_portal("F9", None, bound=False).state is State.UNKNOWN
    refused = hotkey.through_portal("F9", "refused", bound=True)
    assert (refused.state, refused.says) == (State.WARN, "refused")
    assert hotkey.through_portal("F9", None, bound=True).state is State.OK


def test_room_on_the_disk():
    states = [places.room(free, Path("x")).state for free in (10 << 20, 1 << 30, 100 << 30)]
    assert states == [State.BAD, State.WARN, State.OK]


def test_starting_on_login():
    assert login.judge(Autostart(on=False, way=None, reason=None)).state is State.OK
    odd = login.judge(Autostart(on=True, way="xdg", reason="another place"))
    assert (odd.state, odd.mend) == (State.WARN, "swictation autostart on")


def test_a_report_names_no_person_machine_or_path():
    said = "/home/anna/data/m in /home/anna, /home/bert/x, /run/user/1000/y: Anna at BOX.lan, annals C:\\Users\\Anna\\z"
    names = {"anna": "USER", "box.lan": "MACHINE"}
    redacted = report.redacted(said, {"/home/anna/data": "DATA", "/home/anna": "~"}, names)
    assert redacted == "DATA/m in ~, ~/x, ~/y: USER at MACHINE, annals ~\\z"


def test_a_report_leaves_out_what_a_finding_calls_private():
    findings = [Finding("microphone", State.BAD, "Anna's pods are muted", "mute 'Anna's pods'", ("Anna's pods", ""))]
    text = report.text(findings, {}, {})
    assert "Anna" not in text
    assert "[left out] are muted" in text
