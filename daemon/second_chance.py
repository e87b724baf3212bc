"""Audio that is recognised later than when it was spoken: an earlier daemon left it, or a person asks for it."""

from __future__ import annotations

import itertools
import logging
import time
from collections.abc import AsyncGenerator, Callable, Iterable, Sequence
from dataclasses import replace
from typing import Protocol

from daemon.engine.recogniser import Recognition
from daemon.errors import RequestRefused, WorkerError
from daemon.history import Entry
from daemon.insert.contract import LATER
from daemon.messages import Mode, Outcome
from daemon.spool import Spool, Unsettled

log = logging.getLogger(__name__)

_ENDED = "the daemon ended before this was inserted"
_ENDED_INSERTING = "the daemon ended while this was inserted: it may stand there already"
_DECODED = "this was recognised later than it was spoken"


class Recogniser(Protocol):
    """What recognises one piece of speech at a time: ``daemon.engine.recogniser.EngineClient``."""

    async def recognise(self, pcm: bytes) -> Recognition:
        """The text of int16 16 kHz mono PCM. Raises WorkerError when it cannot be had."""


class SecondChance:
    """Recognises what lies in ``spool``, left there by an earlier daemon, and in ``kept``.

    ``rewrite`` makes one text of the recognised pieces. Nothing is inserted by itself: the window that a text was meant
    for may be gone, or may have it already.
    """

    def __init__(
        self, recogniser: Recogniser, *, spool: Spool, kept: Spool, rewrite: Callable[[Iterable[str]], str]
    ) -> None:
        self._recogniser = recogniser
        self._spool = spool
        self._kept = kept
        self._rewrite = rewrite
        self._left = spool.unsettled()  # what comes into the spool from now on is ours

    async def recovered(self) -> AsyncGenerator[Entry, None]:
        """An entry, held, for all that an earlier daemon left or could not recognise; what still cannot be is kept.

        What was kept of a secret, too, until somebody asks for it.
        """
        left, self._left = self._left, []
        for one in itertools.chain(left, self._kept.unsettled()):
            if one.secret:
                self._spool.hand_over(one.utterance, self._kept)
                continue
            try:
                text, heard = await self._recognise(one)
            except WorkerError as error:
                log.warning("an utterance of an earlier run is kept but cannot be recognised yet: %s", error)
                self._spool.hand_over(one.utterance, self._kept)
                continue
            if one.utterance not in self._spool.utterances() | self._kept.utterances():
                continue  # deleted meanwhile
            reason = _ENDED_INSERTING if one.inserting else _ENDED
            yield Entry(
                id=one.utterance,
                at_s=time.time(),
                mode=Mode.HOLD,
                outcome=Outcome.HELD if text else Outcome.NOTHING,
                reason=f"{reason}; {LATER}" if text else None,
                text=text,
                model=heard[-1].model if heard else None,
                provider=heard[-1].provider if heard else None,
                audio_s=one.audio_s,
            )

    async def decoded(self, entry: Entry) -> Entry:
        """``entry`` with the text that the present model makes of its kept audio, held if it had failed.

        Raises RequestRefused where no audio is kept, where there is no word in it, and where it cannot be recognised;
        the audio stays then.
        """
        kept = self._kept.find(entry.id)
        if kept is None:
            raise RequestRefused(
                "no audio of this utterance is kept: there is only that of what failed or is not written down"
            )
        try:
            text, heard = await self._recognise(kept)
        except WorkerError as error:
            raise RequestRefused(f"{error}; the audio is kept") from None
        if self._kept.find(entry.id) is None:
            raise RequestRefused("this utterance was deleted meanwhile")
        if text is None:
            model = heard[-1].model if heard else "the engine"
            raise RequestRefused(f"{model} hears no words in it: the audio is kept; try another model")
        decoded = replace(entry, text=text, model=heard[-1].model, provider=heard[-1].provider)
        if entry.outcome is Outcome.FAILED:
            decoded = replace(decoded, outcome=Outcome.HELD, reason=f"{_DECODED}; {LATER}")
        return decoded

    async def _recognise(self, audio: Unsettled) -> tuple[str | None, Sequence[Recognition]]:
        heard = [await self._recogniser.recognise(piece) for piece in audio.pieces]
        return self._rewrite(recognition.transcript.text for recognition in heard) or None, heard
