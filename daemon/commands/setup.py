"""``swictation setup``: examines everything, applies the remedies that it may, and says what is left to the user."""

from __future__ import annotations

import argparse
import asyncio
import json
import logging
import os
import shlex
import subprocess
import sys
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from daemon import compositors, config, launch, paths
from daemon.autostart import switch
from daemon.commands.models import nvidia_gpu
from daemon.compositors import Bindings
from daemon.doctor.command import examined
from daemon.doctor.finding import Finding, State, verdict, works
from daemon.errors import AutostartError, ConfigError
from daemon.hotkey.keys import parse
from models import catalogue

Json = dict[str, Any]

_PROGRAM = "swictation"
# These take nothing away and can be taken back. All others (a process killed, a file moved, the system's mixer changed,
# a history deleted) are the user's to run.
_MAY_RUN = (
    ("models", "pull"),
    ("models", "use"),
    ("models", "measure"),
    ("config", "set"),
    ("autostart", "on"),
)
_ALSO_LOOK_AT = {"model": ("engine",), "engine": ("model",), "microphone": (), "hotkey": ("daemon",)}


@dataclass(frozen=True, slots=True)
class Offer:
    """Something to run for a part: the arguments of ``swictation``, and how much it downloads, where that is known."""

    part: str
    why: str
    arguments: tuple[str, ...]
    size_bytes: int | None = None

    @property
    def command(self) -> str:
        """As one would type it."""
        return shlex.join((_PROGRAM, *self.arguments))

    @property
    def downloads(self) -> bool:
        """Whether it fetches something large."""
        return self.arguments[:2] == ("models", "pull")

    def in_words(self) -> str:
        """The command, and what it fetches."""
        size = f"{self.size_bytes / 1e6:.0f} MB" if self.size_bytes is not None else "some 100 MB"
        return f"{self.command} (fetches {size})" if self.downloads else self.command


@dataclass(frozen=True, slots=True)
class Done:
    """An offer that was run; ``fault`` is what it said where it failed."""

    offer: Offer
    fault: str | None = None


def run(arguments: argparse.Namespace) -> int:
    """Examine, apply, examine again and tell; the exit status is 0 if dictation will work, else 1."""
    logging.getLogger("daemon").addHandler(logging.NullHandler())  # what goes wrong is a finding
    quiet = arguments.json
    before = asyncio.run(examined(quiet=quiet))
    open_offers = offers(before, autostart_off=_autostart_off(), download_bytes=_download_bytes())
    asks = sys.stdin.isatty() and not quiet
    done, left_out = _apply(open_offers, yes=arguments.yes, ask=asks, quiet=quiet)
    after = before
    if parts := looked_at_again(done):
        _tell("", "again, what has changed:", quiet=quiet)
        after = merged(before, asyncio.run(examined(parts, quiet=quiet)))
    bindings = _bindings(after)
    if quiet:
        print(json.dumps(_as_json(after, done, left_out, bindings), ensure_ascii=False))
    else:
        print("\n".join(left(after, done, left_out, bindings, asked=asks)))
    return 0 if works(after) else 1


def offers(findings: Iterable[Finding], *, autostart_off: bool, download_bytes: Mapping[str, int]) -> list[Offer]:
    """What may be applied, once each and in the order of the findings; ``download_bytes`` by the name of a model.

    The key "" stands for the model that suits this machine.
    """
    found: list[Offer] = []
    for finding in findings:
        if finding.state in {State.OK, State.UNKNOWN} or finding.mend is None:
            continue
        arguments = allowed(finding.mend)
        if arguments is not None and arguments not in [offer.arguments for offer in found]:
            found.append(Offer(finding.name, finding.says, arguments, download_bytes.get("".join(arguments[2:]))))
    if autostart_off:
        found.append(Offer("autostart", "swictation does not start on login", ("autostart", "on")))
    return found


def allowed(mend: str) -> tuple[str, ...] | None:
    """The arguments of a remedy that may be run without its user's own hand; None for any other."""
    program, *arguments = shlex.split(mend)
    plain = program == _PROGRAM and not {"&&", "||", ";", "|"} & set(arguments)
    return tuple(arguments) if plain and tuple(arguments[:2]) in _MAY_RUN else None


def looked_at_again(done: Sequence[Done]) -> set[str]:
    """The parts that what was run may have changed."""
    parts = {one.offer.part for one in done}
    return parts | {other for part in parts for other in _ALSO_LOOK_AT.get(part, ())}


def merged(before: Sequence[Finding], again: Sequence[Finding]) -> list[Finding]:
    """The findings with those of the second look in the places of the first."""
    newer = {finding.name: finding for finding in again}
    return [newer.get(finding.name, finding) for finding in before]


def left(
    findings: Sequence[Finding],
    done: Sequence[Done],
    left_out: Sequence[Offer],
    bindings: Sequence[Bindings],
    *,
    asked: bool,
) -> list[str]:
    """What remains for the user, each with the one line to run, and what it all comes to."""
    lines = [f"failed: {one.offer.command}: {one.fault}" for one in done if one.fault is not None]
    lines += [f"{'left to you' if asked else 'would run with --yes'}: {offer.in_words()}" for offer in left_out]
    told = {offer.arguments for offer in (*left_out, *(one.offer for one in done if one.fault is not None))}
    for finding in findings:
        if finding.state in {State.BAD, State.WARN} and not (finding.mend and allowed(finding.mend) in told):
            lines.append(f"left to you, {finding.name}: {finding.mend or finding.says}")
    for one in bindings:
        lines += ["", f"A key for dictation in {one.title}:", compositors.in_words(one)]
    return ["", *lines, "", verdict(findings)] if lines else ["", verdict(findings)]


def _apply(offered: Sequence[Offer], *, yes: bool, ask: bool, quiet: bool) -> tuple[list[Done], list[Offer]]:
    """What was run, and what was not: without leave nothing is."""
    done: list[Done] = []
    left_out: list[Offer] = []
    if offered and (yes or ask):
        _tell("", quiet=quiet)
    for offer in offered:
        if yes or (ask and _agreed(offer)):
            _tell(f"running: {offer.command}", quiet=quiet)
            done.append(Done(offer, _run(offer)))
        else:
            left_out.append(offer)
    return done, left_out


def _agreed(offer: Offer) -> bool:
    """Whether the user says yes; to a download only if it is said in so many letters."""
    usual = not offer.downloads
    try:
        said = input(f"{offer.part}: {offer.why}\n  run {offer.in_words()}? [{'Y/n' if usual else 'y/N'}] ")
    except EOFError:
        return False
    return usual if not said.strip() else said.strip().lower() in {"y", "yes"}


def _run(offer: Offer) -> str | None:
    """Run it, its progress on our stderr where that is a terminal; why it failed, in one line."""
    quiet, shown = subprocess.DEVNULL, sys.stderr.isatty()
    ended = subprocess.run(
        launch.command(*offer.arguments),
        stdin=quiet, stdout=quiet, stderr=None if shown else subprocess.PIPE, text=True, check=False,
    )  # fmt: skip
    if ended.returncode == 0:
        return None
    said = ["see above"] if shown else (ended.stderr.strip().splitlines() or [f"status {ended.returncode}"])
    return said[-1].removeprefix("swictation: ")


def _bindings(findings: Sequence[Finding]) -> tuple[Bindings, ...]:
    """The lines for this session's compositor, where no key can be bound."""
    unbound = any(finding.name == "hotkey" and finding.state is State.WARN for finding in findings)
    if not unbound or not os.environ.get("WAYLAND_DISPLAY"):
        return ()
    try:
        key = config.load(paths.config_file()).hotkey.key
    except ConfigError:  # which is a finding
        return ()
    return compositors.for_session(os.environ, parse(key))


def _autostart_off() -> bool:
    try:
        state = switch.switched(None)
    except AutostartError:  # which is a finding
        return False
    return not state.on and state.reason is None


def _download_bytes() -> dict[str, int]:
    sizes = {entry.name: entry.archive_bytes for entry in catalogue.ENTRIES if entry.archive_bytes is not None}
    suits, _why = catalogue.suitable(nvidia_gpu())
    return {**sizes, **({"": sizes[suits]} if suits in sizes else {})}


def _as_json(
    findings: Sequence[Finding], done: Sequence[Done], left_out: Sequence[Offer], bindings: Sequence[Bindings]
) -> Json:
    return {
        "works": works(findings),
        "findings": [finding.as_json() for finding in findings],
        "applied": [{"part": one.offer.part, "command": one.offer.command, "fault": one.fault} for one in done],
        "left": [{"part": offer.part, "command": offer.command} for offer in left_out],
        "bindings": [
            {"title": one.title, "where": one.where, "toggle": list(one.toggle), "hold": list(one.hold)}
            for one in bindings
        ],
    }


def _tell(*lines: str, quiet: bool) -> None:
    if not quiet:
        print(*lines, sep="\n", flush=True)
