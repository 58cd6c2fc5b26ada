"""When an instrument was calibrated, as it keeps it in its own memory."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["CalibrationDates"]


@dataclass(frozen=True, slots=True, kw_only=True)
class CalibrationDates:
    """The last calibration against a standard outside, when the next one is due, and the last one by itself.

    Days as ``2026-03-02``; where none is known, empty.
    """

    last: str
    due: str = ""
    by_itself: str = ""

    def overdue(self, today: str) -> bool:
        """Whether the next calibration should have been by today.

        >>> CalibrationDates(last="2024-03-02", due="2026-03-02").overdue("2026-03-03")
        True
        """
        return bool(self.due) and self.due < today

    def __str__(self) -> str:
        """Say it in a line: ``calibrated 2026-03-02, due 2028-03-02``."""
        known = (("calibrated", self.last), ("due", self.due), ("by itself", self.by_itself))
        return ", ".join(f"{what} {day}" for what, day in known if day)
