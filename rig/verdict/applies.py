"""When an entry of a limit pack applies: the situation of a case, and the conditions that an entry states."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Annotated, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field
from pydantic_core import PydanticCustomError

from rig.errors import UnitError
from rig.model.stimulus import Shape, Stimulus
from rig.units import Unit, format_quantity, parse_quantity
from rig.units.fields import Duration, Frequency

__all__ = ["Applies", "FrequencyRange", "Situation", "WidthRange"]

_SAME = 1e-9  # relative: "500 ohm" and "0.5 kohm" are the same nominal value
_STANDARD_LOAD = 500.0  # ohm, where a device declares no load range


@dataclass(frozen=True, slots=True, kw_only=True)
class Situation:
    """What decides whether an entry applies.

    Attributes
    ----------
    load_nominal : ohm; ``inf`` for an open circuit
    stimulus : as set
    device_class : as the device's file states it, for example ``therapy``
    electrode_area : conductive area of the smallest electrode, m², None where it is not stated
    load_range : over which the maker declares the output's accuracy, ohm, None where it is not stated
    frequency : Hz, None for the repetition rate of the stimulus
    series : whether several settings are judged together, and not a single case
    resistive : whether the load is a resistor; what is stated for a resistance holds for no other load
    """

    load_nominal: float
    stimulus: Stimulus
    device_class: str = "therapy"
    electrode_area: float | None = None
    load_range: tuple[float, float] | None = None
    frequency: float | None = None
    series: bool = False
    resistive: bool = True

    @property
    def rate(self) -> float:
        """The frequency by which limits are chosen, Hz."""
        return self.stimulus.rate if self.frequency is None else self.frequency

    @property
    def load_name(self) -> str:
        """The load as the field writes it."""
        if math.isinf(self.load_nominal):
            return "open"
        named = format_quantity(self.load_nominal, Unit.OHM)
        return named if self.resistive else f"{named} with a capacitor"


def _read_load(value: object) -> object:
    if isinstance(value, str) and value in {"open", "declared"}:
        return value
    try:
        return parse_quantity(value if isinstance(value, str) else repr(value), Unit.OHM)
    except UnitError as error:
        kind = "load"
        message = f"{error}, 'open' or 'declared'"
        raise PydanticCustomError(kind, "{message}", {"message": message}) from error


class FrequencyRange(BaseModel):
    """A class of frequencies: ``above`` without the value itself, ``up_to`` with it."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    above: Frequency | None = None
    up_to: Frequency | None = None


class WidthRange(BaseModel):
    """A class of pulse widths: ``below`` without the value itself, ``at_least`` with it."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    below: Duration | None = None
    at_least: Duration | None = None


class Applies(BaseModel):
    """The conditions of an entry, all of which must hold; what is not stated does not restrict.

    ``load`` is a nominal resistance, ``open``, or ``declared``: the load range that the maker declares (500 ohm alone
    where none is declared).
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    load: Annotated[
        Literal["open", "declared"] | float | None,
        BeforeValidator(_read_load, json_schema_input_type=str),
        Field(description="a nominal resistance such as '500 ohm', 'open', or 'declared'"),
    ] = None
    shape: tuple[Shape, ...] = ()
    frequency: FrequencyRange = FrequencyRange()
    pulse_width: WidthRange = WidthRange()
    device_class: tuple[str, ...] = ()
    electrode_area: Literal["stated"] | None = None

    def why_not(self, situation: Situation) -> str:
        """Return the first condition that does not hold, as a sentence; empty if all hold."""
        checks = (self._device, self._load, self._shape, self._frequency, self._pulse_width, self._electrode)
        return next((reason for check in checks if (reason := check(situation))), "")

    def _device(self, situation: Situation) -> str:
        if not self.device_class or situation.device_class in self.device_class:
            return ""
        return f"applies to {_any_of(self.device_class)} devices, this one is {situation.device_class or 'not classed'}"

    def _load(self, situation: Situation) -> str:
        load, nominal = self.load, situation.load_nominal
        if load is None:
            return ""
        if load == "open":
            return "" if math.isinf(nominal) else f"applies to an open circuit, the load is {situation.load_name}"
        if isinstance(load, float):
            if situation.resistive and math.isclose(nominal, load, rel_tol=_SAME):
                return ""
            return f"applies into {format_quantity(load, Unit.OHM)}, the load is {situation.load_name}"
        return _why_not_declared(situation)

    def _shape(self, situation: Situation) -> str:
        if not self.shape or situation.stimulus.shape in self.shape:
            return ""
        return f"applies to {_any_of(self.shape)} pulses, these are {situation.stimulus.shape.value}"

    def _frequency(self, situation: Situation) -> str:
        above, up_to, rate = self.frequency.above, self.frequency.up_to, situation.rate
        if above is not None and rate <= above:
            bound = f"above {format_quantity(above, Unit.HERTZ)}"
        elif up_to is not None and rate > up_to:
            bound = f"up to {format_quantity(up_to, Unit.HERTZ)}"
        else:
            return ""
        return f"applies {bound}, the frequency (repetition rate) is {format_quantity(rate, Unit.HERTZ)}"

    def _pulse_width(self, situation: Situation) -> str:
        below, at_least, width = self.pulse_width.below, self.pulse_width.at_least, situation.stimulus.pulse_width
        if below is not None and width >= below:
            bound = f"shorter than {format_quantity(below, Unit.SECOND)}"
        elif at_least is not None and width < at_least:
            bound = f"of at least {format_quantity(at_least, Unit.SECOND)}"
        else:
            return ""
        return f"applies to pulses {bound}, these last {format_quantity(width, Unit.SECOND, digits=6)}"

    def _electrode(self, situation: Situation) -> str:
        if self.electrode_area is None or situation.electrode_area is not None:
            return ""
        return "not evaluated: the device's file does not state the area of its smallest electrode"


def _why_not_declared(situation: Situation) -> str:
    if not situation.resistive:
        return f"applies into resistors, the load is {situation.load_name}"
    if situation.load_range is None:
        if math.isclose(situation.load_nominal, _STANDARD_LOAD, rel_tol=_SAME):
            return ""
        return (
            "applies over the declared load range; the device's file declares none, so only 500 ohm counts, "
            f"the load is {situation.load_name}"
        )
    lowest, highest = situation.load_range
    if lowest * (1 - _SAME) <= situation.load_nominal <= highest * (1 + _SAME):
        return ""
    declared = f"{format_quantity(lowest, Unit.OHM)} to {format_quantity(highest, Unit.OHM)}"
    return f"applies over the declared load range, {declared}; the load is {situation.load_name}"


def _any_of(names: tuple[str, ...]) -> str:
    return " or ".join(str(name) for name in names)
