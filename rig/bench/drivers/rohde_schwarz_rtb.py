"""Rohde & Schwarz oscilloscopes RTB2000, RTM3000 and RTA4000."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from rig.bench.drivers.rohde_schwarz import RohdeSchwarzOscilloscope
from rig.bench.drivers.scpi_oscilloscope import Phase, Piece, edge_of, next_step
from rig.model.picture import Picture
from rig.model.setup import Coupling, Reduction
from rig.model.waveform import Waveform
from rig.units import Unit

if TYPE_CHECKING:
    from rig.bench.opening import Opening
    from rig.model.setup import ScopeChannel, ScopeSetup, Trigger
    from rig.roles import Clock

__all__ = ["RohdeSchwarzRtb", "opened"]

_ACROSS = 12
_COUPLINGS = {Coupling.DC: "DCLimit", Coupling.AC: "ACLimit"}
_SLOPES = {1: "POSitive", -1: "NEGative", 0: "EITHer"}
_WORD_BITS = 16
_LEAST_POINTS, _MOST_POINTS = 10_000, 20_000_000
_STATES = {"RUN", "STOP", "COMP", "COMPLETE", "BRE", "BREAK"}
_SCREENSHOT = "HCOPy:DATA?"


class RohdeSchwarzRtb(RohdeSchwarzOscilloscope):
    """Its state does not tell filling from waiting: what lies before the trigger is given its time.

    The parameters are those of :class:`RohdeSchwarzOscilloscope`, ``screenshot``, the query for a picture, and
    ``most_points``, how long a record may be: RTM3000 and RTA4000 keep more than an RTB2000.
    """

    position_query = "TIMebase:POSition?"

    def __init__(
        self,
        name: str,
        address: str,
        *,
        clock: Clock,
        backend: str = "@py",
        timeout: float = 10.0,
        across: int = _ACROSS,
        screenshot: str = _SCREENSHOT,
        most_points: int = _MOST_POINTS,
    ) -> None:
        super().__init__(name, address, clock=clock, backend=backend, timeout=timeout, across=across)
        self._picture, self._most_points = screenshot, most_points
        self._begun: float | None = None

    def _begins(self) -> None:
        self._begun = None

    def screenshot(self) -> Picture:
        """Read what the screen shows, as PNG."""
        return Picture(data=self._dialogue.block(self._picture, after=("HCOPy:LANGuage PNG",)), source=self.name)

    def _phase(self) -> Phase:
        state = self._dialogue.text("ACQuire:STATe?").upper()
        if state not in _STATES:
            self._dialogue.refuse("ACQuire:STATe?", f"answered {state!r}")
        if state != "RUN":
            return Phase.IDLE
        now, setup = self._clock.now(), self._configured()
        self._begun = now if self._begun is None else self._begun
        filled = now - self._begun >= setup.pretrigger * setup.window
        return Phase.READY if filled else Phase.FILLING

    def _channel(self, number: int, channel: ScopeChannel | None) -> tuple[str, ...]:
        root = f"CHANnel{number}"
        if channel is None:
            return (f"{root}:STATe OFF",)
        return (
            f"{root}:STATe ON",
            # The probe first: changing it rescales scale and offset.
            f"PROBe{number}:SETup:ATTenuation:MANual {channel.probe:.9g}",
            f"{root}:COUPling {_COUPLINGS[channel.coupling]}",
            f"{root}:BANDwidth {'B20' if channel.bandwidth_limit else 'FULL'}",
            f"{root}:SCALe {channel.probe * next_step(channel.full_scale / self.high / channel.probe):.9g}",
            f"{root}:POSition 0",
            f"{root}:OFFSet {channel.offset:.9g}",
        )

    def _timebase(self, setup: ScopeSetup, step: float, middle: float) -> tuple[str, ...]:
        points = max(int(next_step(setup.points)), _LEAST_POINTS)
        if points > self._most_points:
            self._refuse(f"{setup.points} points", f"it keeps {self._most_points} at most")
        average = setup.reduction is Reduction.AVERAGE
        return (
            f"ACQuire:TYPE {'AVERage' if average else 'REFResh'}",
            f"ACQuire:HRESolution {'AUTO' if setup.reduction is Reduction.HIGH_RESOLUTION else 'OFF'}",
            *((f"ACQuire:AVERage:COUNt {setup.averages}",) if average else ()),
            f"TIMebase:SCALe {step:.9g}",
            # What the position speaks of: the middle of the screen.
            "TIMebase:REFerence 50",
            f"TIMebase:POSition {middle:.9g}",
            f"ACQuire:POINts {points}",
        )

    def _trigger(self, setup: ScopeSetup) -> tuple[str, ...]:
        trigger = edge_of(setup)
        return (
            "TRIGger:A:TYPE EDGE",
            f"TRIGger:A:SOURce CH{trigger.channel}",
            f"TRIGger:A:LEVel{trigger.channel} {trigger.level:.9g}",
            f"TRIGger:A:EDGE:SLOPe {_SLOPES[trigger.slope]}",
            "TRIGger:A:EDGE:COUPling DC",
            f"TRIGger:A:MODE {'AUTO' if setup.trigger is None else 'NORMal'}",
        )

    def _channel_as_set(self, number: int, asked: ScopeChannel) -> ScopeChannel:
        ask = self._dialogue.number
        return replace(
            asked,
            full_scale=self.high * ask(f"CHANnel{number}:SCALe?"),
            probe=ask(f"PROBe{number}:SETup:ATTenuation:MANual?"),
            offset=ask(f"CHANnel{number}:OFFSet?"),
            bandwidth_limit=self._dialogue.text(f"CHANnel{number}:BANDwidth?").upper() != "FULL",
        )

    def _level_query(self, trigger: Trigger) -> str:
        return f"TRIGger:A:LEVel{trigger.channel}?"

    def _averages_as_set(self) -> int:
        return self._dialogue.integer("ACQuire:AVERage:COUNt?")

    def _read(self, channel: int, setup: ScopeSetup) -> Waveform:
        root, number = f"CHANnel{channel}:DATA", self._dialogue.number
        self._dialogue.command("FORMat UINT,16", "FORMat:BORDer LSBFirst", f"{root}:POINts MAXimum")
        _, points = self._header(f"{root}:HEADer?", setup)
        start, interval = number(f"{root}:XORigin?"), number(f"{root}:XINCrement?")
        offset, gain = number(f"{root}:YORigin?"), number(f"{root}:YINCrement?")
        if not (interval > 0 and gain > 0):
            self._dialogue.refuse(f"{root}:XINCrement?", f"states {interval:g} s per sample and {gain:g} V per code")
        bits = min(max(self._dialogue.integer(f"{root}:YRESolution?"), 8), _WORD_BITS)
        return self._gather(
            [Piece(commands=(), query=f"{root}?", size=2 * points)],
            lambda data: Waveform(
                samples=np.frombuffer(data[: len(data) // 2 * 2], dtype="<u2"),
                interval=interval,
                unit=Unit.VOLT,
                source=f"{self.name}:{channel}",
                gain=gain,
                offset=offset,
                start=start,
                # Fewer bits than sixteen stand at the left.
                rails=(0, (1 << _WORD_BITS) - (1 << (_WORD_BITS - bits))),
                history=("raw codes as read",),
            ),
        )


def opened(at: Opening) -> RohdeSchwarzRtb:
    """Open a session as a bench file says."""
    return RohdeSchwarzRtb(
        at.name,
        at.address,
        clock=at.clock,
        backend=at.entry.backend,
        timeout=at.patience(10.0),
        across=at.option("time_divisions", _ACROSS),
        screenshot=at.option("screenshot", _SCREENSHOT),
        most_points=at.option("most_points", _MOST_POINTS),
    )
