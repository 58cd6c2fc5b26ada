"""A Rohde & Schwarz HMP DC supply: HMP2020, HMP2030, HMP4030 or HMP4040."""

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

__all__ = ["RohdeSchwarzHmp"]

_DEFAULT_MODEL = "HMP4040"
_AMPS = {
    "HMP2020": (10.0, 5.0),
    "HMP2030": (5.0, 5.0, 5.0),
    "HMP4030": (10.0, 10.0, 10.0),
    "HMP4040": (10.0, 10.0, 10.0, 10.0),
}
_VOLTS = 32.0
_MOST_VOLTS, _MOST_PROTECTION = 32.05, 33.0
_OVER_AMPS = 0.01
_LEVEL = "[:LEVel][:IMMediate][:AMPLitude]"


class RohdeSchwarzHmp(ScpiDevice):
    """Every command means the output that was selected last; all outputs pass one main switch.

    An output gives something when it is activated and the main switch is on. Its over-voltage protection always acts;
    one that has tripped keeps its output off until it is cleared.
    """

    def __init__(self, *, name: str, config: InstrumentConfig, world: World, seed: int) -> None:
        model = _DEFAULT_MODEL if config.identity is None else config.identity.model
        ratings = tuple(_rating(amps) for amps in _AMPS.get(model, _AMPS[_DEFAULT_MODEL]))
        self.outputs = outputs(ratings, name=name, config=config, world=world, seed=seed)
        self._forget()
        super().__init__(name=name, config=config, world=world, seed=seed)

    @override
    def commands(self) -> Mapping[str, Handler]:
        """The dialect: header → what it does."""
        volts, amps = f"[:SOURce]:VOLTage{_LEVEL}", f"[:SOURce]:CURRent{_LEVEL}"
        return {
            ":INSTrument[:SELect]": lambda c: self._select(_number(c.argument())),
            ":INSTrument[:SELect]?": lambda _: f"OUTP{self._selected}",
            ":INSTrument:NSELect": lambda c: self._select(c.number()),
            ":INSTrument:NSELect?": lambda _: str(self._selected),
            volts: lambda c: self._change(lambda one: _set_volts(one, c, self._step)),
            f"{volts}?": lambda c: _told(c, f"{self._one.volts:.3f}", f"{_MOST_VOLTS:.3f}"),
            "[:SOURce]:VOLTage:STEP[:INCRement]": self._set_step,
            "[:SOURce]:VOLTage:STEP[:INCRement]?": lambda _: f"{self._step:.3f}",
            amps: lambda c: self._change(lambda one: _set_amps(one, c)),
            f"{amps}?": lambda c: _told(c, f"{self._one.amps:.4f}", f"{self._one.rating.most_amps:.4f}"),
            "[:SOURce]:APPLy": self._apply,
            "[:SOURce]:APPLy?": lambda _: f"{self._one.volts:.3f}, {self._one.amps:.4f}",
            ":MEASure[:SCALar][:VOLTage][:DC]?": lambda _: f"{max(0.0, self._one.read_volts()):.3f}",
            ":MEASure[:SCALar]:CURRent[:DC]?": lambda _: f"{max(0.0, self._one.read_amps()):.4f}",
            ":SYSTem:VERSion?": lambda _: "1999.0",
            **dict.fromkeys((":SYSTem:REMote", ":SYSTem:LOCal", ":SYSTem:MIX", ":SYSTem:RWLock"), lambda _: None),
            ":SYSTem:BEEPer[:IMMediate]": lambda _: None,
            ":SYSTem:ERRor[:NEXT]?": lambda _: self._next_error().removeprefix("+").replace(",", ", ", 1),
            **self._switches(),
        }

    def _switches(self) -> dict[str, Handler]:
        over_volts = "[:SOURce]:VOLTage:PROTection"
        return {
            ":OUTPut:SELect": lambda c: self._activate(c.boolean()),
            ":OUTPut:SELect?": lambda _: str(int(self._active[self._selected - 1])),
            ":OUTPut:GENeral": lambda c: self._switch(c.boolean()),
            ":OUTPut:GENeral?": lambda _: str(int(self._main)),
            ":OUTPut[:STATe]": self._switch_both,
            ":OUTPut[:STATe]?": lambda _: str(int(self._one.on)),
            f"{over_volts}[:LEVel]": lambda c: self._change(lambda one: _set_most_volts(one, c)),
            f"{over_volts}[:LEVel]?": lambda c: _told(c, f"{self._one.most_volts:.3f}", f"{_MOST_PROTECTION:.3f}"),
            f"{over_volts}:TRIPped?": lambda _: str(int(self._one.over_volts)),
            f"{over_volts}:CLEar": lambda _: self._clear(),
            # The electronic fuse: the current limit itself switches the output off.
            ":FUSE[:STATe]": lambda c: self._change(lambda one: _fuse(one, c)),
            ":FUSE[:STATe]?": lambda _: str(int(self._one.watches_amps)),
            ":FUSE:TRIPped?": lambda _: str(int(self._one.over_amps)),
        }

    @override
    def reset(self) -> None:
        """Switch everything off."""
        self._forget()

    def _forget(self) -> None:
        self._selected, self._main, self._step = 1, False, 1.0
        self._active = [False] * len(self.outputs)
        for one in self.outputs:
            one.reset()
            one.volts, one.amps, one.most_volts = 0.0, 0.1, _MOST_PROTECTION

    @property
    def _one(self) -> Output:
        return self.outputs[self._selected - 1]

    def _select(self, number: float) -> None:
        if number not in range(1, len(self.outputs) + 1):
            raise ScpiError(-222, "Data out of range")
        self._selected = int(number)

    def _change(self, change: Callable[[Output], None]) -> None:
        one = self._one
        was_on = one.on
        change(one)
        one.settle()
        if was_on and not one.on:  # a protection has tripped
            self._active[self._selected - 1] = False

    def _set_step(self, command: Command) -> None:
        self._step = _within(command.number(), _MOST_VOLTS)

    def _apply(self, command: Command) -> None:
        self._change(lambda one: _set_volts(one, command, self._step))
        if len(command.arguments) > 1:
            self._change(lambda one: _set_amps(one, command, 1))

    def _activate(self, active: bool) -> None:
        one = self._one
        self._active[self._selected - 1] = active and not (one.over_volts or one.over_amps)
        self._settle()

    def _switch(self, on: bool) -> None:
        self._main = on
        self._settle()

    def _switch_both(self, command: Command) -> None:
        """Activate the output and switch the main switch on too, or deactivate the output alone."""
        self._main = self._main or command.boolean()
        self._activate(command.boolean())

    def _clear(self) -> None:
        self._one.over_volts = self._one.over_amps = False

    def _settle(self) -> None:
        for place, one in enumerate(self.outputs):
            wanted = self._main and self._active[place]
            one.on = wanted
            one.settle()
            if wanted and not one.on:
                self._active[place] = False


def _rating(amps: float) -> Rating:
    return Rating(
        volts=_VOLTS,
        amps=amps,
        most_volts=_MOST_VOLTS,
        most_amps=amps + _OVER_AMPS,
        gain=0.5e-3,
        offset=5e-3,
        amps_gain=0.5e-3,
        amps_offset=0.5e-3,
    )


def _number(name: str) -> int:
    """Return the number of an output's name, ``OUT1``, ``OUTP1`` or ``OUTPUT1``; 0 for what is none."""
    digits = name.upper().removeprefix("OUTPUT").removeprefix("OUTP").removeprefix("OUT")
    return int(digits) if digits.isdecimal() and digits != name else 0


def _told(command: Command, value: str, most: str) -> str:
    """Return a setting, or the least or greatest possible one."""
    wanted = command.arguments[0].upper()[:3] if command.arguments else ""
    return {"MIN": "0.000", "MAX": most}.get(wanted, value)


def _level(command: Command, most: float, index: int = 0) -> float:
    text = command.argument(index).upper()
    if text[:3] in {"MIN", "MAX"}:
        return most if text.startswith("MAX") else 0.0
    return _within(command.number(index), most)


def _within(level: float, most: float) -> float:
    if not 0.0 <= level <= most:
        raise ScpiError(-222, "Data out of range")
    return level


def _set_volts(one: Output, command: Command, step: float) -> None:
    text = command.argument().upper()
    if text in {"UP", "DOWN"}:
        one.volts = _within(one.volts + (step if text == "UP" else -step), one.rating.most_volts)
    else:
        one.volts = round(_level(command, one.rating.most_volts), 3)


def _set_amps(one: Output, command: Command, index: int = 0) -> None:
    one.amps = one.most_amps = round(_level(command, one.rating.most_amps, index), 4)


def _set_most_volts(one: Output, command: Command) -> None:
    one.most_volts = round(_level(command, _MOST_PROTECTION), 3)


def _fuse(one: Output, command: Command) -> None:
    one.watches_amps, one.most_amps = command.boolean(), one.amps
