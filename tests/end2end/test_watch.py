"""``swictation watch`` beside a real dictation: the text grows while one speaks, and the final one is as ever."""

import itertools
import json
import signal
import subprocess
import sys

import pytest

from models import bundle
from models.sherpa import SherpaRecogniser
from tests.desktop import wait_until
from tests.end2end.test_dictation import hold_and_say
from tests.speech import clips, silence

pytestmark = [pytest.mark.display, pytest.mark.sound]

STOPPABLE = '[model]\nengine = "ort"\nprovider = "cpu"\nthreads = 1\n'


class Watching:
    """``swictation watch --json`` as a program reads it."""

    def __init__(self, daemon) -> None:
        self._file = daemon.directory / "events"
        with self._file.open("wb") as events:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "daemon", "watch", "--json"],
                env=daemon.environment, cwd=daemon.directory, stdin=subprocess.DEVNULL, stdout=events,
            )  # fmt: skip

    def events(self, kind):
        """Those of a kind that have come so far."""
        told = [json.loads(line) for line in self._file.read_text().splitlines(keepends=True) if line.endswith("\n")]
        return [one for one in told if one["event"] == kind]

    def wait(self, kind, count):
        """So many of a kind."""
        return wait_until(f"{count} of {kind}", lambda: found if len(found := self.events(kind)) >= count else None)

    def end(self):
        """Ctrl+C."""
        self._process.send_signal(signal.SIGINT)
        return self._process.wait(timeout=10)


@pytest.fixture
def watching(daemon):
    daemon.configure(STOPPABLE)
    daemon.start()
    watching = Watching(daemon)
    watching.wait("state", 1)
    yield watching
    assert watching.end() == 0


def test_the_text_grows_while_one_speaks_and_the_final_one_is_a_decode_of_its_own(
    desktop, sound, daemon, terminal, watching
):
    first, second = clips()[-2:]
    hold_and_say(desktop, sound, daemon, first.pcm + silence(0.2) + second.pcm)
    [entry] = watching.wait("utterance", 1)
    recogniser = SherpaRecogniser(bundle.find(bundle.default_directory()))
    direct = " ".join(recogniser.recognise(clip.pcm).text for clip in (first, second))
    assert (entry["outcome"], entry["text"]) == ("confirmed", direct)
    assert terminal.text() == direct + " "
    settled = [one["settled"] for one in watching.events("preview") if one["settled"] or one["unsettled"]]
    assert all(after.startswith(before) for before, after in itertools.pairwise(settled)), "as one piece of speech"
    assert len({one for one in settled if one}) >= 3, settled
    assert len(settled[-1].split()) > len(direct.split()) / 2
    spoken_s = len(first.pcm + second.pcm) / 32_000
    times_s = [one["time_s"] for one in watching.events("preview")]
    assert times_s[-1] - times_s[0] > spoken_s / 2, "while one spoke"


def test_it_tells_when_the_daemon_goes_and_comes_back(daemon, watching):
    daemon.kill()
    watching.wait("daemon", 2)
    daemon.start()
    assert [one["there"] for one in watching.wait("daemon", 3)] == [True, False, True]
