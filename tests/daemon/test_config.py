"""Every fault is named at once with its dotted key; a change keeps the comments; a faulty file is never touched."""

import tomllib

import pytest

from daemon import config
from daemon.config import Config
from daemon.errors import ConfigError


def test_no_file_gives_the_defaults(tmp_path):
    assert config.load(tmp_path / "config.toml") == Config()


def test_a_file_changes_what_it_names(tmp_path):
    file = tmp_path / "config.toml"
    file.write_text('[hotkey]\nkey = "ctrl+alt+d"\n[endpoint]\nmax_utterance_s = 15\n')
    loaded = config.load(file)
    assert loaded.hotkey.key == "ctrl+alt+d"
    assert loaded.endpoint.max_utterance_s == 15.0
    assert loaded.endpoint.pre_roll_ms == 300


def test_every_fault_is_named_at_once(tmp_path):
    file = tmp_path / "config.toml"
    file.write_text(
        'colour = "red"\nmicrophone = 3\n[hotkey]\nkye = "F9"\nhold_ms = "long"\n'
        '[endpoint]\naggressiveness = 7\nonset_ms = true\n[insert]\nmethod = "telepathy"\n',
    )
    with pytest.raises(ConfigError) as caught:
        config.load(file)
    message = str(caught.value)
    assert "\n" not in message
    for part in (
        str(file),
        "colour: unknown key",
        "microphone: must be a table",
        'hotkey.kye: unknown key (did you mean "key"?)',
        "hotkey.hold_ms: must be a whole number, not a text",
        "endpoint.aggressiveness: must be from 0 to 3, not 7",
        "endpoint.onset_ms: must be a whole number, not true or false",
        "insert.method: must be one of auto, x11, wayland, portal, pynput, none",
    ):
        assert part in message


@pytest.mark.parametrize("content", [b"[hotkey\n", b"key = = 3", b"\xff\xfe\x00"])
def test_a_broken_file_is_named(tmp_path, content):
    file = tmp_path / "config.toml"
    file.write_bytes(content)
    with pytest.raises(ConfigError, match=r"config\.toml: (not valid TOML|cannot be read)"):
        config.load(file)


def test_a_change_keeps_comments_and_order(tmp_path):
    file = tmp_path / "config.toml"
    file.write_text('# mine\n[hotkey]\nkey = "F8"  # near the thumb\n\n[microphone]\ndevice = "Desk"\n')
    changed = config.set_value(file, "hotkey.key", "F10")
    assert changed.hotkey.key == "F10"
    assert file.read_text() == '# mine\n[hotkey]\nkey = "F10"  # near the thumb\n\n[microphone]\ndevice = "Desk"\n'
    config.set_value(file, "dictation.hands_free", True)
    assert config.load(file).dictation.hands_free is True


def test_a_file_that_is_a_link_stays_one(tmp_path):
    elsewhere = tmp_path / "dotfiles" / "swictation.toml"
    elsewhere.parent.mkdir()
    elsewhere.write_text("# mine\n")
    (tmp_path / "config.toml").symlink_to(elsewhere)
    config.set_value(tmp_path / "config.toml", "sounds.on", True)
    assert (tmp_path / "config.toml").is_symlink()
    assert elsewhere.read_text().split() == ["#", "mine", "[sounds]", "on", "=", "true"]


@pytest.mark.parametrize(
    ("key", "text", "value"),
    [
        ("dictation.hands_free", "on", True),
        ("hotkey.hold_ms", "250", 250),
        ("endpoint.max_utterance_s", "12", 12.0),
        ("hotkey.key", "F10", "F10"),
    ],
)
def test_the_command_lines_texts_become_the_keys_type(key, text, value):
    read = config.read_value(key, text)
    assert (read, type(read)) == (value, type(value))


@pytest.mark.parametrize(
    ("key", "text", "message"),
    [
        ("hotkey.hold_ms", "soon", 'must be a whole number, not "soon"'),
        ("dictation.hands_free", "maybe", "must be true or false"),
        ("hotkey.hold", "300", "unknown key"),
    ],
)
def test_a_text_of_another_type_is_refused(key, text, message):
    with pytest.raises(ConfigError, match=message):
        config.read_value(key, text)


@pytest.mark.parametrize(
    ("key", "value", "message"),
    [
        ("hotkey.hold_ms", "soon", "must be a whole number, not a text in quotes"),
        ("hotkey.hold_ms", 1, "must be from 50 to 2000"),
        ("hotkey.hold", 300, "unknown key"),
        ("dictation.hands_free", 1, "must be true or false"),
    ],
)
def test_a_refused_change_writes_nothing(tmp_path, key, value, message):
    file = tmp_path / "config.toml"
    file.write_text("# mine\n")
    with pytest.raises(ConfigError, match=message):
        config.set_value(file, key, value)
    assert file.read_text() == "# mine\n"


def test_a_faulty_file_is_not_rewritten(tmp_path):
    file = tmp_path / "config.toml"
    file.write_text("[hotkey\n")
    with pytest.raises(ConfigError):
        config.set_value(file, "hotkey.key", "F10")
    assert file.read_text() == "[hotkey\n"


def test_what_the_first_version_took_is_taken_still(tmp_path):
    file = tmp_path / "config.toml"
    file.write_text(
        '[microphone]\ndevice = "Desk"\n[dictation]\nhands_free = true\n'
        "[endpoint]\naggressiveness = 3\nonset_ms = 80\npre_roll_ms = 200\nhangover_ms = 600\nmin_speech_ms = 100\n"
        'max_utterance_s = 15.0\n[hotkey]\nkey = "F8"\nhold_ms = 250\nmax_recording_s = 60\n'
        '[model]\ndir = "/models/mine"\nengine = "sherpa"\nmirror = "https://example.org"\nthreads = 2\n'
        '[insert]\nmethod = "x11"\nappend_space = false\nnewlines = true\n[history]\nkeep_text = false\nlimit = 5\n'
    )
    given = tomllib.loads(file.read_text())
    values = config.flatten(config.load(file))
    assert {
        f"{section}.{key}": value for section in given for key, value in given[section].items()
    }.items() <= values.items()


RULES = """# mine
[insert]
method = "x11"
append_space = true

# the other machine
[[insert.rules]]
application = "org.remmina.*"
ways = ["type"]
"""


def test_rules_for_programs_are_read_in_order_and_survive_a_change(tmp_path):
    file = tmp_path / "config.toml"
    file.write_text(RULES + '[[insert.rules]]\napplication = "*"\nways = []  # nowhere else\n')
    rules = config.load(file).insert.rules
    assert [(rule.application, rule.ways) for rule in rules] == [("org.remmina.*", ("type",)), ("*", ())]
    changed = config.set_value(file, "insert.append_space", False)
    assert changed.insert.rules == rules
    assert "# the other machine\n[[insert.rules]]" in file.read_text()
    assert "# nowhere else" in file.read_text()
    assert config.flatten(changed)["insert.rules"] == [
        {"application": "org.remmina.*", "ways": ["type"]},
        {"application": "*", "ways": []},
    ]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("rules = 3", r"insert.rules: must be tables \[\[insert.rules\]\]"),
        ('rules = ["type"]', r"insert.rules: must be tables"),
        ('rules = [{ways = ["type"]}]', r"insert.rules\[0\].application: must be the name of a program"),
        ('rules = [{application = "a"}]', r"insert.rules\[0\].ways: must be a list of ways"),
        ('rules = [{application = "a", ways = ["shout"]}]', r"insert.rules\[0\].ways: must be of .*, not 'shout'"),
        ('rules = [{application = "a", ways = [], way = 1}]', r"insert.rules\[0\].way: unknown key"),
        (
            'rules = [{application = "", ways = []}, {application = "b", ways = 1}]',
            r"rules\[0\].application: .*; insert.rules\[1\].ways: ",
        ),
    ],
)
def test_faults_of_rules_are_named_by_their_place(tmp_path, content, message):
    file = tmp_path / "config.toml"
    file.write_text(f"[insert]\n{content}\n")
    with pytest.raises(ConfigError, match=message):
        config.load(file)


def test_rules_are_not_set_one_value_at_a_time():
    with pytest.raises(ConfigError, match="write them into the file"):
        config.read_value("insert.rules", "type")
