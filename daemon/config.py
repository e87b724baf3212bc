"""The configuration: frozen sections with their defaults, read from ``config.toml`` and checked all at once.

Every fault of a file is named in one go with its dotted key; the daemon refuses to start on a faulty file and leaves
it as it is. ``set_value`` changes one key and keeps the file's comments.
"""

from __future__ import annotations

import dataclasses
import difflib
import tomllib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, get_type_hints

from daemon.errors import ConfigError
from daemon.limits import InsertRule, InsertRules, KeyName, OneOf, Range


def _limited(default: Any, limit: Range | OneOf | KeyName | InsertRules) -> Any:
    return field(default=default, metadata={"limit": limit})


@dataclass(frozen=True, slots=True)
class MicrophoneConfig:
    """``device`` is a microphone's name or a part of it; empty is the system's default.

    It stays open ``linger_s`` after a dictation, or always if ``keep_open``; a dictation that finds it open begins
    ``pre_roll_ms`` before its key, with what is kept in memory alone.
    """

    device: str = ""
    linger_s: int = _limited(0, Range(0, 3600))
    pre_roll_ms: int = _limited(0, Range(0, 2000))
    keep_open: bool = False


@dataclass(frozen=True, slots=True)
class EndpointConfig:
    """Voice activity detection and endpointing; see ``daemon.endpoint``.

    ``short_hangover_ms`` is the wait of hands-free dictation after a finished sentence; ``speculate`` decodes at every
    pause, so that the text is there when the speech turns out to be over, and without it there is no short wait.
    """

    aggressiveness: int = _limited(2, Range(0, 3))
    onset_ms: int = _limited(60, Range(20, 500))
    pre_roll_ms: int = _limited(300, Range(0, 2000))
    hangover_ms: int = _limited(700, Range(100, 5000))
    short_hangover_ms: int = _limited(300, Range(100, 5000))
    min_speech_ms: int = _limited(120, Range(20, 2000))
    max_utterance_s: float = _limited(20.0, Range(3, 60))
    speculate: bool = True


@dataclass(frozen=True, slots=True)
class HotkeyConfig:
    """``key`` held at least ``hold_ms`` is push to talk, tapped it starts and stops."""

    key: str = _limited("F9", KeyName())
    hold_ms: int = _limited(300, Range(50, 2000))
    max_recording_s: int = _limited(120, Range(5, 3600))


@dataclass(frozen=True, slots=True)
class DictationConfig:
    """``hands_free`` starts continuous dictation together with the daemon."""

    hands_free: bool = False


@dataclass(frozen=True, slots=True)
class ModelConfig:
    """``dir`` is a directory with a NeMo TDT bundle; empty is the bundled practice model.

    ``engine`` is ``sherpa`` (sherpa-onnx) or ``ort`` (onnxruntime), ``provider`` ``cpu`` or ``cuda``; ``auto``, and 0
    ``threads``, take what is fastest here by measurement.
    ``mirror`` is an address below which model archives are fetched; empty is their own.
    """

    dir: str = ""
    engine: str = _limited("auto", OneOf(("auto", "sherpa", "ort")))
    provider: str = _limited("auto", OneOf(("auto", "cpu", "cuda")))
    mirror: str = ""
    threads: int = _limited(0, Range(0, 64))


@dataclass(frozen=True, slots=True)
class InsertConfig:
    """How a text gets to the cursor. ``append_space`` keeps two dictations apart; ``rules`` see ``daemon.insert``.

    With ``refuse_passwords`` nothing goes into a password field, as far as programs tell: ``daemon.accessibility``.
    """

    method: str = _limited("auto", OneOf(("auto", "x11", "wayland", "portal", "pynput", "none")))
    append_space: bool = True
    newlines: bool = False
    refuse_passwords: bool = True
    rules: tuple[InsertRule, ...] = _limited((), InsertRules())


@dataclass(frozen=True, slots=True)
class HistoryConfig:
    """``keep_text`` off records only times and outcomes."""

    keep_text: bool = True
    limit: int = _limited(10_000, Range(1, 1_000_000))


@dataclass(frozen=True, slots=True)
class OverlayConfig:
    """The small picture on the screen while something is dictated; ``text`` has the words in it as they are spoken."""

    show: bool = True
    text: bool = True
    place: str = _limited("bottom", OneOf(("bottom", "top", "top-left", "top-right", "bottom-left", "bottom-right")))


@dataclass(frozen=True, slots=True)
class NotificationsConfig:
    """``text`` allows the words of a dictation in a notification."""

    show: bool = True
    text: bool = False


@dataclass(frozen=True, slots=True)
class SoundsConfig:
    """``on`` plays a short sound at the start, the end and at an error."""

    on: bool = False


@dataclass(frozen=True, slots=True)
class Config:
    """The whole configuration."""

    microphone: MicrophoneConfig = field(default_factory=MicrophoneConfig)
    endpoint: EndpointConfig = field(default_factory=EndpointConfig)
    hotkey: HotkeyConfig = field(default_factory=HotkeyConfig)
    dictation: DictationConfig = field(default_factory=DictationConfig)
    model: ModelConfig = field(default_factory=ModelConfig)
    insert: InsertConfig = field(default_factory=InsertConfig)
    history: HistoryConfig = field(default_factory=HistoryConfig)
    overlay: OverlayConfig = field(default_factory=OverlayConfig)
    notifications: NotificationsConfig = field(default_factory=NotificationsConfig)
    sounds: SoundsConfig = field(default_factory=SoundsConfig)


_TYPE_NAMES = {
    bool: "true or false",
    int: "a whole number",
    float: "a number",
    str: "a text in quotes",
    dict: "a table",
}


def load(path: Path) -> Config:
    """The configuration in the file at ``path``, or the defaults where there is none. Raises ConfigError."""
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        return Config()
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"{path}: cannot be read: {error}") from None
    try:
        return parse(tomllib.loads(text))
    except tomllib.TOMLDecodeError as error:
        raise ConfigError(f"{path}: not valid TOML: {error}; correct it or move the file away") from None
    except ConfigError as error:
        raise ConfigError(f"{path}: {error}; correct it or move the file away") from None


def parse(table: Mapping[str, Any]) -> Config:
    """The configuration that a TOML table describes. Raises ConfigError with every fault in one line."""
    faults: list[str] = []
    sections = {f.name: f.default_factory for f in dataclasses.fields(Config) if callable(f.default_factory)}
    values = {}
    for name, section in table.items():
        if name not in sections:
            faults.append(f"{name}: unknown key{_suggestion(name, sections)}")
        elif not isinstance(section, Mapping):
            faults.append(f"{name}: must be a table [{name}]")
        else:
            values[name] = _section(name, sections[name], section, faults)
    if faults:
        raise ConfigError("; ".join(faults))
    return Config(**values)


def _section(name: str, kind: Callable[..., Any], table: Mapping[str, Any], faults: list[str]) -> Any:
    hints = get_type_hints(kind)
    fields = {f.name: f for f in dataclasses.fields(kind)}  # type: ignore[arg-type]
    values: dict[str, Any] = {}
    for key, value in table.items():
        dotted = f"{name}.{key}"
        if key not in fields:
            faults.append(f"{dotted}: unknown key{_suggestion(key, fields)}")
            continue
        limit = fields[key].metadata.get("limit")
        if isinstance(limit, InsertRules):
            values[key] = limit.read(dotted, value, faults)
            continue
        wanted = hints[key]
        given = float(value) if wanted is float and type(value) is int else value
        if type(given) is not wanted:
            faults.append(f"{dotted}: must be {_TYPE_NAMES[wanted]}, not {_TYPE_NAMES.get(type(value), 'that')}")
            continue
        if limit is not None and (fault := limit.fault(given)) is not None:
            faults.append(f"{dotted}: {fault}")
            continue
        values[key] = given
    return kind(**values)


def _suggestion(name: str, known: Mapping[str, Any]) -> str:
    close = difflib.get_close_matches(name, list(known), n=1)
    return f' (did you mean "{close[0]}"?)' if close else " in this version"


def model_directory(config: Config) -> Path:
    """The directory of the model that the configuration names, or of the bundled one."""
    from models.bundle import default_directory  # `swictation config` has no need of it

    return Path(config.model.dir).expanduser() if config.model.dir else default_directory()


def flatten(config: Config) -> dict[str, Any]:
    """Every key of the configuration, dotted, with its value as JSON has it."""
    return {
        f"{section}.{key}": _as_json(value)
        for section, table in dataclasses.asdict(config).items()
        for key, value in table.items()
    }


def _as_json(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _as_json(one) for key, one in value.items()}
    return [_as_json(one) for one in value] if isinstance(value, tuple) else value


def limits() -> dict[str, dict[str, Any] | None]:
    """What every key of the configuration accepts, dotted: a range, some words, the name of a key, or no limit."""
    found: dict[str, dict[str, Any] | None] = {}
    for section in dataclasses.fields(Config):
        for key in dataclasses.fields(section.default_factory):  # type: ignore[arg-type]  # a section is made by its class
            limit = key.metadata.get("limit")
            found[f"{section.name}.{key.name}"] = None if limit is None else limit.as_json()
    return found


def read_value(dotted: str, text: str) -> Any:
    """``text`` as the key's type, as the command line gives it. Raises ConfigError."""
    kind = _kind(dotted)
    try:
        if kind is bool:
            return {"true": True, "on": True, "yes": True, "false": False, "off": False, "no": False}[text.lower()]
        return kind(text)
    except (KeyError, ValueError):
        raise ConfigError(f'{dotted}: must be {_TYPE_NAMES[kind]}, not "{text}"') from None


def set_value(path: Path, dotted: str, value: str | float) -> Config:
    """Change one key in the file at ``path`` and give back the new configuration.

    Comments and order of the file survive; nothing is written if the result would be refused. Raises ConfigError.
    """
    config, content = with_value(path, dotted, value)
    write(path, content)
    return config


def with_value(path: Path, dotted: str, value: str | float) -> tuple[Config, str]:
    """The configuration that the file at ``path`` would be with one key changed, and its text. Raises ConfigError."""
    import tomlkit  # only a change needs it, and it costs 20 ms

    load(path)  # a faulty file is not to be rewritten
    _kind(dotted)
    document = tomlkit.parse(path.read_text(encoding="utf-8")) if path.exists() else tomlkit.document()
    section, key = dotted.split(".")
    if section not in document:
        document[section] = tomlkit.table()
    document[section][key] = value
    content = tomlkit.dumps(document)
    return parse(tomllib.loads(content)), content


def write(path: Path, content: str) -> None:
    """Make ``content`` the file at ``path``, whole or not at all. Raises ConfigError."""
    file = path.resolve()  # it may be a link into a directory that is kept elsewhere
    partial = file.with_suffix(".toml.new")
    try:
        file.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        partial.write_text(content, encoding="utf-8")
        partial.replace(file)
    except OSError as error:
        raise ConfigError(f"{path} cannot be written: {error.strerror}; nothing has changed") from None


def _kind(dotted: str) -> type[Any]:
    """The type of a key that one value can be given to. Raises ConfigError if there is none of that name."""
    known = flatten(Config())
    if dotted not in known:
        raise ConfigError(f"{dotted}: unknown key{_suggestion(dotted, known)}")
    if isinstance(known[dotted], list):
        raise ConfigError(
            f"{dotted}: are tables [[{dotted}]]: write them into the file that `swictation config path` names"
        )
    return type(known[dotted])
