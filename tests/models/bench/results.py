"""A bench's result as ``swictation bench --json`` prints it, made of scripted figures."""

import dataclasses

from models.bench.measure import PHASES, Measured, Row
from models.bench.stats import Line, Summary


def result(*rows, notes=()):
    machine = {
        "processor": "A Processor", "cores": 2, "load": 1.9, "system": "Linux 6", "python": "3.11.2", "gpu": None,
        "versions": {"sherpa-onnx": "2.0.1", "numpy": "2.4.6"},
    }  # fmt: skip
    made = [dataclasses.asdict(row) for row in rows]
    return {"machine": machine, "threads": 1, "repeats": 3, "notes": list(notes), "rows": made}


def row(engine="sherpa", *, provider="cpu", seconds=(1.0, 2.8), model="practice", fault=None, split=False, **more):
    quality = {"verdict": "passed", "wer": 0.0, "reason": "it understood", "decode_ms": 9.0}
    lengths = tuple(measured(one, split=split) for one in seconds)
    line = Line(4.0, 1.5, 0.999) if lengths else None
    fits = {phase: {"seconds": line, "tokens": line} for phase in PHASES}
    fields = {"int8": False, "fault": fault, "quality": quality if lengths else None, "lengths": lengths, "fits": fits}
    return Row(model, "/models/it", engine, provider, **(fields | more))


def measured(seconds, *, split=False, clip=None):
    whole = 10_000.0 * seconds
    summary = Summary(3, whole, whole - 1, whole + 1, whole, whole + 1, 1.0)
    phases = dict.fromkeys(PHASES, summary) | ({} if split else {"encode": None})
    return Measured(
        clip=clip or f"{seconds:g} s", seconds=seconds, start_ms=12_345.6, load_ms=12_000.0, cold_ms=2 * whole,
        tokens=4, steps=None, phases=phases, shares=dict.fromkeys(PHASES, 1.0) | ({} if split else {"encode": None}),
        real_time_factor=10.0, ms_per_token=whole / 4, rss_mb=1234.0,
        ratios={"sherpa/cpu": 1.0, "peer:sherpa/cpu": 0.97}, agrees=True,
    )  # fmt: skip
