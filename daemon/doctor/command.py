"""``swictation doctor``: proves each part by using it."""

from __future__ import annotations

import argparse
import asyncio
import json
import logging
import os
from collections.abc import Collection
from pathlib import Path

from daemon import paths
from daemon.doctor import report
from daemon.doctor.examine import examine
from daemon.doctor.finding import Finding, in_words, verdict, works
from daemon.errors import SwictationError


def run(arguments: argparse.Namespace) -> int:
    """Examine everything and tell; the exit status is 0 if dictation will work, else 1. Raises SwictationError."""
    logging.getLogger("daemon").addHandler(logging.NullHandler())  # what goes wrong is a finding
    findings = asyncio.run(examined(quiet=arguments.json))
    if arguments.report is not None:
        _write(arguments.report, report.text(findings, report.places_here(), report.names_here()))
    if arguments.json:
        told = {"works": works(findings), "findings": [finding.as_json() for finding in findings]}
        print(json.dumps(told, ensure_ascii=False))
    else:
        print(verdict(findings))
    return 0 if works(findings) else 1


async def examined(only: Collection[str] | None = None, *, quiet: bool) -> list[Finding]:
    """What is found, of everything or of some parts, told as it comes unless ``quiet``."""
    findings = []
    async for finding in examine(paths.config_file(), only):
        findings.append(finding)
        if not quiet:
            print(in_words(finding), flush=True)
    return findings


def _write(file: Path, text: str) -> None:
    try:
        handle = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(handle, "w", encoding="utf-8") as written:
            written.write(text)
    except OSError as error:
        raise SwictationError(f"the report cannot be written to {file}: {error.strerror}") from None
