"""The surroundings of a run: temperature and relative humidity, as a person read them or wrote them into a file."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError, WithJsonSchema

from rig.bench.definition import SourceFile
from rig.bench.described import Line
from rig.bench.file_parts import schema_of
from rig.documents import read_document, validate
from rig.errors import Refused

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["Reading", "Surroundings", "environment_json_schema", "read_surroundings"]

_EXAMPLE = '"23.1 degC, 41 %" or "23.1 +- 0.5 degC, 41 +- 3 %"'
_NUMBER = r"[+-]?\d+(?:\.\d+)?"
_READING = re.compile(rf"({_NUMBER})(?:\s*(?:±|\+-|\+/-)\s*(\d+(?:\.\d+)?))?\s*(degC|°C|%)", re.ASCII)
_RANGES = {"degC": (-90.0, 100.0), "%": (0.0, 100.0)}


@dataclass(frozen=True, slots=True)
class Reading:
    """A value with its expanded uncertainty (k = 2), None where it was not said: °C, or a ratio."""

    value: float
    expanded_uncertainty: float | None


def _reading(text: object, unit: str) -> Reading:
    """Read ``23.1 degC`` or ``23.1 +- 0.5 degC``; of ``%``, values become ratios."""
    match = _READING.fullmatch(text.strip()) if isinstance(text, str) else None
    if match is None or match[3].replace("°C", "degC") != unit:
        msg = f"expected a reading such as '{'23.1 +- 0.5 degC' if unit == 'degC' else '41 +- 3 %'}'"
        raise ValueError(msg)
    low, high = _RANGES[unit]
    value, spread = float(match[1]), None if match[2] is None else float(match[2])
    if not low <= value <= high:
        msg = f"{text} is no reading of a room: expected {low:g} to {high:g} {unit}"
        raise ValueError(msg)
    per = 1.0 if unit == "degC" else 100.0
    return Reading(value / per, None if spread is None else spread / per)


def _field(unit: str, example: str) -> Any:  # noqa: ANN401 - an annotation's parts
    return BeforeValidator(lambda text: _reading(text, unit)), WithJsonSchema({"type": "string", "examples": [example]})


class Surroundings(BaseModel):
    """What the surroundings were, and what they were read with."""

    model_config = ConfigDict(extra="forbid", frozen=True, arbitrary_types_allowed=True)

    temperature: Annotated[Reading | None, *_field("degC", "23.1 +- 0.5 degC")] = None
    humidity: Annotated[Reading | None, *_field("%", "41 +- 3 %")] = Field(default=None, description="relative")
    instrument: Line | None = None
    certificate: Line | None = None
    due: date | None = None


def read_surroundings(said: str, directory: Path) -> tuple[Surroundings, SourceFile | None]:
    """Return what was said on the command line, or in the file that it names, and that file.

    Raises
    ------
    Refused
        for what cannot be read; a file's mistakes are told at their places
    """
    if said.endswith((".yaml", ".yml", ".json")):
        document = read_document(directory / said, defer=True)
        source = SourceFile(path=directory / said, shown_as=document.shown_as, sha256=document.sha256)
        return validate(document, Surroundings), source
    found: dict[str, str] = {}
    for part in said.split(","):
        match = _READING.fullmatch(part.strip())
        key = "" if match is None else "humidity" if match[3] == "%" else "temperature"
        if not key or key in found:
            raise Refused(f"--environment: {part.strip()!r} is not understood; write {_EXAMPLE}, or name a YAML file")
        found[key] = part
    try:
        return Surroundings.model_validate(found), None
    except ValidationError as error:
        reason = error.errors(include_url=False)[0]["msg"].removeprefix("Value error, ")
        raise Refused(f"--environment: {reason}") from None


def environment_json_schema() -> dict[str, Any]:
    """Return the JSON schema of a file that says the surroundings of a run."""
    return schema_of(Surroundings, "Surroundings of a run")
