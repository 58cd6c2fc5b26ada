"""A train while it is delivered: what is done when, and every short block of samples looked at as it comes."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Protocol

import numpy as np

from rig.acquisition.undisturbed import undisturbed
from rig.errors import AcquisitionError, SamplesLost
from rig.model.happening import Action, Happening
from rig.model.waveform import Waveform

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from numpy.typing import NDArray

    from rig.model.setup import DigitizerSetup
    from rig.roles import Clock, Digitizer

__all__ = ["BLOCK", "Delivered", "Delivery", "Memory", "Sink", "Step", "Watcher"]

BLOCK = 0.01
"""How long a block of samples is where time passes by itself, s: what it shows is known when it has been read."""

# A card that is so late with a block leaves nobody looking; then the train is ended, s.
_PATIENCE = 1.0


class Watcher(Protocol):
    """Who looks at the samples while they come."""

    def look(self, block: Waveform) -> bool:
        """Whether the train may go on; otherwise everything has been done already to end the current."""


class Sink(Protocol):
    """Where the samples go."""

    def append(self, block: Waveform) -> None:
        """Take the next samples."""


class Memory:
    """Keeps the samples of a capture that memory can hold."""

    def __init__(self, samples: int) -> None:
        self._room, self.length = samples, 0
        self._samples: NDArray[np.generic] | None = None
        self._first: Waveform | None = None

    def append(self, block: Waveform) -> None:
        """Take the next samples."""
        if self._samples is None or self._first is None:
            self._first, self._samples = block, np.empty(self._room, dtype=block.samples.dtype)
        end = self.length + len(block)
        self._samples[self.length : end] = block.samples
        self.length = end

    def waveform(self) -> Waveform:
        """Return all of them as one waveform.

        Raises
        ------
        AcquisitionError
            if none came
        """
        if self._samples is None or self._first is None:
            raise AcquisitionError("no sample was read")
        return replace(self._first, samples=self._samples[: self.length])


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """Something to be done ``at`` s on the capture's time axis; ``detail`` says what holds from then on.

    ``words`` says whether signs of life are due from then on, None where that stays as it was.
    """

    at: float
    action: Action
    do: Callable[[], object]
    detail: str = ""
    words: bool | None = None


@dataclass(slots=True, kw_only=True)
class Delivered:
    """What was done in order, and whether the watcher ended it before its time."""

    happenings: list[Happening] = field(default_factory=list)
    stopped: bool = False


class Delivery:
    """One acquisition, read block by block; between two blocks is done what is due.

    A block ends where something is due: on a bench in virtual time that is then done exactly in time, on a real one
    within what reading a block takes.

    Parameters
    ----------
    setup : how the digitizer was set; its samples are the longest that is looked
    channel : of the digitizer, that shows the current
    watcher : asked after every block
    sink : gets every block
    block : how long a block is at most, s
    alive : says a word to the device, at most every ``interval`` s from its start to its stop; None where it needs none
    """

    def __init__(
        self,
        digitizer: Digitizer,
        clock: Clock,
        setup: DigitizerSetup,
        channel: str,
        *,
        watcher: Watcher,
        sink: Sink,
        alive: Callable[[], object] | None = None,
        interval: float | None = None,
        block: float = BLOCK,
    ) -> None:
        self._digitizer, self._clock, self._setup, self._channel = digitizer, clock, setup, channel
        self._watcher, self._sink, self._alive = watcher, sink, alive
        self._block = max(round(block * setup.rate), 1)
        self._interval = math.inf if interval is None or alive is None else interval
        self._origin = (0.0, 0.0)
        self.position = 0
        self._next_word = math.inf
        self.delivered = Delivered()

    def run(self, steps: Sequence[Step], *, aftermath: float, done: Callable[[float], bool] | None = None) -> Delivered:
        """Sample from now on, do every step in time, and return when all samples have been read.

        Parameters
        ----------
        steps : in order of time
        aftermath : after the watcher has ended the train, samples are read for so long, s
        done : asked, with the time on the capture's axis, when only the stop is left to be done; where it says so, the
            stop is done at once, and the rest of the samples is not waited for
        """
        with undisturbed():
            before = self._clock.now()
            self._digitizer.start()
            self._origin = (before, self._clock.now())
            self._deliver(list(steps), aftermath, done)
        return self.delivered

    def _deliver(self, waiting: list[Step], aftermath: float, done: Callable[[float], bool] | None) -> None:
        while self.position < self._setup.samples:
            self._read(min([self._next_word, *(step.at for step in waiting[:1])]))
            if self.delivered.stopped:
                self._read_on(aftermath)
                break
            while waiting and self._due(waiting[0].at):
                self._take(waiting.pop(0))
            if self._due(self._next_word):
                self._say()
            if done is not None and _only_stops(waiting) and done(self.position / self._setup.rate):
                for step in waiting:
                    self._take(step)
                self._read_on(aftermath)
                break

    def _due(self, at: float) -> bool:
        return self.position >= self._sample(at)

    def _sample(self, at: float) -> float:
        return at * self._setup.rate if math.isinf(at) else round(at * self._setup.rate)

    def _read(self, until: float) -> None:
        """Read a block, shorter where something is due within it, and have it looked at."""
        rest = min(self._setup.samples, self._sample(until)) - self.position
        block = self._next_block(min(rest, self._block))
        try:
            self.delivered.stopped = not self._watcher.look(block)
        finally:  # kept after it was looked at: a disk may take its time, a current that must end may not
            self._sink.append(block)

    def _next_block(self, samples: float) -> Waveform:
        count = max(int(samples), 1)
        timeout = count / self._setup.rate + _PATIENCE
        try:
            block = self._digitizer.read_block(count, timeout)[self._channel]
        except SamplesLost as error:
            self._keep_partial(error)
            raise
        self.position += count
        return block

    def _keep_partial(self, error: SamplesLost) -> None:
        """What came before the samples were lost is evidence as well."""
        partial = error.partial.get(self._channel) if isinstance(error.partial, Mapping) else None
        if isinstance(partial, Waveform) and len(partial):
            self._sink.append(partial)

    def _read_on(self, seconds: float) -> None:
        """Keep what follows a stop, and give the acquisition up."""
        end = min(self._setup.samples, self.position + round(seconds * self._setup.rate))
        while self.position < end:
            self._sink.append(self._next_block(min(end - self.position, self._block)))
        self._digitizer.halt()

    def _take(self, step: Step) -> None:
        self._note(step.action, step.do, step.detail)
        if step.words is not None:
            self._next_word = self.position / self._setup.rate + self._interval if step.words else math.inf

    def _say(self) -> None:
        if self._alive is not None:
            self._note(Action.MESSAGE, self._alive, "")
        self._next_word = self.position / self._setup.rate + self._interval

    def _note(self, action: Action, do: Callable[[], object], detail: str) -> None:
        """Do something, and note between which moments of the capture's time it was done."""
        begun = self._clock.now()
        do()
        ended = self._clock.now()
        happening = Happening(
            action=action, begun=begun - self._origin[1], ended=ended - self._origin[0], detail=detail
        )
        known = self.delivered.happenings
        if action is Action.MESSAGE and known and known[-1].action is Action.MESSAGE:
            known.pop()  # of many words only the last before something else matters, and a train may last for hours
        known.append(happening)


def _only_stops(steps: Sequence[Step]) -> bool:
    return all(step.action is Action.STOP for step in steps)
