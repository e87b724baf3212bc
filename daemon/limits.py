"""What the keys of the configuration accept: a range, some words, the name of a key, or rules for programs."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from daemon.errors import HotkeyError

WAYS = ("shift+insert", "ctrl+v", "ctrl+shift+v", "type")  # in which a text can be inserted


@dataclass(frozen=True, slots=True)
class Range:
    """The numbers that a key accepts, both ends included."""

    low: float
    high: float

    def fault(self, value: float) -> str | None:
        """What is wrong with ``value``, or None."""
        return None if self.low <= value <= self.high else f"must be from {self.low:g} to {self.high:g}, not {value:g}"

    def as_json(self) -> dict[str, Any]:
        """The limit as plain JSON values."""
        return {"kind": "range", "low": self.low, "high": self.high}


@dataclass(frozen=True, slots=True)
class OneOf:
    """The words that a key accepts."""

    words: tuple[str, ...]

    def fault(self, value: str) -> str | None:
        """What is wrong with ``value``, or None."""
        return None if value in self.words else f'must be one of {", ".join(self.words)}, not "{value}"'

    def as_json(self) -> dict[str, Any]:
        """The limit as plain JSON values."""
        return {"kind": "one_of", "words": list(self.words)}


@dataclass(frozen=True, slots=True)
class KeyName:
    """The names of keys that can be a hotkey."""

    def fault(self, value: str) -> str | None:
        """What is wrong with ``value``, or None."""
        from daemon.hotkey.keys import parse  # the command line has no time for it

        try:
            parse(value)
        except HotkeyError as error:
            return str(error)
        return None

    def as_json(self) -> dict[str, Any]:
        """The limit as plain JSON values."""
        return {"kind": "key"}


@dataclass(frozen=True, slots=True)
class InsertRule:
    """One ``[[insert.rules]]``: by which ways a text gets into the programs that the glob ``application`` names.

    The best way comes first; without any, nothing is inserted there.
    """

    application: str
    ways: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class InsertRules:
    """A list of tables, each with ``application`` and ``ways``."""

    def read(self, dotted: str, value: object, faults: list[str]) -> tuple[InsertRule, ...]:
        """The rules in a TOML value; what is wrong with it is added to ``faults``, by its place in the list."""
        if not isinstance(value, list) or not all(isinstance(one, Mapping) for one in value):
            faults.append(f"{dotted}: must be tables [[{dotted}]]")
            return ()
        found = [_rule(f"{dotted}[{number}]", one, faults) for number, one in enumerate(value)]
        return tuple(one for one in found if one is not None)

    def as_json(self) -> dict[str, Any]:
        """The limit as plain JSON values."""
        return {"kind": "rules", "ways": list(WAYS)}


def _rule(dotted: str, table: Mapping[str, Any], faults: list[str]) -> InsertRule | None:
    found = [
        *(f"{dotted}.{key}: unknown key in this version" for key in table if key not in ("application", "ways")),
        *_application_faults(f"{dotted}.application", table.get("application")),
        *_way_faults(f"{dotted}.ways", table.get("ways")),
    ]
    faults += found
    return None if found else InsertRule(table["application"], tuple(table["ways"]))


def _application_faults(dotted: str, value: object) -> Iterable[str]:
    if not isinstance(value, str) or not value:
        yield f'{dotted}: must be the name of a program, such as "firefox" or "org.remmina.*"'


def _way_faults(dotted: str, value: object) -> Iterable[str]:
    if not isinstance(value, list):
        yield f"{dotted}: must be a list of ways, such as {list(WAYS[:2])}"
        return
    for way in value:
        if way not in WAYS:
            yield f"{dotted}: must be of {', '.join(WAYS)}, not {way!r}"
