"""The daemon as the tray meets it: the real socket server, which answers from a script and remembers the requests."""

import asyncio
import copy
import threading

from daemon import paths
from daemon.config import Config, flatten, limits
from daemon.errors import RequestRefused
from daemon.server import Server

PRACTICE_NOTICE = (
    "practice model: understands synthesised speech and a small vocabulary; "
    "get the real one with `swictation models pull parakeet-110m`"
)

ENGINE = {
    "phase": "ready",
    "message": None,
    "directory": "/models/m",
    "practice": False,
    "pid": 1,
    "engine": "sherpa",
    "threads": 2,
    "asked": {"engine": "auto", "provider": "auto"},
    "provider_fault": None,
    "self_test": {"verdict": "passed", "reason": None},
    "measuring": False,
    "measured": None,
}
LISTENING = {"level_dbfs": -30.0, "open_s": 1.5, "left_s": None, "settled": "", "unsettled": ""}

ANSWERS = {
    "config": {
        "file": "/config.toml",
        "values": flatten(Config()) | {"overlay.show": False},  # a window more than the icon's
        "defaults": flatten(Config()),
        "limits": limits(),
    },
    "microphones": [],
    "autostart": {"on": False, "way": None, "reason": None},
    "history": {"entries": [], "total": 1, "revision": 1},
}
_QUESTIONS = {"config", "microphones", "history", "timings", "models"}


def microphone(**changes):
    """A ``microphone`` of a status."""
    made = {"device": "default", "fault": None, "open": False, "standing": False, "lingering_s": None, "pre_roll_ms": 0}
    return {**made, **changes}


def status(state="idle", *, practice=False, **changes):
    """A daemon's status; ``changes`` replace whole entries."""
    made = {
        "state": state,
        "mode": "toggle" if state == "listening" else None,
        "model": "practice" if practice else "parakeet-110m",
        "provider": "cpu",
        "notice": PRACTICE_NOTICE if practice else None,
        "engine": ENGINE | {"practice": practice},
        "microphone": microphone(open=state == "listening"),
        "hotkey": {"key": "F9", "way": "x11", "trigger": None, "fault": None},
        "insertion": {"way": "x11"},
        "listening": LISTENING if state == "listening" else None,
        "last_utterance": None,
        "held": 0,
        "history": {"revision": 1, "held": 0, "failed": 0},
        "config_revision": 1,
        "faults": [],
        "doctor": True,
        "config": "/config.toml",
        "uptime_s": 1.0,
    }
    return copy.deepcopy({**made, **changes})


def utterance(outcome="confirmed", felt=84.3, reason=None, *, words="the first words", undo=False):
    """A ``last_utterance`` of a status."""
    return {
        "id": "1",
        "outcome": outcome,
        "reason": reason,
        "timings_ms": {"felt": felt, "insert": 40.0},
        "words": words if outcome != "nothing" else None,
        "has_text": outcome in {"confirmed", "sent", "held"},
        "undo": undo,
    }


class Streamed(list):
    """Results that are sent one after the other."""


class ScriptedDaemon:
    """Listens where XDG_RUNTIME_DIR says, on a thread of its own. ``asked`` holds every request but watch and status.

    ``watched`` holds those to watch.
    ``answers`` maps a verb to its result, to a function of the request that gives it, to a ``Streamed`` of results, or
    to a RequestRefused.
    """

    def __init__(self, shown=None, text="the first words", answers=None):
        self.asked = []
        self.watched = []
        self.answers = {**ANSWERS, "last": {"text": text}, **(answers or {})}
        self.refuses = None
        self.running = False
        self._shown = shown or status()
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever)

    def start(self):
        self._thread.start()
        self._call(self._start())
        self.running = True

    def stop(self):
        """End as a daemon does: every conversation is cut, the socket is gone."""
        self._call(self._end())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()
        self.running = False

    def freeze(self):
        """Answer nothing, as a stopped process does, until ``thaw``."""
        self._thawed = threading.Event()
        self._loop.call_soon_threadsafe(self._thawed.wait)

    def thaw(self):
        self._thawed.set()

    def show(self, shown):
        """Give all who watch another status."""
        self._call(self._show(shown))

    @property
    def orders(self):
        """The requests that want something done."""
        return [one for one in self.asked if one["verb"] not in _QUESTIONS and one != {"verb": "autostart", "on": None}]

    def verbs(self):
        return [request["verb"] for request in self.asked]

    def _call(self, work):
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(timeout=30)

    async def _end(self):
        await self._server.stop()
        while late := asyncio.all_tasks() - {asyncio.current_task()}:  # accepted while the others were ended
            await asyncio.sleep(0)  # one that is cancelled before it has begun would leave its connection open
            for task in late:
                task.cancel()
            await asyncio.gather(*late, return_exceptions=True)

    async def _start(self):
        self._changed = asyncio.Event()
        self._server = Server(paths.socket_file(), self._answer)
        await self._server.start()

    async def _show(self, shown):
        self._shown = shown
        self._changed.set()
        self._changed = asyncio.Event()

    async def _answer(self, request, connection):
        if request["verb"] == "watch":
            self.watched.append(request)
            while True:
                changed = self._changed
                await connection.send({"ok": True, "result": self._shown})
                await changed.wait()
        if request["verb"] != "status":
            self.asked.append({key: value for key, value in request.items() if key != "v"})
        if self.refuses:
            raise RequestRefused(self.refuses)
        if request["verb"] == "status":
            return self._shown
        answer = self.answers.get(request["verb"], {})
        if callable(answer):
            answer = answer(request)
        if isinstance(answer, RequestRefused):
            raise answer
        if isinstance(answer, Streamed):
            for one in answer:
                await connection.send({"ok": True, "result": one})
            raise ConnectionError  # hangs up
        return answer
