"""Print the completions of a shell, written from the command line's own parser: ``completions.py bash|zsh|fish``."""

from __future__ import annotations

import argparse
from collections.abc import Sequence

from command_line import Argument, Verb, program


def bash(verbs: Sequence[Verb]) -> str:
    """For bash: a function that looks at the verb, and at the option before the cursor."""
    names = " ".join(verb.name for verb in verbs)
    lines = [
        "# bash completion for swictation, written by packaging/completions.py",
        "_swictation() {",
        "    local current=${COMP_WORDS[COMP_CWORD]} before=${COMP_WORDS[COMP_CWORD - 1]} verb=${COMP_WORDS[1]}",
        "    COMPREPLY=()",
        '    if [ "$COMP_CWORD" -eq 1 ]; then',
        f'        COMPREPLY=($(compgen -W "{names} --help" -- "$current"))',
        "        return",
        "    fi",
        '    case "$verb $before" in',
    ]
    for verb in verbs:
        for option in verb.options:
            if option.value is not None:
                cases = " | ".join(f'"{verb.name} {flag}"' for flag in option.flags)
                lines += [f"    {cases})", f"        {_bash_values(option)}", "        return", "        ;;"]
    lines += ["    esac", '    case "$verb" in']
    for verb in verbs:
        words = [flag for option in verb.options for flag in option.flags]
        words += [choice for positional in verb.positionals for choice in positional.choices]
        lines += [f"    {verb.name})", f'        COMPREPLY=($(compgen -W "{" ".join(words)}" -- "$current"))']
        if any(positional.place for positional in verb.positionals):
            lines.append('        COMPREPLY+=($(compgen -f -- "$current"))')
        lines.append("        ;;")
    return "\n".join([*lines, "    esac", "}", "complete -o filenames -F _swictation swictation"])


def _bash_values(option: Argument) -> str:
    if option.choices:
        return f'COMPREPLY=($(compgen -W "{" ".join(option.choices)}" -- "$current"))'
    if option.place:
        return f'COMPREPLY=($(compgen {"-d" if option.place == "directory" else "-f"} -- "$current"))'
    return ":"


def zsh(verbs: Sequence[Verb]) -> str:
    """For zsh: a list of the verbs, and each verb's arguments."""
    lines = ["#compdef swictation", "# written by packaging/completions.py", "_swictation() {", "    local -a verbs=("]
    lines += [f"        {_quoted(f'{verb.name}:{verb.help}')}" for verb in verbs]
    lines += [
        "    )",
        "    if ((CURRENT == 2)); then",
        "        _describe verb verbs",
        "        return",
        "    fi",
        "    local verb=$words[2]",
        "    shift words",
        "    ((CURRENT--))",
        "    case $verb in",
    ]
    for verb in verbs:
        specifications = [
            _quoted(_zsh_argument(argument, flag)) for argument in verb.options for flag in argument.flags
        ]
        specifications += [_quoted(_zsh_argument(argument, None)) for argument in verb.positionals]
        lines += [f"    {verb.name})", "        _arguments " + " ".join(specifications), "        ;;"]
    return "\n".join([*lines, "    esac", "}", '_swictation "$@"'])


def _zsh_argument(argument: Argument, flag: str | None) -> str:
    said = argument.help.translate({ord(sign): f"\\{sign}" for sign in "[]:"})
    value = ""
    if argument.value is not None:
        action = f"({' '.join(argument.choices)})" if argument.choices else {
            "file": "_files", "directory": "_files -/",
        }.get(argument.place or "", " ")  # fmt: skip
        value = f":{argument.value}:{action}"
    if flag is None:
        return (
            f"{'*' if argument.several else ''}{':' if not argument.required and not argument.several else ''}{value}"
        )
    return f"{flag}[{said}]{value}"


def fish(verbs: Sequence[Verb]) -> str:
    """For fish: one line for each word that may come."""
    lines = ["# written by packaging/completions.py", "complete -c swictation -f"]
    for verb in verbs:
        lines.append(f"complete -c swictation -n __fish_use_subcommand -a {verb.name} -d {_quoted(verb.help)}")
        after = f"complete -c swictation -n '__fish_seen_subcommand_from {verb.name}'"
        for option in verb.options:
            flags = " ".join(f"-l {flag[2:]}" if flag.startswith("--") else f"-s {flag[1:]}" for flag in option.flags)
            takes = "" if option.value is None else " -r" if option.place else " -x"
            lines.append(f"{after} {flags}{takes}{_fish_values(option)} -d {_quoted(option.help)}")
        lines += [f"{after}{values}" for positional in verb.positionals if (values := _fish_values(positional))]
    return "\n".join(lines)


def _fish_values(argument: Argument) -> str:
    if argument.choices:
        return f" -a {_quoted(' '.join(argument.choices))}"
    return " -F" if argument.place else ""


def _quoted(text: str) -> str:
    """``text`` as one word of a shell."""
    return "'" + text.replace("'", "'\\''") + "'"


SHELLS = {"bash": bash, "zsh": zsh, "fish": fish}


def main() -> int:
    """Print the completions of the shell that is asked for."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("shell", choices=SHELLS)
    _whole, verbs = program()
    print(SHELLS[parser.parse_args().shell](verbs))
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
