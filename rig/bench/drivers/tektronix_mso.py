"""Tektronix 4, 5 and 6 Series MSO oscilloscopes, and the low profile digitizers of their kind."""

from __future__ import annotations

import math
from dataclasses import replace
from types import MappingProxyType
from typing import TYPE_CHECKING

import numpy as np

from rig.bench.drivers.scpi_oscilloscope import edge_of
from rig.bench.drivers.tektronix import COUPLINGS, MODES, SLOPES, TektronixDialogue, TektronixOscilloscope
from rig.bench.transport.visa import VisaSession
from rig.model.picture import Picture
from rig.model.setup import Reduction, ScopeChannel, ScopeSetup, Trigger

if TYPE_CHECKING:
    from rig.bench.opening import Opening
    from rig.model.waveform import Waveform
    from rig.roles import Clock

__all__ = ["TektronixMso", "opened"]

_DIVISIONS = 10
_LIMITED = 20e6
_MOST_AVERAGES, _MOST_FRAMES = 10_240, 1_000_000
# What the rounding of a sample rate may cost at the end of a window.
_SLACK = 1e-6


class TektronixMso(TektronixOscilloscope):
    """Manual horizontal mode: the sample rate is chosen first, and the record is as long as the window then needs.

    Parameters
    ----------
    name, address, backend : from the bench file
    clock : the bench's clock, with which every wait is made
    timeout : how long a reply may keep us waiting, and a long one pause, s
    picture : where the instrument keeps a screenshot until it is read
    """

    # Twelve bits, left-justified: the converter's highest code.
    top = (127, 32752)

    def __init__(
        self,
        name: str,
        address: str,
        *,
        clock: Clock,
        backend: str = "@py",
        timeout: float = 10.0,
        picture: str = "C:/rig-screen.png",
    ) -> None:
        session = VisaSession(name, address, backend=backend, timeout=timeout)
        super().__init__(name, TektronixDialogue(session), clock=clock)
        self._picture = picture

    def configure(self, setup: ScopeSetup) -> ScopeSetup:
        """Set everything for one capture; return it as the instrument has set it."""
        self._setup = None
        self._refuse_absent(setup)
        self._refuse_unable(
            setup,
            reductions=(Reduction.HIGH_RESOLUTION, Reduction.AVERAGE),
            averages=range(2, _MOST_AVERAGES + 1),
            segments=_MOST_FRAMES,
        )
        self._dialogue.command("*CLS", "HEADer OFF", "ACQuire:STATE OFF")
        gains = {number: self._dialogue.number(f"CH{number}:PRObe:GAIN?") for number in setup.channels}
        for number, gain in gains.items():
            if not gain > 0:
                self._dialogue.refuse(f"CH{number}:PRObe:GAIN?", f"answered {gain!r}")
        channels = [
            line
            for number in self._inputs
            for line in _channel_commands(number, setup.channels.get(number), gains.get(number, 1.0))
        ]
        self._dialogue.command(*channels)
        self._dialogue.command(*_acquisition_commands(setup), *_trigger_commands(setup))
        window, points = self._timebase(setup)
        self._setup = replace(self._as_set(setup, gains), window=window, points=points)
        return self._setup

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
        frames = (f"DATa:FRAMESTARt {segment}", f"DATa:FRAMESTOP {segment}") if setup.segments > 1 else ()
        waveform = self._record(channel, segment, setup, 2, *frames)
        if segment > 1:
            waveform = replace(waveform, start=waveform.start + self._after_first(segment))
        self._refuse_stale(channel, waveform, segment)
        low, high = waveform.rails or (0.0, 0.0)
        reached = len(waveform) and (waveform.samples.min() <= low or waveform.samples.max() >= high)
        if len(waveform) and not reached and self._dialogue.integer(f"CH{channel}:CLIPping?"):
            # Clipped before the samples were reduced to those that are kept: their extremes are none.
            waveform = replace(waveform, rails=(float(np.min(waveform.samples)), float(np.max(waveform.samples))))
        return waveform

    def screenshot(self) -> Picture:
        """Have the screen saved as PNG, read the file, and delete it."""
        self._dialogue.command("*CLS", f'SAVe:IMAGe "{self._picture}"')
        if self._dialogue.text("*OPC?") != "1":
            self._refuse("SAVe:IMAGe", "the screen was not saved")
        data = self._dialogue.picture(f'FILESystem:READFile "{self._picture}"')
        self._dialogue.command(f'FILESystem:DELEte "{self._picture}"')
        return Picture(data=data, source=self.name)

    def _after_first(self, segment: int) -> float:
        """Return how long after the first segment's trigger another's came, s."""
        self._dialogue.command("HORizontal:FASTframe:REF:FRAMe 1", f"HORizontal:FASTframe:SELECTED {segment}")
        query = "HORizontal:FASTframe:TIMEStamp:DELTa?"
        return self._dialogue.read_numbers(query, self._dialogue.text(query).strip('"'), 1)[0]

    def _timebase(self, setup: ScopeSetup) -> tuple[float, int]:
        """Choose sample rate and record length; return window and points as the instrument has set them."""
        position = f"HORizontal:POSition {100 * setup.pretrigger:.9g}"
        self._dialogue.command(
            "HORizontal:MODE MANual",
            "HORizontal:DELay:MODe OFF",
            f"HORizontal:MODE:SAMPLERate {setup.points / setup.window:.9g}",
        )
        rate = self._dialogue.number("HORizontal:MODE:SAMPLERate?")
        if not rate > 0:
            self._dialogue.refuse("HORizontal:MODE:SAMPLERate?", f"answered {rate!r}")
        needed = math.ceil(setup.window * rate * (1 - _SLACK))
        self._dialogue.command(f"HORizontal:MODE:RECOrdlength {needed}", position)
        points = self._dialogue.integer("HORizontal:MODE:RECOrdlength?")
        rate = self._dialogue.number("HORizontal:MODE:SAMPLERate?")
        if not (rate > 0 and points >= setup.window * rate * (1 - _SLACK)):
            able = f"it keeps {points} points at {rate:g} per second, which is {points / rate if rate else 0:g} s"
            self._refuse(f"a window of {setup.window:g} s", able)
        return points / rate, points

    def _as_set(self, asked: ScopeSetup, gains: dict[int, float]) -> ScopeSetup:
        number = self._dialogue.number
        channels = {
            index: ScopeChannel(
                full_scale=_DIVISIONS * number(f"CH{index}:SCAle?"),
                probe=number(f"CH{index}:PROBEFunc:EXTAtten?") / gains[index],
                offset=number(f"CH{index}:OFFSet?"),
                bandwidth_limit=number(f"CH{index}:BANdwidth?") <= _LIMITED * (1 + _SLACK),
                coupling=channel.coupling,
            )
            for index, channel in asked.channels.items()
        }
        trigger = asked.trigger
        if trigger is not None:
            level = number(f"TRIGger:A:LEVel:CH{trigger.channel}?")
            trigger = Trigger(channel=trigger.channel, level=level, slope=trigger.slope)
        averages, segments = asked.averages, asked.segments
        if asked.reduction is Reduction.AVERAGE:
            averages = self._dialogue.integer("ACQuire:NUMAVg?")
        if segments > 1:
            segments = self._dialogue.integer("HORizontal:FASTframe:COUNt?")
            if segments != asked.segments:
                self._refuse(f"{asked.segments} segments", f"its memory holds {segments} of this length")
        return replace(
            asked,
            channels=MappingProxyType(channels),
            pretrigger=number("HORizontal:POSition?") / 100,
            trigger=trigger,
            averages=averages,
            segments=segments,
        )


def _channel_commands(number: int, channel: ScopeChannel | None, gain: float) -> tuple[str, ...]:
    if channel is None:
        return (f"DISplay:WAVEView:CH{number}:STATE OFF",)
    return (
        f"DISplay:WAVEView:CH{number}:STATE ON",
        # The probe first: changing it rescales scale and offset. What the probe tells of itself is a gain.
        f"CH{number}:PROBEFunc:EXTAtten {channel.probe * gain:.9g}",
        f"CH{number}:TERmination 1E6",
        f"CH{number}:COUPling {COUPLINGS[channel.coupling]}",
        f"CH{number}:BANdwidth {'20E6' if channel.bandwidth_limit else 'FULl'}",
        f"CH{number}:SCAle {channel.full_scale / _DIVISIONS:.9g}",
        f"CH{number}:POSition 0",
        f"CH{number}:OFFSet {channel.offset:.9g}",
    )


def _acquisition_commands(setup: ScopeSetup) -> tuple[str, ...]:
    averages = (f"ACQuire:NUMAVg {setup.averages}",) if setup.reduction is Reduction.AVERAGE else ()
    frames = (f"HORizontal:FASTframe:COUNt {setup.segments}",) if setup.segments > 1 else ()
    state = f"HORizontal:FASTframe:STATE {'ON' if setup.segments > 1 else 'OFF'}"
    return (f"ACQuire:MODe {MODES[setup.reduction]}", *averages, state, *frames)


def _trigger_commands(setup: ScopeSetup) -> tuple[str, ...]:
    trigger = edge_of(setup)
    return (
        "TRIGger:A:TYPe EDGE",
        f"TRIGger:A:EDGE:SOUrce CH{trigger.channel}",
        f"TRIGger:A:EDGE:SLOpe {SLOPES[trigger.slope]}",
        "TRIGger:A:EDGE:COUPling DC",
        f"TRIGger:A:LEVel:CH{trigger.channel} {trigger.level:.9g}",
        "TRIGger:A:MODe NORMal",
    )


def opened(at: Opening) -> TektronixMso:
    """Open a session as a bench file says."""
    return TektronixMso(
        at.name,
        at.address,
        clock=at.clock,
        backend=at.entry.backend,
        timeout=at.patience(10.0),
        picture=at.option("picture", "C:/rig-screen.png"),
    )
