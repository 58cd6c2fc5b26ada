"""What the files of a bench are made of: names, texts, bounds, identities and certificates."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, model_validator

from rig.units import Unit
from rig.units.fields import Quantity

__all__ = [
    "Certificate",
    "Entry",
    "FilePath",
    "IdentityEntry",
    "IdentityText",
    "Name",
    "PositiveTime",
    "PositiveVoltage",
    "ReportedText",
    "Title",
    "schema_of",
]

# Names become parts of paths, of XML and of HTML: nothing in them may need escaping anywhere.
Name = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._+-]{0,63}$")]
IdentityText = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9 ._:#()+,-]{0,63}$")]
# What instruments report of themselves; ampersands and slashes are escaped wherever such a text is shown.
ReportedText = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9 ._:#()+,/&-]{0,63}$")]
Title = Annotated[str, Field(min_length=1, max_length=200, pattern=r"^[^\x00-\x1f\x7f]+$")]
FilePath = Annotated[str, Field(min_length=1, max_length=500, pattern=r"^[^\x00-\x1f\x7f]+$")]
PositiveVoltage = Annotated[float, Quantity(Unit.VOLT, "positive")]
PositiveTime = Annotated[float, Quantity(Unit.SECOND, "positive")]


class Entry(BaseModel):
    """A part of a file: what it does not know, it refuses."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class IdentityEntry(Entry):
    """Who an instrument must say it is; without ``firmware``, any is accepted."""

    manufacturer: ReportedText
    model: ReportedText
    serial: ReportedText
    firmware: ReportedText | None = None


class Certificate(Entry):
    """A calibration certificate."""

    certificate: IdentityText
    laboratory: Title
    performed: date
    due: date

    @model_validator(mode="after")
    def _due_after_performed(self) -> Certificate:
        if self.due <= self.performed:
            msg = f"the calibration is due on {self.due}, not after it was performed on {self.performed}"
            raise ValueError(msg)
        return self


def schema_of(model: type[BaseModel], title: str) -> dict[str, Any]:
    """Return the JSON schema of a file, for editors."""
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **model.model_json_schema(), "title": title}
