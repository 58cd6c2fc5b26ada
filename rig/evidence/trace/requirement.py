"""What a device must do, why, and in which revision: requirements, the hazards behind them, what controls those."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datetime import date

__all__ = ["Hazard", "Requirement", "Requirements", "RiskControl"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Hazard:
    """Something that may do harm."""

    id: str
    text: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class RiskControl:
    """What is done against hazards."""

    id: str
    text: str = ""
    hazards: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Requirement:
    """One requirement; the names of what it stems from are ids of the same file, and clauses as documents write them.

    ``revised`` is the day of its revision: what was measured before it was measured against another requirement.
    """

    id: str
    title: str = ""
    text: str = ""
    revision: str = ""
    revised: date | None = None
    hazards: tuple[str, ...] = ()
    risk_controls: tuple[str, ...] = ()
    clauses: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Requirements:
    """All requirements of one file, in its order; ids are unique over all three kinds.

    Attributes
    ----------
    file, sha256 : the file's name as it was given, and the hash of its bytes
    notes : what was in the file and was not read as a requirement, and why
    """

    file: str
    sha256: str
    title: str = ""
    revision: str = ""
    requirements: tuple[Requirement, ...]
    hazards: tuple[Hazard, ...] = ()
    risk_controls: tuple[RiskControl, ...] = ()
    notes: tuple[str, ...] = ()
