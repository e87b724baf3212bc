"""Setup on a machine where something is broken: it mends what it may, says what it may not, and dictation works."""

import shlex

import pytest

from tests.speech import clips, noise
from tests.sway import SwayDesktop

pytestmark = [pytest.mark.display, pytest.mark.sound]


@pytest.fixture
def user(daemon, tmp_path, sound):
    """A daemon that is not started yet, in a home of its own, with a room's noise in the microphone and no network."""
    daemon.environment |= {"HOME": str(tmp_path), "SWICTATION_MIRROR": "http://127.0.0.1:9/"}
    hum = sound.play(noise(120, -50))
    yield daemon
    hum.kill()
    hum.wait()


def states(told):
    return {finding["name"]: finding["state"] for finding in told["findings"]}


def test_setup_mends_what_it_may_and_dictation_works(user, sound, terminal, tmp_path):
    user.configure('[insert]\nmethod = "none"\n[microphone]\ndevice = "Golden Throat 3000"\n')
    only_told = user.cli("setup")
    assert only_told.returncode == 1
    assert "would run with --yes: swictation config set insert.method auto" in only_told.stdout
    assert "Golden Throat 3000" in user.config_file.read_text()

    done = user.cli("setup", "--yes")
    assert done.returncode == 0, done.stdout
    assert "failed: swictation models pull: 127.0.0.1" in done.stdout
    assert done.stdout.splitlines()[-1] == "dictation will work"
    assert list((tmp_path / "config" / "autostart").glob("*.desktop"))

    user.start()
    terminal.focus()
    clip = clips()[3]
    user.json("start")
    user.wait_listening()
    sound.play(clip.pcm).wait()
    user.hold(0.3)
    user.json("stop")
    [entry] = user.entries(1)
    assert entry["outcome"] == "confirmed"
    assert clip.text in terminal.text()


def test_on_wayland_it_gives_the_lines_for_this_compositor_and_they_are_good(user, tmp_path):
    with SwayDesktop(tmp_path) as desktop:
        runtime = user.environment["XDG_RUNTIME_DIR"]
        user.environment |= {**desktop.environment, "XDG_RUNTIME_DIR": runtime}
        user.environment.pop("DISPLAY")
        told = user.json("setup")
        [sway] = told["bindings"]
        assert states(told)["hotkey"] == "warn"
        assert states(told)["insertion"] == "ok", told["findings"]
        [insertion] = [finding for finding in told["findings"] if finding["name"] == "insertion"]
        assert {way["way"]: way["exact"] for way in insertion["details"] if way["exact"]}["shift+insert"] == 3
        assert sway["title"] == "sway"
        for line in (*sway["toggle"], *sway["hold"]):
            assert shlex.split(line)[0] == "bindsym"
            assert desktop.message(line) == [{"success": True}]
