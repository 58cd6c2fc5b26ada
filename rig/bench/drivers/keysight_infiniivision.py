"""Keysight InfiniiVision oscilloscopes (2000, 3000, 4000 X-Series and their kin)."""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING

import numpy as np

from rig.bench.drivers.scpi import ScpiDialogue
from rig.bench.drivers.scpi_oscilloscope import ARMING_TIME, ScpiOscilloscope
from rig.bench.transport.visa import VisaSession
from rig.errors import InstrumentError, NoTrigger, SamplesLost
from rig.model.picture import Picture
from rig.model.setup import Reduction, ScopeChannel, ScopeSetup, Trigger
from rig.model.waveform import Waveform
from rig.units import Unit

if TYPE_CHECKING:
    from rig.bench.opening import Opening
    from rig.roles import Clock

__all__ = ["KeysightInfiniiVision", "opened"]

_SLOPES = {1: "POSitive", -1: "NEGative", 0: "EITHer"}
_RUN_BIT = 8
_WORD_FORMAT = 1
_PREAMBLE_FIELDS = 10
# Codes of unsigned WORD data that are no voltages.
_HOLE, _CLIPPED_LOW, _CLIPPED_HIGH = 0x0000, 0x0001, 0xFFFF


class KeysightInfiniiVision(ScpiOscilloscope):
    """Single-shot capture, polled so that a trigger that never comes blocks nothing.

    Parameters
    ----------
    name, address, backend : from the bench file
    clock : the bench's clock, with which every wait is made
    timeout : how long a reply may keep us waiting, and a long one pause, s
    """

    def __init__(self, name: str, address: str, *, clock: Clock, backend: str = "@py", timeout: float = 10.0) -> None:
        session = VisaSession(name, address, backend=backend, timeout=timeout)
        super().__init__(name, ScpiDialogue(session), clock=clock)

    def configure(self, setup: ScopeSetup) -> ScopeSetup:
        """Set everything for one capture; return it as the instrument has set it."""
        self._setup = None
        self._refuse_absent(setup)
        if setup.reduction is not Reduction.NONE or setup.segments != 1:
            raise InstrumentError(self.name, ":ACQuire:MODE", "only single acquisitions of plain samples are provided")
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
            self._dialogue.command(":TRIGger:FORCe")
            if not self._wait(self.done, setup.window + ARMING_TIME):
                msg = f"{self.name}: the forced acquisition did not complete"
                raise NoTrigger(msg)

    def done(self) -> bool:
        """Whether the armed acquisition is complete."""
        # The condition, not the event: the Run bit says what is, not what once was.
        return not self._dialogue.integer(":OPERegister:CONDition?") & _RUN_BIT

    def fetch(self, channel: int, segment: int = 1) -> Waveform:
        """Read the completed record, V at the probe tip, time 0 at the trigger.

        Raises
        ------
        SamplesLost
            if the record is empty, cut, or shorter than announced; ``partial`` is the waveform that came, if any
        StaleWaveform
            if it is to the last bit the record of an earlier acquisition
        """
        setup = self._configured()
        if segment != 1:
            raise InstrumentError(self.name, ":ACQuire:SEGMented:INDex", f"there is no segment {segment}")
        if not self.done():
            raise InstrumentError(self.name, ":WAVeform:DATA?", "the acquisition is not complete")
        self._dialogue.command(
            f":WAVeform:SOURce CHANnel{channel}",
            ":WAVeform:POINts:MODE RAW",
            ":WAVeform:FORMat WORD",
            ":WAVeform:BYTeorder LSBFirst",
            ":WAVeform:UNSigned 1",
            f":WAVeform:POINts {setup.points}",
        )
        preamble = self._preamble()
        points = int(preamble[2])
        if points < 1:
            msg = f"{self.name}: channel {channel} has no record"
            raise SamplesLost(msg)
        try:
            data = self._dialogue.block(":WAVeform:DATA?")
        except SamplesLost as error:
            partial = error.partial if isinstance(error.partial, bytes) else b""
            raise SamplesLost(str(error), partial=self._waveform(channel, preamble, partial)) from error
        self._dialogue.check()
        waveform = self._waveform(channel, preamble, data)
        if len(data) != 2 * points:
            msg = f"{self.name}: channel {channel} delivered {len(data)} bytes for {points} samples"
            raise SamplesLost(msg, partial=waveform)
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
        return ScopeSetup(
            channels=MappingProxyType(channels),
            window=window,
            points=asked.points,
            pretrigger=0.5 - position / window,
            trigger=trigger,
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
        if len(fields) != _PREAMBLE_FIELDS or not np.isfinite(fields).all() or fields[0] != _WORD_FORMAT:
            self._dialogue.refuse(query, f"answered {reply!r}")
        if not (fields[4] > 0 and fields[7] > 0):
            self._dialogue.refuse(query, f"states no sample interval or no volts per code: {reply!r}")
        return fields

    def _waveform(self, channel: int, preamble: tuple[float, ...], data: bytes) -> Waveform:
        _, _, _, _, x_increment, x_origin, x_reference, y_increment, y_origin, y_reference = preamble
        return Waveform(
            samples=np.frombuffer(data[: len(data) // 2 * 2], dtype="<u2"),
            interval=x_increment,
            unit=Unit.VOLT,
            source=f"{self.name}:{channel}",
            gain=y_increment,
            offset=y_origin - y_reference * y_increment,
            start=x_origin - x_reference * x_increment,
            rails=(_CLIPPED_LOW, _CLIPPED_HIGH),
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
    return (
        ":ACQuire:TYPE NORMal",
        ":TIMebase:MODE MAIN",
        ":TIMebase:REFerence CENTer",
        f":TIMebase:RANGe {setup.window:.9g}",
        f":TIMebase:POSition {(0.5 - setup.pretrigger) * setup.window:.9g}",
    )


def _trigger_commands(setup: ScopeSetup) -> tuple[str, ...]:
    number, channel = next(iter(setup.channels.items()))
    # A forced capture must not be triggered by noise before it is forced: the level lies where the signal is not.
    trigger = setup.trigger or Trigger(channel=number, level=channel.offset + channel.full_scale / 4, slope=1)
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
    backend, timeout = at.entry.backend, at.patience(10.0)
    return KeysightInfiniiVision(at.name, at.address, clock=at.clock, backend=backend, timeout=timeout)
