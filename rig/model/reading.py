"""What a multimeter reads."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["DcReadings"]


@dataclass(frozen=True, slots=True, kw_only=True)
class DcReadings:
    """Readings of a direct voltage, V, each the mean over so many periods of the mains; and the range, ±V, they are of.

    ``mains`` is the frequency of the mains, Hz. A reading begins at most ``latency`` s after it was asked for.

    >>> DcReadings(values=(1.0, 2.0), full_scale=10.0, power_line_cycles=10.0).mean
    1.5
    """

    values: tuple[float, ...]
    full_scale: float
    power_line_cycles: float
    mains: float = 50.0
    latency: float = 0.0

    @property
    def mean(self) -> float:
        """Their mean, V."""
        return sum(self.values) / len(self.values)

    @property
    def aperture(self) -> float:
        """For how long each was integrated, s."""
        return self.power_line_cycles / self.mains
