"""The one data path: frames to utterances to text at the cursor to a record of what it cost.

``daemon.listening`` turns the frames of one take (one recording) into pieces of speech as they end; ``run`` takes them,
of all takes, strictly in the order they were spoken. Push to talk and toggle insert once, when the take ends, and by
then the earlier pieces have long been recognised; hands-free inserts at each endpoint.

Everything here runs on the daemon's loop and owns its own state. Audio lies in the spool until its outcome is recorded.
"""

from __future__ import annotations

import asyncio
import contextlib
import functools
import time
from collections.abc import AsyncGenerator, Awaitable, Callable, Iterable
from dataclasses import dataclass, replace

from daemon.doubt import doubtful
from daemon.endpoint import EndpointSettings
from daemon.engine.recogniser import Recognition
from daemon.errors import WorkerError
from daemon.history import Entry
from daemon.insert.contract import Inserter
from daemon.listening import Listener, Sink
from daemon.messages import Frame, Insertion, Mode, Outcome, Target
from daemon.preview import Watchers
from daemon.second_chance import SecondChance
from daemon.second_look import look
from daemon.speculation import Decode, Engine, Speculation
from daemon.spool import Spool
from daemon.text.join import join
from daemon.text.sanitise import sanitise
from daemon.utterance import Take, Utterance, entry_of, timings_of
from daemon.voice import Detector, VoiceDetector

_SETTLE_LIMIT_S = 1.0  # a logout allows two
_CANCELLED = "cancelled"
_UNDONE = "taken back"
_UNWRITTEN = "its words are not written down: `swictation history --decode ID` has them from its audio, which is kept"
_DOUBTED = "this was probably noise, not speech: if it was speech, insert it with `swictation last --insert`"

Record = Callable[[Entry], Awaitable[bool]]


@dataclass(frozen=True, slots=True)
class Settings:
    """What the configuration says about the data path."""

    endpoint: EndpointSettings
    append_space: bool = True
    newlines: bool = False
    keep_text: bool = True


@dataclass(frozen=True, slots=True)
class _Hear:
    utterance: Utterance
    decode: Decode


@dataclass(frozen=True, slots=True)
class _Deliver:
    take: Take
    utterance: Utterance
    focus: asyncio.Task[Target | None]


@dataclass(frozen=True, slots=True)
class _Swap:
    inserter: Inserter
    done: asyncio.Future[None]


class Dictation:
    """The data path. ``changed`` is called whenever something that ``status`` shows has changed.

    ``record`` writes an entry to the history and says whether it could; ``kept`` holds audio that outlives the session:
    of utterances that could not be recognised, and of held ones whose text is not, or must not be, written down.
    """

    def __init__(
        self,
        *,
        recogniser: Engine,
        inserter: Inserter,
        record: Record,
        spool: Spool,
        kept: Spool,
        settings: Settings,
        changed: Callable[[], None],
        detector: Callable[[int], Detector] = VoiceDetector,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.settings = settings  # a change counts from the next take on
        self.inserter = inserter
        self.last: Entry | None = None
        self._inserted: Entry | None = None  # whose text was confirmed last, and can perhaps be taken back
        self.working: Utterance | None = None  # being recognised or inserted just now
        self._record = record
        self._spool = spool
        self._kept = kept
        self._changed = changed
        self._clock = clock
        self._orders: asyncio.Queue[_Hear | _Deliver | _Swap] = asyncio.Queue()
        self._side: set[asyncio.Task[None]] = set()
        self.speculation = Speculation(recogniser)
        self.watchers = Watchers()
        sink = Sink(lambda *heard: self._orders.put_nowait(_Hear(*heard)), self._heard_all, changed)
        self.listener = Listener(self.speculation, self.watchers, spool, sink, new_detector=detector, clock=clock)
        self._second_chance = SecondChance(recogniser, spool=spool, kept=kept, rewrite=self.rewrite)

    # -- a take begins and ends ------------------------------------------------------------------------------------

    def begin(self, frames: AsyncGenerator[Frame, None], mode: Mode, at_s: float) -> Take:
        """Listen to ``frames``, which a key or a command asked for at ``at_s``."""
        take = Take(mode, at_s)
        self.listener.begin(take, frames, self.settings.endpoint)
        self._aside(self.inserter.prepare())
        return take

    def finish(self, take: Take, at_s: float) -> None:
        """Deliver what was said until ``at_s``; frames captured later are not part of it."""
        take.stop_s = at_s
        self._aside(self.listener.hear_out(take))

    def abandon(self, take: Take) -> None:
        """Drop what has not been inserted yet."""
        take.abandoned = True
        for utterance in take.pending:
            utterance.abandon()
        self.listener.stop(take)

    def preview(self, take: Take) -> tuple[str, str]:
        """What has been said since the last insertion: what is settled of it, and what may still be other words."""
        settled, unsettled = take.utterance.text_so_far() if take.utterance is not None else ([], [])
        return self.rewrite(settled), self.rewrite(unsettled)

    def _heard_all(self, take: Take, utterance: Utterance) -> None:
        utterance.committed_s = self._clock()
        focus = asyncio.create_task(self.inserter.focus(), name="focus")
        self._orders.put_nowait(_Deliver(take, utterance, focus))

    # -- pieces to text at the cursor --------------------------------------------------------------------------------

    async def run(self) -> None:
        """Recognise, insert and record, in the order of speech, for as long as the daemon lives."""
        while True:
            match await self._orders.get():
                case _Hear(utterance, decode):
                    await self._hear(utterance, decode)
                case _Deliver(take, utterance, focus):
                    await self._deliver(utterance, take, focus)
                case _Swap(inserter, done):
                    self.inserter = inserter
                    done.set_result(None)

    async def use_inserter(self, inserter: Inserter) -> None:
        """Insert with ``inserter`` what is spoken from now on; returns once the present one has nothing left to do."""
        done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._orders.put_nowait(_Swap(inserter, done))
        await asyncio.shield(done)

    @property
    def busy(self) -> bool:
        """Whether something is being said, or what was said is not settled yet."""
        return self.listener.busy or self.working is not None or not self._orders.empty()

    async def _hear(self, utterance: Utterance, decode: Decode) -> None:
        if utterance.abandoned or utterance.failure is not None:
            return
        self._work_on(utterance)
        try:
            seen = await look(decode.segment, await decode.result(), functools.partial(self._again, utterance))
        except WorkerError as error:
            utterance.failure = str(error)
            utterance.cancel_decodes()
        else:
            heard = seen.heard
            utterance.heard.append(heard)
            utterance.notes += [seen.note] if seen.note is not None else []
            utterance.doubted &= not heard.transcript.text or doubtful(heard.transcript, decode.segment.voiced_ms)
            utterance.decode_began_s = self._clock() - heard.recognise_ms / 1000

    async def _again(self, utterance: Utterance, pcm: bytes) -> Recognition:
        if utterance.abandoned:
            raise WorkerError(_CANCELLED)
        return await self.speculation.again(pcm)

    async def _deliver(self, utterance: Utterance, take: Take, focus: asyncio.Task[Target | None]) -> None:
        self._work_on(utterance)
        began_s = self._clock()
        text = self.rewrite(recognition.transcript.text for recognition in utterance.heard)
        rewritten_s = self._clock()
        target = await focus  # asked for when the utterance ended; the wait for the answer is insertion's
        if utterance.failure is not None:
            outcome = Insertion(Outcome.FAILED, utterance.failure)
        elif utterance.abandoned or not text:
            outcome = Insertion(Outcome.NOTHING, _CANCELLED if utterance.abandoned else take.fault)
        elif utterance.doubted:
            outcome = Insertion(Outcome.HELD, _DOUBTED)
        else:
            utterance.inserting = True
            self._spool.mark_inserting(utterance.id)
            outcome = await self.inserter.insert(self._with_space(text), target)
            if outcome.secret:
                text, outcome = "", replace(outcome, reason=f"{outcome.reason}; {_UNWRITTEN}")
                self._spool.mark_secret(utterance.id)
        timings = timings_of(utterance, began_s, rewritten_s, self._clock(), outcome)
        entry = entry_of(utterance, text or None, outcome, timings)
        if utterance.abandoned:
            self._spool.settle(utterance.id)
        else:
            self.last = entry
            self._note_inserted(entry)
            self._aside(self._settle(entry))
            take.entries.append(entry)
        self._work_on(None)
        take.pending.remove(utterance)
        if not take.pending and take.listening is not None and take.listening.done():
            take.settled.set()

    def _work_on(self, utterance: Utterance | None) -> None:
        if self.working is not utterance:
            self.working = utterance
            self._changed()

    def rewrite(self, texts: Iterable[str]) -> str:
        """The text that is inserted for what was recognised in the pieces of an utterance."""
        return sanitise(join(list(texts)), newlines=self.settings.newlines)

    def _with_space(self, text: str) -> str:
        return text + " " if self.settings.append_space else text

    async def _settle(self, entry: Entry) -> None:
        written_down = await self._record(entry) and self.settings.keep_text and entry.text is not None
        if entry.outcome is Outcome.FAILED or (entry.outcome is Outcome.HELD and not written_down):
            self._spool.hand_over(entry.id, self._kept)
        else:
            self._spool.settle(entry.id)
            self._kept.settle(entry.id)
        self._changed()

    def _aside(self, work: Awaitable[None]) -> None:
        task = asyncio.ensure_future(work)
        self._side.add(task)
        task.add_done_callback(self._side.discard)

    async def settle_all(self) -> None:
        """Wait until the outcome of everything delivered so far is written down, or the disk has had its time."""
        if self._side:
            await asyncio.wait(self._side, timeout=_SETTLE_LIMIT_S)

    # -- a second chance ---------------------------------------------------------------------------------------------

    async def insert_again(self, entry: Entry) -> Entry:
        """Insert the text of an earlier entry into the window that has the focus now."""
        assert entry.text is not None
        await self.inserter.ask()
        result = await self.inserter.insert(self._with_space(entry.text), await self.inserter.focus())
        self._note_inserted(replace(entry, outcome=result.outcome, reason=result.reason))
        if entry.outcome is Outcome.HELD and result.outcome is not Outcome.HELD:
            entry = replace(entry, outcome=result.outcome, reason=result.reason)
            await self._settle(entry)
            if self.last is not None and self.last.id == entry.id:
                self.last = entry
            return entry
        return replace(entry, outcome=result.outcome, reason=result.reason)

    async def undo(self) -> str | None:
        """Take back the text that was inserted last; why it was not, in one line, or None where it was."""
        reason = await self.inserter.undo()
        if reason is None and (entry := self._inserted) is not None:
            self._inserted = None
            undone = replace(entry, reason=_UNDONE)
            if self.last is not None and self.last.id == entry.id:
                self.last = undone
            await self._settle(undone)
        return reason

    def _note_inserted(self, entry: Entry) -> None:
        if entry.outcome in {Outcome.CONFIRMED, Outcome.SENT}:
            self._inserted = entry

    async def decode_again(self, entry: Entry) -> Entry:
        """Recognise the kept audio of ``entry`` with the present model and write its text down.

        Raises RequestRefused, with everything as it was, if there is none or no text comes of it.
        """
        self.last = decoded = await self._second_chance.decoded(entry)
        await self._settle(decoded)
        return decoded

    async def recover(self) -> int:
        """Recognise what an earlier daemon left or could not recognise, and hold it; how many texts it was."""
        recovered = 0
        async with contextlib.aclosing(self._second_chance.recovered()) as entries:
            async for entry in entries:
                await self._settle(entry)
                if entry.text is not None:
                    self.last = entry
                    recovered += 1
        return recovered

    def kept_audio(self) -> set[str]:
        """Of which utterances the audio is kept. Reads a directory."""
        return self._kept.utterances()

    def forget(self, id: str | None = None) -> None:  # noqa: A002 - an entry's id
        """Drop the text and the kept audio of one utterance, or of all that are settled."""
        if id is None:
            self._kept.clear()
        else:
            self._kept.settle(id)
        if self.last is not None and id in {None, self.last.id}:
            self.last = None
        if self._inserted is not None and id in {None, self._inserted.id}:
            self._inserted = None
        self._changed()
