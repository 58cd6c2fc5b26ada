"""The sections of a report, in their order: every rendering takes numbers and names from here."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["SECTIONS", "Section", "section"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Section:
    """One section: its number, the anchor that leads to it, its title, and number and title."""

    number: int
    key: str
    title: str
    heading: str


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

SECTIONS = {
    key: Section(number=number, key=key, title=title, heading=f"{number} {title}")
    for number, (key, title) in enumerate(_TITLES.items(), 1)
}


def section(key: str) -> Section:
    """Return a section by its key."""
    return SECTIONS[key]
