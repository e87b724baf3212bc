"""Which notifications a status is worth, as a pure function of it and of what was told before."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from gui.menu import Does

Json = dict[str, Any]

_GPU_WORKED = "gpu worked"


@dataclass(frozen=True, slots=True)
class Notice:
    """One notification. ``key`` names what it is about: the same key is told once for as long as it lasts."""

    key: str
    title: str
    body: str
    button: str | None = None
    does: Does | None = None
    argument: Any = None


def due(told: frozenset[str] | None, status: Json, *, text: bool) -> tuple[tuple[Notice, ...], frozenset[str]]:
    """What is to be told now, and what counts as told from now on; before the first status ``told`` is None.

    ``text`` allows dictated words. A status that is repeated tells nothing, one that was lost is made up for by the
    next. A held text that was there before us is not told: it waits in the menu and in the history.
    """
    there = (*_held(status, text=text), *_microphone(status), *_model(status), *_gpu(status, told or frozenset()))
    new = tuple(
        notice
        for notice in there
        if (notice.key not in told if told is not None else not notice.key.startswith("held "))
    )
    # An utterance keeps its key, so that an older status which comes late does not tell of it again.
    kept = frozenset(key for key in told or () if key.startswith("held "))
    worked = status["provider"] == "cuda" or _GPU_WORKED in (told or ())
    return new, kept | {notice.key for notice in there} | ({_GPU_WORKED} if worked else set())


def _held(status: Json, *, text: bool) -> tuple[Notice, ...]:
    last = status["last_utterance"]
    if last is None or last["outcome"] != "held":
        return ()
    words = f"\N{LEFT DOUBLE QUOTATION MARK}{last['words']}\N{HORIZONTAL ELLIPSIS}\N{RIGHT DOUBLE QUOTATION MARK}\n"
    body = (words if text and last.get("words") else "") + (last["reason"] or "It was not inserted.")
    return (Notice(f"held {last['id']}", "A text is held for you", body, "Insert", Does.INSERT, last["id"]),)


def _microphone(status: Json) -> tuple[Notice, ...]:
    fault = status["microphone"]["fault"]
    return (Notice("microphone", "The microphone is gone", fault, "Settings", Does.SETTINGS),) if fault else ()


def _model(status: Json) -> tuple[Notice, ...]:
    if status["state"] == "broken":
        message = status["engine"]["message"] or "The model cannot be used."
        return (Notice("model", "There is no model to dictate with", message, "Settings", Does.SETTINGS),)
    if status["engine"]["practice"]:
        return (
            Notice("practice", "Only the practice model is here", status["notice"] or "", "Settings", Does.SETTINGS),
        )
    return ()


def _gpu(status: Json, told: frozenset[str]) -> tuple[Notice, ...]:
    engine = status["engine"]
    fault = engine.get("provider_fault")
    wanted = engine.get("asked", {}).get("provider") == "cuda" or _GPU_WORKED in told
    if not fault or status["provider"] != "cpu" or not wanted:
        return ()
    return (Notice("gpu", "The GPU is not used", f"Dictation goes on with the CPU, more slowly. {fault}"),)
