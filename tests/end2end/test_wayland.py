"""The main job on Wayland: a key bound in the compositor, speech in a virtual microphone, text in the window."""

import os
import subprocess
import sys
import tempfile
import threading
from pathlib import Path

import pytest

from tests.end2end.running import RunningDaemon, environment_of
from tests.speech import clips
from tests.sway import SwayDesktop

pytestmark = [pytest.mark.display, pytest.mark.sound]

_F9 = 75  # by its number, as the test's keyboard has no other name for it


class Relay:
    """Runs the verbs that the compositor's bindings write into a pipe: it may be another user, whom we do not serve."""

    def __init__(self, pipe):
        self.pipe = pipe
        os.mkfifo(pipe)
        pipe.chmod(0o666)
        self.daemon = None
        self._file = os.open(pipe, os.O_RDWR)
        self._running = threading.Thread(target=self._run)
        self._running.start()

    def _run(self):
        with os.fdopen(self._file, "r+b", buffering=0) as verbs:
            while (verb := verbs.readline().decode().strip()) != "end":
                command = [sys.executable, "-m", "daemon", verb]
                subprocess.run(command, env=self.daemon.environment, check=True, capture_output=True)

    def close(self):
        self.pipe.write_bytes(b"end\n")
        self._running.join()


@pytest.fixture
def relay():
    with tempfile.TemporaryDirectory() as directory:  # pytest's are closed to others
        Path(directory).chmod(0o711)
        relay = Relay(Path(directory) / "keys")
        yield relay
        relay.close()


@pytest.fixture
def sway(tmp_path, relay):
    bindings = (
        f"bindcode --no-repeat {_F9} exec echo start > {relay.pipe}\n"
        f"bindcode --release {_F9} exec echo stop > {relay.pipe}\n"
    )
    with SwayDesktop(tmp_path, bindings) as desktop:
        yield desktop


@pytest.fixture
def daemon(tmp_path, sway, sound, relay):
    environment = environment_of(sway.environment, sound.environment, {"XDG_RUNTIME_DIR": str(tmp_path / "run")})
    daemon = relay.daemon = RunningDaemon(tmp_path, environment)
    yield daemon
    daemon.stop()


@pytest.mark.parametrize("program", ["foot", "qt", "mousepad"])
def test_a_key_of_the_compositor_dictates_from_its_press_to_its_release(sway, sound, daemon, program):
    daemon.start()
    application = getattr(sway, program)()
    clip = clips()[3]
    with sway.held("f9"):
        daemon.wait_listening()
        sound.play(clip.pcm).wait()
        daemon.hold(0.3)
    [entry] = daemon.entries(1)
    assert (entry["outcome"], entry["text"]) == ("confirmed", clip.text), entry
    assert entry["timings_ms"]["insert"] is not None
    assert application.text().rstrip("\n") == clip.text + " "
    assert daemon.status()["insertion"]["way"] == "wayland"
