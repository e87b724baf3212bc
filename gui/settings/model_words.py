"""The models as rows of a list: what each is, and what can be done with it; how a download is told."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from PySide6.QtWidgets import QProgressBar

Json = dict[str, Any]

_DEVICES = {"gpu": "for a GPU", "cpu": "for the CPU", "any": "for any computer"}
_FEW = 4


@dataclass(frozen=True, slots=True)
class Row:
    """One model. ``about`` is what there is to know of it, ``fault`` why it cannot be used."""

    name: str
    title: str
    state: str
    size: str
    about: str
    fault: str = ""
    directory: str = ""  # what model.dir becomes
    can_get: bool = False
    can_use: bool = False
    can_verify: bool = False
    can_remove: bool = False


def rows(models: Iterable[Json]) -> tuple[Row, ...]:
    """The models that can dictate, or that take room: the one in use, those installed, those that can be fetched."""
    shown = [model for model in models if model["installed"] or model.get("kind") == "transducer"]
    return tuple(_row(model) for model in sorted(shown, key=_rank))


def _rank(model: Json) -> int:
    return 0 if model["in_use"] else 1 if model["installed"] else 2


def _row(model: Json) -> Row:
    installed, in_use, practice = model["installed"], model["in_use"], bool(model.get("practice"))
    usable = installed and model.get("kind") == "transducer" and not model["fault"]
    size_bytes = model.get("installed_bytes") if installed else model.get("download_bytes")
    return Row(
        name=model["name"],
        title="Practice model" if practice else model.get("title") or model["name"],
        state="in use" if in_use else "installed" if installed else "can be fetched",
        size=megabytes(size_bytes),
        about=_about(model),
        fault=model["fault"] or "",
        directory="" if practice else model["directory"] or "",
        can_get=not installed,
        can_use=usable and not in_use,
        can_verify=installed,
        can_remove=installed and not in_use and not practice,
    )


def _about(model: Json) -> str:
    if model.get("practice"):
        return "Comes with the program. It understands synthesised speech and a small vocabulary: fetch a real one."
    parts = [languages(model.get("languages") or ()), _DEVICES.get(model.get("device") or "", "")]
    parts += [f"licence {model['licence']}" if model.get("licence") else "", model.get("attribution") or ""]
    parts += ["not one that can dictate" if model.get("kind") not in {None, "transducer"} else ""]
    return " · ".join(part for part in parts if part) or f"in {model['directory']}"


def languages(codes: Iterable[str]) -> str:
    """Which languages, or how many."""
    known = [_LANGUAGES.get(code, code) for code in codes]
    return f"{len(known)} languages of Europe" if len(known) > _FEW else ", ".join(known)


_LANGUAGES = {"en": "English", "de": "German", "fr": "French", "es": "Spanish", "it": "Italian"}


def megabytes(size_bytes: float | None) -> str:
    """A size as people read it; nothing where it is not known."""
    return "" if size_bytes is None else f"{size_bytes / 1e6:.0f} MB" if size_bytes >= 1e6 else "under 1 MB"


def progress_words(told: Json) -> str:
    """How far a download is."""
    done, total, speed, left = (told.get(key) for key in ("done_bytes", "total_bytes", "speed", "left_s"))
    parts = [str(told["step"])]
    if done is not None:
        parts.append(f"{megabytes(done)} of {megabytes(total)}" if total else megabytes(done))
    if speed:
        parts.append(f"{speed / 1e6:.1f} MB/s")
    if left is not None:
        minutes, seconds = divmod(round(left), 60)
        parts.append(f"{minutes}:{seconds:02d} left")
    return ", ".join(parts)


def follow(told: object, bar: QProgressBar, tell: Callable[[str], object]) -> None:
    """Let a bar and a line of words follow a download, step by step as its command tells them."""
    if isinstance(told, dict) and "step" in told:
        done = share(told)
        bar.setRange(0, 0 if done is None else 1000)
        bar.setValue(done or 0)
        tell(progress_words(told))


def share(told: Json) -> int | None:
    """How far a download is, in thousandths; None where nobody knows."""
    done, total = told.get("done_bytes"), told.get("total_bytes")
    return round(1000 * done / total) if done is not None and total else None
