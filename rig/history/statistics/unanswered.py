"""A question that the values do not answer, and why not."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["LEVEL", "Unanswered"]

LEVEL = 0.95
"""Confidence level of every interval here."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Unanswered:
    """Stands where a result would: few values, no spread, no limit; ``reason`` is a sentence without its full stop.

    ``few`` tells whether more values would help.
    """

    reason: str
    few: bool = False
