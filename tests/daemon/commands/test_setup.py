"""What setup may run, what it says is left, and that nothing is run without leave."""

import argparse
import io
import json

import pytest

from daemon.commands import setup as setup_command
from daemon.commands.setup import Done, Offer
from daemon.compositors import bindings
from daemon.doctor.finding import Finding, State
from daemon.hotkey.keys import parse

PULL = Finding("model", State.WARN, "the practice model", "swictation models pull")
SETTING = Finding("insertion", State.BAD, "switched off", "swictation config set insert.method auto")
MUTED = Finding("microphone", State.BAD, "muted", "pactl set-source-mute mic 0")
TRAY = Finding("tray", State.WARN, "this desktop shows no tray icons")
FINE = Finding("disk", State.OK, "room")
SIZES = {"": 108_000_000, "parakeet-110m-int8": 108_000_000}


@pytest.mark.parametrize(
    ("mend", "arguments"),
    [
        ("swictation models pull", ("models", "pull")),
        ("swictation models use practice", ("models", "use", "practice")),
        ("swictation config set hotkey.key '<ctrl>+F9'", ("config", "set", "hotkey.key", "<ctrl>+F9")),
        ('swictation config set microphone.device ""', ("config", "set", "microphone.device", "")),
        ("swictation autostart on", ("autostart", "on")),
        ("swictation quit && swictation", None),
        ("swictation models measure && rm -r x", None),
        ("swictation history --clear", None),
        ("swictation quit", None),
        ("swictation models remove it", None),
        ("swictation autostart off", None),
        ("pip install --force-reinstall swictation", None),
        ("kill -9 12", None),
        ("mv config.toml config.toml.bad", None),
        ("/elsewhere/swictation models pull", None),
    ],
)
def test_only_what_takes_nothing_away_may_be_run(mend, arguments):
    assert setup_command.allowed(mend) == arguments


def test_offers_are_the_remedies_in_their_order_and_once_each():
    again = Finding("engine", State.WARN, "", "swictation models pull")
    good = Finding("autostart", State.OK, "on", "swictation autostart on")
    found = setup_command.offers(
        [FINE, MUTED, PULL, again, SETTING, TRAY, good], autostart_off=False, download_bytes=SIZES
    )

    assert [offer.command for offer in found] == [
        "swictation models pull",
        "swictation config set insert.method auto",
    ]
    assert found[0].in_words() == "swictation models pull (fetches 108 MB)"
    assert setup_command.offers([], autostart_off=True, download_bytes={})[0].command == "swictation autostart on"


def test_what_changed_is_looked_at_again_and_takes_the_place_of_what_was():
    done = [Done(Offer("model", "", ("models", "pull"))), Done(Offer("autostart", "", ("autostart", "on")))]
    assert setup_command.looked_at_again(done) == {"model", "engine", "autostart"}
    better = Finding("insertion", State.OK, "works")
    assert setup_command.merged([FINE, SETTING, TRAY], [better]) == [FINE, better, TRAY]


def test_what_is_left_has_its_line_once():
    pull, failed = Offer("model", "", ("models", "pull"), 108_000_000), Offer("engine", "", ("models", "measure"))
    measure = Finding("engine", State.WARN, "slow", "swictation models measure")
    lines = setup_command.left(
        [FINE, PULL, measure, MUTED, TRAY],
        [Done(failed, "no room")],
        [pull],
        [bindings("sway", parse("F9"))],
        asked=True,
    )

    assert lines[:5] == [
        "",
        "failed: swictation models measure: no room",
        "left to you: swictation models pull (fetches 108 MB)",
        "left to you, microphone: pactl set-source-mute mic 0",
        "left to you, tray: this desktop shows no tray icons",
    ]
    assert "    bindsym --release F9 exec swictation stop" in "\n".join(lines)
    assert lines[-1] == "dictation will not work: see microphone"
    assert setup_command.left([FINE], [], [], [], asked=True) == ["", "dictation will work"]


class Terminal(io.StringIO):
    """A standard input with somebody before it."""

    def isatty(self):
        return True


@pytest.fixture
def machine(monkeypatch):
    """Two things to mend; ``ran`` are the commands that were run, after which both are found mended."""
    ran = []

    async def examined(only=None, *, quiet):
        return [FINE, PULL, SETTING] if only is None else [Finding(name, State.OK, "mended") for name in only]

    monkeypatch.setattr(setup_command, "examined", examined)
    monkeypatch.setattr(setup_command, "_autostart_off", lambda: False)
    monkeypatch.setattr(setup_command, "_run", lambda offer: ran.append(offer.arguments))
    return ran


def setup(monkeypatch, stdin, *, yes=False, as_json=False):
    monkeypatch.setattr("sys.stdin", stdin)
    return setup_command.run(argparse.Namespace(yes=yes, json=as_json))


def test_without_a_terminal_nothing_is_run_unless_yes_is_said(machine, monkeypatch, capsys):
    assert setup(monkeypatch, io.StringIO()) == 1
    assert machine == []
    told = capsys.readouterr().out
    assert "would run with --yes: swictation config set insert.method auto" in told

    assert setup(monkeypatch, io.StringIO(), yes=True) == 0
    assert machine == [("models", "pull"), ("config", "set", "insert.method", "auto")]
    assert capsys.readouterr().out.endswith("dictation will work\n")


@pytest.mark.parametrize(
    ("said", "ran"),
    [
        ("\n\n", [("config", "set", "insert.method", "auto")]),  # Enter agrees, but not to a download
        ("y\nn\n", [("models", "pull")]),
        ("n\nno\n", []),
        ("yes\nY\n", [("models", "pull"), ("config", "set", "insert.method", "auto")]),
    ],
)
def test_on_a_terminal_each_is_asked_for(machine, monkeypatch, said, ran):
    assert setup(monkeypatch, Terminal(said)) == (0 if ran[-1:] == [("config", "set", "insert.method", "auto")] else 1)
    assert machine == ran


def test_as_json(machine, monkeypatch, capsys):
    setup(monkeypatch, Terminal("y\ny\n"), as_json=True)
    told = json.loads(capsys.readouterr().out)

    assert machine == []  # who reads JSON is not asked
    assert told["works"] is False
    assert [one["command"] for one in told["left"]] == [
        "swictation models pull",
        "swictation config set insert.method auto",
    ]
    assert told["applied"] == []
