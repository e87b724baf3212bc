"""Trials of the bench with figures that are known."""

from daemon.path_bench.trials import Case, Clip, Trial

CLIP = Clip(b"\1\0" * 32_000, ("two", "words"))


def trial(*, insert=10.0, recognise=0.0, wait=12.0, engine=100.0, text="two words", felt=None, outcome="confirmed"):
    """An utterance of 2 s; ``engine`` milliseconds of decoding, of which ``recognise`` were waited for."""
    timings = {
        "capture_open": 5.0, "speech": 1900.0, "endpoint_wait": wait, "queue": 0.0, "recognise": recognise,
        "features": 2.0, "encode": None, "decode": engine - 2.0, "text": 0.0, "insert": insert,
        "felt": felt if felt is not None else wait + recognise + insert,
        "tokens": 7, "steps": None, "rtf": engine / 2000,
    }  # fmt: skip
    entry = {"text": text, "outcome": outcome, "audio_s": 2.0, "timings_ms": timings}
    return Trial(CLIP, entry, gap_ms=150.2, seen_ms=wait + recognise + insert + 1, arrived=True)


def trials(on, off, gap_ms=150):
    """Some with speculation and some without."""
    case = Case(gap_ms)
    return [*((case, True, one) for one in on), *((case, False, one) for one in off)]
