"""What a multimeter reads."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["DcReadings"]


@dataclass(frozen=True, slots=True, kw_only=True)
class DcReadings:
    """Readings of a direct voltage, V, each the mean over so many periods of the mains; and the range, ±V, they are of.

    >>> DcReadings(values=(1.0, 2.0), full_scale=10.0, power_line_cycles=10.0).mean
    1.5
    """

    values: tuple[float, ...]
    full_scale: float
    power_line_cycles: float

    @property
    def mean(self) -> float:
        """Their mean, V."""
        return sum(self.values) / len(self.values)
