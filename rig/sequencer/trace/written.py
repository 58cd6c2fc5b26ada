"""Requirements as they are written, whatever the file: strict, and coherent among themselves."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator
from datetime import date
from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from rig.evidence.trace import requirement as nouns
from rig.plan.terms import Text, mistake

__all__ = ["Written", "incoherent", "requirements_json_schema"]

Place = tuple[str | int, ...]

_HIDDEN = {"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"}


def _read_prose(text: str) -> str:
    for letter in text:
        if letter not in "\n\t" and unicodedata.category(letter) in _HIDDEN:
            msg = f"the invisible character U+{ord(letter):04X} may not stand in a text"
            raise mistake(msg)
    return text.strip()


Prose = Annotated[str, Field(max_length=20_000), AfterValidator(_read_prose)]
Name = Annotated[Text, Field(description="as plans trace to it", examples=["REQ-OUT-011"])]


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class _Named(_Part):
    id: Name
    text: Prose = ""


class HazardPart(_Named):
    """Something that may do harm."""


class RiskControlPart(_Named):
    """What is done against hazards."""

    hazards: tuple[Name, ...] = Field(default=(), description="ids of the hazards that it is against")


class RequirementPart(_Named):
    """One requirement."""

    title: Prose = ""
    revision: Annotated[str, Field(max_length=80), AfterValidator(_read_prose)] = ""
    revised: date | None = Field(
        default=None,
        strict=True,
        description="the day of this revision; a run that began before it is older than the requirement",
    )
    hazards: tuple[Name, ...] = Field(default=(), description="ids of the hazards that it stems from")
    risk_controls: tuple[Name, ...] = Field(default=(), description="ids of the risk controls that it carries out")
    clauses: tuple[Text, ...] = Field(
        default=(), description="clauses that it stems from, for example IEC 60601-2-10 201.12.4.104"
    )


class Written(_Part):
    """The requirements of one device, with the hazards and risk controls behind them."""

    title: Prose = ""
    revision: Annotated[str, Field(max_length=80), AfterValidator(_read_prose)] = ""
    hazards: tuple[HazardPart, ...] = ()
    risk_controls: tuple[RiskControlPart, ...] = ()
    requirements: Annotated[tuple[RequirementPart, ...], Field(min_length=1)]

    def as_read(self, file: str, sha256: str, notes: tuple[str, ...] = ()) -> nouns.Requirements:
        """Return the nouns that are meant."""
        return nouns.Requirements(
            file=file,
            sha256=sha256,
            title=self.title,
            revision=self.revision,
            requirements=tuple(nouns.Requirement(**dict(one)) for one in self.requirements),
            hazards=tuple(nouns.Hazard(**dict(one)) for one in self.hazards),
            risk_controls=tuple(nouns.RiskControl(**dict(one)) for one in self.risk_controls),
            notes=notes,
        )


def incoherent(written: Written) -> Iterator[tuple[Place, str]]:
    """Yield ids that are given twice, and names of hazards and risk controls that the file does not hold."""
    first: dict[str, str] = {}
    kinds: dict[str, tuple[_Named, ...]] = {
        "hazards": written.hazards,
        "risk_controls": written.risk_controls,
        "requirements": written.requirements,
    }
    for kind, parts in kinds.items():
        for index, part in enumerate(parts):
            if part.id in first:
                yield (kind, index, "id"), f"{part.id!r} is given twice; first as {first[part.id]}"
            first.setdefault(part.id, f"{kind}[{index}]")
    hazards, controls = {one.id for one in written.hazards}, {one.id for one in written.risk_controls}
    for kind in ("risk_controls", "requirements"):
        for index, part in enumerate(kinds[kind]):
            yield from _strange((kind, index, "hazards"), getattr(part, "hazards", ()), hazards, "hazard")
            named = getattr(part, "risk_controls", ())
            yield from _strange((kind, index, "risk_controls"), named, controls, "risk control")


def _strange(place: Place, names: tuple[str, ...], known: set[str], noun: str) -> Iterator[tuple[Place, str]]:
    for index, name in enumerate(names):
        if name not in known:
            yield (*place, index), f"there is no {noun} {name!r} in this file"


def requirements_json_schema() -> dict[str, Any]:
    """Return the JSON Schema of a file of requirements, for editors."""
    schema = Written.model_json_schema()
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **schema, "title": "Requirements"}
