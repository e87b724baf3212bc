"""Utterances that were never spoken, and a daemon's answers about them: the same sums as the real one's."""

import random

from daemon.latency import FIELDS, Timings, summarise
from tests.gui.scripted_daemon import status

WORDS = (
    "please send the report before noon",
    "the meeting moves to Thursday at ten",
    "thank you for the quick answer",
    "we should measure this once more before we believe it",
    "a short note",
    "Grüße aus Köln, 20 °C",
)
NOON_S = 1_795_262_400.0


def entry(number, outcome="confirmed", text=None, reason=None, *, draw=None, mode=None, model="parakeet-110m"):
    """One utterance of the history, as the socket tells it."""
    draw = draw or random.Random(number)  # noqa: S311 - the same numbers every time
    felt = outcome in {"confirmed", "sent"}
    mode = mode or ("hands_free" if number % 7 == 3 else "hold")
    parts = {
        "endpoint_wait": draw.uniform(290, 320) if mode == "hands_free" else draw.uniform(0, 40),
        "queue": draw.expovariate(2.0),
        "recognise": draw.lognormvariate(2.7, 0.6),
        "text": draw.uniform(0.1, 0.4),
        "insert": draw.lognormvariate(3.6, 0.4) + (900 if number % 83 == 50 else 0),
    }
    timings = dict.fromkeys(FIELDS)
    if outcome not in {"nothing", "failed"}:
        timings |= {"speech": draw.uniform(600, 5000), "rtf": 0.03, "tokens": 9, "steps": 30, **parts}
        timings["felt"] = sum(parts.values()) if felt else None
        timings["insert"] = parts["insert"] if felt else None
    has_text = outcome not in {"nothing", "failed"}
    return {
        "number": number,
        "id": f"u{number}",
        "at_s": NOON_S + 37.0 * number,
        "mode": mode,
        "outcome": outcome,
        "reason": reason,
        "text": (text or WORDS[number % len(WORDS)]) if has_text else None,
        "model": model,
        "provider": "cpu",
        "audio_s": round(draw.uniform(0.8, 6.0), 2),
        "timings_ms": timings,
        "audio_kept": outcome == "failed" or number % 4 == 0,
    }


def entries(count, held=0, failed=0, *, sent_every=9):
    """``count`` utterances, oldest first; the last ones are held or failed as asked for."""
    made = []
    for number in range(1, count + 1):
        if number > count - held:
            made.append(entry(number, "held", reason="another window had the focus"))
        elif number > count - held - failed:
            made.append(entry(number, "failed", reason="the engine ended three times: its audio is kept"))
        elif number % 31 == 30:
            made.append(entry(number, "nothing"))
        else:
            made.append(entry(number, "sent" if number % sent_every == 4 else "confirmed"))
    return made


class Spoken:
    """A history in memory with the daemon's answers about it. ``answers`` goes to a ScriptedDaemon."""

    def __init__(self, held=()):
        self.entries = list(held)
        self.revision = 1000
        self.answers = {
            "history": self.history,
            "timings": self.timings,
            "delete": self.delete,
            "clear_history": self.clear,
            "insert": self.insert,
            "decode_again": self.decode_again,
        }

    def follow(self, daemon):
        """Tell who watches this daemon of every change from now on."""
        self.daemon = daemon

    def say(self, *more):
        """More utterances come."""
        self.entries += more
        self.changed()

    def changed(self):
        self.revision += 1
        self.daemon.show(status(history=self.status()))

    def asked(self, verb):
        return [request for request in self.daemon.asked if request["verb"] == verb]

    def status(self):
        outcomes = [entry["outcome"] for entry in self.entries]
        counts = {"held": outcomes.count("held"), "failed": outcomes.count("failed")}
        return {"revision": self.revision, **counts}

    def history(self, request):
        wanted, search = request.get("outcomes"), (request.get("search") or "").casefold()
        found = [
            entry
            for entry in reversed(self.entries)
            if (not wanted or entry["outcome"] in wanted) and search in (entry["text"] or "").casefold()
        ]
        return {"entries": self._page(found, request), "total": len(found), "revision": self.revision}

    def timings(self, request):
        found = [
            entry
            for entry in reversed(self.entries)
            if request.get("model") in {None, entry["model"]} and request.get("mode") in {None, entry["mode"]}
        ]
        rows = summarise(Timings(**entry["timings_ms"]) for entry in found)
        kept = ("number", "id", "at_s", "mode", "outcome", "model", "provider", "audio_s", "timings_ms")
        return {
            "entries": [{key: entry[key] for key in kept} for entry in self._page(found, request)],
            "models": sorted({entry["model"] for entry in self.entries}),
            "modes": sorted({entry["mode"] for entry in self.entries}),
            "summary": [
                {key: getattr(row, key) for key in ("stage", "count", "p50_ms", "p95_ms", "share")} for row in rows
            ],
            "total": len(found),
            "revision": self.revision,
        }

    def delete(self, request):
        self.entries = [entry for entry in self.entries if entry["id"] != request["id"]]
        self.revision += 1
        return {}

    def clear(self, request):
        self.entries = []
        self.revision += 1
        return {}

    def insert(self, request):
        found = self._by_id(request["id"])
        found |= {"outcome": "confirmed", "reason": None}
        self.revision += 1
        return found

    def decode_again(self, request):
        again = entry(self.entries[-1]["number"] + 1, text="decoded again")
        self.entries.append(again)
        self.revision += 1
        return again

    def _by_id(self, wanted):
        return next(entry for entry in self.entries if entry["id"] == wanted)

    def _page(self, found, request):
        before = request.get("before")
        return [entry for entry in found if before is None or entry["number"] < before][: request["limit"]]
