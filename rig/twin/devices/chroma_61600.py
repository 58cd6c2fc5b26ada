"""A Chroma AC source of the families 61500 and 61600, with one output and ranges of 150 V and 300 V."""

from __future__ import annotations

from typing import TYPE_CHECKING

from typing_extensions import override

from rig.twin.devices.ac_source import Range, ac_output, out_of_range
from rig.twin.scpi import ScpiDevice
from rig.twin.scpi_syntax import Command, ScpiError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from rig.twin.config import InstrumentConfig
    from rig.twin.scpi import Handler
    from rig.twin.world import World

__all__ = ["Chroma61600"]

_FREQUENCIES = (15.0, 1000.0)
# By the last digit of the model, for 61501 as for 61601: 500 VA, 1 kVA, 1.5 kVA, 2 kVA.
_AMPS = {"1": 4.0, "2": 8.0, "3": 12.0, "4": 16.0}
_RANGES = {"LOW": 0, "150": 0, "HIGH": 1, "300": 1}
_OVER_CURRENT = 1 << 1


class Chroma61600(ScpiDevice):
    """Level and range are held against each other when a whole message has come, not within it.

    Too much current switches the output off until its protection is cleared.
    """

    def __init__(self, *, name: str, config: InstrumentConfig, world: World, seed: int) -> None:
        model = "61601" if config.identity is None else config.identity.model
        amps = _AMPS.get(model[-1:], _AMPS["1"])
        ranges = (
            Range(name="LOW", most_volts=150.0, most_offset=212.1, most_amps=amps),
            Range(name="HIGH", most_volts=300.0, most_offset=424.2, most_amps=amps / 2),
        )
        self.ac = ac_output(ranges, _FREQUENCIES, name=name, config=config, world=world, seed=seed)
        super().__init__(name=name, config=config, world=world, seed=seed)
        self.reset()

    @override
    def commands(self) -> Mapping[str, Handler]:
        """The dialect: header → what it does."""
        ac = self.ac
        return {
            # The 616xx have AC and DC levels, the 615xx one level.
            "[:SOURce]:VOLTage[:LEVel][:IMMediate][:AMPLitude][:AC]": self._set_volts,
            "[:SOURce]:VOLTage[:LEVel][:IMMediate][:AMPLitude][:AC]?": lambda _: f"{ac.volts:.1f}",
            "[:SOURce]:VOLTage[:LEVel][:IMMediate][:AMPLitude]:DC": self._set_offset,
            "[:SOURce]:VOLTage[:LEVel][:IMMediate][:AMPLitude]:DC?": lambda _: f"{ac.offset:.1f}",
            "[:SOURce]:VOLTage:RANGe": self._set_range,
            "[:SOURce]:VOLTage:RANGe?": lambda _: ac.range.name,
            "[:SOURce]:CURRent:LIMit": self._set_amps,
            "[:SOURce]:CURRent:LIMit?": lambda _: f"{ac.output.amps:.2f}",
            "[:SOURce]:FREQuency[:CW][:IMMediate]": lambda c: ac.set_frequency(c.number()),
            "[:SOURce]:FREQuency[:CW][:IMMediate]?": lambda _: f"{ac.frequency:.2f}",
            ":OUTPut[:STATe]": self._switch,
            ":OUTPut[:STATe]?": lambda _: "ON" if ac.output.on else "OFF",
            ":OUTPut:COUPling": self._couple,
            ":OUTPut:COUPling?": lambda _: ac.coupling,
            ":OUTPut:PROTection:CLEar": lambda _: self._clear(),
            ":STATus:QUEStionable:CONDition?": lambda _: str(_OVER_CURRENT * ac.output.over_amps),
            **self._measurements(),
            ":SYSTem:ERRor[:NEXT]?": lambda _: self._next_error().removeprefix("+"),
        }

    def _measurements(self) -> dict[str, Handler]:
        ac = self.ac
        table: dict[str, Handler] = {}
        for verb in (":MEASure[:SCALar]", ":FETCh[:SCALar]"):
            table |= {
                f"{verb}:VOLTage:ACDC?": lambda _: f"{ac.read_volts():.2f}",
                f"{verb}:VOLTage:AC?": lambda _: f"{0.0 if ac.coupling == 'DC' else ac.read_volts():.2f}",
                f"{verb}:VOLTage[:DC]?": lambda _: f"{ac.read_volts() if ac.coupling == 'DC' else 0.0:.2f}",
                f"{verb}:CURRent:AC?": lambda _: f"{ac.read_amps():.3f}",
                f"{verb}:FREQuency?": lambda _: f"{ac.frequency:.2f}",
            }
        return table

    @override
    def execute(self, message: str) -> list[bytes]:
        """Carry out one message; a level that its range does not hold in the end goes back to what it was."""
        with self._lock:
            before = self.ac.volts, self.ac.offset, self.ac.place
            replies = super().execute(message)
            if not self.ac.fits:
                self.ac.volts, self.ac.offset, self.ac.place = before
                self.fail(out_of_range())
            self.ac.settle()
            return replies

    @override
    def reset(self) -> None:
        """Switch off, lowest range."""
        self.ac.reset()
        self.ac.output.watches_amps, self.ac.output.most_amps = True, self.ac.output.amps

    def _set_volts(self, command: Command) -> None:
        volts = command.number()
        if not 0.0 <= volts <= self.ac.ranges[-1].most_volts:
            raise out_of_range()
        self.ac.volts = volts

    def _set_offset(self, command: Command) -> None:
        volts = command.number()
        if abs(volts) > self.ac.ranges[-1].most_offset:
            raise out_of_range()
        self.ac.offset = volts

    def _set_range(self, command: Command) -> None:
        place = _RANGES.get(command.argument().upper().removesuffix(".0"))
        if place is None:
            raise ScpiError(-224, "Illegal parameter value")
        self.ac.place = place

    def _set_amps(self, command: Command) -> None:
        amps = command.number()
        if not 0.0 < amps <= self.ac.range.most_amps:
            raise out_of_range()
        self.ac.output.amps = self.ac.output.most_amps = amps

    def _couple(self, command: Command) -> None:
        self.ac.coupling = command.choice("AC", "DC", "ACDC")

    def _switch(self, command: Command) -> None:
        on = command.boolean()
        if on and self.ac.output.over_amps:
            raise ScpiError(-221, "Settings conflict")
        self.ac.output.on = on

    def _clear(self) -> None:
        self.ac.output.over_amps = False
