"""Each part broken in turn: the doctor names it, and the command that it gives mends it."""

import shutil
import signal
import stat
import subprocess
import sys
from pathlib import Path

import pytest
from Xlib import XK, X
from Xlib.display import Display

from models.bundle import default_directory
from tests.desktop import wait_until
from tests.speech import clips, noise

pytestmark = [pytest.mark.display, pytest.mark.sound]

PARTS = [
    "settings", "daemon", "socket", "disk", "microphone", "voice", "model", "engine", "hotkey", "insertion", "tray",
    "autostart", "versions",
]  # fmt: skip


class Patient:
    """A daemon, not started yet, whose doctor is run as a person would: by the name of the program."""

    def __init__(self, daemon, tmp_path):
        self.daemon = daemon
        program = tmp_path / "bin" / "swictation"
        program.parent.mkdir()
        program.write_text(f'#!/bin/sh\nexec {sys.executable} -m daemon "$@"\n', encoding="utf-8")
        program.chmod(0o755)
        daemon.environment["PATH"] = f"{program.parent}:{daemon.environment['PATH']}"
        daemon.environment["HOME"] = str(tmp_path)

    def findings(self):
        """Every finding by the name of its part."""
        told = self.daemon.json("doctor")
        findings = {finding["name"]: finding for finding in told["findings"]}
        assert told["works"] == all(finding["state"] != "bad" for finding in findings.values())
        return findings

    def bad(self):
        """The parts for which dictation will not work."""
        return [name for name, finding in self.findings().items() if finding["state"] == "bad"]

    def mend(self, finding):
        """Run what the doctor gave."""
        return subprocess.run(
            ["sh", "-c", finding["mend"]],
            env=self.daemon.environment, capture_output=True, text=True, check=True, timeout=120,
        )  # fmt: skip

    def healed(self, part, state="bad"):
        """The part alone is broken, and its own command mends it; the finding before."""
        before = self.findings()
        assert before[part]["state"] == state, before[part]
        others = [name for name, finding in before.items() if finding["state"] == "bad" and name != part]
        assert not others
        assert before[part]["mend"], before[part]
        self.mend(before[part])
        after = self.findings()
        assert after[part]["state"] == "ok", after[part]
        return before[part]


@pytest.fixture
def patient(daemon, tmp_path, sound):
    hum = sound.play(noise(120, -50))
    yield Patient(daemon, tmp_path)
    hum.kill()
    hum.wait()


def test_a_sound_machine_without_a_daemon_and_with_one(patient, sound):
    findings = patient.findings()
    assert list(findings) == PARTS
    assert "not running" in findings["daemon"]["says"]
    patient.daemon.start()
    done = patient.daemon.cli("doctor")
    assert done.returncode == 0, done.stdout
    assert done.stderr == ""
    assert done.stdout.splitlines()[-1] == "dictation will work"
    findings = patient.findings()
    assert [name for name, finding in findings.items() if finding["state"] not in {"ok", "warn"}] == []
    assert "vmic" in findings["microphone"]["says"]
    assert "16000 Hz, level -5" in findings["microphone"]["says"]
    assert "shift+insert 3 of 3 exact" in findings["insertion"]["says"]
    ways = {way["way"]: way["exact"] for way in findings["insertion"]["details"]}
    assert ways == {"shift+insert": 3, "ctrl+v": 3, "ctrl+shift+v": 3, "type": 1}
    assert not any(way["lied"] for way in findings["insertion"]["details"])
    assert "F9 is bound by the daemon" in findings["hotkey"]["says"]
    assert findings["model"]["mend"] == "swictation models pull", "the practice model is no model to stay with"
    assert findings["tray"]["state"] == "warn"
    assert patient.daemon.status()["doctor"] is True
    assert sound.recorders() == []


def test_a_faulty_configuration(patient):
    patient.daemon.configure('[hotkey]\nkye = "F9"\n')
    assert "hotkey.kye" in patient.healed("settings")["says"]


def test_a_microphone_that_is_not_there(patient):
    patient.daemon.configure('[microphone]\ndevice = "Golden Throat 3000"\n')
    assert "Golden Throat 3000" in patient.healed("microphone")["says"]


def test_a_muted_microphone(patient, sound):
    sound.pactl("set-source-mute", "vmic.monitor", "1")
    assert "muted" in patient.healed("microphone")["says"]


def test_a_microphone_that_is_too_loud(patient, sound):
    shout = sound.play((b"\xff\x7f" * 8 + b"\x01\x80" * 8) * 60_000)
    try:
        assert "too loud" in patient.healed("microphone", "warn")["says"]
    finally:
        shout.kill()
        shout.wait()
        sound.pactl("set-source-volume", "vmic.monitor", "100%")


def test_no_sound_server(patient):
    patient.daemon.environment["PULSE_SERVER"] = "unix:/nowhere"
    findings = patient.findings()
    assert findings["microphone"]["state"] == "bad"
    assert findings["microphone"]["mend"] in {
        "pulseaudio --start",
        "systemctl --user restart pipewire pipewire-pulse wireplumber",
    }
    assert findings["voice"]["state"] == "ok"


@pytest.mark.parametrize("running", [False, True], ids=["alone", "with a daemon"])
def test_a_damaged_model(patient, tmp_path, running):
    model = shutil.copytree(default_directory(), tmp_path / "model")
    patient.daemon.configure(f'[model]\ndir = "{model}"\n')
    if running:
        patient.daemon.start()
    encoder = model / "encoder.onnx"
    encoder.write_bytes(encoder.read_bytes()[:-1000])
    findings = patient.findings()
    assert findings["model"]["state"] == "bad"
    assert findings["engine"]["state"] == "unknown"
    assert findings["model"]["mend"] == "swictation models use practice"
    patient.mend(findings["model"])
    assert patient.findings()["model"]["state"] == "warn"


def test_a_gpu_that_is_not_there(patient):
    patient.daemon.configure('[model]\nprovider = "cuda"\n')
    says = patient.healed("engine", "warn")["says"]
    assert "asked for auto on cuda, got " in says
    assert " on cpu" in says
    assert "no NVIDIA driver" in says


@pytest.mark.parametrize("running", [False, True], ids=["alone", "with a daemon"])
def test_a_hotkey_that_another_program_has(patient, desktop, running):
    other = Display(desktop.environment["DISPLAY"])
    other.screen().root.grab_key(
        other.keysym_to_keycode(XK.XK_F9), X.AnyModifier, False, X.GrabModeAsync, X.GrabModeAsync
    )
    other.sync()
    try:
        if running:
            patient.daemon.start()
        finding = patient.healed("hotkey")
    finally:
        other.close()
    assert "F9 is taken" in finding["says"]
    assert finding["mend"] == "swictation config set hotkey.key F10"


def test_insertion_that_is_switched_off(patient):
    patient.daemon.configure('[insert]\nmethod = "none"\n')
    assert "switched off" in patient.healed("insertion")["says"]


def test_no_screen(patient):
    del patient.daemon.environment["DISPLAY"]
    findings = patient.findings()
    assert findings["insertion"]["state"] == "bad"
    assert "no display" in findings["insertion"]["says"]
    assert findings["hotkey"]["state"] == "warn"


def test_a_daemon_that_is_frozen(patient):
    patient.daemon.start()
    process = patient.daemon.process
    process.send_signal(signal.SIGSTOP)
    finding = patient.findings()["daemon"]
    assert finding["state"] == "bad"
    assert finding["mend"] == f"kill -9 {process.pid}"
    patient.mend(finding)
    process.wait(timeout=10)
    assert patient.findings()["daemon"]["state"] == "ok"


def test_a_runtime_directory_that_is_a_link(patient, tmp_path):
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    link = Path(patient.daemon.environment["XDG_RUNTIME_DIR"]) / "swictation"
    link.symlink_to(elsewhere)
    findings = patient.findings()
    assert findings["socket"]["state"] == "bad"
    patient.mend(findings["socket"])
    assert elsewhere.is_dir()
    assert patient.bad() == []


def test_a_runtime_directory_that_is_open_to_others_is_closed(patient):
    directory = Path(patient.daemon.environment["XDG_RUNTIME_DIR"]) / "swictation"
    directory.mkdir(mode=0o755)
    directory.chmod(0o755)
    assert "was open to others" in patient.findings()["socket"]["says"]
    assert stat.S_IMODE(directory.stat().st_mode) == 0o700


def test_a_data_directory_that_cannot_be(patient, tmp_path):
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "swictation").write_text("in the way")
    findings = patient.findings()
    assert findings["disk"]["state"] == "bad"
    patient.mend(findings["disk"])
    assert patient.bad() == []


def test_an_autostart_entry_that_starts_nothing(patient, tmp_path):
    patient.daemon.json("autostart", "on")
    [entry] = (tmp_path / "config" / "autostart").glob("*.desktop")
    entry.write_text(entry.read_text().replace(sys.executable, "/gone/python"), encoding="utf-8")
    assert "/gone/python" in patient.healed("autostart", "warn")["says"]


def test_a_report_holds_nothing_private(patient, tmp_path):
    patient.daemon.environment |= {"USER": "mariechen", "LOGNAME": "mariechen"}
    patient.daemon.start()
    clip = clips()[0]
    patient.daemon.json("dictate", "--from", str(clip.file))
    patient.daemon.configure(f'[microphone]\ndevice = "Mariechens Mikrofon"\n[model]\ndir = "{tmp_path}/mariechen"\n')
    report = tmp_path / "report.txt"
    done = patient.daemon.cli("doctor", "--report", str(report))
    assert done.returncode == 1
    text = report.read_text(encoding="utf-8")
    assert stat.S_IMODE(report.stat().st_mode) == 0o600
    for private in (clip.text, "ariechen", str(tmp_path)):
        assert private not in text
    for part in PARTS:
        assert part in text
    assert "dictation will not work: see microphone, model" in text


def test_the_clipboard_is_as_before_and_the_window_is_gone(patient, desktop):
    quiet = subprocess.DEVNULL
    subprocess.run(
        ["xclip", "-selection", "clipboard"],
        input=b"mine", env=desktop.all_environment(), stdout=quiet, stderr=quiet, check=True,
    )  # fmt: skip
    assert patient.findings()["insertion"]["state"] == "ok"
    assert desktop.run("xclip", "-selection", "clipboard", "-o") == "mine"
    wait_until("no window", lambda: not desktop.xdotool("search", "--name", "swictation doctor"), 5)
