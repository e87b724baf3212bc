"""Print the man page, written from the command line's own parser: ``python packaging/manpage.py > swictation.1``."""

from __future__ import annotations

import argparse
from importlib.metadata import version

from command_line import Argument, Verb, program

_FILES = (
    ("~/.config/swictation/config.toml", "the configuration; `swictation config` shows every key with its value"),
    ("~/.local/share/swictation", "the history, the models and the messages of the daemon"),
    ("$XDG_RUNTIME_DIR/swictation", "the socket, and audio that has not become text yet"),
)
_STATUSES = (
    ("0", "it worked"),
    ("1", "it did not, for the reason given in one line on standard error"),
    ("2", "the command line is wrong"),
    ("130", "it was interrupted"),
)


def main() -> int:
    """Print it."""
    argparse.ArgumentParser(description=__doc__).parse_args()
    print(page(*program()))
    return 0


def page(whole: Verb, verbs: list[Verb]) -> str:
    """The page in the language of man."""
    lines = [
        f'.TH SWICTATION 1 "" "swictation {version("swictation")}" "User Commands"',
        ".SH NAME",
        r"swictation \- dictate into any window, locally",
        ".SH SYNOPSIS",
        r".B swictation",
        r"[\fIVERB\fR [\fIOPTION\fR]...]",
        ".SH DESCRIPTION",
        _plain(whole.help),
        "Speech is recognised on this machine by a model that is kept warm.",
        "Without a verb, the daemon is started if none runs, and the tray where there is a screen.",
        ".SH VERBS",
    ]
    for verb in verbs:
        lines += [".TP", _usage(verb), _sentence(verb.help)]
        options = [argument for argument in verb.arguments if argument.help and "--help" not in argument.flags]
        if options:
            lines.append(".RS")
            for option in options:
                lines += [".TP", _written(option), _sentence(option.help)]
            lines.append(".RE")
    lines.append(".SH FILES")
    for file, what in _FILES:
        lines += [".TP", rf"\fI{_plain(file)}\fR", _sentence(what)]
    lines.append(".SH EXIT STATUS")
    for status, what in _STATUSES:
        lines += [".TP", rf"\fB{status}\fR", _sentence(what)]
    return "\n".join(lines)


def _usage(verb: Verb) -> str:
    parts = [rf"\fBswictation {verb.name}\fR"]
    for argument in verb.arguments:
        if "--help" not in argument.flags:
            written = _written(argument)
            parts.append(written if argument.required else f"[{written}]")
    return " ".join(parts)


def _written(argument: Argument) -> str:
    value = ""
    if argument.value is not None:
        words = argument.choices or (argument.value,)
        value = "|".join(rf"\fI{_plain(word)}\fR" for word in words) + ("..." if argument.several else "")
    flag = rf"\fB{_plain(argument.flags[-1])}\fR" if argument.flags else ""
    return " ".join(filter(None, (flag, value)))


def _plain(text: str) -> str:
    """``text`` with what man would take for its own language made harmless."""
    text = text.replace("\\", r"\e").replace("-", r"\-").replace("~", r"\(ti").replace("`", r"\(ga")
    return rf"\&{text}" if text.startswith((".", "'")) else text


def _sentence(text: str) -> str:
    return _plain(text[:1].upper() + text[1:] + ".")


if __name__ == "__main__":
    raise SystemExit(main())
