"""A Keysight AC6800 AC source, AC6801 to AC6804: ranges of 135 V and 270 V, of the B series 155 V and 310 V."""

from __future__ import annotations

from typing import TYPE_CHECKING

from typing_extensions import override

from rig.twin.devices.ac_source import Range, ac_output, out_of_range
from rig.twin.scpi import ScpiDevice
from rig.twin.scpi_syntax import Command, ScpiError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from rig.twin.config import InstrumentConfig
    from rig.twin.scpi import Handler
    from rig.twin.world import World

__all__ = ["KeysightAc6800"]

_FREQUENCIES = (40.0, 500.0)
_AMPS = {"AC6801": 5.0, "AC6802": 10.0, "AC6803": 20.0, "AC6804": 40.0}
_DEFAULT = "AC6801"
_LEVEL = "[:LEVel][:IMMediate][:AMPLitude]"
_CL_RMS = 1 << 12
_OVER_CURRENT = 1 << 1


class KeysightAc6800(ScpiDevice):
    """What does not fit the range is refused, and so is a range that does not hold what is set; nothing is adapted.

    Too much current lowers the voltage; with its protection on, it switches the output off until that is cleared.
    """

    def __init__(self, *, name: str, config: InstrumentConfig, world: World, seed: int) -> None:
        model = "AC6801B" if config.identity is None else config.identity.model
        ranges = _ranges(155.0, 310.0, model) if model.endswith("B") else _ranges(135.0, 270.0, model)
        self.ac = ac_output(ranges, _FREQUENCIES, name=name, config=config, world=world, seed=seed)
        self._auto = False
        super().__init__(name=name, config=config, world=world, seed=seed)

    @override
    def commands(self) -> Mapping[str, Handler]:
        """The dialect: header → what it does."""
        ac = self.ac
        volts, amps, offset = f"[:SOURce]:VOLTage{_LEVEL}", f"[:SOURce]:CURRent{_LEVEL}", "[:SOURce]:VOLTage:OFFSet"
        return {
            volts: lambda c: self._set_volts(c, "volts", ac.range.most_volts, ac.ranges[-1].most_volts),
            f"{volts}?": lambda c: _told(c, ac.volts, ac.range.most_volts),
            f"{offset}[:IMMediate]": lambda c: self._set_volts(
                c, "offset", ac.range.most_offset, ac.ranges[-1].most_offset
            ),
            f"{offset}[:IMMediate]?": lambda c: _told(c, ac.offset, ac.range.most_offset),
            "[:SOURce]:VOLTage:RANGe[:UPPer]": self._set_range,
            "[:SOURce]:VOLTage:RANGe[:UPPer]?": lambda _: _number(float(ac.range.name)),
            "[:SOURce]:VOLTage:RANGe:AUTO": self._set_auto,
            "[:SOURce]:VOLTage:RANGe:AUTO?": lambda _: str(int(self._auto)),
            amps: self._set_amps,
            f"{amps}?": lambda c: _told(c, ac.output.amps, ac.range.most_amps),
            "[:SOURce]:CURRent:PROTection:STATe": lambda c: self._protect(c.boolean()),
            "[:SOURce]:CURRent:PROTection:STATe?": lambda _: str(int(ac.output.watches_amps)),
            "[:SOURce]:FREQuency[:CW][:IMMediate]": lambda c: ac.set_frequency(c.number()),
            "[:SOURce]:FREQuency[:CW][:IMMediate]?": lambda _: _number(ac.frequency),
            ":OUTPut:COUPling": self._couple,
            ":OUTPut:COUPling?": lambda _: ac.coupling,
            ":OUTPut[:STATe]": self._switch,
            ":OUTPut[:STATe]?": lambda _: str(int(ac.output.on)),
            ":OUTPut:PROTection:CLEar": lambda _: self._clear(),
            ":STATus:QUEStionable:CONDition?": lambda _: f"+{self._questionable()}",
            **self._measurements(),
        }

    def _measurements(self) -> dict[str, Handler]:
        ac = self.ac
        measured: dict[str, Callable[[], float]] = {
            ":VOLTage:AC?": lambda: 0.0 if ac.coupling == "DC" else ac.read_volts(),
            ":VOLTage[:DC]?": lambda: ac.read_volts() if ac.coupling == "DC" else 0.0,
            ":VOLTage:ACDC?": ac.read_volts,
            ":CURRent:AC?": lambda: 0.0 if ac.coupling == "DC" else ac.read_amps(),
            ":CURRent[:DC]?": lambda: ac.read_amps() if ac.coupling == "DC" else 0.0,
            ":CURRent:ACDC?": ac.read_amps,
            ":FREQuency?": lambda: ac.frequency,
        }
        table: dict[str, Handler] = {}
        for verb in (":MEASure[:SCALar]", ":FETCh[:SCALar]"):
            table |= {f"{verb}{what}": _telling(read) for what, read in measured.items()}
        return table

    @override
    def reset(self) -> None:
        """Switch off, lowest range."""
        self._auto = False
        self.ac.reset()

    def _set_volts(self, command: Command, what: str, here: float, anywhere: float) -> None:
        volts = _level(command, here)
        if abs(volts) > (anywhere if self._auto else here) or (what == "volts" and volts < 0):
            raise out_of_range()
        setattr(self.ac, what, volts)
        if self._auto:
            self.ac.place = 0
            self.ac.place = 0 if self.ac.fits else 1
        self.ac.settle()

    def _set_range(self, command: Command) -> None:
        wanted = command.argument().upper()
        names = {one.name: place for place, one in enumerate(self.ac.ranges)} | {"MIN": 0, "MAX": 1}
        place = names.get(wanted[:3] if wanted[:1] == "M" else f"{command.number():g}")
        if place is None:
            raise ScpiError(-224, "Illegal parameter value")
        before, self.ac.place = self.ac.place, place
        if not self.ac.fits:
            self.ac.place = before
            raise ScpiError(-221, "Settings conflict")
        self._auto = False
        self.ac.settle()

    def _set_auto(self, command: Command) -> None:
        self._auto = command.boolean()

    def _set_amps(self, command: Command) -> None:
        amps = _level(command, self.ac.range.most_amps)
        if not 0.0 < amps <= self.ac.range.most_amps:
            raise out_of_range()
        self.ac.output.amps = self.ac.output.most_amps = amps
        self.ac.settle()

    def _protect(self, on: bool) -> None:
        self.ac.output.watches_amps, self.ac.output.most_amps = on, self.ac.output.amps
        self.ac.settle()

    def _couple(self, command: Command) -> None:
        self.ac.coupling = command.choice("AC", "DC", "ACDC")
        self.ac.settle()

    def _switch(self, command: Command) -> None:
        on = command.boolean()
        if on and self.ac.output.over_amps:
            raise ScpiError(-221, "Settings conflict")
        self.ac.output.on = on
        self.ac.settle()

    def _clear(self) -> None:
        self.ac.output.over_amps = False

    def _questionable(self) -> int:
        return _OVER_CURRENT * self.ac.output.over_amps | _CL_RMS * self.ac.output.limiting


def _ranges(low: float, high: float, model: str) -> tuple[Range, Range]:
    amps = 1.05 * _AMPS.get(model[:6], _AMPS[_DEFAULT])
    over = {155.0: 157.5, 310.0: 315.0, 135.0: 137.5, 270.0: 275.0}
    return (
        Range(name=f"{low:g}", most_volts=over[low], most_offset=round(over[low] * 2**0.5), most_amps=amps),
        Range(name=f"{high:g}", most_volts=over[high], most_offset=round(over[high] * 2**0.5), most_amps=amps / 2),
    )


def _telling(read: Callable[[], float]) -> Handler:
    return lambda _: _number(read())


def _level(command: Command, most: float) -> float:
    text = command.argument().upper()
    if text[:3] in {"MIN", "MAX"}:
        return most if text.startswith("MAX") else 0.0
    return command.number()


def _told(command: Command, value: float, most: float) -> str:
    wanted = command.arguments[0].upper()[:3] if command.arguments else ""
    return _number({"MIN": 0.0, "MAX": most}.get(wanted, value))


def _number(value: float) -> str:
    return f"{value:+.5E}"
