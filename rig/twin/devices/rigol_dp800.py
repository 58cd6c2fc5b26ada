"""A Rigol DP800 DC supply: DP832 or DP821 (and their A versions)."""

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

__all__ = ["RigolDp800"]

_DEFAULT_MODEL = "DP832"
_RATED = {"DP832": ((30.0, 3.0), (30.0, 3.0), (5.0, 3.0)), "DP821": ((60.0, 1.0), (8.0, 10.0))}
_OVER_RANGE = 1.06
_LEVEL = "[:LEVel][:IMMediate][:AMPLitude]"


class RigolDp800(ScpiDevice):
    """Commands name their channel first, ``CH1``; without it they mean the channel that was selected last.

    Switching a channel on forgets that a protection had tripped, which may trip again.
    """

    def __init__(self, *, name: str, config: InstrumentConfig, world: World, seed: int) -> None:
        model = _DEFAULT_MODEL if config.identity is None else config.identity.model.removesuffix("A")
        rated = _RATED.get(model, _RATED[_DEFAULT_MODEL])
        ratings = tuple(_rating(*one) for one in rated)
        self.outputs = outputs(ratings, name=name, config=config, world=world, seed=seed)
        self._selected = 1
        super().__init__(name=name, config=config, world=world, seed=seed)

    @override
    def commands(self) -> Mapping[str, Handler]:
        """The dialect: header → what it does."""
        return {
            ":APPLy": self._apply,
            ":APPLy?": self._applied,
            ":OUTPut[:STATe]": lambda c: self._set(c, _switch),
            ":OUTPut[:STATe]?": lambda c: self._tell(c, lambda one: _on_off(one.on)),
            ":OUTPut:MODE?": lambda c: self._tell(c, _mode),
            ":OUTPut:CVCC?": lambda c: self._tell(c, _mode),
            ":MEASure[:VOLTage][:DC]?": lambda c: self._tell(c, _volts),
            ":MEASure:CURRent[:DC]?": lambda c: self._tell(c, _amps),
            ":MEASure:POWEr[:DC]?": lambda c: self._tell(c, _watts),
            ":MEASure:ALL[:DC]?": lambda c: self._tell(c, lambda one: f"{_volts(one)},{_amps(one)},{_watts(one)}"),
            ":INSTrument:NSELect": lambda c: self._select(int(c.number())),
            ":INSTrument:NSELect?": lambda _: str(self._selected),
            ":INSTrument[:SELect]": lambda c: self._select(_channel(c) or 0),
            ":INSTrument[:SELect]?": lambda _: f"CH{self._selected}",
            **self._protections(),
            **self._sources(),
            ":SYSTem:ERRor[:NEXT]?": lambda _: self._next_error().removeprefix("+"),
        }

    def _protections(self) -> dict[str, Handler]:
        volts, amps = ":OUTPut:OVP", ":OUTPut:OCP"
        return {
            f"{volts}[:STATe]": lambda c: self._set(c, _watch_volts),
            f"{volts}[:STATe]?": lambda c: self._tell(c, lambda one: _on_off(one.watches_volts)),
            f"{volts}:VALue": lambda c: self._set(c, _set_most_volts),
            f"{volts}:VALue?": lambda c: self._tell(c, lambda one: f"{one.most_volts:.3f}"),
            f"{volts}:QUES?": lambda c: self._tell(c, lambda one: _yes_no(one.over_volts)),
            f"{volts}:ALAR?": lambda c: self._tell(c, lambda one: _yes_no(one.over_volts)),
            f"{volts}:CLEar": lambda c: self._set(c, _clear_volts),
            f"{amps}[:STATe]": lambda c: self._set(c, _watch_amps),
            f"{amps}[:STATe]?": lambda c: self._tell(c, lambda one: _on_off(one.watches_amps)),
            f"{amps}:VALue": lambda c: self._set(c, _set_most_amps),
            f"{amps}:VALue?": lambda c: self._tell(c, lambda one: f"{one.most_amps:.4f}"),
            f"{amps}:QUES?": lambda c: self._tell(c, lambda one: _yes_no(one.over_amps)),
            f"{amps}:ALAR?": lambda c: self._tell(c, lambda one: _yes_no(one.over_amps)),
            f"{amps}:CLEar": lambda c: self._set(c, _clear_amps),
        }

    def _sources(self) -> dict[str, Handler]:
        """The commands that name the channel in their header, or mean the selected one."""
        volts, amps = f":VOLTage{_LEVEL}", f":CURRent{_LEVEL}"
        return {
            f"[:SOURce]{volts}": lambda c: self._set(c, _set_volts),
            f"[:SOURce]{volts}?": lambda c: self._tell(c, _set_of_volts),
            f"[:SOURce]{amps}": lambda c: self._set(c, _set_amps),
            f"[:SOURce]{amps}?": lambda c: self._tell(c, _set_of_amps),
            f":SOURce<n>{volts}": lambda c: self._set(c, _set_volts, c.suffixes[0]),
            f":SOURce<n>{volts}?": lambda c: _set_of_volts(self._output(c.suffixes[0])),
            f":SOURce<n>{amps}": lambda c: self._set(c, _set_amps, c.suffixes[0]),
            f":SOURce<n>{amps}?": lambda c: _set_of_amps(self._output(c.suffixes[0])),
        }

    @override
    def reset(self) -> None:
        """Switch everything off."""
        self._selected = 1
        for one in self.outputs:
            one.reset()

    def _select(self, number: int) -> None:
        self._output(number)
        self._selected = number

    def _output(self, number: int) -> Output:
        if not 1 <= number <= len(self.outputs):
            raise ScpiError(-222, "Data out of range")
        return self.outputs[number - 1]

    def _meant(self, command: Command) -> int:
        named = _channel(command)
        return self._selected if named is None else named

    def _set(self, command: Command, change: Callable[[Output, str], None], number: int | None = None) -> None:
        one = self._output(self._meant(command) if number is None else number)
        change(one, (*_values(command), "")[0])
        one.settle()

    def _tell(self, command: Command, text: Callable[[Output], str]) -> str:
        return text(self._output(self._meant(command)))

    def _apply(self, command: Command) -> None:
        self._select(self._meant(command))
        one = self._output(self._selected)
        for change, level in zip((_set_volts, _set_amps), _values(command), strict=False):
            change(one, level)
        one.settle()

    def _applied(self, command: Command) -> str:
        number = self._meant(command)
        one = self._output(number)
        match (*_values(command), "")[0][:4].upper():
            case "VOLT":
                return _set_of_volts(one)
            case "CURR":
                return _set_of_amps(one)
            case _:
                rated = f"{one.rating.volts:.0f}V/{one.rating.amps:.0f}A"
                return f"CH{number}:{rated},{_set_of_volts(one)},{_set_of_amps(one)}"


def _rating(volts: float, amps: float) -> Rating:
    return Rating(
        volts=volts,
        amps=amps,
        most_volts=_OVER_RANGE * volts,
        most_amps=_OVER_RANGE * amps,
        gain=0.5e-3,
        offset=10e-3,
        amps_gain=1.5e-3,
        amps_offset=5e-3,
    )


def _channel(command: Command) -> int | None:
    """Return the channel that the first argument names, 0 for one that cannot be; None when it names none."""
    first = command.arguments[0].upper() if command.arguments else ""
    if not first.startswith("CH"):
        return None
    return int(first[2:]) if first[2:].isdecimal() else 0


def _values(command: Command) -> tuple[str, ...]:
    """Return the arguments after the channel."""
    return command.arguments if _channel(command) is None else command.arguments[1:]


def _level(text: str, most: float) -> float:
    """Return a level as a number, or the least or greatest one."""
    if text.upper()[:3] in {"MIN", "MAX"}:
        return most if text.upper().startswith("MAX") else 0.0
    level = Command(header="", arguments=(text,) if text else ()).number()
    if not 0.0 <= level <= most:
        raise ScpiError(-222, "Data out of range")
    return level


def _is_on(text: str) -> bool:
    return Command(header="", arguments=(text,) if text else ()).boolean()


def _set_volts(one: Output, text: str) -> None:
    one.volts = _level(text, one.rating.most_volts)


def _set_amps(one: Output, text: str) -> None:
    one.amps = _level(text, one.rating.most_amps)


def _set_of_volts(one: Output) -> str:
    return f"{one.volts:.3f}"


def _set_of_amps(one: Output) -> str:
    return f"{one.amps:.4f}"


def _switch(one: Output, text: str) -> None:
    one.on = _is_on(text)
    if one.on:
        one.over_volts = one.over_amps = False


def _watch_volts(one: Output, text: str) -> None:
    one.watches_volts = _is_on(text)


def _watch_amps(one: Output, text: str) -> None:
    one.watches_amps = _is_on(text)


def _set_most_volts(one: Output, text: str) -> None:
    one.most_volts = _level(text, 1.1 * one.rating.volts)


def _set_most_amps(one: Output, text: str) -> None:
    one.most_amps = _level(text, 1.1 * one.rating.amps)


def _clear_volts(one: Output, _: str) -> None:
    one.over_volts = False


def _clear_amps(one: Output, _: str) -> None:
    one.over_amps = False


def _volts(one: Output) -> str:
    return f"{max(0.0, one.read_volts()) if one.on else 0.0:.4f}"


def _amps(one: Output) -> str:
    return f"{max(0.0, one.read_amps()) if one.on else 0.0:.4f}"


def _watts(one: Output) -> str:
    return f"{max(0.0, one.read_volts() * one.read_amps()) if one.on else 0.0:.3f}"


def _mode(one: Output) -> str:
    return "UR" if not one.on else "CC" if one.limiting else "CV"


def _on_off(state: bool) -> str:
    return "ON" if state else "OFF"


def _yes_no(state: bool) -> str:
    return "YES" if state else "NO"
