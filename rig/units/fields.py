"""Quantities as pydantic fields: text with a unit in a document, an SI float in the model, a pattern in the schema."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any

from pydantic_core import PydanticCustomError, core_schema

from rig.errors import UnitError
from rig.units.quantity import Unit, example_of, format_quantity, parse_quantity

if TYPE_CHECKING:
    from pydantic import GetCoreSchemaHandler, GetJsonSchemaHandler
    from pydantic.json_schema import JsonSchemaValue

__all__ = [
    "QUANTITY_PATTERN",
    "Area",
    "Capacitance",
    "Charge",
    "Current",
    "Duration",
    "Energy",
    "Frequency",
    "Power",
    "Quantity",
    "Ratio",
    "Resistance",
    "Voltage",
]


# A number and something that can begin a unit; the exponent of a bare "1e5" is not a unit.
QUANTITY_PATTERN = r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?\s*(?![eE][+-]?\d)[A-Za-zµμΩ%].*"


@dataclass(frozen=True, slots=True)
class Quantity:
    """Marks a float field as a quantity of ``unit``; with ``sign`` it must also be positive, or not negative."""

    unit: Unit
    sign: str = ""

    def read(self, value: object) -> float:
        """Validate one document value."""
        kind = "quantity"
        if isinstance(value, bool) or not isinstance(value, str | int | float):
            example = {"example": example_of(self.unit)}
            raise PydanticCustomError(kind, "expected a quantity such as '{example}'", example)
        try:
            number = parse_quantity(str(value), self.unit)
        except UnitError as error:
            raise PydanticCustomError(kind, "{reason}", {"reason": str(error)}) from error
        if (self.sign == "positive" and number <= 0) or (self.sign == "not negative" and number < 0):
            kind = "quantity_sign"
            words = "must not be negative" if self.sign == "not negative" else "must be positive"
            raise PydanticCustomError(kind, "{value} {words}", {"value": value, "words": words})
        return number

    def __get_pydantic_core_schema__(self, _source: object, _handler: GetCoreSchemaHandler) -> core_schema.CoreSchema:
        return core_schema.no_info_plain_validator_function(
            self.read,
            serialization=core_schema.plain_serializer_function_ser_schema(
                lambda number: format_quantity(number, self.unit), when_used="json"
            ),
        )

    def __get_pydantic_json_schema__(
        self, _schema: core_schema.CoreSchema, _handler: GetJsonSchemaHandler
    ) -> JsonSchemaValue:
        schema: dict[str, Any] = {
            "type": "string",
            "pattern": rf"^\s*{QUANTITY_PATTERN}$",
            "description": f"a quantity of {self.unit.name.lower().replace('_', ' ')}, with its unit",
        }
        return schema


Current = Annotated[float, Quantity(Unit.AMPERE)]
Voltage = Annotated[float, Quantity(Unit.VOLT)]
Duration = Annotated[float, Quantity(Unit.SECOND, "not negative")]
Frequency = Annotated[float, Quantity(Unit.HERTZ, "positive")]
Charge = Annotated[float, Quantity(Unit.COULOMB)]
Energy = Annotated[float, Quantity(Unit.JOULE)]
Resistance = Annotated[float, Quantity(Unit.OHM, "positive")]
Capacitance = Annotated[float, Quantity(Unit.FARAD, "positive")]
Power = Annotated[float, Quantity(Unit.WATT, "positive")]
Area = Annotated[float, Quantity(Unit.SQUARE_METRE, "positive")]
Ratio = Annotated[float, Quantity(Unit.ONE)]
