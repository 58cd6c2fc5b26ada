"""A Siglent SPD DC supply: SPD3303X (and -E, -C) with two adjustable outputs, SPD1168X or SPD1305X with one."""

from __future__ import annotations

from typing import TYPE_CHECKING

from typing_extensions import override

from rig.twin.devices.dc_supply import Output, Rating, outputs
from rig.twin.scpi import ScpiDevice
from rig.twin.scpi_syntax import Command, ScpiError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from rig.twin.config import InstrumentConfig
    from rig.twin.scpi import Handler
    from rig.twin.world import World

__all__ = ["SiglentSpd"]

_DEFAULT_MODEL = "SPD3303X"
_RATED = {
    "SPD3303X": ((32.0, 3.2), (32.0, 3.2)),
    "SPD1168X": ((16.0, 8.0),),
    "SPD1305X": ((30.0, 5.0),),
}
# Of the common commands, the manual knows identification and the two that save and recall settings.
_COMMON = ("*IDN?",)
_IGNORED = ("*SAV", "*RCL", "*LOCK", "*UNLOCK")
_INDEPENDENT = 1 << 2


class SiglentSpd(ScpiDevice):
    """Settings name their channel in the header, everything else as its first argument; there is no protection.

    Whether an output is on is told by bits of the status alone. The third output of an SPD3303X is set by hand.
    """

    def __init__(self, *, name: str, config: InstrumentConfig, world: World, seed: int) -> None:
        model = _DEFAULT_MODEL if config.identity is None else config.identity.model.partition("-")[0]
        rated = _RATED.get(model, _RATED[_DEFAULT_MODEL])
        self.outputs = outputs(tuple(_rating(*one) for one in rated), name=name, config=config, world=world, seed=seed)
        self._selected = 1
        for one in self.outputs:
            one.watches_volts = False
        super().__init__(name=name, config=config, world=world, seed=seed)

    @override
    def commands(self) -> Mapping[str, Handler]:
        """The dialect: header → what it does."""
        return {
            ":INSTrument": lambda c: self._select(_channel(c)),
            ":INSTrument?": lambda _: f"CH{self._selected}",
            ":CH<n>:VOLTage": lambda c: self._set(c.suffixes[0], lambda one: _set_volts(one, c)),
            ":CH<n>:VOLTage?": lambda c: f"{self._output(c.suffixes[0]).volts:.3f}",
            ":CH<n>:CURRent": lambda c: self._set(c.suffixes[0], lambda one: _set_amps(one, c)),
            ":CH<n>:CURRent?": lambda c: f"{self._output(c.suffixes[0]).amps:.3f}",
            ":VOLTage": lambda c: self._set(self._selected, lambda one: _set_volts(one, c)),
            ":VOLTage?": lambda _: f"{self._output(self._selected).volts:.3f}",
            ":CURRent": lambda c: self._set(self._selected, lambda one: _set_amps(one, c)),
            ":CURRent?": lambda _: f"{self._output(self._selected).amps:.3f}",
            ":MEASure:VOLTage?": lambda c: f"{_volts(self._meant(c)):.3f}",
            ":MEASure:CURRent?": lambda c: f"{_amps(self._meant(c)):.3f}",
            ":MEASure:POWEr?": lambda c: f"{_volts(self._meant(c)) * _amps(self._meant(c)):.3f}",
            ":OUTPut": self._switch,
            ":SYSTem:STATus?": lambda _: f"0x{self._status():04x}",
            ":SYSTem:VERSion?": lambda _: "1.01.01.02.05" if self.config.identity is None else self._firmware(),
            ":SYSTem:ERRor?": lambda _: self._next_error().removeprefix("+").replace(",", "  ", 1).replace('"', ""),
        }

    @override
    def _common(self) -> dict[str, Handler]:
        common = super()._common()
        return {header: common[header] for header in _COMMON} | dict.fromkeys(_IGNORED, lambda _: None)

    def _firmware(self) -> str:
        return self.identity().split(",", 3)[-1].partition(",")[0]

    def _select(self, number: int | None) -> None:
        if number is None:
            raise ScpiError(-109, "Missing parameter")
        self._output(number)
        self._selected = number

    def _output(self, number: int) -> Output:
        if not 1 <= number <= len(self.outputs):
            raise ScpiError(-222, "Data out of range")
        return self.outputs[number - 1]

    def _meant(self, command: Command) -> Output:
        named = _channel(command)
        return self._output(self._selected if named is None else named)

    def _set(self, number: int, change: Callable[[Output], None]) -> None:
        one = self._output(number)
        change(one)
        one.settle()

    def _switch(self, command: Command) -> None:
        one = self._output(_channel(command) or 0)
        one.on = command.boolean(1)
        one.settle()

    def _status(self) -> int:
        """Return constant current (bits 0 and 1), independent channels (bits 2 and 3 = 01), and output on (4 and 5).

        With one channel, bits 2 and 3 are not used.
        """
        status = _INDEPENDENT if len(self.outputs) > 1 else 0
        for place, one in enumerate(self.outputs):
            status |= one.limiting << place | one.on << (4 + place)
        return status


def _rating(volts: float, amps: float) -> Rating:
    return Rating(
        volts=volts,
        amps=amps,
        most_volts=volts,
        most_amps=amps,
        gain=0.3e-3,
        offset=10e-3,
        amps_gain=3e-3,
        amps_offset=10e-3,
    )


def _channel(command: Command) -> int | None:
    """Return the channel that the first argument names, 0 for one that cannot be; None when there is no argument."""
    if not command.arguments:
        return None
    name = command.arguments[0].upper()
    return int(name[2:]) if name.startswith("CH") and name[2:].isdecimal() else 0


def _level(command: Command, most: float) -> float:
    level = command.number()
    if not 0.0 <= level <= most:
        raise ScpiError(-222, "Data out of range")
    return round(level, 3)


def _set_volts(one: Output, command: Command) -> None:
    one.volts = _level(command, one.rating.most_volts)


def _set_amps(one: Output, command: Command) -> None:
    one.amps = _level(command, one.rating.most_amps)


def _volts(one: Output) -> float:
    return max(0.0, one.read_volts())


def _amps(one: Output) -> float:
    return max(0.0, one.read_amps())
