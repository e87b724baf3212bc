"""Histories whose numbers are known."""

import random

from daemon.history import Entry
from daemon.latency import Timings
from daemon.messages import Mode, Outcome


def utterance(seconds, engine_ms, *, tokens=None, mode=Mode.HOLD, model="m", insert=10.0, number=0):
    """One confirmed utterance, its engine's time split four to one."""
    return Entry(
        id=f"u{number}",
        at_s=float(number),
        mode=mode,
        outcome=Outcome.CONFIRMED,
        reason=None,
        text="a b",
        model=model,
        provider="cpu",
        audio_s=seconds,
        timings=Timings(
            endpoint_wait=20.0,
            queue=0.0,
            recognise=engine_ms,
            text=0.0,
            insert=insert,
            features=engine_ms / 5,
            decode=engine_ms * 4 / 5,
            felt=30.0 + engine_ms,
            tokens=tokens if tokens is not None else round(seconds * 4),
            rtf=engine_ms / 1000 / seconds,
        ),
    )


def history(count=60, *, slower=1.0, insert=10.0, seed=1, model="m"):
    """``count`` utterances of 1 to 7 s, which cost 20 ms and 30 ms a second, within 3 %; and ``insert`` within 10 %."""
    random_ = random.Random(seed)  # noqa: S311
    entries = []
    for number in range(count):
        seconds = random_.uniform(1, 7)
        cost_ms = (20 + 30 * seconds) * slower * random_.uniform(0.97, 1.03)
        inserted_ms = insert * random_.uniform(0.9, 1.1)
        entries.append(utterance(seconds, cost_ms, insert=inserted_ms, number=number, model=model))
    return entries
