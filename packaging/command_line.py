"""What the command line takes, read from its parser: the man page and the completions are written from this."""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from daemon import cli


@dataclass(frozen=True)
class Argument:
    """One option, or one positional argument, which has no ``flags``.

    ``value`` is how its value is written, None if it takes none; ``choices`` are the values it may have, if they are
    few; ``place`` is ``file`` or ``directory`` where the value is one.
    """

    flags: tuple[str, ...]
    value: str | None
    help: str
    choices: tuple[str, ...]
    place: str | None
    required: bool
    several: bool


@dataclass(frozen=True)
class Verb:
    """One verb with its arguments in the order of the parser; the program itself has the name ``""``."""

    name: str
    help: str
    usage: str
    arguments: tuple[Argument, ...]

    @property
    def options(self) -> list[Argument]:
        """The arguments with flags."""
        return [argument for argument in self.arguments if argument.flags]

    @property
    def positionals(self) -> list[Argument]:
        """The arguments that are told by their place."""
        return [argument for argument in self.arguments if not argument.flags]


def program() -> tuple[Verb, list[Verb]]:
    """The program as such, and its verbs."""
    parser = cli._parser()  # noqa: SLF001 -- only packaging asks for it
    (verbs,) = (action for action in parser._actions if isinstance(action, argparse._SubParsersAction))  # noqa: SLF001 -- argparse has no other way to read a parser
    helps = {action.dest: action.help or "" for action in verbs._choices_actions}  # noqa: SLF001
    return _verb("", parser.description or "", parser), [
        _verb(name, helps[name], verb) for name, verb in verbs.choices.items()
    ]


def _verb(name: str, said: str, parser: argparse.ArgumentParser) -> Verb:
    usage = " ".join(parser.format_usage().removeprefix("usage: ").split())
    return Verb(name, said, usage, tuple(_arguments(parser)))


def _arguments(parser: argparse.ArgumentParser) -> Iterator[Argument]:
    for action in parser._actions:  # noqa: SLF001
        if isinstance(action, argparse._SubParsersAction):  # noqa: SLF001
            continue
        takes = action.nargs != 0
        metavar = action.metavar if isinstance(action.metavar, str) else action.dest.upper()
        place = None
        if takes and action.type is Path:
            place = "directory" if metavar == "DIR" else "file"
        yield Argument(
            flags=tuple(action.option_strings),
            value=metavar if takes else None,
            help=(action.help or "").replace("%%", "%"),
            choices=tuple(map(str, action.choices or ())),
            place=place,
            required=action.required,
            several=action.nargs in {"+", "*"},
        )
