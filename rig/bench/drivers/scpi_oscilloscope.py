"""What the drivers of all oscilloscopes share: waiting, what is configured, and records that were seen before."""

from __future__ import annotations

import hashlib
import re
from abc import ABC, abstractmethod
from dataclasses import dataclass
from enum import Enum, auto
from typing import TYPE_CHECKING, NoReturn

import numpy as np

from rig.bench.drivers.scpi import ScpiInstrument
from rig.errors import CommunicationError, InstrumentError, NoTrigger, SamplesLost, StaleWaveform
from rig.model.setup import Reduction, Trigger

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Iterator

    from rig.bench.drivers.scpi import ScpiDialogue
    from rig.model.identity import Identity
    from rig.model.setup import ScopeSetup
    from rig.model.waveform import Waveform
    from rig.roles import Clock

__all__ = ["ARMING_TIME", "Phase", "Piece", "ScpiOscilloscope", "chunks", "edge_of", "next_step"]

# From the command until an instrument is armed, beyond filling what lies before the trigger, s.
ARMING_TIME = 5.0
_SHORTEST_POLL, _LONGEST_POLL = 0.002, 0.1
# Shorter or flat records can repeat by chance.
_COMPARABLE = 1000
_MOST_CHANNELS = 4
_STEPS = (1.0, 2.0, 5.0, 10.0)


class Phase(Enum):
    """How far an acquisition has come, as far as an instrument's state tells."""

    IDLE = auto()
    FILLING = auto()
    READY = auto()


@dataclass(frozen=True, slots=True, kw_only=True)
class Piece:
    """A part of a record: the commands that choose it, the query that reads it, and how many bytes will come."""

    commands: tuple[str, ...]
    query: str
    size: int


class ScpiOscilloscope(ScpiInstrument, ABC):
    """Counts acquisitions and knows what is configured; a family's driver says in which words.

    Parameters
    ----------
    name : from the bench file
    dialogue : with the instrument
    clock : the bench's clock, with which every wait is made
    """

    def __init__(self, name: str, dialogue: ScpiDialogue, *, clock: Clock) -> None:
        super().__init__(name, dialogue)
        self._clock = clock
        self._setup: ScopeSetup | None = None
        self._inputs = range(0)
        self._capture = 0
        self._model = ""
        self._last: dict[tuple[int, int], tuple[int, bytes]] = {}

    def identify(self) -> Identity:
        """Ask the instrument who it is; the last digit of its model's number says how many channels it has."""
        identity = self._dialogue.identify()
        match = re.search(r"\d+", identity.model)
        last = int(match[0][-1]) if match else 0
        self._inputs = range(1, (last or _MOST_CHANNELS) + 1)
        self._model = identity.model
        return identity

    @abstractmethod
    def done(self) -> bool:
        """Whether the armed acquisition is complete."""

    def _configured(self) -> ScopeSetup:
        if self._setup is None:
            raise InstrumentError(self.name, "arm", "no capture has been configured")
        return self._setup

    def _completed(self, channel: int, segment: int, *, source: str, data: str) -> ScopeSetup:
        """Return what is configured, of a family without segments; raise unless the channel's record is complete.

        ``source`` and ``data`` are the commands that would choose the channel and read it, for messages.
        """
        setup = self._configured()
        if channel not in setup.channels:
            self._refuse(source, "the channel was not captured")
        if segment != 1:
            self._refuse(f"segment {segment}", f"there is no segment {segment}")
        if not self.done():
            self._refuse(data, "the acquisition is not complete")
        return setup

    def _refuse_absent(self, setup: ScopeSetup) -> None:
        """Raise if a channel is asked for that the instrument, once identified, does not have."""
        if not self._inputs:
            self.identify()
        absent = sorted(set(setup.channels) - set(self._inputs))
        if absent:
            raise InstrumentError(self.name, f"channel {absent[0]}", f"it has {len(self._inputs)} channels")

    def _refuse(self, command: str, reason: str) -> NoReturn:
        raise InstrumentError(self.name, command, reason)

    def _refuse_unable(
        self,
        setup: ScopeSetup,
        *,
        reductions: Collection[Reduction] = (),
        averages: Collection[int] = (),
        segments: int = 1,
    ) -> None:
        """Raise if more is asked for than the family can: these ``reductions``, at most so many ``segments``."""
        if setup.reduction is not Reduction.NONE and setup.reduction not in reductions:
            able = ", ".join(one.value for one in (Reduction.NONE, *reductions))
            self._refuse(f"acquisition {setup.reduction.value}", f"it can only do {able}")
        if setup.reduction is Reduction.AVERAGE and setup.averages not in averages:
            able = f"{min(averages)} to {max(averages)}" if isinstance(averages, range) else _listed(averages)
            self._refuse(f"{setup.averages} averages", f"it can only take the mean of {able}")
        if not 1 <= setup.segments <= segments:
            able = "it has no segmented memory for them" if segments == 1 else f"it can have 1 to {segments}"
            self._refuse(f"{setup.segments} segments", able)
        if setup.segments > 1 and setup.reduction is Reduction.AVERAGE:
            self._refuse(f"{setup.segments} segments", "it takes no mean of segments")
        if setup.trigger is None and (setup.segments > 1 or setup.reduction is Reduction.AVERAGE):
            self._refuse("a capture without trigger", "it is forced once: it has no mean of records and no segments")

    def _arm(self, *commands: str, phase: Callable[[], Phase], limit: float) -> None:
        """Start an acquisition and return once it waits for its trigger.

        An idle instrument has not begun yet; only one that was seen to have begun is idle because it is done. A state
        that is still that of the acquisition before is no mistake of the instrument, but none of ours either.
        """
        self._capture += 1
        self._dialogue.command(*commands)
        begun = False

        def armed() -> bool:
            nonlocal begun
            now = phase()
            if now is Phase.IDLE:
                return begun
            begun = True
            return now is Phase.READY

        if not self._wait(armed, limit):
            self._refuse(commands[-1], "the oscilloscope did not arm")

    def _force(self, command: str, limit: float) -> None:
        """Have the armed acquisition run without its trigger, and wait until it is complete."""
        self._dialogue.command(command)
        if not self._wait(self.done, limit):
            msg = f"{self.name}: the forced acquisition did not complete"
            raise NoTrigger(msg)

    def _gather(self, pieces: Iterable[Piece], made: Callable[[bytes], Waveform]) -> Waveform:
        """Read a record piece by piece; ``made`` turns what has come into a waveform.

        Raises
        ------
        SamplesLost
            if a piece is cut, missing, or of another length than announced; ``partial`` is the waveform of what came
        """
        data = bytearray()
        for piece in pieces:
            try:
                part = self._dialogue.block(piece.query, after=piece.commands)
            except SamplesLost as error:
                data += error.partial if isinstance(error.partial, bytes) else b""
                raise SamplesLost(str(error), partial=made(bytes(data))) from error
            except CommunicationError as error:
                if not data:
                    raise
                raise SamplesLost(str(error), partial=made(bytes(data))) from error
            data += part
            if len(part) != piece.size:
                msg = f"{self.name}: {piece.query!r} delivered {len(part)} bytes instead of {piece.size}"
                raise SamplesLost(msg, partial=made(bytes(data)))
        self._dialogue.check()
        return made(bytes(data))

    def _wait(self, ready: Callable[[], bool], limit: float) -> bool:
        """Ask again and again, ever more slowly, for ``limit`` s at most; whether it became ready."""
        waited, pause = 0.0, _SHORTEST_POLL
        while not ready():
            if waited >= limit:
                return False
            self._clock.sleep(pause)
            waited += pause
            pause = min(2 * pause, _LONGEST_POLL)
        return True

    def _refuse_stale(self, channel: int, waveform: Waveform, segment: int = 1) -> None:
        """Raise StaleWaveform if this is to the last bit the record of an earlier acquisition.

        Noise makes two true acquisitions differ; the same bits again are the old record.
        """
        digest = hashlib.sha256(waveform.samples.tobytes()).digest()
        capture, before = self._last.get((channel, segment), (self._capture, b""))
        self._last[channel, segment] = (self._capture, digest)
        # Not the span: of signed codes it would overflow.
        varied = len(waveform) >= _COMPARABLE and bool(np.any(waveform.samples != waveform.samples[0]))
        if varied and digest == before and capture != self._capture:
            msg = f"{self.name}: channel {channel} delivered the record of an earlier acquisition again"
            raise StaleWaveform(msg)


def chunks(total: int, most: int) -> Iterator[tuple[int, int]]:
    """Yield begin and length of the pieces that a long record is read in.

    >>> list(chunks(7, 3))
    [(0, 3), (3, 3), (6, 1)]
    """
    for begin in range(0, total, most):
        yield begin, min(most, total - begin)


def edge_of(setup: ScopeSetup) -> Trigger:
    """Return the trigger of a setup; of a capture that is to be forced, one that the signal does not reach.

    A forced capture must not be triggered by noise before it is forced: its level lies where the signal is not.
    """
    if setup.trigger is not None:
        return setup.trigger
    number, channel = next(iter(setup.channels.items()))
    return Trigger(channel=number, level=channel.offset + channel.full_scale / 4, slope=1)


def next_step(value: float) -> float:
    """Return the smallest of 1, 2, 5 times a power of ten that is not less, but for rounding.

    >>> next_step(0.0041), next_step(0.2)
    (0.005, 0.2)
    """
    power = float(f"1e{int(f'{value:e}'.partition('e')[2])}")
    step = next(step for step in _STEPS if value <= step * power * (1 + 1e-9))
    return float(f"{step * power:.3g}")


def _listed(numbers: Collection[int]) -> str:
    return ", ".join(str(number) for number in numbers)
