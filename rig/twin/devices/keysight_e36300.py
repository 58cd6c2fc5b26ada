"""A Keysight E36300 DC supply with three outputs: E36311A, E36312A or E36313A."""

from __future__ import annotations

from typing import TYPE_CHECKING

from typing_extensions import override

from rig.twin.devices.dc_supply import Output, Rating, outputs
from rig.twin.scpi import ScpiDevice
from rig.twin.scpi_syntax import Command, ScpiError, channel_numbers

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from rig.twin.config import InstrumentConfig
    from rig.twin.scpi import Handler
    from rig.twin.world import World

__all__ = ["KeysightE36300"]

_DEFAULT_MODEL = "E36312A"
_AMPS = {"E36311A": (5.0, 1.0), "E36312A": (5.0, 1.0), "E36313A": (10.0, 2.0)}
_OUTPUTS = range(1, 4)
_OVER_RANGE = 1.03
_LEVEL = "[:LEVel][:IMMediate][:AMPLitude]"


class KeysightE36300(ScpiDevice):
    """Commands end in a list of outputs, ``(@1)`` or ``(@2,3)``; without one they mean the selected output.

    A protection that has tripped keeps its output off until it is cleared.
    """

    def __init__(self, *, name: str, config: InstrumentConfig, world: World, seed: int) -> None:
        model = _DEFAULT_MODEL if config.identity is None else config.identity.model
        first, others = _AMPS.get(model, _AMPS[_DEFAULT_MODEL])
        ratings = (_rating(6.0, first, 3e-3), _rating(25.0, others, 5e-3), _rating(25.0, others, 5e-3))
        self.outputs = outputs(ratings, name=name, config=config, world=world, seed=seed)
        self._selected = 1
        super().__init__(name=name, config=config, world=world, seed=seed)

    @override
    def commands(self) -> Mapping[str, Handler]:
        """The dialect: header → what it does."""
        volts, amps = f"[:SOURce]:VOLTage{_LEVEL}", f"[:SOURce]:CURRent{_LEVEL}"
        over_volts, over_amps = "[:SOURce]:VOLTage:PROTection", "[:SOURce]:CURRent:PROTection"
        return {
            volts: lambda c: self._set(c, _set_volts),
            f"{volts}?": lambda c: self._tell(c, lambda one: one.volts, lambda one: one.rating.most_volts),
            amps: lambda c: self._set(c, _set_amps),
            f"{amps}?": lambda c: self._tell(c, lambda one: one.amps, lambda one: one.rating.most_amps),
            ":OUTPut[:STATe]": lambda c: self._set(c, _switch),
            ":OUTPut[:STATe]?": lambda c: self._flags(c, lambda one: one.on),
            ":MEASure[:SCALar][:VOLTage][:DC]?": lambda c: self._tell(c, Output.read_volts),
            ":MEASure[:SCALar]:CURRent[:DC]?": lambda c: self._tell(c, Output.read_amps),
            f"{over_volts}{_LEVEL}": lambda c: self._set(c, _set_most_volts),
            f"{over_volts}{_LEVEL}?": lambda c: self._tell(c, lambda one: one.most_volts),
            f"{over_volts}:STATe": lambda c: self._set(c, _watch_volts),
            f"{over_volts}:STATe?": lambda c: self._flags(c, lambda one: one.watches_volts),
            f"{over_volts}:TRIPped?": lambda c: self._flags(c, lambda one: one.over_volts),
            f"{over_amps}:STATe": lambda c: self._set(c, _watch_amps),
            f"{over_amps}:STATe?": lambda c: self._flags(c, lambda one: one.watches_amps),
            f"{over_amps}:TRIPped?": lambda c: self._flags(c, lambda one: one.over_amps),
            f"{over_volts}:CLEar": self._clear_protection,
            f"{over_amps}:CLEar": self._clear_protection,
            ":OUTPut:PROTection:CLEar": self._clear_protection,
            ":INSTrument:NSELect": self._select,
            ":INSTrument:NSELect?": lambda _: str(self._selected),
        }

    @override
    def reset(self) -> None:
        """Switch everything off."""
        self._selected = 1
        for one in self.outputs:
            one.reset()

    def _select(self, command: Command) -> None:
        number = command.number()
        if number not in _OUTPUTS:
            raise ScpiError(-222, "Data out of range")
        self._selected = int(number)

    def _set(self, command: Command, change: Callable[[Output, Command], None]) -> None:
        for one in self._meant(command):
            change(one, command)
            one.settle()

    def _clear_protection(self, command: Command) -> None:
        for one in self._meant(command):
            one.over_volts = one.over_amps = False

    def _tell(
        self, command: Command, value: Callable[[Output], float], most: Callable[[Output], float] | None = None
    ) -> str:
        """Return the values of all outputs that are meant, or the least or greatest possible."""
        wanted = {"MIN": lambda _: 0.0, "MAX": most}.get(_plain(command)[:3], value) or value
        return ",".join(f"{wanted(one):+.8E}" for one in self._meant(command))

    def _flags(self, command: Command, state: Callable[[Output], bool]) -> str:
        return ",".join(str(int(state(one))) for one in self._meant(command))

    def _meant(self, command: Command) -> list[Output]:
        last = command.arguments[-1] if command.arguments else ""
        numbers = channel_numbers(last, _OUTPUTS) if last.startswith("(") else [self._selected]
        return [self.outputs[number - 1] for number in numbers]


def _rating(volts: float, amps: float, offset: float) -> Rating:
    return Rating(
        volts=volts,
        amps=amps,
        most_volts=_OVER_RANGE * volts,
        most_amps=_OVER_RANGE * amps,
        gain=0.3e-3,
        offset=offset,
        amps_gain=0.4e-3,
        amps_offset=2e-3,
    )


def _plain(command: Command) -> str:
    first = command.arguments[0] if command.arguments else ""
    return "" if first.startswith("(") else first.upper()


def _level(command: Command, most: float) -> float:
    """Return a level as a number, or the least or greatest one."""
    text = _plain(command)
    if text[:3] in {"MIN", "MAX"}:
        return most if text.startswith("MAX") else 0.0
    level = command.number()
    if not 0.0 <= level <= most:
        raise ScpiError(-222, "Data out of range")
    return level


def _set_volts(one: Output, command: Command) -> None:
    one.volts = _level(command, one.rating.most_volts)


def _set_amps(one: Output, command: Command) -> None:
    one.amps = one.most_amps = _level(command, one.rating.most_amps)


def _set_most_volts(one: Output, command: Command) -> None:
    one.most_volts = _level(command, 1.1 * one.rating.volts)


def _watch_volts(one: Output, command: Command) -> None:
    one.watches_volts = command.boolean()


def _watch_amps(one: Output, command: Command) -> None:
    # Here the current limit itself is what trips; it has no level of its own.
    one.watches_amps, one.most_amps = command.boolean(), one.amps


def _switch(one: Output, command: Command) -> None:
    on = command.boolean()
    if on and (one.over_volts or one.over_amps):
        raise ScpiError(-221, "Settings conflict")
    one.on = on
