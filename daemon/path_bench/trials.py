"""One utterance of the bench: held, spoken, let go and waited for; or one taking of hands-free dictation."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from daemon.path_bench.daemon_process import PrivateDaemon
from daemon.path_bench.ear import Ear
from daemon.path_bench.screen import Keyboard, Window
from daemon.path_bench.sound import PrivateSound

Json = dict[str, Any]

_ENTRY_LIMIT_S = 20.0
_SEEN_LIMIT_S = 1.0
_BETWEEN_S = 0.2  # no finger is down again sooner: that would be a key that bounced
_TRIES = 3
_LEAD = bytes(2 * 1600)  # a null sink loses up to 10 ms of what is played into it at first


@dataclass(frozen=True, slots=True)
class Case:
    """How an utterance ends: by letting the key go ``gap_ms`` after its last sample, or hands-free by silence."""

    gap_ms: int | None

    @property
    def name(self) -> str:
        """What it is called in reports."""
        return "hands-free" if self.gap_ms is None else f"release at {self.gap_ms} ms"


@dataclass(frozen=True, slots=True)
class Clip:
    """A recording (int16 16 kHz mono, without quiet at its ends) and, if that is known, the words said in it."""

    pcm: bytes
    words: tuple[str, ...] | None = None


@dataclass(frozen=True, slots=True)
class Trial:
    """What one utterance came to.

    ``entry`` is the history's, None if there came none. ``gap_ms`` is what really lay between last sample and release,
    ``seen_ms`` what passed from the later of the two to the text's first byte out of the window; ``arrived`` says
    whether the window took that very text.
    """

    clip: Clip
    entry: Json | None = None
    gap_ms: float | None = None
    seen_ms: float | None = None
    arrived: bool = False


@dataclass(slots=True)
class Rig:
    """A daemon with a microphone, a keyboard and a window. ``spoiled`` counts trials in which the player ran dry."""

    daemon: PrivateDaemon
    sound: PrivateSound
    ear: Ear
    key: Keyboard
    window: Window
    spoiled: int = 0
    _speculate: bool | None = field(default=None, init=False)

    def speculate(self, on: bool) -> None:
        """Decode before the end is known, or not."""
        if on != self._speculate:
            self.daemon.ask("set_config", key="endpoint.speculate", value=on)
            self._speculate = on

    def held(self, clip: Clip, gap_ms: float) -> Trial:
        """Hold the key, say ``clip`` and let go ``gap_ms`` after its last sample."""
        for _ in range(_TRIES):
            trial = self._held(clip, gap_ms)
            if self.ear.whole(clip.pcm):
                break
            self.spoiled += 1
        return trial

    def _held(self, clip: Clip, gap_ms: float) -> Trial:
        known, taken = self._known(), len(self.window.text)
        self.key.down()
        try:
            self._listening()
            self.ear.expect()
            player = self.sound.play(_LEAD + clip.pcm)
            [last_s] = self.ear.times_s(clip.pcm, [len(clip.pcm) // 2 - 1])
            time.sleep(max(0.0, last_s + gap_ms / 1000 - time.monotonic()))
        finally:
            self.key.up()
        released_s = time.monotonic()
        entries = self.daemon.entries(1, known, _ENTRY_LIMIT_S)
        player.wait()
        self._idle()
        return self._trial(clip, entries[0] if entries else None, last_s, released_s, taken)

    def hands_free(self, clips: Sequence[Clip], pauses_s: Sequence[float]) -> list[Trial]:
        """Say ``clips`` with a pause after each, hands-free."""
        for _ in range(_TRIES):
            pcm, trials = self._hands_free(clips, pauses_s)
            if self.ear.whole(pcm):
                break
            self.spoiled += 1
        return trials

    def _hands_free(self, clips: Sequence[Clip], pauses_s: Sequence[float]) -> tuple[bytes, list[Trial]]:
        known, taken = self._known(), len(self.window.text)
        pcm, ends = b"", []
        for clip, pause_s in zip(clips, pauses_s, strict=True):
            pcm += clip.pcm
            ends.append(len(pcm) // 2 - 1)
            pcm += bytes(2 * round(pause_s * 16_000))
        self.daemon.ask("start", hands_free=True)
        try:
            self._listening()
            self.ear.expect()
            player = self.sound.play(_LEAD + pcm)
            last_s = self.ear.times_s(pcm, ends)
            player.wait()
            entries = self.daemon.entries(len(clips), known, _ENTRY_LIMIT_S)
        finally:
            self.daemon.ask("stop")
        self._idle()
        trials = []
        for number, clip in enumerate(clips):
            entry = entries[number] if len(entries) == len(clips) else None
            trials.append(self._trial(clip, entry, last_s[number], None, taken))
            taken += len(entry["text"] or "") + 1 if entry else 0
        return pcm, trials

    def _trial(self, clip: Clip, entry: Json | None, last_s: float, released_s: float | None, taken: int) -> Trial:
        if entry is None:
            return Trial(clip)
        waited_from_s = max(last_s, released_s or 0.0)
        deadline_s = time.monotonic() + _SEEN_LIMIT_S
        expected = f"{entry['text']} "
        while not (arrived := self.window.text[taken:].startswith(expected)) and time.monotonic() < deadline_s:
            time.sleep(0.01)
        seen_s = self.window.first_after(waited_from_s) if arrived else None
        return Trial(
            clip,
            entry,
            gap_ms=None if released_s is None else (released_s - last_s) * 1000,
            seen_ms=None if seen_s is None else (seen_s - waited_from_s) * 1000,
            arrived=arrived,
        )

    def _known(self) -> int:
        return int(self.daemon.ask("history", search=None, outcomes=None, limit=1, before=None)["total"])

    def _listening(self) -> None:
        self.daemon.wait("the microphone", lambda status: status["state"] == "listening")

    def _idle(self) -> None:
        self.daemon.wait("the end of the dictation", lambda status: status["state"] == "idle")
        time.sleep(_BETWEEN_S)
