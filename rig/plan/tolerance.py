"""Tolerances and levels as a plan writes them: ``10 % of set``, ``0.2 mA of 20 mA``, ``0.5 uC``, ``110 % of set``."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from pydantic import GetCoreSchemaHandler, GetJsonSchemaHandler
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import core_schema
from typing_extensions import override

from rig.errors import UnitError
from rig.plan.terms import mistake
from rig.units import Unit, parse_quantity
from rig.units.fields import QUANTITY_PATTERN
from rig.units.quantity import example_of

__all__ = ["Level", "LevelField", "Within", "WithinField"]

_OF_SET = "of set"
_PLAIN = r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?"


@dataclass(frozen=True, slots=True, kw_only=True)
class Level:
    """A bound: an SI value, or (``of_set``) a share of the set value."""

    value: float
    of_set: bool = False

    def resolve(self, set_value: float | None) -> float:
        """Return the bound in SI units."""
        if not self.of_set:
            return self.value
        return _rounded(self.value * _known(set_value))


@dataclass(frozen=True, slots=True, kw_only=True)
class Within:
    """A tolerance about a reference, or about the set value where ``reference`` is None."""

    half_width: float
    relative: bool
    reference: float | None = None

    def resolve(self, set_value: float | None) -> tuple[float, float, float]:
        """Return lower edge, reference and upper edge in SI units."""
        reference = _known(set_value) if self.reference is None else self.reference
        half_width = self.half_width * abs(reference) if self.relative else self.half_width
        return _rounded(reference - half_width), _rounded(reference), _rounded(reference + half_width)


def _rounded(value: float) -> float:
    """Return the value to twelve digits: 110 % of 40 mA is 44 mA, not 44.000000000000004 mA."""
    return float(f"{value:.12g}")


def _known(set_value: float | None) -> float:
    if set_value is None:
        raise UnitError("there is no set value for this stimulus and load")
    return set_value


@dataclass(frozen=True, slots=True, kw_only=True)
class _Field:
    """A field of one unit that is read from text, or for whole numbers from a number as well."""

    unit: Unit
    has_set: bool = False

    def read(self, value: object) -> object:
        """Return what the document's value means."""
        if isinstance(value, bool) or not isinstance(value, str | int | float):
            msg = f"expected for example {self.example()!r}"
            raise mistake(msg)
        try:
            return self.parse(" ".join(str(value).split()))
        except UnitError as error:
            raise mistake(str(error)) from error

    def parse(self, text: str) -> object:
        """Return what ``text`` means, or raise UnitError."""
        raise NotImplementedError

    def example(self) -> str:
        """Return what could have been written."""
        raise NotImplementedError

    def schema(self) -> dict[str, Any]:
        """Return the JSON schema of what may be written."""
        raise NotImplementedError

    def refuse_set(self, text: str) -> None:
        """Raise UnitError if this measurand has no set value to refer to."""
        if not self.has_set:
            msg = f"{text!r}: this measurand has no set value to be compared with"
            raise UnitError(msg)

    def __get_pydantic_core_schema__(self, _source: object, _handler: GetCoreSchemaHandler) -> core_schema.CoreSchema:
        return core_schema.no_info_plain_validator_function(self.read)

    def __get_pydantic_json_schema__(
        self, _schema: core_schema.CoreSchema, _handler: GetJsonSchemaHandler
    ) -> JsonSchemaValue:
        return self.schema()


@dataclass(frozen=True, slots=True, kw_only=True)
class LevelField(_Field):
    """A bound in ``unit``, or a share of the set value; with ``positive`` not below zero."""

    positive: bool = True

    @override
    def parse(self, text: str) -> Level:
        if self.unit is Unit.COUNT and text == "set":
            self.refuse_set(text)
            level = Level(value=1.0, of_set=True)
        elif text.endswith(_OF_SET):
            self.refuse_set(text)
            level = Level(value=parse_quantity(text.removesuffix(_OF_SET), Unit.ONE), of_set=True)
        else:
            level = Level(value=parse_quantity(text, self.unit))
        if self.positive and level.value < 0:
            msg = f"{text!r} must not be negative"
            raise UnitError(msg)
        return level

    @override
    def example(self) -> str:
        return example_of(self.unit)

    @override
    def schema(self) -> dict[str, Any]:
        if self.unit is Unit.COUNT:
            words: list[dict[str, Any]] = [{"const": "set"}] if self.has_set else []
            return {"anyOf": [{"type": "integer"}, *words]} if words else {"type": "integer"}
        if self.unit is Unit.NUMBER:
            return {"type": "number"}
        return {
            "type": "string",
            "pattern": f"^\\s*{QUANTITY_PATTERN}$",
            "description": f"for example {self.example()}" + (", or 110 % of set" if self.has_set else ""),
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class WithinField(_Field):
    """``<tolerance> of <reference>``: a ratio or a quantity, of the set value or of a quantity."""

    @override
    def parse(self, text: str) -> Within:
        tolerance, of, reference = text.partition(" of ")
        if not of:
            msg = f"{text!r} does not say of what; write for example {self.example()!r}"
            raise UnitError(msg)
        if reference == "set":
            self.refuse_set(text)
        half_width, relative = self._tolerance(tolerance)
        if half_width <= 0:
            msg = f"{text!r}: a tolerance must be positive"
            raise UnitError(msg)
        value = None if reference == "set" else parse_quantity(reference, self.unit)
        return Within(half_width=half_width, relative=relative, reference=value)

    def _tolerance(self, text: str) -> tuple[float, bool]:
        try:
            return parse_quantity(text, Unit.ONE), True
        except UnitError:
            return parse_quantity(text, self.unit), False

    @override
    def example(self) -> str:
        return "10 % of set" if self.has_set else f"10 % of {example_of(self.unit)}"

    @override
    def schema(self) -> dict[str, Any]:
        quantity = rf"{_PLAIN}(\s*%)?" if self.unit is Unit.NUMBER else QUANTITY_PATTERN
        reference = quantity if not self.has_set else f"(set|{quantity})"
        return {
            "type": "string",
            "pattern": f"^\\s*{quantity}\\s+of\\s+{reference}$",
            "description": f"for example {self.example()}",
        }
