"""Times of day and decimals as the user's system writes them; the words around them are English."""

from __future__ import annotations

from PySide6.QtCore import QDateTime, QLocale


def when(at_s: float, *, seconds: bool = False) -> str:
    """A moment of Unix time ``at_s``: its time, and its date unless it is today."""
    moment, locale = QDateTime.fromMSecsSinceEpoch(round(at_s * 1000)), QLocale.system()
    time = moment.time()
    clock = time.toString("HH:mm:ss") if seconds else locale.toString(time, QLocale.FormatType.ShortFormat)
    days = moment.date().daysTo(QDateTime.currentDateTime().date())
    if days == 0:
        return clock
    date = "yesterday" if days == 1 else locale.toString(moment.date(), QLocale.FormatType.ShortFormat)
    return f"{date} {clock}"


def decimal(value: float, digits: int = 1) -> str:
    """A number with so many digits behind the user's own decimal sign."""
    return QLocale.system().toString(float(value), "f", digits)
