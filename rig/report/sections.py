"""The sections of a report, in their order: every rendering takes numbers and names from here."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["SECTIONS", "Section", "section"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Section:
    """One section: its number, the anchor that leads to it, its title."""

    number: int
    key: str
    title: str

    @property
    def heading(self) -> str:
        """Number and title."""
        return f"{self.number} {self.title}"


_TITLES = {
    "summary": "Summary",
    "purpose": "Laboratory, customer and purpose",
    "item": "Item tested",
    "setup": "Method and test set-up",
    "criteria": "Acceptance criteria and data analysis",
    "results": "Results",
    "anomalies": "Deviations and anomalies",
    "cases": "Cases",
    "traces": "Traceability",
    "software": "Software and records",
    "authorisation": "Authorisation",
}

SECTIONS = {key: Section(number=number, key=key, title=title) for number, (key, title) in enumerate(_TITLES.items(), 1)}


def section(key: str) -> Section:
    """Return a section by its key."""
    return SECTIONS[key]
