"""Audio of utterances that are not settled yet, on disk, so that the death of the daemon loses none of them.

One 0600 file of int16 16 kHz mono PCM for each piece of an utterance, in a 0700 directory. The file grows while the
user speaks, is marked when its text is about to be inserted, and is removed when the outcome is recorded. What a new
daemon finds there was not settled: it is recognised and kept as held, never inserted by itself, so nothing is lost and
nothing comes twice.
"""

from __future__ import annotations

import os
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from daemon.messages import RATE_HZ
from daemon.paths import private

_ENDING = ".pcm"
_INSERTING = ".inserting"
_SECRET = ".secret"  # noqa: S105 - a mark, no password


@dataclass(frozen=True, slots=True)
class Unsettled:
    """An utterance that an earlier daemon left: its pieces in order, and whether its insertion had begun.

    Of a ``secret`` one the text must not be written down unless somebody asks for it.
    """

    utterance: str
    pieces: tuple[bytes, ...]
    inserting: bool
    secret: bool = False

    @property
    def audio_s(self) -> float:
        """Length of its audio."""
        return sum(map(len, self.pieces)) / 2 / RATE_HZ


class Spool:
    """The spool in ``directory``. A full disk makes it forgetful, never the dictation fail: see ``fault``."""

    def __init__(self, directory: Path) -> None:
        self._directory = private(directory)
        self.fault: str | None = None  # why the last write failed, in one line

    def append(self, utterance: str, piece: int, pcm: bytes) -> None:
        """Add audio to a piece of an utterance."""
        self._write(self._path(utterance, piece), pcm, os.O_APPEND)

    def replace(self, utterance: str, piece: int, pcm: bytes) -> None:
        """Keep ``pcm`` as the whole of a piece."""
        self._write(self._path(utterance, piece), pcm, os.O_TRUNC)

    def _write(self, path: Path, pcm: bytes, flag: int) -> None:
        try:
            descriptor = os.open(path, os.O_CREAT | os.O_WRONLY | flag, 0o600)
            try:
                while pcm:  # a disk that is nearly full takes a part of it
                    pcm = pcm[os.write(descriptor, pcm) :]
            finally:
                os.close(descriptor)
        except OSError as error:
            self.fault = f"pending audio cannot be kept in {self._directory}: {error.strerror}"
        else:
            self.fault = None

    def drop_piece(self, utterance: str, piece: int) -> None:
        """Forget one piece: it was no speech."""
        self._path(utterance, piece).unlink(missing_ok=True)

    def mark_inserting(self, utterance: str) -> None:
        """Remember that the insertion begins: whether it ended is unknown if we die now."""
        self._mark(utterance, _INSERTING)

    def mark_secret(self, utterance: str) -> None:
        """Remember that its text must not be written down by itself."""
        self._mark(utterance, _SECRET)

    def _mark(self, utterance: str, mark: str) -> None:
        for path in self._files(utterance):
            path.rename(path.with_name(path.name.removesuffix(_ENDING) + mark + _ENDING))

    def settle(self, utterance: str) -> None:
        """Forget an utterance whose outcome is recorded."""
        for path in self._files(utterance):
            path.unlink(missing_ok=True)

    def utterances(self) -> set[str]:
        """Of which utterances there is audio."""
        return {path.name.split(".")[0] for path in self._directory.glob(f"*{_ENDING}")}

    def find(self, utterance: str) -> Unsettled | None:
        """The audio of one utterance, if there is any."""
        files = self._files(utterance)
        return self._read(utterance, files) if files else None

    def clear(self) -> None:
        """Forget everything."""
        for utterance in self.utterances():
            self.settle(utterance)

    def hand_over(self, utterance: str, to: Spool) -> None:
        """Give the audio of an utterance that could not be recognised to another spool, which outlives the session."""
        files = self._files(utterance)
        for path in files:
            number = int(path.name.split(".")[1])
            to.replace(utterance, number, path.read_bytes())  # an earlier try may have left a part of it
            if to.fault is None:
                path.unlink()
        if any(_SECRET in path.suffixes for path in files):
            to.mark_secret(utterance)

    def unsettled(self) -> list[Unsettled]:
        """What earlier daemons left, oldest first."""
        files: dict[str, list[Path]] = {}
        for path in sorted(self._directory.glob(f"*{_ENDING}"), key=lambda path: path.name):
            files.setdefault(path.name.split(".")[0], []).append(path)
        return [self._read(utterance, paths) for utterance, paths in files.items()]

    def _read(self, utterance: str, paths: Iterable[Path]) -> Unsettled:
        ordered = sorted(paths, key=lambda path: int(path.name.split(".")[1]))
        pieces = tuple(content[: len(content) // 2 * 2] for path in ordered if (content := path.read_bytes()))
        marks = {suffix for path in ordered for suffix in path.suffixes}
        return Unsettled(utterance, pieces, inserting=_INSERTING in marks, secret=_SECRET in marks)

    def _path(self, utterance: str, piece: int) -> Path:
        return self._directory / f"{utterance}.{piece}{_ENDING}"

    def _files(self, utterance: str) -> list[Path]:
        return list(self._directory.glob(f"{utterance}.*{_ENDING}"))
