"""What a plan may do to the device's supply, as a pydantic field: another voltage, off, on."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any

from pydantic_core import core_schema

from rig.errors import UnitError
from rig.plan.case import Power, SupplyLevel
from rig.plan.terms import mistake
from rig.units import Unit, parse_quantity
from rig.units.fields import QUANTITY_PATTERN

if TYPE_CHECKING:
    from pydantic import GetCoreSchemaHandler, GetJsonSchemaHandler
    from pydantic.json_schema import JsonSchemaValue

__all__ = ["Supply"]

_OF_NOMINAL = "of nominal"


def _read(value: object) -> SupplyLevel | Power:
    """Read ``26.4 V``, ``110 %`` (of nominal), ``off`` or ``on``."""
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        raise mistake("expected for example '26.4 V', '110 %', 'off' or 'on'")
    text = " ".join(str(value).split())
    if text in {Power.ON.value, Power.OFF.value}:
        return Power(text)
    share = text.removesuffix(_OF_NOMINAL)
    try:
        level = SupplyLevel(value=parse_quantity(share, Unit.ONE), of_nominal=True)
    except UnitError as error:
        if share != text:
            raise mistake(str(error)) from error
        level = SupplyLevel(value=_volts(text))
    if not level.value > 0:
        msg = f"{text!r} must be positive; to take the supply away write 'off'"
        raise mistake(msg)
    return level


def _volts(text: str) -> float:
    try:
        return parse_quantity(text, Unit.VOLT)
    except UnitError as error:
        msg = f"{error}, or a share of the nominal voltage, 'off' or 'on'"
        raise mistake(msg) from error


@dataclass(frozen=True, slots=True)
class _Field:
    def __get_pydantic_core_schema__(self, _source: object, _handler: GetCoreSchemaHandler) -> core_schema.CoreSchema:
        return core_schema.no_info_plain_validator_function(_read)

    def __get_pydantic_json_schema__(
        self, _schema: core_schema.CoreSchema, _handler: GetJsonSchemaHandler
    ) -> JsonSchemaValue:
        schema: dict[str, Any] = {"type": "string", "pattern": rf"^\s*(on|off|{QUANTITY_PATTERN})$"}
        return schema


Supply = Annotated[SupplyLevel | Power, _Field()]
