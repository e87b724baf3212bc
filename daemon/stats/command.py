"""``swictation stats``: the tables, plots with ``--report``, and with ``--against`` what became slower since."""

from __future__ import annotations

import argparse
import dataclasses
import json
from pathlib import Path
from typing import Any

from daemon import paths
from daemon.errors import SwictationError
from daemon.history import stored
from daemon.stats.analysis import analysed, points
from daemon.stats.compare import changes
from daemon.stats.words import changes_in_words, stats_in_words

Json = dict[str, Any]


def run(arguments: argparse.Namespace) -> int:
    """Report; the exit status. Raises SwictationError."""
    entries = list(stored(paths.history_file()))
    report = None
    if arguments.report is not None:
        from daemon.stats import plots

        report = plots.writer(arguments.report, points(entries))
    stats = analysed(entries)
    words = stats_in_words(stats)
    if arguments.against is not None:
        since = changes(_baseline(arguments.against), stats)
        stats["against"] = [{**dataclasses.asdict(change), "share": change.share} for change in since]
        words += f"\n\n{changes_in_words(since, str(arguments.against))}"
    print(json.dumps(stats) if arguments.json else words)
    if report is not None:
        report(stats, words)
    return 0


def _baseline(file: Path) -> Json:
    """What ``swictation stats --json`` once printed. Raises SwictationError."""
    try:
        saved = json.loads(file.read_text(encoding="utf-8"))
    except OSError as error:
        raise SwictationError(f"{file} cannot be read: {error.strerror}") from None
    except ValueError:
        saved = None
    if not isinstance(saved, dict) or saved.get("format") != analysed([])["format"]:
        raise SwictationError(f"{file} is no saved report: make one with `swictation stats --json > FILE`")
    return saved
