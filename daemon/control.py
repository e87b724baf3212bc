"""Keys and commands to recordings: keeps the session's state and does what its steps ask for."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncGenerator, Callable

from daemon import session
from daemon.dictation import Dictation
from daemon.errors import RequestRefused
from daemon.messages import Frame, Mode
from daemon.utterance import Take

OpenMicrophone = Callable[[float], AsyncGenerator[Frame, None]]


class Control:
    """Owns the session's state and the take that is being recorded.

    ``open_microphone`` gives the frames of a new recording that was asked for at a time; ``recording`` is told when one
    begins and ends, which is when Escape is wanted as the key to cancel; ``changed`` is called on every change that
    ``status`` shows.
    """

    def __init__(
        self,
        dictation: Dictation,
        *,
        open_microphone: OpenMicrophone,
        hold_ms: int,
        max_recording_s: float,
        recording: Callable[[bool], None],
        changed: Callable[[], None],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.hold_ms = hold_ms
        self.max_recording_s = max_recording_s
        self.state: session.State = session.Idle()
        self.take: Take | None = None
        self.fault: str | None = None  # why the last recording ended by itself, until the next one begins
        self._dictation = dictation
        self._open_microphone = open_microphone
        self._recording = recording
        self._changed = changed
        self._clock = clock
        self._limit: asyncio.TimerHandle | None = None

    @property
    def left_s(self) -> float | None:
        """How long the recording may go on; None where there is no limit."""
        return None if self._limit is None else max(0.0, self._limit.when() - asyncio.get_running_loop().time())

    def press(self, at_s: float) -> None:
        """The hotkey went down."""
        self._step(session.KeyPressed(at_s))

    def release(self, at_s: float) -> None:
        """The hotkey went up."""
        self._step(session.KeyReleased(at_s))

    def start(self, mode: Mode) -> None:
        """Begin a recording, if none runs."""
        self._step(session.StartAsked(self._clock(), mode))

    def stop(self) -> None:
        """End the recording and deliver it, if one runs."""
        self._step(session.StopAsked(self._clock()))

    def cancel(self) -> None:
        """End the recording and drop what has not been inserted."""
        self._step(session.CancelAsked(self._clock()))

    def toggle(self) -> None:
        """Begin a recording, or end the one that runs."""
        if isinstance(self.state, session.Recording):
            self.stop()
        else:
            self.start(Mode.TOGGLE)

    def play(self, frames: AsyncGenerator[Frame, None], mode: Mode) -> Take:
        """Record ``frames`` in place of the microphone's. Raises RequestRefused while a recording runs."""
        if isinstance(self.state, session.Recording):
            raise RequestRefused("a dictation is running: stop it first with `swictation stop`")
        self._step(session.StartAsked(self._clock(), mode), frames)
        assert self.take is not None
        return self.take

    def _step(self, event: session.Event, frames: AsyncGenerator[Frame, None] | None = None) -> None:
        self.state, action = session.step(self.state, event, hold_s=self.hold_ms / 1000)
        match action:
            case session.Begin(mode, at_s):
                self._begin(mode, at_s, frames)
            case session.Relabel(mode) if self.take is not None:
                self.take.mode = mode
            case session.Finish(at_s) if self.take is not None:
                self._dictation.finish(self.take, at_s)
                self._ended()
            case session.Abandon() if self.take is not None:
                self._dictation.abandon(self.take)
                self._ended()
        if action is not None:
            self._changed()

    def _begin(self, mode: Mode, at_s: float, frames: AsyncGenerator[Frame, None] | None) -> None:
        self.fault = None
        take = self._dictation.begin(self._open_microphone(at_s) if frames is None else frames, mode, at_s)
        assert take.listening is not None
        take.listening.add_done_callback(lambda _task: self._listening_ended(take))
        self.take = take
        if mode is not Mode.HANDS_FREE:
            self._limit = asyncio.get_running_loop().call_later(self.max_recording_s, self.stop)
        self._recording(True)

    def _listening_ended(self, take: Take) -> None:
        if take.fault is not None:
            self.fault = take.fault
            self._changed()
        if take is self.take:
            self._step(session.MicrophoneGone(self._clock()))

    def _ended(self) -> None:
        self.take = None
        if self._limit is not None:
            self._limit.cancel()
            self._limit = None
        self._recording(False)
