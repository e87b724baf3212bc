"""``swictation history``: show, search, insert again, recognise again and delete, in words or as JSON."""

from __future__ import annotations

import argparse
from typing import Any

from daemon import cli, reports
from daemon.client import Client
from daemon.errors import NoDaemon, RequestRefused
from daemon.words import entry_in_words

Json = dict[str, Any]

_DECODE_LIMIT_S = 120.0


def run(arguments: argparse.Namespace) -> int:
    """Run one ``history`` command; the exit status. Raises SwictationError."""
    if arguments.insert is not None:
        return _show(arguments, _ask("insert", arguments.insert), {"confirmed", "sent"})
    if arguments.decode is not None:
        return _show(arguments, _ask("decode_again", arguments.decode), {"held"})
    if arguments.delete is not None or arguments.clear:
        cli.report(arguments, _delete(arguments.delete), lambda result: f"{result['deleted']} entries deleted")
        return 0
    entries = reports.entries(arguments.n, arguments.search)
    nothing = "nothing has been dictated yet" if arguments.search is None else "nothing of that was found"
    cli.report(arguments, entries, lambda entries: "\n".join(_lines(entries, ids=arguments.ids)) or nothing)
    return 0


def _show(arguments: argparse.Namespace, entry: Json, good: set[str]) -> int:
    cli.report(arguments, entry, entry_in_words)
    return 0 if entry["outcome"] in good else 1


def _lines(entries: list[Json], *, ids: bool) -> list[str]:
    return [f"{entry['id']}  {entry_in_words(entry)}" if ids else entry_in_words(entry) for entry in entries]


def _ask(verb: str, id_: str) -> Json:
    with Client(_DECODE_LIMIT_S) as daemon:
        return dict(daemon.ask(verb, id=id_))


def _delete(id_: str | None) -> Json:
    """Delete one entry, or all: by the daemon, which has some of them in memory, or without one in the files."""
    try:
        with Client(_DECODE_LIMIT_S) as daemon:
            return dict(daemon.ask("clear_history") if id_ is None else daemon.ask("delete", id=id_))
    except NoDaemon:
        deleted = reports.delete(id_)
    if id_ is not None and not deleted:
        raise RequestRefused("there is no such utterance: `swictation history --ids` shows those there are")
    return {"deleted": deleted}
