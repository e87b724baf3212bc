"""One switch: of several ways the first that works, never two, and an entry of another place is noticed."""

import sys

import pytest

from daemon.autostart import switch
from daemon.autostart.contract import Entry, Program
from daemon.autostart.switch import State, state, turn_off, turn_on
from daemon.errors import AutostartError


class Way:
    """Keeps its entry in itself."""

    def __init__(self, name, obstacle=None, entry=None):
        self.name, self._obstacle, self._entry = name, obstacle, entry

    def obstacle(self):
        return self._obstacle

    def entry(self):
        return self._entry

    def command(self, program):
        return (*program.command, self.name)

    def write(self, program):
        self._entry = Entry(self.command(program))

    def remove(self):
        self._entry = None


@pytest.fixture
def program(tmp_path):
    (tmp_path / "swictation").touch()
    return Program((str(tmp_path / "swictation"),))


def test_on_and_off(program):
    ways = [Way("best"), Way("other")]
    assert state(ways, program) == State(on=False, way=None, reason=None)
    assert turn_on(ways, program) == State(on=True, way="best", reason=None)
    assert turn_on(ways, program) == state(ways, program) == State(on=True, way="best", reason=None)
    assert turn_off(ways, program) == State(on=False, way=None, reason=None)


def test_the_first_that_works_is_taken_and_the_other_one_removed(program):
    best, other = Way("best", obstacle="no manager runs"), Way("other")
    assert turn_on([best, other], program).way == "other"
    best._obstacle = None
    assert turn_on([best, other], program).way == "best"
    assert other.entry() is None


def test_where_none_works_every_reason_is_given_and_nothing_changes(program):
    ways = [Way("best", obstacle="no manager runs"), Way("other", obstacle="no desktop")]
    with pytest.raises(AutostartError, match="no manager runs; no desktop"):
        turn_on(ways, program)
    assert [way.entry() for way in ways] == [None, None]


def test_two_entries_are_told(program):
    ways = [Way("best"), Way("other")]
    for way in ways:
        way.write(program)
    assert "best and other both have an entry" in state(ways, program).reason
    assert turn_on(ways, program).reason is None
    assert ways[1].entry() is None


def test_an_installation_that_moved_is_noticed(program, tmp_path):
    ways = [Way("best")]
    turn_on(ways, program)
    (tmp_path / "new").mkdir()
    (tmp_path / "swictation").rename(tmp_path / "new" / "swictation")
    moved = Program((str(tmp_path / "new" / "swictation"),))
    found = state(ways, moved)
    assert (found.on, found.way) == (False, "best")
    assert f"starts '{tmp_path}/swictation best', which is not there" in found.reason
    assert turn_on(ways, moved) == State(on=True, way="best", reason=None)


def test_another_installation_that_is_still_there_is_noticed(program, tmp_path):
    ways = [Way("best")]
    turn_on(ways, program)
    (tmp_path / "second").touch()
    found = state(ways, Program((str(tmp_path / "second"),)))
    assert found.on
    assert "which is another place: switch it on again" in found.reason


def test_switched_off_by_other_means(program):
    found = state([Way("best", entry=Entry((*program.command, "best"), off=True))], program)
    assert (found.on, found.way) == (False, "best")
    assert "switched off in the settings of the desktop" in found.reason


def test_a_way_that_does_not_work_in_this_session_says_so(program):
    way = Way("best")
    turn_on([way], program)
    way._obstacle = "no manager runs"
    assert state([way], program) == State(on=True, way="best", reason="no manager runs")


def test_a_system_of_which_no_way_is_known(program):
    assert not state([], program).on
    with pytest.raises(AutostartError, match="starting on login is not known of"):
        turn_on([], program)


@pytest.mark.parametrize("name", ["line\nbreak", "tab\there", "bell\a"])
def test_a_path_that_no_entry_can_hold_is_refused(name):
    ways = [Way("best")]
    with pytest.raises(AutostartError, match="move the program elsewhere"):
        turn_on(ways, Program((f"/opt/{name}/swictation",)))
    assert ways[0].entry() is None


@pytest.mark.parametrize(
    ("platform", "names"),
    [("linux", ["systemd", "xdg"]), ("darwin", ["launchd"]), ("win32", ["run-key"]), ("plan9", [])],
)
def test_each_system_has_its_ways(platform, names):
    assert [way.name for way in switch.ways_here(platform, {})] == names


@pytest.mark.parametrize(("value", "base"), [("", ".config"), ("relative", ".config"), ("/elsewhere", "/elsewhere")])
def test_the_entries_of_linux_are_in_the_configuration_directory(monkeypatch, tmp_path, value, base):
    monkeypatch.setenv("HOME", str(tmp_path))
    units, entry = switch.ways_here("linux", {"XDG_CONFIG_HOME": value})
    assert units._directory == tmp_path / base / "systemd" / "user"
    assert entry._file == tmp_path / base / "autostart" / "swictation.desktop"


def test_a_checkout_runs_with_its_interpreter_in_its_directory():
    program = switch.this_program({})
    assert program.command == (sys.executable, "-m", "daemon")
    assert (program.directory / "daemon" / "autostart").is_dir()


def test_a_wheel_runs_by_its_script_wherever_it_is(monkeypatch, tmp_path):
    _installed(monkeypatch, tmp_path)
    assert switch.this_program({}) == Program((sys.executable, "-m", "daemon"))
    (tmp_path / "bin" / "swictation").touch()
    assert switch.this_program({}) == Program((str(tmp_path / "bin" / "swictation"),))


def test_a_frozen_program_runs_itself_and_one_in_an_image_the_image(monkeypatch):
    monkeypatch.setattr(sys, "frozen", True, raising=False)
    assert switch.this_program({}) == Program((sys.executable,))
    assert switch.this_program({"APPIMAGE": "/home/a b/swictation.AppImage"}) == Program(
        ("/home/a b/swictation.AppImage",)
    )


def _installed(monkeypatch, directory):
    """As if this were an environment with a wheel in it."""
    (directory / "bin").mkdir()
    package = directory / "lib" / "daemon" / "__init__.py"
    monkeypatch.setattr(switch.daemon, "__file__", str(package))
    monkeypatch.setattr(sys, "executable", str(directory / "bin" / "python"))
