"""Dictated into a password field: not inserted, not written down anywhere, and not lost."""

import shutil
import stat

import pytest

from tests.accessible_desktop import LAUNCHER, AccessibleDesktop
from tests.end2end.running import RunningDaemon, environment_of
from tests.speech import clips

pytestmark = [
    pytest.mark.display,
    pytest.mark.sound,
    pytest.mark.skipif(
        not LAUNCHER.exists() or shutil.which("dbus-daemon") is None, reason="needs at-spi2-core and dbus"
    ),
]
CLIP = clips()[5]


@pytest.fixture(scope="module")
def desktop(tmp_path_factory):
    with AccessibleDesktop(tmp_path_factory.mktemp("desktop")) as desktop:
        yield desktop


@pytest.fixture
def daemon(tmp_path, desktop, sound):
    environment = environment_of(desktop.environment, sound.environment, {"XDG_RUNTIME_DIR": str(tmp_path / "run")})
    daemon = RunningDaemon(tmp_path, environment)
    yield daemon
    daemon.stop()


def dictate(daemon):
    """Say the clip; its entry."""
    [entry] = daemon.json("dictate", "--from", str(CLIP.file))
    return entry


def files_that_hold(directory, text):
    """Which files below ``directory`` have the text in them, as they stand on the disk."""
    return [
        file
        for file in directory.rglob("*")
        if file.is_file() and text.casefold().encode() in file.read_bytes().lower()
    ]


def test_a_password_field(desktop, daemon, tmp_path):
    lines = desktop.field("password", "plain")
    daemon.start()
    entry = dictate(daemon)
    assert (entry["outcome"], entry["text"]) == ("held", None)
    assert entry["reason"].startswith("the cursor was in a password field")

    assert lines.text() == ""
    assert files_that_hold(tmp_path, CLIP.text) == [], "history, log, runtime directory"
    assert CLIP.text not in repr(daemon.status())
    assert CLIP.text not in daemon.cli("last").stdout
    for selection in ("clipboard", "primary"):
        assert desktop.run("xclip", "-selection", selection, "-o") == ""
    [audio] = (tmp_path / "data" / "swictation" / "kept").iterdir()
    assert stat.S_IMODE(audio.stat().st_mode) == 0o600

    daemon.stop()
    daemon.start()
    assert [one["text"] for one in daemon.json("history")] == [None], "the next daemon does not write it down either"

    decoded = daemon.json("history", "--decode", entry["id"])
    assert decoded["text"] == CLIP.text
    assert files_that_hold(tmp_path, CLIP.text) != [], "now that somebody asked for it"
    desktop.xdotool("key", "Tab")
    assert dictate(daemon)["outcome"] == "confirmed"
    assert lines.text() == f"\n{CLIP.text} "


def test_a_password_field_of_somebody_who_wants_it(desktop, daemon):
    lines = desktop.field("password")
    daemon.configure("[insert]\nrefuse_passwords = false\n")
    daemon.start()
    assert dictate(daemon)["outcome"] == "confirmed"
    assert lines.text() == f"{CLIP.text} "
