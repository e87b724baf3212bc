"""The daemon's status: everything that a person, the tray or a script wants to know of it, as plain JSON values."""

from __future__ import annotations

import time
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from daemon import session
from daemon.messages import TOLD_WORDS
from models.bundle import PRACTICE_NOTICE

if TYPE_CHECKING:
    from daemon.app import Daemon

Json = dict[str, Any]


def status(daemon: Daemon) -> Json:
    """The status now. Of what was dictated it holds the first words of the last text, if texts may be kept."""
    engine, recording, journal = daemon.engine.state, daemon.control.state, daemon.journal
    return {
        "state": _state(daemon),
        "mode": recording.mode if isinstance(recording, session.Recording) else None,
        "model": engine.model,
        "provider": engine.provider,
        "notice": PRACTICE_NOTICE if engine.practice else None,
        "engine": _engine(daemon),
        "microphone": {
            "device": daemon.config.microphone.device or "default",
            "fault": daemon.control.fault,
            **daemon.microphone.status(),
        },
        "vad": daemon.voices.active,
        "listening": _listening(daemon),
        "hotkey": {
            "key": daemon.config.hotkey.key,
            "way": daemon.hotkey.name,
            "trigger": daemon.hotkey.trigger,
            "fault": daemon.hotkey.fault,
        },
        "insertion": {"way": daemon.inserter.name, "notice": daemon.inserter.notice},
        "speculation": {
            "on": daemon.config.endpoint.speculate,
            "stops": daemon.engine.stops,
            **asdict(daemon.dictation.speculation.counts),
        },
        "last_utterance": _last_utterance(daemon),
        "held": journal.held,
        "history": {"revision": journal.revision, "held": journal.held, "failed": journal.failed},
        "faults": [fault for fault in _faults(daemon) if fault],
        "config": str(daemon.config_file),
        "config_revision": daemon.config_revision,
        "doctor": True,
        "uptime_s": round(time.monotonic() - daemon.began_s, 1),
    }


def _state(daemon: Daemon) -> str:
    if (take := daemon.control.take) is not None:
        return "listening" if take.ready else "opening"
    if daemon.dictation.busy:
        return "working"
    return "idle" if daemon.engine.state.phase == "ready" else str(daemon.engine.state.phase)


def _engine(daemon: Daemon) -> Json:
    engine = daemon.engine.state
    return {
        "phase": engine.phase,
        "message": engine.message,
        "directory": str(engine.directory),
        "practice": engine.practice,
        "pid": daemon.engine.pid,
        **daemon.keeper.status(),
    }


def _listening(daemon: Daemon) -> Json | None:
    take = daemon.control.take
    if take is None or not take.ready:
        return None
    level_dbfs, left_s = take.level_dbfs, daemon.control.left_s
    hidden = daemon.accessibility.in_password_field
    settled, unsettled = ("", "") if hidden else daemon.dictation.preview(take)
    return {
        "level_dbfs": None if level_dbfs is None else round(level_dbfs, 1),
        "open_s": round(time.monotonic() - take.began_s, 2),
        "left_s": None if left_s is None else round(left_s, 1),
        "settled": settled,
        "unsettled": unsettled,
    }


def _last_utterance(daemon: Daemon) -> Json | None:
    last, show_words = daemon.dictation.last, daemon.config.history.keep_text
    if last is None:
        return None
    about = {key: value for key, value in last.as_json().items() if key != "text"}
    words = " ".join(last.text.split()[:TOLD_WORDS]) if last.text is not None and show_words else None
    return {**about, "words": words, "has_text": last.text is not None, "undo": daemon.inserter.undoable}


def _faults(daemon: Daemon) -> list[str | None]:
    engine = daemon.engine.state
    gpu = (
        f"the CPU is used: {engine.provider_fault}"
        if engine.provider_fault and engine.asked.provider == "cuda"
        else None
    )
    microphone = [daemon.control.fault, daemon.microphone.kept_open.fault]
    return [engine.message, gpu, *microphone, daemon.voices.fault, daemon.hotkey.fault, daemon.journal.fault]
