"""Tektronix DPO2000 and MSO2000, TBS2000 and TBS1000: 8 bits, one window at a time, three manners of speaking."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import TYPE_CHECKING

from rig.bench.drivers.scpi_oscilloscope import edge_of, next_step
from rig.bench.drivers.tektronix import COUPLINGS, MODES, SLOPES, TektronixDialogue, TektronixOscilloscope
from rig.bench.transport.visa import VisaSession
from rig.model.picture import Picture
from rig.model.setup import Reduction, ScopeChannel, ScopeSetup, Trigger

if TYPE_CHECKING:
    from rig.bench.opening import Opening
    from rig.model.identity import Identity
    from rig.model.waveform import Waveform
    from rig.roles import Clock

__all__ = ["TektronixDpo", "opened"]

_DIVISIONS = 8
_LIMITED = 20e6
_SLACK = 1e-6
# Time per division goes in three steps a decade, not the same in all of them: how much more until the next is reached.
_STEPS_UP = (1.0, 1.25, 1.7, 2.5)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Manner:
    """How one series says it.

    Attributes
    ----------
    models : what its models' names begin with
    depths : the record lengths that can be chosen; one that stands alone cannot be
    across : divisions of the time axis
    scale, position : headers of the time per division and of the middle's distance from the trigger, s
    trigger : header of its trigger
    probe : header of the probe, which is a gain or an attenuation
    gain : whether it is a gain
    offset : whether a voltage can be put into the middle of the screen
    limit : the word for the limited bandwidth
    averages : how many records it can take the mean of
    high_resolution : whether it can take the mean of neighbouring samples
    """

    models: str
    depths: tuple[int, ...]
    across: int
    scale: str
    position: str
    trigger: str = "TRIGger:A"
    preamble: str = "WFMOutpre"
    probe: str = "PRObe:GAIN"
    gain: bool = True
    offset: bool = True
    limit: str = "TWEnty"
    full: str = "FULl"
    averages: tuple[int, ...] = (2, 4, 8, 16, 32, 64, 128, 256, 512)
    high_resolution: bool = True


_MANNERS = (
    _Manner(
        models="TBS2",
        depths=(2_000, 20_000, 200_000, 2_000_000, 5_000_000, 20_000_000),
        across=15,
        scale="HORizontal:SCAle",
        position="HORizontal:DELay:TIMe",
    ),
    _Manner(
        models="(TBS1|TDS|TPS)",
        depths=(2_500,),
        across=10,
        scale="HORizontal:MAIn:SCAle",
        position="HORizontal:MAIn:POSition",
        trigger="TRIGger:MAIn",
        preamble="WFMPre",
        probe="PRObe",
        gain=False,
        offset=False,
        limit="ON",
        full="OFF",
        averages=(4, 16, 64, 128),
        high_resolution=False,
    ),
    _Manner(
        models="",
        depths=(1_000, 10_000, 100_000, 1_000_000),
        across=10,
        scale="HORizontal:SCAle",
        position="HORizontal:DELay:TIMe",
        high_resolution=False,
    ),
)


class TektronixDpo(TektronixOscilloscope):
    """The window is made of divisions: time per division and record length are chosen, the sample rate follows.

    Parameters
    ----------
    name, address, backend : from the bench file
    clock : the bench's clock, with which every wait is made
    timeout : how long a reply may keep us waiting, and a long one pause, s
    hardcopy : the command that has the screen sent, as PNG or BMP
    """

    def __init__(
        self,
        name: str,
        address: str,
        *,
        clock: Clock,
        backend: str = "@py",
        timeout: float = 10.0,
        hardcopy: str = "HARDCopy STARt",
    ) -> None:
        session = VisaSession(name, address, backend=backend, timeout=timeout)
        super().__init__(name, TektronixDialogue(session), clock=clock)
        self._hardcopy = hardcopy
        self._manner = _MANNERS[-1]

    def identify(self) -> Identity:
        """Ask the instrument who it is; from then on it is spoken to in its manner."""
        identity = super().identify()
        self._manner = next(one for one in _MANNERS if re.match(one.models, identity.model))
        self.preamble = self._manner.preamble
        return identity

    def configure(self, setup: ScopeSetup) -> ScopeSetup:
        """Set everything for one capture; return it as the instrument has set it."""
        self._setup = None
        self._refuse_absent(setup)
        manner = self._manner
        able = (Reduction.HIGH_RESOLUTION, Reduction.AVERAGE) if manner.high_resolution else (Reduction.AVERAGE,)
        self._refuse_unable(setup, reductions=able, averages=manner.averages)
        if setup.points > manner.depths[-1]:
            self._refuse(f"{setup.points} points", f"it keeps {manner.depths[-1]} at most")
        if not manner.offset and any(channel.offset for channel in setup.channels.values()):
            self._refuse("an offset", "it can put no voltage but 0 V into the middle of the screen")
        channels = [line for number in self._inputs for line in self._channel(number, setup.channels.get(number))]
        self._dialogue.command("*CLS", "HEADer OFF", "ACQuire:STATE OFF", *channels)
        self._dialogue.command(*self._acquisition(setup), *self._trigger(setup))
        window, points = self._timebase(setup)
        self._setup = self._as_set(setup, window, points)
        return self._setup

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
        waveform = self._record(channel, segment, setup, 1 if setup.reduction is Reduction.NONE else 2)
        self._refuse_stale(channel, waveform, segment)
        return waveform

    def screenshot(self) -> Picture:
        """Have the screen sent."""
        data = self._dialogue.picture(self._hardcopy, after=("HARDCopy:FORMat PNG",))
        return Picture(data=data, source=self.name)

    def _channel(self, number: int, channel: ScopeChannel | None) -> tuple[str, ...]:
        if channel is None:
            return (f"SELect:CH{number} OFF",)
        manner = self._manner
        offset = (f"CH{number}:OFFSet {channel.offset:.9g}",) if manner.offset else ()
        return (
            f"SELect:CH{number} ON",
            # The probe first: changing it rescales scale and offset.
            f"CH{number}:{manner.probe} {1 / channel.probe if manner.gain else channel.probe:.9g}",
            f"CH{number}:COUPling {COUPLINGS[channel.coupling]}",
            f"CH{number}:BANdwidth {manner.limit if channel.bandwidth_limit else manner.full}",
            f"CH{number}:SCAle {channel.full_scale / _DIVISIONS:.9g}",
            f"CH{number}:POSition 0",
            *offset,
        )

    def _acquisition(self, setup: ScopeSetup) -> tuple[str, ...]:
        averages = (f"ACQuire:NUMAVg {setup.averages}",) if setup.reduction is Reduction.AVERAGE else ()
        return (f"ACQuire:MODe {MODES[setup.reduction]}", *averages)

    def _trigger(self, setup: ScopeSetup) -> tuple[str, ...]:
        trigger, root = edge_of(setup), self._manner.trigger
        return (
            f"{root}:TYPe EDGE",
            f"{root}:EDGE:SOUrce CH{trigger.channel}",
            f"{root}:EDGE:SLOpe {SLOPES[_slope(trigger)]}",
            f"{root}:EDGE:COUPling DC",
            f"{root}:LEVel {trigger.level:.9g}",
            f"{root}:MODe NORMal",
        )

    def _timebase(self, setup: ScopeSetup) -> tuple[float, int]:
        """Choose record length and time per division; return window and points as the instrument has set them."""
        manner, dialogue = self._manner, self._dialogue
        chosen = next(depth for depth in manner.depths if depth >= setup.points)
        if len(manner.depths) > 1:
            dialogue.command(f"HORizontal:RECOrdlength {chosen}")
        points = dialogue.integer("HORizontal:RECOrdlength?")
        if points < setup.points:
            self._refuse(f"{setup.points} points", f"it keeps {points}")
        step = next_step(setup.window / manner.across)
        window = 0.0
        for more in _STEPS_UP:
            dialogue.command(f"{manner.scale} {step * more:.9g}")
            window = dialogue.number(f"{manner.scale}?") * manner.across
            if window >= setup.window * (1 - _SLACK):
                break
        else:
            self._refuse(f"a window of {setup.window:g} s", f"it can do no more than {window:g} s")
        mode = ("HORizontal:DELay:MODe ON",) if "DELay" in manner.position else ()
        dialogue.command(*mode, f"{manner.position} {(0.5 - setup.pretrigger) * window:.9g}")
        return window, points

    def _as_set(self, asked: ScopeSetup, window: float, points: int) -> ScopeSetup:
        manner, number = self._manner, self._dialogue.number
        channels = {}
        for index, channel in asked.channels.items():
            factor = number(f"CH{index}:{manner.probe}?")
            if not factor > 0:
                self._dialogue.refuse(f"CH{index}:{manner.probe}?", f"answered {factor!r}")
            channels[index] = replace(
                channel,
                full_scale=_DIVISIONS * number(f"CH{index}:SCAle?"),
                probe=1 / factor if manner.gain else factor,
                offset=number(f"CH{index}:OFFSet?") if manner.offset else 0.0,
                bandwidth_limit=self._is_limited(f"CH{index}:BANdwidth?"),
            )
        trigger = asked.trigger
        if trigger is not None:
            level = number(f"{manner.trigger}:LEVel?")
            trigger = Trigger(channel=trigger.channel, level=level, slope=_slope(trigger))
        averages = asked.averages
        if asked.reduction is Reduction.AVERAGE:
            averages = self._dialogue.integer("ACQuire:NUMAVg?")
        return replace(
            asked,
            channels=MappingProxyType(channels),
            window=window,
            points=points,
            pretrigger=0.5 - number(f"{manner.position}?") / window,
            trigger=trigger,
            averages=averages,
        )

    def _is_limited(self, query: str) -> bool:
        """Read a bandwidth: a word of three letters at least, or a frequency, Hz."""
        reply = self._dialogue.text(query).upper()
        if reply[:3] in {"TWE", "ON", "FUL", "OFF"}:
            return reply[:3] in {"TWE", "ON"}
        return self._dialogue.read_numbers(query, reply, 1)[0] <= _LIMITED * (1 + _SLACK)


def _slope(trigger: Trigger) -> int:
    """Return the edge to wait for: there is no "either", but who comes from zero first passes a level away from it."""
    return trigger.slope or (1 if trigger.level >= 0 else -1)


def opened(at: Opening) -> TektronixDpo:
    """Open a session as a bench file says."""
    return TektronixDpo(
        at.name,
        at.address,
        clock=at.clock,
        backend=at.entry.backend,
        timeout=at.patience(10.0),
        hardcopy=at.option("hardcopy", "HARDCopy STARt"),
    )
