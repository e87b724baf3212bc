"""The daemon as the tray meets it: the real socket server, which answers from a script and remembers the requests."""

import asyncio
import copy
import threading

from daemon import paths
from daemon.errors import RequestRefused
from daemon.server import Server

PRACTICE_NOTICE = (
    "practice model: understands synthesised speech and a small vocabulary; "
    "get the real one with `swictation models pull parakeet-110m`"
)


def status(state="idle", *, practice=False, **changes):
    """A daemon's status; ``changes`` replace whole entries."""
    made = {
        "state": state,
        "mode": "toggle" if state == "listening" else None,
        "model": "practice" if practice else "parakeet-110m",
        "provider": "cpu",
        "notice": PRACTICE_NOTICE if practice else None,
        "engine": {"phase": "ready", "message": None, "directory": "/models/m", "practice": practice, "pid": 1},
        "microphone": {"device": "default", "fault": None, "open": state == "listening"},
        "hotkey": {"key": "F9", "way": "x11", "fault": None},
        "insertion": {"way": "x11"},
        "last_utterance": None,
        "held": 0,
        "faults": [],
        "config": "/config.toml",
        "uptime_s": 1.0,
    }
    return copy.deepcopy({**made, **changes})


def utterance(outcome="confirmed", felt=84.3, reason=None):
    """A ``last_utterance`` of a status."""
    return {"id": "1", "outcome": outcome, "reason": reason, "timings_ms": {"felt": felt, "insert": 40.0}}


class ScriptedDaemon:
    """Listens where XDG_RUNTIME_DIR says, on a thread of its own. ``asked`` holds every request but ``watch``."""

    def __init__(self, shown=None, text="the first words"):
        self.asked = []
        self.text = text
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
        self._call(self._server.stop())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()
        self.running = False

    def show(self, shown):
        """Give all who watch another status."""
        self._call(self._show(shown))

    def verbs(self):
        return [request["verb"] for request in self.asked]

    def _call(self, work):
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(timeout=30)

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
            while True:
                changed = self._changed
                await connection.send({"ok": True, "result": self._shown})
                await changed.wait()
        if request["verb"] != "status":
            self.asked.append({key: value for key, value in request.items() if key != "v"})
        if self.refuses:
            raise RequestRefused(self.refuses)
        return {"status": self._shown, "last": {"text": self.text}}.get(request["verb"], {})
