"""An axis of a figure: from values to pixels, with round ticks and a fitting unit."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    import numpy as np
    from numpy.typing import NDArray

__all__ = ["Axis", "fitting_unit"]

_PREFIXES = {-9: "n", -6: "µ", -3: "m", 0: "", 3: "k"}
_STEPS = (1.0, 2.0, 5.0, 10.0)


def fitting_unit(extent: float, symbol: str) -> tuple[str, float]:
    """Return the prefixed unit in which ``extent`` reads well, and how many SI units it is.

    >>> fitting_unit(0.02, "A")
    ('mA', 0.001)
    """
    exponent = 0 if extent <= 0 else math.floor(math.log10(extent * 1.000001) / 3) * 3
    exponent = min(max(exponent, -9), 0 if symbol == "s" else 3)
    return _PREFIXES[exponent] + symbol, 10.0**exponent


@dataclass(frozen=True, slots=True, kw_only=True)
class Axis:
    """``low`` lies at pixel ``start``, ``high`` at pixel ``stop``."""

    low: float
    high: float
    start: float
    stop: float

    @property
    def pixels_per_unit(self) -> float:
        """Negative where the axis points up the page."""
        return (self.stop - self.start) / (self.high - self.low)

    def at(self, value: float) -> float:
        """Return the pixel of one value, kept within twice the axis so that no coordinate grows absurd."""
        span = self.high - self.low
        kept = min(max(value, self.low - span), self.high + span)
        return self.start + (kept - self.low) * self.pixels_per_unit

    def all_at(self, values: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return the pixels of many values, kept likewise."""
        span = self.high - self.low
        return self.start + (values.clip(self.low - span, self.high + span) - self.low) * self.pixels_per_unit

    def ticks(self, factor: float, wanted: int) -> Iterator[tuple[float, str]]:
        """Yield pixel and label of about ``wanted`` round values, in units of ``factor``."""
        low, high = self.low / factor, self.high / factor
        rough = (high - low) / wanted
        power = 10.0 ** math.floor(math.log10(rough))
        step = next(round_step * power for round_step in _STEPS if round_step * power >= rough * 0.999)
        places = max(0, -math.floor(math.log10(step) + 1e-9))
        for index in range(math.ceil(low / step - 1e-9), math.floor(high / step + 1e-9) + 1):
            yield self.at(index * step * factor), f"{index * step:.{places}f}".replace("-", "−")
