"""What the oscilloscopes of Rohde & Schwarz share: one shot to configure, to arm, and to read back."""

from __future__ import annotations

from abc import abstractmethod
from dataclasses import replace
from types import MappingProxyType
from typing import TYPE_CHECKING

from rig.bench.drivers.scpi import ScpiDialogue
from rig.bench.drivers.scpi_oscilloscope import ARMING_TIME, Phase, ScpiOscilloscope, next_step
from rig.bench.transport.visa import VisaSession
from rig.errors import NoTrigger, SamplesLost
from rig.model.setup import Reduction, ScopeSetup, Trigger

if TYPE_CHECKING:
    from collections.abc import Iterable

    from rig.model.setup import ScopeChannel
    from rig.model.waveform import Waveform
    from rig.roles import Clock

__all__ = ["RohdeSchwarzOscilloscope"]

_HEADER_FIELDS = 4
# From the first sample to the last there is one interval less than samples; some count the last one as well.
_COUNTED = 1.5
_AVERAGES = range(2, 1025)


class RohdeSchwarzOscilloscope(ScpiOscilloscope):
    """A family says its commands and queries; a capture without trigger is one that does not wait for any.

    ``across`` are the divisions of the time axis, ``high`` those of the voltage axis.

    Parameters
    ----------
    name, address, backend : from the bench file
    clock : the bench's clock, with which every wait is made
    timeout : how long a reply may keep us waiting, and a long one pause, s
    across : how many divisions the time axis has
    """

    high = 8
    reductions: tuple[Reduction, ...] = (Reduction.HIGH_RESOLUTION, Reduction.AVERAGE)

    def __init__(
        self, name: str, address: str, *, clock: Clock, backend: str = "@py", timeout: float = 10.0, across: int
    ) -> None:
        session = VisaSession(name, address, backend=backend, timeout=timeout)
        super().__init__(name, ScpiDialogue(session), clock=clock)
        self._across = across

    def configure(self, setup: ScopeSetup) -> ScopeSetup:
        """Set everything for one capture; return it as the instrument has set it."""
        self._setup = None
        self._refuse_absent(setup)
        self._refuse_unable(setup, reductions=self.reductions, averages=_AVERAGES)
        step = next_step(setup.window / self._across)
        middle = (0.5 - setup.pretrigger) * step * self._across
        further = (*self._timebase(setup, step, middle), *self._trigger(setup))
        channels = [line for number in self._inputs for line in self._channel(number, setup.channels.get(number))]
        self._dialogue.command("*CLS", "STOP", *channels)
        self._dialogue.command(*further)
        self._setup = self._as_set(setup)
        return self._setup

    def arm(self) -> None:
        """Start a single acquisition and return once the instrument is truly armed (or, without trigger, done).

        Raises
        ------
        InstrumentError
            if it does not arm
        NoTrigger
            if a capture that does not wait for a trigger does not complete
        """
        setup = self._configured()
        limit = setup.window + ARMING_TIME
        self.halt()
        if not self._wait(self.done, ARMING_TIME):
            self._refuse("STOP", "the oscilloscope did not stop")
        self._begins()
        self._arm("SINGle", phase=self._phase, limit=limit)
        if setup.trigger is None and not self._wait(self.done, limit):
            msg = f"{self.name}: the acquisition without trigger did not complete"
            raise NoTrigger(msg)

    def done(self) -> bool:
        """Whether the armed acquisition is complete."""
        return self._phase() is Phase.IDLE

    def halt(self) -> None:
        """Abandon an acquisition; may be called at any time."""
        self._dialogue.command("*CLS", "STOP")

    def fetch(self, channel: int, segment: int = 1) -> Waveform:
        """Read the completed record, V at the probe tip, time 0 at the trigger.

        Raises
        ------
        SamplesLost
            if the record is empty, cut, or shorter than announced; ``partial`` is the waveform that came, if any
        StaleWaveform
            if it is to the last bit the record of an earlier acquisition
        """
        setup = self._completed(channel, segment, source=f"CHANnel{channel}:DATA?", data=f"CHANnel{channel}:DATA?")
        waveform = self._read(channel, setup)
        self._refuse_stale(channel, waveform)
        return waveform

    def _header(self, query: str, setup: ScopeSetup) -> tuple[float, int]:
        """Return the time of the first sample, s, and how many there are; raise if that is another record."""
        begin, end, points, values = self._dialogue.numbers(query, _HEADER_FIELDS)
        if points < 1:
            msg = f"{self.name}: {query!r} tells of no record"
            raise SamplesLost(msg)
        intervals = (end - begin) * setup.points / setup.window
        if values != 1 or abs(intervals - points + 0.5) > _COUNTED + 1e-6 * points:
            told = f"{points:g} samples from {begin:g} s to {end:g} s, {values:g} values of each"
            self._dialogue.refuse(query, f"describes another record than was set: {told}")
        return begin, int(points)

    def _sampled(self, asked: ScopeSetup) -> tuple[int, float]:
        """Return how many samples there will be, and how long they last, s; raise if that is not enough."""
        points, rate = self._dialogue.integer("ACQuire:POINts?"), self._dialogue.number("ACQuire:SRATe?")
        if not (rate > 0 and points > 0):
            self._dialogue.refuse("ACQuire:SRATe?", f"{rate:g} samples per second, {points} samples")
        window = points / rate
        if points < asked.points or window < asked.window * (1 - 1e-6):
            able = f"it keeps {points} points at {rate:g} per second, which is {window:g} s"
            self._refuse(f"{asked.points} points over {asked.window:g} s", able)
        return points, window

    def _as_set(self, asked: ScopeSetup) -> ScopeSetup:
        channels = {number: self._channel_as_set(number, one) for number, one in asked.channels.items()}
        points, window = self._sampled(asked)
        trigger = asked.trigger
        if trigger is not None:
            level = self._dialogue.number(self._level_query(trigger))
            trigger = Trigger(channel=trigger.channel, level=level, slope=trigger.slope)
        return replace(
            asked,
            channels=MappingProxyType(channels),
            window=window,
            points=points,
            pretrigger=0.5 - self._dialogue.number(self.position_query) / window,
            trigger=trigger,
            averages=self._averages_as_set() if asked.reduction is Reduction.AVERAGE else asked.averages,
        )

    position_query = ""

    def _begins(self) -> None:
        """Forget what was seen of the acquisition before."""

    @abstractmethod
    def _channel(self, number: int, channel: ScopeChannel | None) -> Iterable[str]:
        """Return the commands for one channel; None turns it off."""

    @abstractmethod
    def _timebase(self, setup: ScopeSetup, step: float, middle: float) -> Iterable[str]:
        """Return the commands for the time axis, ``step`` s per division, its middle so many s after the trigger."""

    @abstractmethod
    def _trigger(self, setup: ScopeSetup) -> Iterable[str]:
        """Return the commands for the trigger."""

    @abstractmethod
    def _channel_as_set(self, number: int, asked: ScopeChannel) -> ScopeChannel:
        """Read back what a channel is set to."""

    @abstractmethod
    def _level_query(self, trigger: Trigger) -> str:
        """Return the query for the trigger's level."""

    @abstractmethod
    def _averages_as_set(self) -> int:
        """Read back how many records the mean is taken of."""

    @abstractmethod
    def _phase(self) -> Phase:
        """Return what the instrument says that it does."""

    @abstractmethod
    def _read(self, channel: int, setup: ScopeSetup) -> Waveform:
        """Read a completed record."""
