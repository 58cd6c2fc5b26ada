"""Siglent oscilloscopes of the old dialect (SDS1000X-E and its kin): eight bits, fourteen divisions of time."""

from __future__ import annotations

from dataclasses import replace
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

__all__ = ["SiglentSds1000Xe", "opened"]

_ACROSS, _HIGH, _CODES = 14, 8, 25
_STATES = frozenset({"STOP", "READY", "TRIG'D", "ARMED", "AUTO", "ROLL"})
_ACQUIRED, _TRIGGER_READY = 1, 1 << 13
_COUPLINGS = {Coupling.DC: "D1M", Coupling.AC: "A1M"}
_SLOPES = {1: "POS", -1: "NEG", 0: "WINDOW"}
_ACQUISITIONS = {Reduction.NONE: "SAMPLING", Reduction.HIGH_RESOLUTION: "HIGH_RES", Reduction.AVERAGE: "AVERAGE"}
_AVERAGES = (4, 16, 32, 64, 128, 256, 512, 1024)
# Of one channel; two channels of a converter share it.
_MEMORY = (14_000, 140_000, 1_400_000, 14_000_000)
_MOST, _MEGA = 1_000_000, 1_000_000
_TIMES = ((1.0, "S"), (1e-3, "MS"), (1e-6, "US"), (1e-9, "NS"))


class SiglentDialogueOfOld(SiglentDialogue):
    """Blocks come behind their name."""

    begins = r"(C\d:WF )?DAT2,"


class SiglentSds1000Xe(ScpiOscilloscope):
    """What was acquired since it was last asked is in one register, which is emptied by reading: no old state in it.

    Parameters
    ----------
    name, address, backend : from the bench file
    clock : the bench's clock, with which every wait is made
    timeout : how long a reply may keep us waiting, and a long one pause, s
    most : how many samples to ask for at a time
    level_at_input : whether the trigger level is the voltage behind the probe instead of that at its tip
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
        level_at_input: bool = False,
    ) -> None:
        session = VisaSession(name, address, backend=backend, timeout=timeout)
        dialogue = SiglentDialogueOfOld(session, state="SAST?", states=_STATES, greeting=("CHDR OFF",))
        super().__init__(name, dialogue, clock=clock)
        self._siglent = dialogue
        self._most, self._level_at_input = most, level_at_input
        self._happened = 0

    def configure(self, setup: ScopeSetup) -> ScopeSetup:
        """Set everything for one capture; return it as the instrument has set it."""
        self._setup = None
        self._refuse_absent(setup)
        self._refuse_unable(
            setup, reductions=(Reduction.HIGH_RESOLUTION, Reduction.AVERAGE), averages=_AVERAGES, segments=1
        )
        step = next_step(setup.window / _ACROSS)
        delay = (0.5 - setup.pretrigger) * step * _ACROSS
        averages = f",{setup.averages}" if setup.reduction is Reduction.AVERAGE else ""
        memory = self._memory(setup)
        channels = [line for number in self._inputs for line in _channel_commands(number, setup.channels.get(number))]
        # While it is stopped, it says what the last record was made with.
        self._dialogue.command("CHDR OFF", "TRMD AUTO", *channels)
        self._dialogue.command(
            f"ACQW {_ACQUISITIONS[setup.reduction]}{averages}",
            f"MSIZ {memory}",
            f"TDIV {_time(step)}",
            f"TRDL {delay:.9g}S",
            *self._trigger_commands(setup),
        )
        self._setup = self._as_set(setup)
        self._dialogue.command("STOP")
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
        # An acquisition that ends only after the register was emptied would be taken for the one to come.
        stopped = self._siglent.state(after=("STOP",)) == "STOP"
        if not stopped and not self._wait(lambda: self._siglent.state() == "STOP", ARMING_TIME):
            self._refuse("STOP", "the oscilloscope did not stop")
        self._siglent.whole("INR?", "")
        self._happened = 0
        self._arm("TRMD SINGLE", "ARM", phase=self._phase, limit=limit)
        if setup.trigger is None:
            self._force("FRTR", limit)

    def done(self) -> bool:
        """Whether the armed acquisition is complete."""
        self._happened |= self._siglent.whole("INR?", "")
        return bool(self._happened & _ACQUIRED)

    def fetch(self, channel: int, segment: int = 1) -> Waveform:
        """Read the completed record, V at the probe tip, time 0 at the trigger.

        Raises
        ------
        SamplesLost
            if the record is empty, cut, or shorter than announced; ``partial`` is the waveform that came, if any
        StaleWaveform
            if it is to the last bit the record of an earlier acquisition
        """
        setup = self._completed(channel, segment, source=f"C{channel}:WF? DAT2", data=f"C{channel}:WF? DAT2")
        points = self._siglent.whole(f"SANU? C{channel}", "PTS")
        if points < 1:
            msg = f"{self.name}: channel {channel} has no record"
            raise SamplesLost(msg)
        pieces = (
            Piece(commands=(f"WFSU SP,1,NP,{count},FP,{begin}",), query=f"C{channel}:WF? DAT2", size=count)
            for begin, count in chunks(points, self._most)
        )
        waveform = self._gather(pieces, lambda data: self._waveform(channel, setup, data))
        self._refuse_stale(channel, waveform)
        return waveform

    def halt(self) -> None:
        """Abandon an acquisition; may be called at any time."""
        self._dialogue.command("STOP")

    def screenshot(self) -> Picture:
        """Read what the screen shows, as a bitmap."""
        return Picture(data=self._dialogue.picture("SCDP"), source=self.name)

    def _phase(self) -> Phase:
        if self.done() or self._happened & _TRIGGER_READY:
            return Phase.READY
        return Phase.FILLING

    def _memory(self, setup: ScopeSetup) -> str:
        """Return the memory to set so that as many points are kept; raise if there is none."""
        share = 2 if _converters_shared(setup) else 1
        sizes = [size // share for size in _MEMORY]
        if setup.points > sizes[-1]:
            self._refuse(f"{setup.points} points", f"it keeps {sizes[-1]} at most of these channels")
        size = next(size for size in sizes if size >= setup.points)
        return f"{size / 1e6:g}M" if size >= _MEGA else f"{size // 1000}K"

    def _trigger_commands(self, setup: ScopeSetup) -> tuple[str, ...]:
        trigger = edge_of(setup)
        source = f"C{trigger.channel}"
        probe = setup.channels[trigger.channel].probe if trigger.channel in setup.channels else 1.0
        level = trigger.level / probe if self._level_at_input else trigger.level
        return (
            f"TRSE EDGE,SR,{source},HT,OFF",
            f"{source}:TRCP DC",
            f"{source}:TRSL {_SLOPES[trigger.slope]}",
            f"{source}:TRLV {level:.9g}V",
        )

    def _as_set(self, asked: ScopeSetup) -> ScopeSetup:
        ask = self._siglent.quantity
        channels = {
            number: replace(
                channel,
                full_scale=_HIGH * ask(f"C{number}:VDIV?", "V"),
                probe=ask(f"C{number}:ATTN?", ""),
                # The offset is added to the signal: what is in the middle of the screen is the negative of it.
                offset=-ask(f"C{number}:OFST?", "V") or 0.0,
            )
            for number, channel in asked.channels.items()
        }
        for number, channel in asked.channels.items():
            coupling = self._dialogue.text(f"C{number}:CPL?").upper()
            if coupling != _COUPLINGS[channel.coupling]:
                self._refuse(f"C{number}:CPL {_COUPLINGS[channel.coupling]}", f"it is {coupling}")
            if differs(channel.probe, channels[number].probe):
                self._refuse(f"C{number}:ATTN {channel.probe:g}", f"it is {channels[number].probe:g}")
        first = next(iter(asked.channels))
        rate, points = ask("SARA?", "SA/S"), self._siglent.whole(f"SANU? C{first}", "PTS")
        if not (rate > 0 and points > 0):
            self._dialogue.refuse("SARA?", f"{rate:g} samples per second, {points} samples")
        window = points / rate
        if points < asked.points or window < asked.window * (1 - 1e-6):
            able = f"it keeps {points} points at {rate:g} per second, which is {window:g} s"
            self._refuse(f"{asked.points} points over {asked.window:g} s", able)
        told = self._dialogue.text("ACQW?").upper()
        if not told.startswith(_ACQUISITIONS[asked.reduction]):
            self._refuse(f"ACQW {_ACQUISITIONS[asked.reduction]}", f"it is {told}")
        return replace(
            asked,
            channels=MappingProxyType(channels),
            window=window,
            points=points,
            pretrigger=0.5 - ask("TRDL?", "S") / window,
            trigger=self._trigger_as_set(asked),
            averages=self._averages(told) if asked.reduction is Reduction.AVERAGE else 1,
        )

    def _averages(self, told: str) -> int:
        count = told.rpartition(",")[2]
        if not count.isdecimal():
            self._dialogue.refuse("ACQW?", f"answered {told!r}")
        return int(count)

    def _trigger_as_set(self, asked: ScopeSetup) -> Trigger | None:
        trigger = asked.trigger
        if trigger is None:
            return None
        level = self._siglent.quantity(f"C{trigger.channel}:TRLV?", "V")
        if self._level_at_input:
            level *= asked.channels[trigger.channel].probe if trigger.channel in asked.channels else 1.0
        return replace(trigger, level=level)

    def _waveform(self, channel: int, setup: ScopeSetup, data: bytes) -> Waveform:
        own = setup.channels[channel]
        return Waveform(
            samples=np.frombuffer(data, dtype="i1"),
            interval=setup.window / setup.points,
            unit=Unit.VOLT,
            source=f"{self.name}:{channel}",
            gain=own.full_scale / _HIGH / _CODES,
            offset=own.offset,
            start=-setup.pretrigger * setup.window,
            rails=(-128, 127),
            history=("raw codes as read",),
        )


def _converters_shared(setup: ScopeSetup) -> bool:
    """Return whether two channels of one pair are on: 1 and 2 have one converter, 3 and 4 the other."""
    on = {(number - 1) // 2 for number in setup.channels}
    return len(on) < len(setup.channels)


def _channel_commands(number: int, channel: ScopeChannel | None) -> tuple[str, ...]:
    if channel is None:
        return (f"C{number}:TRA OFF",)
    return (
        f"C{number}:TRA ON",
        # The probe first: changing it rescales scale and offset.
        f"C{number}:ATTN {channel.probe:.9g}",
        f"C{number}:CPL {_COUPLINGS[channel.coupling]}",
        f"BWL C{number},{'ON' if channel.bandwidth_limit else 'OFF'}",
        f"C{number}:VDIV {channel.probe * next_step(channel.full_scale / _HIGH / channel.probe):.9g}V",
        f"C{number}:OFST {-channel.offset or 0.0:.9g}V",
    )


def _time(seconds: float) -> str:
    """Write one of the steps 1, 2, 5 as the instrument does: ``500US``."""
    factor, unit = next((one for one in _TIMES if seconds >= one[0] * (1 - 1e-9)), _TIMES[-1])
    return f"{seconds / factor:.4g}{unit}"


def opened(at: Opening) -> SiglentSds1000Xe:
    """Open a session as a bench file says."""
    return SiglentSds1000Xe(
        at.name,
        at.address,
        clock=at.clock,
        backend=at.entry.backend,
        timeout=at.patience(10.0),
        most=at.option("most_samples", _MOST),
        level_at_input=at.option("level_at_input", False),  # noqa: FBT003 - what holds otherwise
    )
