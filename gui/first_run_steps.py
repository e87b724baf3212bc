"""The three steps of the first run, and how far each is. Pure: what the daemon tells, and what was proved before."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from gui.menu import key_name

Json = Mapping[str, Any]

SILENCE_DBFS = -50.0  # an open microphone in a quiet room stays below, a voice at arm's length is above


class Mark(StrEnum):
    """How far a step is."""

    OPEN = "open"
    FOR_NOW = "for now"
    PROVED = "proved"
    FAULT = "fault"


@dataclass(frozen=True, slots=True)
class Step:
    """A step's mark and the line beneath its name."""

    mark: Mark
    line: str


@dataclass(frozen=True, slots=True)
class Proved:
    """What was seen to work: a proof holds for one microphone and one key. ``hidden`` says not to ask again."""

    microphone: str | None = None
    hotkey: str | None = None
    hidden: bool = False

    def as_json(self) -> dict[str, Any]:
        """As it is kept."""
        return {"microphone": self.microphone, "hotkey": self.hotkey, "hidden": self.hidden}

    @classmethod
    def from_json(cls, kept: Any) -> Proved:
        """As it was kept; what cannot be read counts as nothing."""
        known = kept if isinstance(kept, dict) else {}
        names = [name if isinstance(name := known.get(key), str) else None for key in ("microphone", "hotkey")]
        return cls(names[0], names[1], hidden=known.get("hidden") is True)


def loud_enough(level: Json) -> bool:
    """Whether a level is more than a microphone gives by itself."""
    return bool(level["speech"]) and level["level_dbfs"] is not None and level["level_dbfs"] > SILENCE_DBFS


def microphone(status: Json, proved: Proved, fault: str) -> Step:
    """Proved once a voice was heard through the microphone that is configured."""
    name = status["microphone"]["device"]
    if proved.microphone == name:
        return Step(Mark.PROVED, "It hears you.")
    if fault:
        return Step(Mark.FAULT, fault)
    return Step(Mark.OPEN, "Say something: the bar moves, and turns green at your voice.")


def model(status: Json) -> Step:
    """Proved once a real model is loaded and its self-test passed; the practice model does for now."""
    engine = status["engine"]
    if engine["phase"] == "loading":
        return Step(Mark.OPEN, f"{status['model']} is being loaded …")
    if engine["phase"] != "ready":
        return Step(Mark.FAULT, engine["message"] or "No model is loaded.")
    if engine["practice"]:
        return Step(
            Mark.FOR_NOW,
            "The practice model is in use. It understands synthesised speech and a small vocabulary, not you: get a "
            "real one.",
        )
    test = engine["self_test"]
    if test is None:
        return Step(Mark.FOR_NOW, f"{status['model']} is loaded; its self-test was not made.")
    if test["verdict"] == "passed":
        return Step(Mark.PROVED, f"{status['model']} is loaded and passed its self-test.")
    said = f"{status['model']} is loaded. Self-test: {test['reason'] or test['verdict']}"
    return Step(Mark.FAULT if test["verdict"] == "broken" else Mark.FOR_NOW, said)


def hotkey(status: Json, proved: Proved) -> Step:
    """Proved once a dictation that the key began ended with text in the page's own field."""
    key = status["hotkey"]
    if key["fault"]:
        return Step(Mark.FAULT, key["fault"])
    name = key_name(key)
    if proved.hotkey == key["key"]:
        return Step(Mark.PROVED, f"{name} works, and the words arrive.")
    if status["state"] in {"opening", "listening"}:
        return Step(Mark.OPEN, f"Listening: speak, then let {name} go.")
    if status["state"] == "working":
        return Step(Mark.OPEN, "Recognising …")
    last = status["last_utterance"]
    if last is not None and last["reason"]:
        return Step(Mark.OPEN, last["reason"])
    return Step(Mark.OPEN, f"Click into the field, hold {name} and say something.")


def wanted(proved: Proved, *, dictated: int, model_dir: str) -> bool:
    """Whether the page opens by itself: nobody has dictated yet, no model was chosen, and nobody said never."""
    return not proved.hidden and dictated == 0 and not model_dir
