"""A dictated text taken back by the command line, as a key would do it."""

import pytest

from tests.speech import clips

pytestmark = [pytest.mark.display, pytest.mark.sound]


def test_the_last_text_is_taken_back_once(desktop, daemon):
    shell = desktop.shell()
    try:
        daemon.start()
        assert daemon.cli("undo").stdout == "left as it is: nothing was inserted yet\n"
        [entry] = daemon.json("dictate", "--from", str(clips()[0].file))
        assert entry["outcome"] == "confirmed"
        daemon.wait_status("undo", lambda status: status["last_utterance"]["undo"])
        done = daemon.cli("undo")
        assert (done.stdout, done.returncode) == ("taken back\n", 0)
        assert shell.text() == ""
        last = daemon.status()["last_utterance"]
        assert (last["outcome"], last["reason"], last["undo"]) == ("confirmed", "taken back", False)
        [entry] = daemon.entries(1)
        assert entry["text"] == clips()[0].text
        assert daemon.cli("undo").returncode == 1
    finally:
        shell.close()
