"""What Rigol's oscilloscopes share: a state without memory, and records read from deep memory in pieces."""

from __future__ import annotations

from abc import abstractmethod
from dataclasses import replace
from types import MappingProxyType
from typing import TYPE_CHECKING

import numpy as np

from rig.bench.drivers.scpi import ScpiDialogue
from rig.bench.drivers.scpi_oscilloscope import (
    ARMING_TIME,
    Phase,
    Piece,
    ScpiOscilloscope,
    chunks,
    edge_of,
    next_step,
)
from rig.bench.transport.visa import VisaSession
from rig.errors import SamplesLost
from rig.model.picture import Picture
from rig.model.setup import Coupling, Reduction, ScopeChannel, ScopeSetup, Trigger
from rig.model.waveform import Waveform
from rig.units import Unit

if TYPE_CHECKING:
    from rig.roles import Clock

__all__ = ["RigolOscilloscope"]

_DIVISIONS_HIGH = 8
_SLOPES = {1: "POSitive", -1: "NEGative", 0: "RFALl"}
_COUPLINGS = {Coupling.DC: "DC", Coupling.AC: "AC"}
_TYPES = {Reduction.NONE: "NORMal", Reduction.HIGH_RESOLUTION: "HRESolution", Reduction.AVERAGE: "AVERages"}
_PREAMBLE_FIELDS = 10
_RAW = 2
_SLACK = 1e-6
_PHASES = {
    "STOP": Phase.IDLE,
    "RUN": Phase.FILLING,
    "AUTO": Phase.FILLING,
    "WAIT": Phase.READY,
    "TD": Phase.READY,
}


class RigolOscilloscope(ScpiOscilloscope):
    """The old state is told for a while after ``:SINGle``: only who has seen it change may believe that it is over.

    A family says ``across``, its divisions of the time axis; ``reductions`` and ``averages``, what it can take the mean
    of; ``width``, bytes of a sample, and ``rails``, the codes of it that are clipped; ``most``, how many bytes it hands
    over at a time; and ``picture``, the query for a screenshot.

    Parameters
    ----------
    name, address, backend : from the bench file
    clock : the bench's clock, with which every wait is made
    timeout : how long a reply may keep us waiting, and a long one pause, s
    most : how many bytes of a record to ask for at a time
    """

    across = 10
    reductions: tuple[Reduction, ...] = ()
    averages: tuple[int, ...] = ()
    width = 1
    rails = (0, 255)
    picture = ":DISPlay:DATA? PNG"

    def __init__(
        self, name: str, address: str, *, clock: Clock, backend: str = "@py", timeout: float = 10.0, most: int
    ) -> None:
        session = VisaSession(name, address, backend=backend, timeout=timeout)
        super().__init__(name, ScpiDialogue(session), clock=clock)
        self._most = most

    def configure(self, setup: ScopeSetup) -> ScopeSetup:
        """Set everything for one capture; return it as the instrument has set it."""
        self._setup = None
        self._refuse_absent(setup)
        self._refuse_unable(setup, reductions=self.reductions, averages=self.averages)
        depth = self._depth(setup.points, len(setup.channels))
        step = next_step(setup.window / self.across)
        middle = (0.5 - setup.pretrigger) * step * self.across
        channels = [line for number in self._inputs for line in self._channel(number, setup.channels.get(number))]
        averages = (f":ACQuire:AVERages {setup.averages}",) if setup.reduction is Reduction.AVERAGE else ()
        self._dialogue.command("*CLS", ":RUN", *channels)
        # The memory's depth can be chosen only while the instrument runs, and it takes its time to.
        if not self._wait(lambda: not self.done(), ARMING_TIME):
            self._refuse(":RUN", "the oscilloscope does not run")
        self._dialogue.command(
            ":TIMebase:MODE MAIN",
            f":TIMebase:MAIN:SCALe {step:.9g}",
            f":ACQuire:TYPE {_TYPES[setup.reduction]}",
            *averages,
            f":ACQuire:MDEPth {depth}",
            f":TIMebase:MAIN:OFFSet {middle:.9g}",
            *_trigger_commands(setup),
        )
        self._setup = self._as_set(setup)
        self._stop()
        return self._setup

    def arm(self) -> None:
        """Start a single acquisition and return once the instrument is truly armed (or, without trigger, done).

        Raises
        ------
        InstrumentError
            if it does not arm
        NoTrigger
            if a forced acquisition does not complete
        """
        setup = self._configured()
        limit = setup.window + ARMING_TIME
        self._stop()
        self._arm(":SINGle", phase=self._phase, limit=limit)
        if setup.trigger is None:
            self._force(":TFORce", limit)

    def done(self) -> bool:
        """Whether the armed acquisition is complete."""
        return self._phase() is Phase.IDLE

    def fetch(self, channel: int, segment: int = 1) -> Waveform:
        """Read the completed record, V at the probe tip, time 0 at the trigger.

        Raises
        ------
        SamplesLost
            if the record is empty, cut, or shorter than announced; ``partial`` is the waveform that came, if any
        StaleWaveform
            if it is to the last bit the record of an earlier acquisition
        """
        setup = self._completed(channel, segment, source=f":WAVeform:SOURce CHANnel{channel}", data=":WAVeform:DATA?")
        self._dialogue.command(
            f":WAVeform:SOURce CHANnel{channel}",
            # Coming from the screen's record, no page of an earlier reading is left.
            ":WAVeform:MODE NORMal",
            ":WAVeform:MODE RAW",
            f":WAVeform:FORMat {'WORD' if self.width > 1 else 'BYTE'}",
            ":WAVeform:STARt 1",
            f":WAVeform:STOP {min(setup.points, self._most // self.width)}",
        )
        preamble = self._preamble()
        pieces = (
            Piece(
                commands=(f":WAVeform:STARt {begin + 1}", f":WAVeform:STOP {begin + count}"),
                query=":WAVeform:DATA?",
                size=count * self.width,
            )
            for begin, count in chunks(setup.points, self._most // self.width)
        )
        waveform = self._gather(pieces, lambda data: self._waveform(channel, preamble, data))
        self._refuse_stale(channel, waveform)
        return waveform

    def halt(self) -> None:
        """Abandon an acquisition; may be called at any time."""
        self._dialogue.command("*CLS", ":STOP")

    def screenshot(self) -> Picture:
        """Read what the screen shows, as PNG."""
        return Picture(data=self._dialogue.block(self.picture), source=self.name)

    @abstractmethod
    def _depth(self, points: int, channels: int) -> int:
        """Return the memory depth to set so that as many points are kept; raise if there is none."""

    def _channel(self, number: int, channel: ScopeChannel | None) -> tuple[str, ...]:
        if channel is None:
            return (f":CHANnel{number}:DISPlay OFF",)
        root = f":CHANnel{number}"
        return (
            f"{root}:DISPlay ON",
            # The probe first: changing it rescales scale and offset.
            f"{root}:PROBe {channel.probe:.9g}",
            f"{root}:COUPling {_COUPLINGS[channel.coupling]}",
            f"{root}:BWLimit {'20M' if channel.bandwidth_limit else 'OFF'}",
            # In steps of 1, 2, 5 at the input; asked for anything else, it would take the nearest, which may be less.
            f"{root}:SCALe {channel.probe * next_step(channel.full_scale / _DIVISIONS_HIGH / channel.probe):.9g}",
            # The offset is added to the signal: what is in the middle of the screen is the negative of it.
            f"{root}:OFFSet {-channel.offset or 0.0:.9g}",
        )

    def _as_set(self, asked: ScopeSetup) -> ScopeSetup:
        number = self._dialogue.number
        channels = {
            index: replace(
                channel,
                full_scale=_DIVISIONS_HIGH * number(f":CHANnel{index}:SCALe?"),
                probe=number(f":CHANnel{index}:PROBe?"),
                offset=-number(f":CHANnel{index}:OFFSet?") or 0.0,
                bandwidth_limit=self._dialogue.text(f":CHANnel{index}:BWLimit?").upper() != "OFF",
            )
            for index, channel in asked.channels.items()
        }
        points, rate = self._dialogue.integer(":ACQuire:MDEPth?"), number(":ACQuire:SRATe?")
        if not rate > 0:
            self._dialogue.refuse(":ACQuire:SRATe?", f"answered {rate!r}")
        window = points / rate
        if points < asked.points or window < asked.window * (1 - _SLACK):
            able = f"it keeps {points} points at {rate:g} per second, which is {window:g} s"
            self._refuse(f"{asked.points} points over {asked.window:g} s", able)
        trigger = asked.trigger
        if trigger is not None:
            level = number(":TRIGger:EDGE:LEVel?")
            trigger = Trigger(channel=trigger.channel, level=level, slope=trigger.slope)
        averages = asked.averages
        if asked.reduction is Reduction.AVERAGE:
            averages = self._dialogue.integer(":ACQuire:AVERages?")
        return replace(
            asked,
            channels=MappingProxyType(channels),
            window=window,
            points=points,
            pretrigger=0.5 - number(":TIMebase:MAIN:OFFSet?") / window,
            trigger=trigger,
            averages=averages,
        )

    def _stop(self) -> None:
        self._dialogue.command("*CLS", ":STOP")
        if not self._wait(self.done, ARMING_TIME):
            self._refuse(":STOP", "the oscilloscope did not stop")

    def _phase(self) -> Phase:
        reply = self._dialogue.text(":TRIGger:STATus?")
        phase = _PHASES.get(reply.upper())
        if phase is None:
            self._dialogue.refuse(":TRIGger:STATus?", f"answered {reply!r}")
        return phase

    def _preamble(self) -> tuple[float, ...]:
        query = ":WAVeform:PREamble?"
        fields = self._dialogue.numbers(query, _PREAMBLE_FIELDS)
        if fields[:2] != (self.width - 1, _RAW):
            self._dialogue.refuse(query, f"describes another record than the one asked for: {fields}")
        if fields[2] < 1:
            msg = f"{self.name}: there is no record"
            raise SamplesLost(msg)
        if not (fields[4] > 0 and fields[7] > 0):
            self._dialogue.refuse(query, f"states no sample interval or no volts per code: {fields}")
        return fields

    def _waveform(self, channel: int, preamble: tuple[float, ...], data: bytes) -> Waveform:
        _, _, _, _, x_increment, x_origin, x_reference, y_increment, y_origin, y_reference = preamble
        return Waveform(
            samples=np.frombuffer(data[: len(data) // self.width * self.width], dtype=f"<u{self.width}"),
            interval=x_increment,
            unit=Unit.VOLT,
            source=f"{self.name}:{channel}",
            gain=y_increment,
            # The origin is in codes, as the reference is.
            offset=-(y_origin + y_reference) * y_increment,
            start=x_origin - x_reference * x_increment,
            rails=self.rails,
            history=("raw codes as read",),
        )


def _trigger_commands(setup: ScopeSetup) -> tuple[str, ...]:
    trigger = edge_of(setup)
    return (
        ":TRIGger:MODE EDGE",
        f":TRIGger:EDGE:SOURce CHANnel{trigger.channel}",
        f":TRIGger:EDGE:SLOPe {_SLOPES[trigger.slope]}",
        ":TRIGger:COUPling DC",
        f":TRIGger:EDGE:LEVel {trigger.level:.9g}",
        ":TRIGger:SWEep NORMal",
    )
