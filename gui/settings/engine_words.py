"""What the page of the engine says of what really decodes. Pure."""

from __future__ import annotations

from typing import Any

Json = dict[str, Any]

ENGINES = {"auto": "Automatic", "sherpa": "sherpa-onnx", "ort": "onnxruntime"}
PROVIDERS = {"auto": "Automatic", "cpu": "The CPU", "cuda": "The GPU (CUDA)"}
_PHASES = {"loading": "The model is being loaded.", "broken": "No model is loaded."}
_ON = {"cpu": "CPU", "cuda": "GPU"}


def place(provider: str | None) -> str:
    """Where a model runs, in a word."""
    return _ON.get(provider or "", provider or "")


def backend(engine: str | None, provider: str | None, threads: int | None) -> str:
    """What decodes, where, and with how many threads."""
    where = f"{ENGINES.get(engine or '', engine)} on the {place(provider)}"
    if provider != "cpu" or not threads:
        return where
    return f"{where}, {threads} {'thread' if threads == 1 else 'threads'}"


def running(status: Json) -> str:
    """What decodes at present."""
    engine = status["engine"]
    if engine["phase"] != "ready":
        return _PHASES.get(engine["phase"], str(engine["phase"]))
    return backend(engine["engine"], status["provider"], engine["threads"])


def fault(status: Json) -> str:
    """Why it is not what was asked for, or empty."""
    return status["engine"]["provider_fault"] or status["engine"]["message"] or ""


def tested(status: Json) -> str:
    """What the self-test said of it."""
    test = status["engine"]["self_test"]
    if test is None:
        return "not made"
    known = {"passed": "passed", "broken": "failed", "unjudged": "no judgement"}
    said = known.get(test["verdict"], test["verdict"])
    return f"{said}: {test['reason']}" if test["reason"] and test["verdict"] != "passed" else said


def measured(status: Json) -> str:
    """What was measured on this computer, the fastest first, three lines at most."""
    engine = status["engine"]
    if engine["measuring"]:
        return "being measured; it takes about a minute"
    rows = [row for row in (engine["measured"] or {}).get("rows", ()) if row["median_ms"] is not None]
    if not rows:
        return "not yet"
    best = sorted(rows, key=lambda row: row["ratio"] if row["ratio"] is not None else float("inf"))[:3]
    return "\n".join(
        f"{row['median_ms']:.0f} ms  {backend(row['engine'], row['provider'], row['threads'])}" for row in best
    )
