"""What each way writes is read back, holds for every path, and is what the tools of its kind accept."""

import os
import plistlib
import shutil
import subprocess
from pathlib import Path

import pytest

from daemon.autostart.contract import Entry, Program
from daemon.autostart.launchd import LaunchAgent
from daemon.autostart.run_key import RunKey
from daemon.autostart.systemd import UserUnits
from daemon.autostart.xdg import DesktopEntry
from daemon.errors import AutostartError

NAMES = (
    "plain",
    "with a space",
    "not $HOME",
    "100%",
    'a "quoted" one',
    "back\\slash",
    "it's",
    "`tick` ;&|<>",
    "Übung 日本",
)

REFUSED = {"systemd": "\"'\\", "xdg": "%"}  # systemd has no such executables; GLib looks for one with "%%" in its name


@pytest.fixture(params=NAMES)
def program(request, tmp_path):
    """A script in a directory of that name, which writes down how it was called."""
    directory = tmp_path / request.param
    directory.mkdir()
    script = directory / "swictation"
    script.write_text('#!/bin/sh\necho "$0 $*" >>"$HOME/called"\npwd >>"$HOME/called"\n')
    script.chmod(0o755)
    return Program((str(script),), directory)


def systemctl(tmp_path, *, session="active"):
    """The environment of a user manager that obeys: ``systemctl`` writes down what it was told, and enables."""
    tools = tmp_path / "tools"
    tools.mkdir()
    tool = tools / "systemctl"
    tool.write_text(
        f"""#!/bin/sh
echo "$*" >>{tools}/told
case "$2" in
is-active) test $3 = graphical-session.target && echo {session};;
enable)
    shift 2
    mkdir -p {tmp_path}/units/graphical-session.target.wants
    for unit; do ln -sf ../$unit {tmp_path}/units/graphical-session.target.wants/$unit; done;;
esac
"""
    )
    tool.chmod(0o755)
    return {"PATH": f"{tools}{os.pathsep}/usr/bin{os.pathsep}/bin"}


class Registry:
    """Holds values as Windows would."""

    def __init__(self):
        self.values = {}

    def read(self, key, name):
        return self.values.get((key, name))

    def write(self, key, name, value):
        self.values[key, name] = value

    def delete(self, key, name):
        self.values.pop((key, name), None)


def ways(tmp_path):
    return [
        UserUnits(tmp_path / "units", systemctl(tmp_path)),
        DesktopEntry(tmp_path / "autostart"),
        LaunchAgent(tmp_path / "agents"),
        RunKey(Registry()),
    ]


@pytest.mark.parametrize("name", ["systemd", "xdg", "launchd", "run-key"])
def test_what_is_written_is_read_back_and_goes_away(tmp_path, program, name):
    if name == "run-key" and '"' in program.command[0]:
        pytest.skip("no path on Windows has a quotation mark")
    way = next(way for way in ways(tmp_path) if way.name == name)
    before = _files(tmp_path)
    if any(mark in program.command[0] for mark in REFUSED.get(name, "")):
        with pytest.raises(AutostartError, match="move it where no path has "):
            way.write(program)
        assert _files(tmp_path) == before
        return
    assert way.entry() is None
    way.remove()
    way.write(program)
    way.write(program)
    assert way.entry() == Entry(way.command(program))
    assert way.obstacle() is None
    way.remove()
    assert way.entry() is None
    assert _files(tmp_path) == before


def _files(directory):
    return {path for path in directory.rglob("*") if not path.is_dir() and "tools" not in path.parts}


def _write(way, program):
    if any(mark in program.command[0] for mark in REFUSED[way.name]):
        pytest.skip("refused, see above")
    way.write(program)


@pytest.mark.skipif(shutil.which("desktop-file-validate") is None, reason="no desktop-file-validate")
def test_the_desktop_entry_is_valid(tmp_path, program):
    _write(DesktopEntry(tmp_path), program)
    done = subprocess.run(
        ["desktop-file-validate", str(tmp_path / "swictation.desktop")], capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stdout) == (0, "")


@pytest.mark.skipif(shutil.which("gio") is None, reason="no gio, which launches an entry as GNOME does")
def test_the_desktop_entry_starts_the_program_where_it_belongs(tmp_path, program):
    _write(DesktopEntry(tmp_path), program)
    subprocess.run(
        ["gio", "launch", str(tmp_path / "swictation.desktop")],
        env={**os.environ, "HOME": str(tmp_path)}, check=True, capture_output=True, timeout=20,
    )  # fmt: skip
    called = _when_there(tmp_path / "called")
    assert called == [f"{program.command[0]} ", str(program.directory)]


def _when_there(file):
    from tests.desktop import wait_until

    wait_until("the call", lambda: file.exists() and len(file.read_text().splitlines()) == 2)
    return file.read_text().splitlines()


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="no systemd-analyze")
def test_the_units_are_valid(tmp_path, program):
    _write(UserUnits(tmp_path / "units", systemctl(tmp_path)), program)
    units = [str(tmp_path / "units" / name) for name in ("swictation.service", "swictation-tray.service")]
    done = subprocess.run(
        ["systemd-analyze", "--user", "verify", *units],
        env={**os.environ, "XDG_RUNTIME_DIR": str(tmp_path), "HOME": str(tmp_path)},
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def test_the_units_are_enabled_by_systemctl(tmp_path):
    environment = systemctl(tmp_path)
    UserUnits(tmp_path / "units", environment).write(Program(("/opt/swictation",)))
    told = (tmp_path / "tools" / "told").read_text().splitlines()
    assert told == ["--user daemon-reload", "--user enable swictation.service swictation-tray.service"]


def test_units_that_cannot_be_enabled_leave_nothing(tmp_path):
    environment = systemctl(tmp_path)
    (tmp_path / "tools" / "systemctl").write_text("#!/bin/sh\necho 'Failed to connect to bus' >&2\nexit 1\n")
    way = UserUnits(tmp_path / "units", environment)
    before = _files(tmp_path)
    with pytest.raises(AutostartError, match="daemon-reload` failed: Failed to connect to bus"):
        way.write(Program(("/opt/swictation",)))
    assert _files(tmp_path) == before
    assert way.obstacle() == "no units of systemd can be used here: Failed to connect to bus"


def test_units_that_are_there_stay_as_they_are_if_new_ones_cannot_be_enabled(tmp_path):
    environment = systemctl(tmp_path)
    way = UserUnits(tmp_path / "units", environment)
    way.write(Program(("/opt/swictation",)))
    (tmp_path / "tools" / "systemctl").write_text("#!/bin/sh\nexit 1\n")
    with pytest.raises(AutostartError, match="it ended with 1"):
        way.write(Program(("/opt/new/swictation",)))
    assert way.entry() == Entry(("/opt/swictation", "daemon"))


def test_a_desktop_without_a_session_in_systemd(tmp_path):
    way = UserUnits(tmp_path / "units", systemctl(tmp_path, session="inactive"))
    assert (
        way.obstacle() == "no units of systemd can be used here: this desktop does not start graphical-session.target"
    )


def test_a_system_without_systemd(tmp_path):
    assert UserUnits(tmp_path, {"PATH": str(tmp_path)}).obstacle() == "there is no systemd on this system"


@pytest.mark.parametrize("line", ["Hidden=true", "X-GNOME-Autostart-enabled=false"])
def test_an_entry_that_the_desktop_has_switched_off(tmp_path, line):
    way = DesktopEntry(tmp_path)
    way.write(Program(("/opt/swictation",)))
    file = tmp_path / "swictation.desktop"
    file.write_text(file.read_text().replace("X-GNOME-Autostart-enabled=true", line))
    assert way.entry() == Entry(("/opt/swictation",), off=True)


def test_a_unit_that_was_disabled_is_none(tmp_path):
    way = UserUnits(tmp_path / "units", systemctl(tmp_path))
    way.write(Program(("/opt/swictation",)))
    (tmp_path / "units" / "graphical-session.target.wants" / "swictation.service").unlink()
    assert way.entry() is None


def test_the_task_manager_can_switch_it_off_and_the_switch_overrules_it():
    registry = Registry()
    way = RunKey(registry)
    way.write(Program(("C:\\Program Files\\swictation\\swictation.exe",)))
    [(run, name)] = registry.values
    assert registry.values[run, name] == '"C:\\Program Files\\swictation\\swictation.exe"'
    approved = run.removesuffix("Run") + "Explorer\\StartupApproved\\Run"
    registry.write(approved, name, bytes([3, *bytes(11)]))
    assert way.entry() == Entry(("C:\\Program Files\\swictation\\swictation.exe",), off=True)
    way.write(Program(("C:\\Program Files\\swictation\\swictation.exe",)))
    assert not way.entry().off


def test_the_agent_outlives_the_program_that_started_daemon_and_tray(tmp_path):
    LaunchAgent(tmp_path).write(Program(("/Applications/a b.app/swictation",), Path("/somewhere")))
    agent = plistlib.loads((tmp_path / "swictation.plist").read_bytes())
    assert agent["ProgramArguments"] == ["/Applications/a b.app/swictation"]
    assert (agent["RunAtLoad"], agent["AbandonProcessGroup"], agent["WorkingDirectory"]) == (True, True, "/somewhere")


@pytest.mark.parametrize("content", ["", "no entry at all", "[Desktop Entry\nExec=", "\x00\x01"])
def test_a_damaged_desktop_entry(tmp_path, content):
    (tmp_path / "swictation.desktop").write_text(content)
    with pytest.raises(AutostartError, match=r"swictation\.desktop is damaged: remove it"):
        DesktopEntry(tmp_path).entry()


@pytest.mark.parametrize("content", ["", "no plist", "<plist></plist>", plistlib.dumps({"Label": "x"}).decode()])
def test_a_damaged_agent(tmp_path, content):
    (tmp_path / "swictation.plist").write_text(content)
    with pytest.raises(AutostartError, match=r"swictation\.plist is damaged: remove it"):
        LaunchAgent(tmp_path).entry()


def test_a_place_that_cannot_be_written(tmp_path):
    (tmp_path / "autostart").write_text("a file where the directory should be")
    with pytest.raises(AutostartError, match=r"swictation\.desktop cannot be written"):
        DesktopEntry(tmp_path / "autostart").write(Program(("/opt/swictation",)))
