"""Siglent oscilloscopes of the new dialect (SDS800X HD, SDS1000X HD, SDS2000X Plus and HD, and their kin)."""

from __future__ import annotations

import math
import struct
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import TYPE_CHECKING

import numpy as np

from rig.bench.drivers.scpi_oscilloscope import ARMING_TIME, Phase, Piece, ScpiOscilloscope, chunks, edge_of, next_step
from rig.bench.drivers.siglent import SiglentDialogue, differs
from rig.bench.transport.visa import VisaSession
from rig.errors import SamplesLost
from rig.model.picture import Picture
from rig.model.setup import Coupling, Reduction, ScopeChannel, ScopeSetup, Trigger
from rig.model.waveform import Waveform
from rig.units import Unit

if TYPE_CHECKING:
    from rig.bench.opening import Opening
    from rig.roles import Clock

__all__ = ["Description", "SiglentSdsHd", "opened"]

_ACROSS, _HIGH = 10, 8
_PHASES = {
    "STOP": Phase.IDLE,
    "FSTOP": Phase.IDLE,
    "ARM": Phase.FILLING,
    "AUTO": Phase.FILLING,
    "ROLL": Phase.FILLING,
    "READY": Phase.READY,
    "TRIG'D": Phase.READY,
}
_SLOPES = {1: "RISing", -1: "FALLing", 0: "ALTernate"}
_COUPLINGS = {Coupling.DC: "DC", Coupling.AC: "AC"}
_AVERAGES = (4, 16, 32, 64, 128, 256, 512, 1024)
_DEPTHS = {10_000: "10k", 100_000: "100k", 1_000_000: "1M", 10_000_000: "10M", 100_000_000: "100M"}
_DESCRIPTION, _WORDS = 346, 1
_WORD_BITS = 16
_MOST = 5_000_000
_SCREENSHOT = ":PRINt? PNG"


@dataclass(frozen=True, slots=True, kw_only=True)
class Description:
    """What of a record's description is used; ``scale`` and ``offset`` as written there, V per division and V."""

    points: int
    scale: float
    offset: float
    codes: float
    bits: int
    interval: float
    probe: float

    @classmethod
    def read(cls, data: bytes) -> Description | None:
        """Read the 346 bytes, little endian; None where they describe no words."""
        if len(data) != _DESCRIPTION or struct.unpack_from("<H", data, 32)[0] != _WORDS:
            return None
        return cls(
            points=struct.unpack_from("<I", data, 116)[0],
            scale=struct.unpack_from("<f", data, 156)[0],
            offset=struct.unpack_from("<f", data, 160)[0],
            codes=struct.unpack_from("<f", data, 164)[0],
            bits=struct.unpack_from("<H", data, 172)[0],
            interval=struct.unpack_from("<f", data, 176)[0],
            probe=struct.unpack_from("<f", data, 328)[0],
        )

    @property
    def believable(self) -> bool:
        """Whether all numbers are finite, and those that must be are positive."""
        positive = (self.scale, self.codes, self.interval, self.probe)
        return all(math.isfinite(one) and one > 0 for one in positive) and math.isfinite(self.offset)


class SiglentSdsHd(ScpiOscilloscope):
    """Records of signed words, described in a binary table, read in pieces as long as the instrument allows.

    Parameters
    ----------
    name, address, backend : from the bench file
    clock : the bench's clock, with which every wait is made
    timeout : how long a reply may keep us waiting, and a long one pause, s
    most : how many samples to ask for at a time, where the instrument allows more
    enhanced_bits : what ``ERES`` is asked for in high resolution
    codes_per_division : instead of what the description says; 0 to believe it
    screenshot : the query for a picture
    """

    def __init__(
        self,
        name: str,
        address: str,
        *,
        clock: Clock,
        backend: str = "@py",
        timeout: float = 10.0,
        most: int = _MOST,
        enhanced_bits: float = 2.0,
        codes_per_division: float = 0.0,
        screenshot: str = _SCREENSHOT,
    ) -> None:
        session = VisaSession(name, address, backend=backend, timeout=timeout)
        dialogue = SiglentDialogue(session, state=":TRIGger:STATus?", states=frozenset(_PHASES))
        super().__init__(name, dialogue, clock=clock)
        self._siglent = dialogue
        self._most, self._codes, self._picture = most, codes_per_division, screenshot
        self._types = {
            Reduction.NONE: "NORMal",
            Reduction.HIGH_RESOLUTION: f"ERES,{enhanced_bits:g}",
            Reduction.AVERAGE: "AVERage",
        }

    def configure(self, setup: ScopeSetup) -> ScopeSetup:
        """Set everything for one capture; return it as the instrument has set it."""
        self._setup = None
        self._refuse_absent(setup)
        self._refuse_unable(setup, reductions=(Reduction.HIGH_RESOLUTION, Reduction.AVERAGE), averages=_AVERAGES)
        step = next_step(setup.window / _ACROSS)
        averages = f",{setup.averages}" if setup.reduction is Reduction.AVERAGE else ""
        depth = self._depth(setup.points)
        channels = [line for number in self._inputs for line in _channel_commands(number, setup.channels.get(number))]
        # While it is stopped, it says what the last record was made with.
        self._dialogue.command(":TRIGger:MODE AUTO", ":TRIGger:RUN", *channels)
        self._dialogue.command(
            f":ACQuire:TYPE {self._types[setup.reduction]}{averages}",
            f":ACQuire:MDEPth {depth}",
            f":TIMebase:SCALe {step:.9g}",
            f":TIMebase:DELay {(0.5 - setup.pretrigger) * step * _ACROSS:.9g}",
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
        self._arm(":TRIGger:MODE SINGle", ":TRIGger:RUN", phase=self._phase, limit=limit)
        if setup.trigger is None:
            self._force(":TRIGger:MODE FTRIG", limit)

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
        setup = self._completed(channel, segment, source=f":WAVeform:SOURce C{channel}", data=":WAVeform:DATA?")
        self._dialogue.command(
            f":WAVeform:SOURce C{channel}",
            ":WAVeform:WIDTh WORD",
            ":WAVeform:INTerval 1",
            ":WAVeform:STARt 0",
            ":WAVeform:POINt 0",
        )
        described = self._described()
        most = min(self._most, self._siglent.whole(":WAVeform:MAXPoint?", "PTS"))
        if described.points < 1 or most < 1:
            msg = f"{self.name}: channel {channel} has no record"
            raise SamplesLost(msg)
        pieces = (
            Piece(
                commands=(f":WAVeform:STARt {begin}", f":WAVeform:POINt {count}"),
                query=":WAVeform:DATA?",
                size=2 * count,
            )
            for begin, count in chunks(described.points, most)
        )
        waveform = self._gather(pieces, lambda data: self._waveform(channel, setup, described, data))
        self._refuse_stale(channel, waveform)
        return waveform

    def halt(self) -> None:
        """Abandon an acquisition; may be called at any time."""
        self._dialogue.command(":TRIGger:STOP")

    def screenshot(self) -> Picture:
        """Read what the screen shows."""
        return Picture(data=self._dialogue.picture(self._picture), source=self.name)

    def _stop(self) -> None:
        self._dialogue.command(":TRIGger:STOP")
        if not self._wait(self.done, ARMING_TIME):
            self._refuse(":TRIGger:STOP", "the oscilloscope did not stop")

    def _phase(self) -> Phase:
        return _PHASES[self._siglent.state()]

    def _depth(self, points: int) -> str:
        """Return the memory depth to set so that as many points are kept; raise if there is none."""
        if points > max(_DEPTHS):
            self._refuse(f"{points} points", f"it keeps {max(_DEPTHS)} at most")
        return next(name for depth, name in _DEPTHS.items() if depth >= points)

    def _as_set(self, asked: ScopeSetup) -> ScopeSetup:
        number, ask = self._dialogue.number, self._siglent.quantity
        channels = {
            index: replace(
                channel,
                full_scale=_HIGH * number(f":CHANnel{index}:SCALe?"),
                probe=self._probe(index),
                # The offset is added to the signal: what is in the middle of the screen is the negative of it.
                offset=-number(f":CHANnel{index}:OFFSet?") or 0.0,
                bandwidth_limit=self._dialogue.text(f":CHANnel{index}:BWLimit?").upper() != "FULL",
            )
            for index, channel in asked.channels.items()
        }
        for index, channel in asked.channels.items():
            coupling = self._dialogue.text(f":CHANnel{index}:COUPling?").upper()
            if coupling != _COUPLINGS[channel.coupling]:
                self._refuse(f":CHANnel{index}:COUPling {_COUPLINGS[channel.coupling]}", f"it is {coupling}")
            if differs(channel.probe, channels[index].probe):
                self._refuse(f":CHANnel{index}:PROBe VALue,{channel.probe:g}", f"it is {channels[index].probe:g}")
        points, rate = self._siglent.whole(":ACQuire:POINts?", "PTS"), ask(":ACQuire:SRATe?", "SA/S")
        if not (rate > 0 and points > 0):
            self._dialogue.refuse(":ACQuire:SRATe?", f"{rate:g} samples per second, {points} samples")
        window = points / rate
        if points < asked.points or window < asked.window * (1 - 1e-6):
            able = f"it keeps {points} points at {rate:g} per second, which is {window:g} s"
            self._refuse(f"{asked.points} points over {asked.window:g} s", able)
        trigger = asked.trigger
        if trigger is not None:
            trigger = Trigger(channel=trigger.channel, level=number(":TRIGger:EDGE:LEVel?"), slope=trigger.slope)
        return replace(
            asked,
            channels=MappingProxyType(channels),
            window=window,
            points=points,
            pretrigger=0.5 - number(":TIMebase:DELay?") / window,
            trigger=trigger,
            averages=self._reduced(asked),
        )

    def _reduced(self, asked: ScopeSetup) -> int:
        """Return how many records are averaged; raise if samples are made otherwise than asked."""
        told = self._dialogue.text(":ACQuire:TYPE?").upper()
        kind, _, count = told.partition(",")
        wanted, _, bits = self._types[asked.reduction].upper().partition(",")
        # Three letters tell the kinds apart, however an instrument shortens them.
        same = kind[:3] == wanted[:3]
        if not same or (bits and self._dialogue.read_numbers(":ACQuire:TYPE?", count, 1)[0] != float(bits)):
            self._refuse(f":ACQuire:TYPE {self._types[asked.reduction]}", f"it is {told}")
        if asked.reduction is not Reduction.AVERAGE:
            return asked.averages
        if not count.isdecimal():
            self._dialogue.refuse(":ACQuire:TYPE?", f"answered {told!r}")
        return int(count)

    def _probe(self, channel: int) -> float:
        query = f":CHANnel{channel}:PROBe?"
        reply = self._dialogue.text(query)
        return self._dialogue.read_numbers(query, reply.rpartition(",")[2], 1)[0]

    def _described(self) -> Description:
        query = ":WAVeform:PREamble?"
        described = Description.read(self._dialogue.block(query))
        if described is None or not described.believable:
            self._dialogue.refuse(query, f"does not describe words of a record: {described}")
        return described

    def _waveform(self, channel: int, setup: ScopeSetup, described: Description, data: bytes) -> Waveform:
        own = setup.channels[channel]
        scale = own.full_scale / _HIGH
        # Whether the description speaks of the probe's tip or of what is behind it is told by the scale.
        factor = next(
            (one for one in (described.probe, 1.0) if math.isclose(described.scale * one, scale, rel_tol=0.01)), None
        )
        if factor is None:
            found = f"describes {described.scale:g} V per division, with a probe of {described.probe:g}"
            self._refuse(":WAVeform:PREamble?", f"{found}, where {scale:g} V are set")
        return Waveform(
            samples=np.frombuffer(data[: len(data) // 2 * 2], dtype="<i2"),
            interval=described.interval,
            unit=Unit.VOLT,
            source=f"{self.name}:{channel}",
            gain=described.scale * factor / (self._codes or described.codes),
            offset=-described.offset * factor,
            start=-setup.pretrigger * setup.window,
            rails=(-(1 << 15), (1 << 15) - (1 << (_WORD_BITS - min(max(described.bits, 8), _WORD_BITS)))),
            history=("raw codes as read",),
        )


def _channel_commands(number: int, channel: ScopeChannel | None) -> tuple[str, ...]:
    root = f":CHANnel{number}"
    if channel is None:
        return (f"{root}:SWITch OFF",)
    return (
        f"{root}:SWITch ON",
        # The probe first: changing it rescales scale and offset.
        f"{root}:PROBe VALue,{channel.probe:.9g}",
        f"{root}:COUPling {_COUPLINGS[channel.coupling]}",
        f"{root}:IMPedance ONEMeg",
        f"{root}:BWLimit {'20M' if channel.bandwidth_limit else 'FULL'}",
        f"{root}:SCALe {channel.probe * next_step(channel.full_scale / _HIGH / channel.probe):.9g}",
        f"{root}:OFFSet {-channel.offset or 0.0:.9g}",
    )


def _trigger_commands(setup: ScopeSetup) -> tuple[str, ...]:
    trigger = edge_of(setup)
    return (
        ":TRIGger:TYPE EDGE",
        f":TRIGger:EDGE:SOURce C{trigger.channel}",
        f":TRIGger:EDGE:SLOPe {_SLOPES[trigger.slope]}",
        ":TRIGger:EDGE:COUPling DC",
        f":TRIGger:EDGE:LEVel {trigger.level:.9g}",
    )


def opened(at: Opening) -> SiglentSdsHd:
    """Open a session as a bench file says."""
    return SiglentSdsHd(
        at.name,
        at.address,
        clock=at.clock,
        backend=at.entry.backend,
        timeout=at.patience(10.0),
        most=at.option("most_samples", _MOST),
        enhanced_bits=at.option("enhanced_bits", 2.0),
        codes_per_division=at.option("codes_per_division", 0.0),
        screenshot=at.option("screenshot", _SCREENSHOT),
    )
