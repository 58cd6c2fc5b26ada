"""Keysight InfiniiVision oscilloscopes (2000, 3000, 4000 X-Series and their kin)."""

from __future__ import annotations

from dataclasses import replace
from types import MappingProxyType
from typing import TYPE_CHECKING, Literal

import numpy as np

from rig.bench.drivers.scpi import ScpiDialogue
from rig.bench.drivers.scpi_oscilloscope import ARMING_TIME, Piece, ScpiOscilloscope, edge_of
from rig.bench.transport.visa import VisaSession
from rig.errors import InstrumentError, Refused, SamplesLost
from rig.model.picture import Picture
from rig.model.setup import Reduction, ScopeChannel, ScopeSetup, Trigger
from rig.model.waveform import Waveform
from rig.units import Unit

if TYPE_CHECKING:
    from rig.bench.opening import Opening
    from rig.roles import Clock

__all__ = ["KeysightInfiniiVision", "opened"]

_SLOPES = {1: "POSitive", -1: "NEGative", 0: "EITHer"}
_TYPES = {Reduction.NONE: "NORMal", Reduction.HIGH_RESOLUTION: "HRESolution", Reduction.AVERAGE: "AVERage"}
_RUN_BIT = 8
_PREAMBLE_FIELDS = 10
_WIDTHS = {"BYTE": 1, "WORD": 2}
# Codes of unsigned data that are no voltages; the highest of all is clipped as well.
_HOLE, _CLIPPED_LOW = 0, 1
_MOST_AVERAGES, _MOST_SEGMENTS = 65_536, 1000


class KeysightInfiniiVision(ScpiOscilloscope):
    """Single-shot capture, polled so that a trigger that never comes blocks nothing.

    Parameters
    ----------
    name, address, backend : from the bench file
    clock : the bench's clock, with which every wait is made
    timeout : how long a reply may keep us waiting, and a long one pause, s
    samples : how many bytes a sample is read in; eight bits lose what high resolution and averaging gain
    """

    def __init__(
        self,
        name: str,
        address: str,
        *,
        clock: Clock,
        backend: str = "@py",
        timeout: float = 10.0,
        samples: Literal["BYTE", "WORD"] = "WORD",
    ) -> None:
        session = VisaSession(name, address, backend=backend, timeout=timeout)
        super().__init__(name, ScpiDialogue(session), clock=clock)
        self._samples: Literal["BYTE", "WORD"] = samples

    def configure(self, setup: ScopeSetup) -> ScopeSetup:
        """Set everything for one capture; return it as the instrument has set it."""
        self._setup = None
        self._refuse_absent(setup)
        self._refuse_unable(
            setup,
            reductions=(Reduction.HIGH_RESOLUTION, Reduction.AVERAGE),
            averages=range(2, _MOST_AVERAGES + 1),
            segments=_MOST_SEGMENTS,
        )
        channels = [line for number in self._inputs for line in _channel_commands(number, setup.channels.get(number))]
        self._dialogue.command("*CLS", ":STOP", *channels)
        self._dialogue.command(*_timebase_commands(setup), *_trigger_commands(setup))
        self._setup = self._as_set(setup)
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
        self._capture += 1
        # The armed event stays set until it is read, so that even a very short armed state is seen.
        self._dialogue.command("*CLS", ":SINGle")
        if not self._wait(lambda: self._dialogue.integer(":AER?") == 1, setup.window + ARMING_TIME):
            raise InstrumentError(self.name, ":SINGle", "the oscilloscope did not arm")
        if setup.trigger is None:
            self._force(":TRIGger:FORCe", setup.window + ARMING_TIME)

    def done(self) -> bool:
        """Whether the armed acquisition is complete."""
        # The condition, not the event: the Run bit says what is, not what once was.
        return not self._dialogue.integer(":OPERegister:CONDition?") & _RUN_BIT

    def fetch(self, channel: int, segment: int = 1) -> Waveform:
        """Read the completed record, V at the probe tip, time 0 at the (first segment's) trigger.

        Raises
        ------
        SamplesLost
            if the record is empty, cut, or shorter than announced; ``partial`` is the waveform that came, if any
        StaleWaveform
            if it is to the last bit the record of an earlier acquisition
        """
        setup = self._configured()
        if not 1 <= segment <= setup.segments:
            self._refuse(":ACQuire:SEGMented:INDex", f"there is no segment {segment}")
        if not self.done():
            self._refuse(":WAVeform:DATA?", "the acquisition is not complete")
        chosen = (f":ACQuire:SEGMented:INDex {segment}",) if setup.segments > 1 else ()
        self._dialogue.command(
            *chosen,
            f":WAVeform:SOURce CHANnel{channel}",
            ":WAVeform:POINts:MODE RAW",
            f":WAVeform:FORMat {self._samples}",
            ":WAVeform:BYTeorder LSBFirst",
            ":WAVeform:UNSigned 1",
            f":WAVeform:POINts {setup.points}",
        )
        later = self._dialogue.number(":WAVeform:SEGMented:TTAG?") if setup.segments > 1 else 0.0
        preamble = self._preamble()
        points, count = int(preamble[2]), int(preamble[3])
        if points < 1:
            msg = f"{self.name}: channel {channel} has no record"
            raise SamplesLost(msg)
        if setup.reduction is Reduction.AVERAGE and count < setup.averages:
            self._refuse(":WAVeform:PREamble?", f"the record is the mean of {count} instead of {setup.averages}")
        piece = Piece(commands=(), query=":WAVeform:DATA?", size=_WIDTHS[self._samples] * points)
        waveform = self._gather([piece], lambda data: self._waveform(channel, preamble, data))
        waveform = replace(waveform, start=waveform.start + later)
        self._refuse_stale(channel, waveform, segment)
        return waveform

    def halt(self) -> None:
        """Abandon an acquisition; may be called at any time."""
        self._dialogue.command("*CLS", ":STOP")

    def screenshot(self) -> Picture:
        """Read what the screen shows, as PNG."""
        return Picture(data=self._dialogue.block(":DISPlay:DATA? PNG,COLor"), source=self.name)

    def _as_set(self, asked: ScopeSetup) -> ScopeSetup:
        number = self._dialogue.number
        channels = {
            index: ScopeChannel(
                full_scale=number(f":CHANnel{index}:RANGe?"),
                probe=number(f":CHANnel{index}:PROBe?"),
                offset=number(f":CHANnel{index}:OFFSet?"),
                bandwidth_limit=bool(number(f":CHANnel{index}:BWLimit?")),
                coupling=channel.coupling,
            )
            for index, channel in asked.channels.items()
        }
        window, position = number(":TIMebase:RANGe?"), number(":TIMebase:POSition?")
        if not window > 0:
            raise InstrumentError(self.name, ":TIMebase:RANGe?", f"answered {window!r}")
        trigger = asked.trigger
        if trigger is not None:
            level = number(":TRIGger:EDGE:LEVel?")
            trigger = Trigger(channel=trigger.channel, level=level, slope=trigger.slope)
        averages, segments = asked.averages, asked.segments
        if asked.reduction is Reduction.AVERAGE:
            averages = self._dialogue.integer(":ACQuire:COUNt?")
        if segments > 1:
            segments = self._dialogue.integer(":ACQuire:SEGMented:COUNt?")
            if segments != asked.segments:
                self._refuse(f"{asked.segments} segments", f"its memory holds {segments} of this length")
        return replace(
            asked,
            channels=MappingProxyType(channels),
            window=window,
            pretrigger=0.5 - position / window,
            trigger=trigger,
            averages=averages,
            segments=segments,
        )

    def _preamble(self) -> tuple[float, ...]:
        query = ":WAVeform:PREamble?"
        reply = self._dialogue.text(query)
        if reply == "+0":  # some models answer so the first time
            reply = self._dialogue.text(query)
        try:
            fields = tuple(float(field) for field in reply.split(","))
        except ValueError:
            fields = ()
        if len(fields) != _PREAMBLE_FIELDS or not np.isfinite(fields).all() or fields[0] != _WIDTHS[self._samples] - 1:
            self._dialogue.refuse(query, f"answered {reply!r}")
        if not (fields[4] > 0 and fields[7] > 0):
            self._dialogue.refuse(query, f"states no sample interval or no volts per code: {reply!r}")
        return fields

    def _waveform(self, channel: int, preamble: tuple[float, ...], data: bytes) -> Waveform:
        _, _, _, _, x_increment, x_origin, x_reference, y_increment, y_origin, y_reference = preamble
        width = _WIDTHS[self._samples]
        return Waveform(
            samples=np.frombuffer(data[: len(data) // width * width], dtype=f"<u{width}"),
            interval=x_increment,
            unit=Unit.VOLT,
            source=f"{self.name}:{channel}",
            gain=y_increment,
            offset=y_origin - y_reference * y_increment,
            start=x_origin - x_reference * x_increment,
            rails=(_CLIPPED_LOW, (1 << 8 * width) - 1),
            hole=_HOLE,
            history=("raw codes as read",),
        )


def _channel_commands(number: int, channel: ScopeChannel | None) -> tuple[str, ...]:
    if channel is None:
        return (f":CHANnel{number}:DISPlay 0",)
    return (
        f":CHANnel{number}:DISPlay 1",
        # The probe first: changing it rescales range and offset.
        f":CHANnel{number}:PROBe {channel.probe:.9g}",
        f":CHANnel{number}:COUPling {channel.coupling}",
        f":CHANnel{number}:IMPedance ONEMeg",
        f":CHANnel{number}:BWLimit {int(channel.bandwidth_limit)}",
        f":CHANnel{number}:RANGe {channel.full_scale:.9g}",
        f":CHANnel{number}:OFFSet {channel.offset:.9g}",
    )


def _timebase_commands(setup: ScopeSetup) -> tuple[str, ...]:
    averages = (f":ACQuire:COUNt {setup.averages}",) if setup.reduction is Reduction.AVERAGE else ()
    segments = (f":ACQuire:SEGMented:COUNt {setup.segments}",) if setup.segments > 1 else ()
    return (
        f":ACQuire:MODE {'SEGMented' if segments else 'RTIMe'}",
        f":ACQuire:TYPE {_TYPES[setup.reduction]}",
        *averages,
        ":TIMebase:MODE MAIN",
        ":TIMebase:REFerence CENTer",
        f":TIMebase:RANGe {setup.window:.9g}",
        f":TIMebase:POSition {(0.5 - setup.pretrigger) * setup.window:.9g}",
        *segments,
    )


def _trigger_commands(setup: ScopeSetup) -> tuple[str, ...]:
    trigger = edge_of(setup)
    return (
        ":TRIGger:MODE EDGE",
        f":TRIGger:EDGE:SOURce CHANnel{trigger.channel}",
        f":TRIGger:EDGE:SLOPe {_SLOPES[trigger.slope]}",
        ":TRIGger:EDGE:COUPling DC",
        f":TRIGger:EDGE:LEVel {trigger.level:.9g}",
        ":TRIGger:SWEep NORMal",
    )


def opened(at: Opening) -> KeysightInfiniiVision:
    """Open a session as a bench file says."""
    samples = at.option("samples", "WORD").upper()
    if samples not in ("BYTE", "WORD"):
        raise Refused(f"{at.name}: samples are read as BYTE or WORD, not {samples}")
    return KeysightInfiniiVision(
        at.name,
        at.address,
        clock=at.clock,
        backend=at.entry.backend,
        timeout=at.patience(10.0),
        samples="BYTE" if samples == "BYTE" else "WORD",
    )
