"""One signal prepared for measuring: its deviation from the quiet level, and its integrals between any two instants."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

__all__ = ["Flags", "Floats", "Integers", "Trace", "ragged"]

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]
Flags = NDArray[np.bool_]


def ragged(starts: Integers, stops: Integers) -> tuple[Integers, Integers, Integers]:
    """Return the indices of many non-empty stretches in one array.

    Parameters
    ----------
    starts, stops : shape (m,), ``stops > starts`` everywhere

    Returns
    -------
    index : the stretches one after the other
    group : for each index, the number of its stretch
    offset : shape (m,), where each stretch begins in ``index`` (for ``reduceat``)
    """
    lengths = stops - starts
    offset = np.cumsum(lengths) - lengths
    group = np.repeat(np.arange(len(lengths)), lengths)
    index = np.arange(int(lengths.sum())) + np.repeat(starts - offset, lengths)
    return index, group, offset


def _cumulative(samples: Floats) -> Floats:
    """Trapezoidal integral from sample 0 to every sample, in units of the sample interval, shape (n,)."""
    total = np.cumsum(samples)
    total -= 0.5 * samples
    total -= 0.5 * samples[0]
    return total


def _at(cumulative: Floats, samples: Floats, position: Floats) -> Floats:
    """Integral up to fractional positions: the straight line between two samples is integrated exactly."""
    last = len(samples) - 1
    whole = np.clip(np.floor(position).astype(np.int64), 0, max(last - 1, 0))
    part = position - whole
    step = samples[np.minimum(whole + 1, last)] - samples[whole]
    return np.asarray(cumulative[whole] + part * samples[whole] + 0.5 * part**2 * step, dtype=np.float64)


@dataclass(frozen=True, kw_only=True, eq=False)
class Trace:
    """Deviation of a signal from its own quiet level.

    Attributes
    ----------
    deviation : value minus ``level``, shape (n,), n ≥ 2
    interval : s between samples
    start : time of sample 0, s
    level : the record's own quiet level, A or V
    pedestal : quiet level minus baseline (the zero capture's mean, or the quiet level itself), A or V

    Positions are fractional sample numbers throughout.
    """

    deviation: Floats
    interval: float
    start: float
    level: float
    pedestal: float

    def __len__(self) -> int:
        return len(self.deviation)

    @cached_property
    def squares(self) -> Floats:
        """Squared deviation, shape (n,)."""
        return np.square(self.deviation)

    @cached_property
    def integrals(self) -> Floats:
        """Trapezoidal integral of the deviation from sample 0, in units of the interval, shape (n,)."""
        return _cumulative(self.deviation)

    @cached_property
    def integrals_of_squares(self) -> Floats:
        """Trapezoidal integral of the squared deviation from sample 0, in units of the interval, shape (n,)."""
        return _cumulative(self.squares)

    def time(self, position: float) -> float:
        """Time of a position, s."""
        return self.start + self.interval * position

    def times(self, positions: Floats) -> Floats:
        """Times of positions, s."""
        return self.start + self.interval * positions

    def deviation_integral(self, begin: Floats, end: Floats) -> Floats:
        """∫ deviation dt between positions, shape (m,), A·s or V·s."""
        difference = _at(self.integrals, self.deviation, end) - _at(self.integrals, self.deviation, begin)
        return np.asarray(self.interval * difference, dtype=np.float64)

    def integral(self, begin: Floats, end: Floats) -> Floats:
        """∫ (value − baseline) dt between positions, shape (m,), A·s or V·s."""
        return self.deviation_integral(begin, end) + self.pedestal * self.interval * (end - begin)

    def integral_of_square(self, begin: Floats, end: Floats) -> Floats:
        """∫ (value − baseline)² dt between positions, shape (m,), A²·s or V²·s."""
        cumulative = self.integrals_of_squares
        squares = self.interval * (_at(cumulative, self.squares, end) - _at(cumulative, self.squares, begin))
        crossed = 2 * self.pedestal * self.deviation_integral(begin, end)
        return squares + crossed + self.pedestal**2 * self.interval * (end - begin)
