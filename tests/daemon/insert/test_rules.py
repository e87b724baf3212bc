"""Which way in is tried where, and what is learned: tables."""

import pytest

from daemon.insert.rules import Memory, fits, is_viewer, learn, ways_for
from daemon.limits import WAYS, InsertRule
from daemon.messages import Insertion, Outcome

SI, CV, CSV, TYPE = WAYS
HELD = Insertion(Outcome.HELD, "no")


@pytest.mark.parametrize(
    ("application", "ways"),
    [
        ("xterm", (SI, TYPE)),
        ("urxvt", (SI, TYPE)),
        ("st-256color", (SI, TYPE)),
        ("gnome-terminal-server", (SI, CSV)),
        ("xfce4-terminal", (SI, CSV)),
        ("org.wezfurlong.wezterm", (SI, CSV)),
        ("footclient", (SI, CSV)),
        ("konsole", (SI, CSV)),
        ("org.remmina.remmina", (TYPE,)),
        ("xfreerdp", (TYPE,)),
        ("vncviewer", (TYPE,)),
        ("virtualbox machine", (TYPE,)),
        ("chromium", (SI, CV)),
        ("mousepad", (SI, CV)),
        ("astro-studio", (SI, CV)),  # "st" is the name of a terminal, not a part of one
        ("", (SI, CV)),
    ],
)
def test_the_table(application, ways):
    assert ways_for(application, (), WAYS) == ways


def test_the_users_rules_come_first_and_the_first_that_fits_counts():
    rules = [InsertRule("Chrom*", (CSV, TYPE)), InsertRule("chromium", (SI,)), InsertRule("*pass*", ())]
    assert ways_for("chromium", rules, WAYS) == (CSV, TYPE)
    assert ways_for("keepassxc", rules, WAYS) == ()
    assert ways_for("mousepad", rules, WAYS) == (SI, CV)


def test_only_what_is_there_is_tried():
    assert ways_for("mousepad", (), (CV, "cmd+v")) == (CV,)
    assert ways_for("xfreerdp", (), (SI, CV)) == ()


@pytest.mark.parametrize(
    ("learned", "ways"), [((CV, SI), (CV, SI)), ((CV,), (CV, SI)), ((TYPE, CV), (CV, SI)), ((), (SI, CV))]
)
def test_what_was_learned_changes_the_order_and_adds_nothing(learned, ways):
    assert ways_for("mousepad", (), WAYS, learned) == ways


@pytest.mark.parametrize(
    ("result", "order"),
    [
        (Insertion(Outcome.CONFIRMED, way=SI), (SI, CV, TYPE)),
        (Insertion(Outcome.CONFIRMED, way=CV), (CV, SI, TYPE)),
        (Insertion(Outcome.CONFIRMED, way=CV, silent=(SI,)), (CV, TYPE, SI)),
        (Insertion(Outcome.SENT, way=TYPE, silent=(SI, CV)), (TYPE, SI, CV)),
        (Insertion(Outcome.SENT, way=TYPE), (SI, CV, TYPE)),
        (Insertion(Outcome.HELD, "no", silent=(SI,)), (CV, TYPE, SI)),
        (HELD, (SI, CV, TYPE)),
        (Insertion(Outcome.CONFIRMED, way="cmd+v"), (SI, CV, TYPE)),
    ],
)
def test_what_is_learned(result, order):
    assert learn((SI, CV, TYPE), result) == order


def test_memory_is_by_application_and_of_one_without_a_name_there_is_none():
    memory = Memory()
    confirmed = Insertion(Outcome.CONFIRMED, way=CV)
    memory.note("mousepad", (SI, CV), confirmed)
    memory.note("", (SI, CV), confirmed)
    memory.note("xterm", (SI, TYPE), HELD)
    assert memory.of("mousepad") == (CV, SI)
    assert memory.of("") == memory.of("xterm") == ()


@pytest.mark.parametrize(
    ("glob", "application", "fit"),
    [("org.remmina.*", "org.Remmina.Remmina", True), ("FIREFOX", "firefox", True), ("fire", "firefox", False)],
)
def test_a_glob_has_no_case_and_fits_the_whole(glob, application, fit):
    assert fits(glob, application) is fit


def test_windows_onto_other_machines():
    assert is_viewer("org.remmina.remmina")
    assert not is_viewer("firefox")
