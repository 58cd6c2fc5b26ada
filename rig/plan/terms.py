"""The small words of a plan, as pydantic fields: ids, titles, loads and ranges."""

from __future__ import annotations

import math
import unicodedata
from decimal import Decimal, localcontext
from typing import Annotated, Generic, TypeVar

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StringConstraints
from pydantic_core import PydanticCustomError

from rig.errors import UnitError
from rig.model.load import NETWORK, OPEN, SHORT
from rig.units import Unit, format_quantity, parse_quantity
from rig.units.fields import QUANTITY_PATTERN

__all__ = ["Identifier", "LoadName", "PackId", "Prose", "Range", "Text", "load_resistance", "mistake"]

# Names that Windows keeps for devices, whatever their suffix.
_RESERVED = frozenset({"con", "prn", "aux", "nul", *(f"{port}{n}" for port in ("com", "lpt") for n in range(10))})


def mistake(message: str) -> PydanticCustomError:
    """Return a mistake whose message is for the plan's author."""
    return PydanticCustomError("plan", "{message}", {"message": message})


def _read_identifier(text: str) -> str:
    safe = text.isascii() and text[:1].isalnum() and not text.endswith(".")
    if not safe or not all(letter.isalnum() or letter in "._-" for letter in text):
        shown = text if text.isprintable() else ascii(text)[1:-1]
        msg = f"'{shown[:60]}' is not an id: letters, digits, '.', '_' and '-', beginning with a letter or digit"
        raise mistake(msg)
    if text.split(".", maxsplit=1)[0].lower() in _RESERVED:
        msg = f"'{text}' is a name that Windows keeps for itself"
        raise mistake(msg)
    return text


def _read_text(text: str) -> str:
    if not text.strip():
        raise mistake("expected some words, found none")
    for letter in text:
        if unicodedata.category(letter) in {"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"}:
            msg = f"the invisible character U+{ord(letter):04X} may not stand in a title"
            raise mistake(msg)
    return text


def _read_prose(text: str) -> str:
    _read_text(text.replace("\n", " "))
    return text.strip()


def _read_load(text: str) -> str:
    if text in {OPEN, SHORT}:
        return text
    suffix = NETWORK if text.endswith(NETWORK) else ""
    try:
        resistance = parse_quantity(text.removesuffix(NETWORK), Unit.OHM)
    except UnitError as error:
        msg = f"{error}, 'open' or 'short'"
        raise mistake(msg) from error
    if resistance <= 0:
        msg = f"{text!r} is not a load: its resistance must be positive"
        raise mistake(msg)
    return format_quantity(resistance, Unit.OHM) + suffix


def load_resistance(name: str) -> float:
    """Return the resistance that a load's canonical name states, ohm: inf for ``open``, 0 for ``short``."""
    if name == OPEN:
        return math.inf
    return 0.0 if name == SHORT else parse_quantity(name.removesuffix(NETWORK), Unit.OHM)


_ID_PATTERN = r"^[A-Za-z0-9]([A-Za-z0-9._-]*[A-Za-z0-9_-])?$"

Identifier = Annotated[
    str,
    Field(max_length=64, json_schema_extra={"pattern": _ID_PATTERN, "description": "letters, digits, . _ -"}),
    AfterValidator(_read_identifier),
]
PackId = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]*(:[A-Za-z0-9._-]+)?$", max_length=64)]
Text = Annotated[str, Field(min_length=1, max_length=200), AfterValidator(_read_text)]
Prose = Annotated[str, Field(min_length=1, max_length=4000), AfterValidator(_read_prose)]
LoadName = Annotated[
    str,
    AfterValidator(_read_load),
    Field(
        json_schema_extra={
            "pattern": f"^\\s*(open|short|{QUANTITY_PATTERN}({NETWORK})?)$",
            "description": "500 ohm, 1 kohm, 1 kohm RC (with a capacitor), open or short",
        }
    ),
]

ValueT = TypeVar("ValueT", bound=float)

MAX_STEPS = 1000


class Range(BaseModel, Generic[ValueT]):
    """Equally spaced values, both ends included."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)

    from_: ValueT = Field(alias="from", description="the first value")
    to: ValueT = Field(description="the last value")
    steps: int = Field(ge=2, le=MAX_STEPS, description="how many values, both ends included")

    def values(self) -> tuple[float, ...]:
        """Return the values, to twelve digits, so that 100 us to 500 us in 5 steps holds 300 us exactly.

        >>> Range[float].model_validate({"from": 0.1, "to": 0.5, "steps": 5}).values()
        (0.1, 0.2, 0.3, 0.4, 0.5)
        """
        first, last = Decimal(repr(self.from_)), Decimal(repr(self.to))
        with localcontext() as context:
            context.prec = 40
            inner = [first + (last - first) * index / (self.steps - 1) for index in range(1, self.steps - 1)]
            context.prec = 12
            return (self.from_, *(float(+value) for value in inner), self.to)
