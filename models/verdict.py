"""What a self-test comes to, for those who only read it: no arrays, no audio."""

from __future__ import annotations

from enum import StrEnum


class Verdict(StrEnum):
    """What a self-test comes to."""

    PASSED = "passed"
    BROKEN = "broken"
    UNJUDGED = "unjudged"
