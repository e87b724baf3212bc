"""What the socket may ask of the history: entries, timings, and to delete, insert or recognise one of them again."""

from __future__ import annotations

import asyncio
import dataclasses
from typing import TYPE_CHECKING, Any

from daemon import arguments
from daemon.errors import RequestRefused
from daemon.history import Entry, Filter
from daemon.messages import Mode, Outcome
from daemon.server import Answer, Connection, Request

if TYPE_CHECKING:
    from daemon.app import Daemon

Json = dict[str, Any]

_SEARCH_LIMIT = 200
_NAME_LIMIT = 500
_NUMBER_LIMIT = 1 << 53  # what every JSON reader can hold
_TIMED = ("id", "at_s", "mode", "outcome", "model", "provider", "audio_s", "timings_ms")


class HistoryRequests:
    """The verbs of the history. All reading and writing is done on the journal's thread."""

    def __init__(self, daemon: Daemon) -> None:
        self._daemon = daemon
        self.verbs: dict[str, Answer] = {
            "history": self._history,
            "timings": self._timings,
            "delete": self._delete,
            "clear_history": self._clear_history,
            "insert": self._insert,
            "decode_again": self._decode_again,
        }

    async def _history(self, request: Request, _connection: Connection) -> Json:
        wanted = Filter(
            search=arguments.optional_text(request, "search", _SEARCH_LIMIT),
            outcomes=arguments.optional_words(request, "outcomes", list(Outcome)),
        )
        limit, before = arguments.whole(request, "limit", 1, 500, 100), _before(request)
        page = await self._daemon.journal.page(wanted, limit, before)
        kept = await asyncio.to_thread(self._daemon.dictation.kept_audio)
        entries = [
            {**entry.as_json(), "number": number, "audio_kept": entry.id in kept} for number, entry in page.entries
        ]
        return {"entries": entries, "total": page.total, "revision": self._daemon.journal.revision}

    async def _timings(self, request: Request, _connection: Connection) -> Json:
        wanted = Filter(
            model=arguments.optional_text(request, "model", _NAME_LIMIT),
            mode=arguments.optional_word(request, "mode", list(Mode)),
        )
        limit, before = arguments.whole(request, "limit", 1, 1000, 200), _before(request)
        report = await self._daemon.journal.timings(wanted, limit, before)
        return {
            "entries": [{"number": number, **_timed(entry)} for number, entry in report.page.entries],
            "models": report.models,
            "modes": report.modes,
            "summary": [dataclasses.asdict(stage) for stage in report.summary],
            "total": report.page.total,
            "revision": self._daemon.journal.revision,
        }

    async def _delete(self, request: Request, _connection: Connection) -> Json:
        id_ = arguments.utterance(request)
        if not await self._daemon.journal.delete(id_):
            raise RequestRefused("there is no such utterance: it was deleted already")
        self._daemon.dictation.forget(id_)
        return {"deleted": 1}

    async def _clear_history(self, _request: Request, _connection: Connection) -> Json:
        deleted = await self._daemon.journal.clear()
        self._daemon.dictation.forget()
        return {"deleted": deleted}

    async def _insert(self, request: Request, _connection: Connection) -> Json:
        entry = await self._find(request)
        if entry.text is None:
            raise RequestRefused("this utterance has no text to insert")
        return (await self._daemon.dictation.insert_again(entry)).as_json()

    async def _decode_again(self, request: Request, _connection: Connection) -> Json:
        return (await self._daemon.dictation.decode_again(await self._find(request))).as_json()

    async def _find(self, request: Request) -> Entry:
        id_ = arguments.utterance(request)
        last = self._daemon.dictation.last  # has its text even where the history must not
        found = last if last is not None and last.id == id_ else await self._daemon.journal.find(id_)
        if found is None:
            raise RequestRefused("there is no such utterance: it was deleted")
        return found


def _before(request: Request) -> int | None:
    return arguments.optional_whole(request, "before", 0, _NUMBER_LIMIT)


def _timed(entry: Entry) -> Json:
    about = entry.as_json()
    return {name: about[name] for name in _TIMED}
