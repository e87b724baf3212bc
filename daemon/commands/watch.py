"""``swictation watch``: the text as it grows, on a terminal or as JSON for a program. Nothing of it is written down."""

from __future__ import annotations

import itertools
import json
import sys
import time
from collections.abc import Iterator
from typing import Any, TextIO

from daemon.client import Client, ask
from daemon.commands.live_line import LiveLine
from daemon.errors import NoDaemon
from daemon.words import entry_in_words

Json = dict[str, Any]

_AGAIN_S = 0.5  # between two looks for a daemon that is not there
_NEWEST = 20  # entries; more utterances do not end between two statuses
_PAUSES = (
    "sherpa-onnx cannot be stopped in mid-decode, so while a key is held the text is shown at pauses only;"
    " with `swictation config set model.engine ort` it grows all the time"
)
_LIVE = {"opening": "opening the microphone", "listening": "listening", "working": "recognising"}


def run(*, as_json: bool) -> int:
    """Show what the daemon tells, until the user ends it."""
    show = _Json(sys.stdout) if as_json else _Words(LiveLine(sys.stdout, terminal=sys.stdout.isatty()))
    try:
        while True:
            _follow(show)
            time.sleep(_AGAIN_S)
    except KeyboardInterrupt:
        show.end()
    return 0


def changes(before: Json | None, after: Json) -> Iterator[Json]:
    """What a status says that the one before it did not: another engine, another state, another text so far."""
    if (engine := _engine(after)) not in (None, _engine(before)):
        yield {"event": "engine", **engine}
    if before is None or (before["state"], before["mode"]) != (after["state"], after["mode"]):
        yield {"event": "state", "state": after["state"], "mode": after["mode"]}
    if (growing := _growing(after)) != _growing(before):
        settled, unsettled = growing
        yield {"event": "preview", "settled": settled, "unsettled": unsettled}


def _engine(status: Json | None) -> Json | None:
    """What recognises, once it does; ``stops`` says whether it can be shown what is still being said at any time."""
    if status is None or status["engine"]["phase"] != "ready":
        return None
    return {"model": status["model"], "provider": status["provider"], "stops": status["speculation"]["stops"]}


def _growing(status: Json | None) -> tuple[str, str]:
    listening = None if status is None else status["listening"]
    return ("", "") if listening is None else (listening["settled"], listening["unsettled"])


class _Json:
    """An event a line, each with the time at which it came."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self._there: bool | None = None

    def there(self, there: bool) -> None:
        if there is not self._there:
            self._there = there
            self.tell({"event": "daemon", "there": there})

    def tell(self, event: Json) -> None:
        print(json.dumps({"time_s": round(time.time(), 3), **event}, ensure_ascii=False), file=self._stream, flush=True)

    def end(self) -> None:
        """There is nothing to take away."""


class _Words:
    """What is being said in a line that is redrawn, what came of it in lines that stay."""

    def __init__(self, line: LiveLine) -> None:
        self._line = line
        self._there: bool | None = None
        self._state = ""
        self._text = ("", "")

    def there(self, there: bool) -> None:
        before, self._there = self._there, there
        self._state = ""
        if not there and before is not False:
            self._line.stay("the daemon is not running: this goes on when it is")
        elif there and before is False:
            self._line.stay("the daemon is there")

    def tell(self, event: Json) -> None:
        match event["event"]:
            case "engine" if not event["stops"]:
                self._line.stay(_PAUSES)
            case "state":
                self._state = event["state"]
            case "preview" if event["settled"] or event["unsettled"]:  # else the last stays until it is known what came
                self._text = event["settled"], event["unsettled"]
            case "utterance":
                self._text = ("", "")
                self._line.stay(entry_in_words(event))
        if self._state not in _LIVE:
            self._text = ("", "")
            self._line.clear()
        else:
            self._line.draw(*self._text if any(self._text) else ("", _LIVE[self._state]))

    def end(self) -> None:
        """Leave a clean line behind."""
        self._line.clear()


def _follow(show: _Json | _Words) -> None:
    """Tell ``show`` what happens, until there is no daemon."""
    before: Json | None = None
    known: set[str] | None = None  # utterances
    try:
        with Client(timeout_s=None) as client:
            status = client.ask("watch", preview=True)
            show.there(True)
            while True:
                for event in changes(before, status):
                    show.tell(event)
                if before is None or status["history"]["revision"] != before["history"]["revision"]:
                    known = _tell_new(known, show)
                before, status = status, client.answer()
    except NoDaemon:
        show.there(False)


def _tell_new(known: set[str] | None, show: _Json | _Words) -> set[str]:
    """Tell the utterances that are not ``known``, and give back all that are now; at first none is news."""
    entries = ask("history", limit=_NEWEST)["entries"]
    for entry in reversed(news(known, entries)):
        show.tell({"event": "utterance", **_with_text(entry)})
    return {entry["id"] for entry in entries}


def news(known: set[str] | None, entries: list[Json]) -> list[Json]:
    """What came, newest first, of ``entries``: none behind one that is known, which a deletion has moved up.

    Nothing at first (None), nor where all that was known is gone from among them.
    """
    if known is None:
        return []
    new = list(itertools.takewhile(lambda entry: entry["id"] not in known, entries))
    return new if len(new) < len(entries) or not known else []


def _with_text(entry: Json) -> Json:
    """The last text is known to the daemon even where none may be written down."""
    if entry["text"] is None and (last := ask("last")) is not None and last["id"] == entry["id"]:
        return {**entry, "text": last["text"]}
    return entry
