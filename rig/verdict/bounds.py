"""What a limit pack states about a value, turned into an interval and its unit."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated

from pydantic import PlainSerializer, PlainValidator, WithJsonSchema
from pydantic_core import PydanticCustomError

from rig.errors import AnalysisError, UnitError
from rig.model.limit import Interval
from rig.units import Unit, format_quantity, parse_quantity

if TYPE_CHECKING:
    from rig.model.stimulus import Stimulus

__all__ = ["COUNTED", "SIGNED", "Bound", "Given", "Share", "bounded_interval", "set_value"]

SIGNED = frozenset({
    "phase_charge_positive",
    "phase_charge_negative",
    "droop",
    "net_charge",
    "net_charge_active",
    "charge_imbalance",
    "polarity",
    "dc_component",
})
"""Measurands with a sign: ``at_most`` binds their magnitude, that is, both directions."""


COUNTED = frozenset({"polarity", "phase_count", "missing_pulses", "extra_pulses", "pulses_per_burst"})
"""Measurands that are whole numbers; for any other a number without a unit is a mistake."""


# No published limit binds a plain number; were one read here, a forgotten unit would go unnoticed.
_KINDS = tuple(unit for unit in Unit if unit is not Unit.NUMBER)


@dataclass(frozen=True, slots=True, kw_only=True)
class Given:
    """A quantity whose unit says what it is: 0.08 A."""

    value: float
    unit: Unit

    def __str__(self) -> str:
        return format_quantity(self.value, self.unit)


def _read(text: object) -> Given:
    """Read a quantity of any kind; the units of the rig name each kind without ambiguity."""
    whole_number = isinstance(text, int) and not isinstance(text, bool)
    if isinstance(text, str) or whole_number:
        for unit in _KINDS:
            try:
                return Given(value=parse_quantity(str(text), unit), unit=unit)
            except UnitError:
                continue
    kind = "quantity"
    raise PydanticCustomError(kind, "{text} is not a quantity; write for example '80 mA'", {"text": repr(text)})


def _read_share(text: object) -> Given:
    if isinstance(text, str) and text.strip().endswith("of set"):
        share = _read(text.strip().removesuffix("of set"))
        if share.unit is Unit.ONE and share.value > 0:
            return share
    kind = "share"
    raise PydanticCustomError(
        kind, "{text} is not a share of the set value; write for example '20 % of set'", {"text": repr(text)}
    )


Bound = Annotated[
    Given,
    PlainValidator(_read),
    PlainSerializer(str),
    WithJsonSchema({
        "anyOf": [{"type": "string", "pattern": r"^\s*[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?"}, {"type": "integer"}],
        "description": "a quantity with its unit, for example '80 mA'; a bare whole number is a count",
    }),
]

Share = Annotated[
    Given,
    PlainValidator(_read_share),
    PlainSerializer(lambda share: f"{share} of set"),
    WithJsonSchema({
        "type": "string",
        "pattern": r"^\s*(\d+\.?\d*|\.\d+)\s*\S+\s+of set\s*$",
        "description": "a share of the set value, for example '20 % of set'",
    }),
]


def set_value(measurand: str, stimulus: Stimulus | None) -> Given | None:
    """Return what the stimulator was set to for a measurand; None where nothing is set for it.

    Without a stimulus the value is 0 and only says that there is one.
    """
    match measurand:
        case "phase_top":
            return Given(value=stimulus.amplitude if stimulus else 0.0, unit=Unit.AMPERE)
        case "phase_duration":
            return Given(value=stimulus.phase_duration if stimulus else 0.0, unit=Unit.SECOND)
        case "interphase_interval":
            return Given(value=stimulus.interphase if stimulus else 0.0, unit=Unit.SECOND)
        case "pulse_width":
            return Given(value=stimulus.pulse_width if stimulus else 0.0, unit=Unit.SECOND)
        case "pulse_rate":
            return Given(value=stimulus.rate if stimulus else 0.0, unit=Unit.HERTZ)
        case _:
            return None


def bounded_interval(
    measurand: str,
    *,
    at_most: Given | None,
    at_least: Given | None,
    below: Given | None,
    above: Given | None,
    between: tuple[Given, Given] | None,
    within: Given | None,
    stimulus: Stimulus,
) -> tuple[Interval, Unit]:
    """Return the interval that exactly one of the forms states, and its unit.

    Raises
    ------
    AnalysisError
        if no form is given, or a share of a value that is not set.
    """
    upper = at_most or below
    if upper is not None:
        closed = at_most is not None
        if measurand in SIGNED:
            magnitude = Interval(lower=-upper.value, upper=upper.value, lower_closed=closed, upper_closed=closed)
            return magnitude, upper.unit
        return Interval(upper=upper.value, upper_closed=closed), upper.unit
    lower = at_least or above
    if lower is not None:
        return Interval(lower=lower.value, lower_closed=at_least is not None), lower.unit
    if between is not None:
        return Interval(lower=between[0].value, upper=between[1].value), between[0].unit
    nominal = set_value(measurand, stimulus)
    if within is None or nominal is None:
        msg = f"{measurand}: no limit is stated"
        raise AnalysisError(msg)
    tolerance = within.value * nominal.value
    return Interval(lower=nominal.value - tolerance, upper=nominal.value + tolerance), nominal.unit
