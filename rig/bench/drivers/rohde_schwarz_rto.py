"""Rohde & Schwarz oscilloscopes RTO, RTP and MXO: two's complement words, read in pieces."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from rig.bench.drivers.rohde_schwarz import RohdeSchwarzOscilloscope
from rig.bench.drivers.scpi_oscilloscope import Phase, Piece, chunks, edge_of, next_step
from rig.model.picture import Picture
from rig.model.setup import Coupling, Reduction
from rig.model.waveform import Waveform
from rig.units import Unit

if TYPE_CHECKING:
    from rig.bench.opening import Opening
    from rig.model.identity import Identity
    from rig.model.setup import ScopeChannel, ScopeSetup, Trigger
    from rig.roles import Clock

__all__ = ["RohdeSchwarzRto", "opened", "volts_of"]

_ACROSS, _HIGH = 10, 10
# Of an RTH there are 255 · 256, over eight divisions.
_LEVELS = 253 * 256
_COUPLINGS = {Coupling.DC: "DCLimit", Coupling.AC: "AC"}
_SLOPES = {1: "POSitive", -1: "NEGative", 0: "EITHer"}
_WAITING, _MEASURING = 8, 16
_CODE = 256
_LEAST_POINTS = 1000
_MOST = 10_000_000
_SCREENSHOT = "HCOPy:DATA?"


class RohdeSchwarzRto(RohdeSchwarzOscilloscope):
    """Waiting and measuring are conditions of its operation status; neither is the state of rest, old or new.

    Parameters
    ----------
    name, address, backend : from the bench file
    clock : the bench's clock, with which every wait is made
    timeout : how long a reply may keep us waiting, and a long one pause, s
    most : how many samples to ask for at a time
    divisions : how many divisions the codes' levels span
    levels : how many codes span these divisions
    screenshot : the query for a picture
    """

    position_query = "TIMebase:HORizontal:POSition?"

    def __init__(
        self,
        name: str,
        address: str,
        *,
        clock: Clock,
        backend: str = "@py",
        timeout: float = 10.0,
        most: int = _MOST,
        divisions: int = _HIGH,
        levels: int = _LEVELS,
        screenshot: str = _SCREENSHOT,
    ) -> None:
        super().__init__(name, address, clock=clock, backend=backend, timeout=timeout, across=_ACROSS)
        self.high = divisions
        self._most, self._levels, self._picture = most, levels, screenshot
        self._mxo = False

    def identify(self) -> Identity:
        """Ask the instrument who it is; an MXO has words of its own for the trigger."""
        identity = super().identify()
        self._mxo = identity.model.upper().startswith("MXO")
        return identity

    def screenshot(self) -> Picture:
        """Read what the screen shows, as PNG."""
        return Picture(data=self._dialogue.block(self._picture, after=("HCOPy:LANGuage PNG",)), source=self.name)

    def _phase(self) -> Phase:
        condition = self._dialogue.integer("STATus:OPERation:CONDition?")
        if condition & _WAITING:
            return Phase.READY
        return Phase.FILLING if condition & _MEASURING else Phase.IDLE

    def _channel(self, number: int, channel: ScopeChannel | None) -> tuple[str, ...]:
        root = f"CHANnel{number}"
        if channel is None:
            return (f"{root}:STATe 0",)
        return (
            f"{root}:STATe 1",
            # The probe first: changing it rescales scale and offset.
            f"PROBe{number}:SETup:ATTenuation:MODE MANual",
            f"PROBe{number}:SETup:ATTenuation:MANual {channel.probe:.9g}",
            f"{root}:COUPling {_COUPLINGS[channel.coupling]}",
            f"{root}:BANDwidth {'B20' if channel.bandwidth_limit else 'FULL'}",
            f"{root}:SCALe {channel.probe * next_step(channel.full_scale / self.high / channel.probe):.9g}",
            f"{root}:POSition 0",
            f"{root}:OFFSet {channel.offset:.9g}",
        )

    def _timebase(self, setup: ScopeSetup, step: float, middle: float) -> tuple[str, ...]:
        return (
            *self._reduced(setup),
            f"ACQuire:COUNt {setup.averages if setup.reduction is Reduction.AVERAGE else 1}",
            f"TIMebase:SCALe {step:.9g}",
            # What the position speaks of: the middle of the screen.
            "TIMebase:REFerence 50",
            f"TIMebase:HORizontal:POSition {middle:.9g}",
            f"ACQuire:POINts {max(int(next_step(setup.points)), _LEAST_POINTS)}",
        )

    def _reduced(self, setup: ScopeSetup) -> tuple[str, ...]:
        """Return the commands for what a sample is: of each channel, on an MXO of all."""
        fine, mean = setup.reduction is Reduction.HIGH_RESOLUTION, setup.reduction is Reduction.AVERAGE
        if self._mxo:
            return (f"ACQuire:TYPE {'AVERage' if mean else 'NORMal'}", f"HDEFinition:STATe {'ON' if fine else 'OFF'}")
        kind, arithmetics = "HRESolution" if fine else "SAMPle", "AVERage" if mean else "OFF"
        return tuple(
            command
            for number in setup.channels
            for command in (f"CHANnel{number}:TYPE {kind}", f"CHANnel{number}:ARIThmetics {arithmetics}")
        )

    def _trigger(self, setup: ScopeSetup) -> tuple[str, ...]:
        trigger = edge_of(setup)
        root, source = ("TRIGger:EVENt1", "C") if self._mxo else ("TRIGger1", "CHAN")
        mode = "AUTO" if setup.trigger is None else "NORMal"
        return (
            f"{root}:TYPE EDGE",
            f"{root}:SOURce {source}{trigger.channel}",
            f"{root}:LEVel{trigger.channel} {trigger.level:.9g}",
            f"{root}:EDGE:SLOPe {_SLOPES[trigger.slope]}",
            f"TRIGger:MODE {mode}" if self._mxo else f"TRIGger1:MODE {mode}",
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
        return f"{'TRIGger:EVENt1' if self._mxo else 'TRIGger1'}:LEVel{trigger.channel}?"

    def _averages_as_set(self) -> int:
        return self._dialogue.integer("ACQuire:COUNt?")

    def _read(self, channel: int, setup: ScopeSetup) -> Waveform:
        root, number = f"CHANnel{channel}", self._dialogue.number
        self._dialogue.command("FORMat:DATA INT,16", "FORMat:BORDer LSBFirst", "EXPort:WAVeform:INCXvalues OFF")
        start, points = self._header(f"{root}:DATA:HEADer?", setup)
        scale, position, shift = number(f"{root}:SCALe?"), number(f"{root}:POSition?"), number(f"{root}:OFFSet?")
        gain, offset = volts_of(scale, position, shift, divisions=self.high, levels=self._levels)
        pieces = (
            Piece(commands=(), query=f"{root}:DATA:VALues? {begin},{count}", size=2 * count)
            for begin, count in chunks(points, self._most)
        )
        return self._gather(
            pieces,
            lambda data: Waveform(
                samples=np.frombuffer(data[: len(data) // 2 * 2], dtype="<i2"),
                interval=setup.window / setup.points,
                unit=Unit.VOLT,
                source=f"{self.name}:{channel}",
                gain=gain,
                offset=offset,
                start=start,
                # The converter's last steps, eight bits at the left of sixteen: it cannot say more than these.
                rails=(-(self._levels - _CODE) // 2, (self._levels - _CODE) // 2),
                history=("raw codes as read",),
            ),
        )


def volts_of(scale: float, position: float, offset: float, *, divisions: int, levels: int) -> tuple[float, float]:
    """Return V per code and V at code 0, of ``scale`` V per division, ``position`` in divisions and ``offset`` V.

    >>> gain, zero = volts_of(0.05, 1.0, 0.1, divisions=8, levels=255 * 256)
    >>> round(gain, 12), round(-61 * gain + zero, 6)
    (6.127451e-06, 0.049626)
    """
    return scale * divisions / levels, offset - position * scale


def opened(at: Opening) -> RohdeSchwarzRto:
    """Open a session as a bench file says."""
    return RohdeSchwarzRto(
        at.name,
        at.address,
        clock=at.clock,
        backend=at.entry.backend,
        timeout=at.patience(10.0),
        most=at.option("most_samples", _MOST),
        divisions=at.option("divisions", _HIGH),
        levels=at.option("levels", _LEVELS),
        screenshot=at.option("screenshot", _SCREENSHOT),
    )
