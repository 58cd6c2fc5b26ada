"""One signal prepared for measuring: its deviation from the quiet level, and its integrals between any two instants."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

__all__ = ["Course", "Flags", "Floats", "Integers", "Levels", "Trace", "ragged"]

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


@dataclass(frozen=True, slots=True, kw_only=True)
class Levels:
    """Mean of all samples, standard deviation, extremes; all against the quiet level, A or V."""

    mean: float
    standard_deviation: float
    minimum: float
    maximum: float


@dataclass(frozen=True, kw_only=True, eq=False)
class Course(ABC):
    """One signal whose integrals between any two instants are known, whether or not all of its samples are at hand.

    Attributes
    ----------
    interval : s between samples
    start : time of sample 0, s
    level : the record's own quiet level, A or V
    pedestal : quiet level minus baseline (the zero capture's mean, or the quiet level itself), A or V

    Positions are fractional sample numbers throughout.
    """

    interval: float
    start: float
    level: float
    pedestal: float

    @abstractmethod
    def __len__(self) -> int:
        """Number of samples."""

    @abstractmethod
    def deviation_integral(self, begin: Floats, end: Floats) -> Floats:
        """∫ (value − level) dt between positions, shape (m,), A·s or V·s."""

    @abstractmethod
    def squared_deviation_integral(self, begin: Floats, end: Floats) -> Floats:
        """∫ (value − level)² dt between positions, shape (m,), A²·s or V²·s."""

    @abstractmethod
    def levels(self) -> Levels:
        """Mean, spread and extremes of all samples, against the quiet level."""

    @abstractmethod
    def blocks(self, number: int) -> Floats:
        """Mean deviation in each of so many stretches of equal length, one after the other; A or V."""

    @abstractmethod
    def worst_window(self, width: int) -> tuple[float, float]:
        """Begin and end of the window of so many intervals in which ∫ (value − baseline)² dt is largest."""

    @abstractmethod
    def extreme(self) -> tuple[float, float]:
        """Largest |value − baseline|, A or V, and its position."""

    @abstractmethod
    def samples_beyond(self, magnitude: float, *, noise: float) -> float:
        """Number of samples with |value − baseline| of at least that; by their rms noise where it is not counted."""

    def time(self, position: float) -> float:
        """Time of a position, s."""
        return self.start + self.interval * position

    def times(self, positions: Floats) -> Floats:
        """Times of positions, s."""
        return self.start + self.interval * positions

    def integral(self, begin: Floats, end: Floats) -> Floats:
        """∫ (value − baseline) dt between positions, shape (m,), A·s or V·s."""
        return self.deviation_integral(begin, end) + self.pedestal * self.interval * (end - begin)

    def integral_of_square(self, begin: Floats, end: Floats) -> Floats:
        """∫ (value − baseline)² dt between positions, shape (m,), A²·s or V²·s."""
        squares = self.squared_deviation_integral(begin, end)
        crossed = 2 * self.pedestal * self.deviation_integral(begin, end)
        return squares + crossed + self.pedestal**2 * self.interval * (end - begin)


@dataclass(frozen=True, kw_only=True, eq=False)
class Trace(Course):
    """All samples of a signal, as deviations from its own quiet level.

    Attributes
    ----------
    deviation : value minus ``level``, shape (n,), n ≥ 2
    """

    deviation: Floats

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

    def deviation_integral(self, begin: Floats, end: Floats) -> Floats:
        """∫ deviation dt between positions, shape (m,), A·s or V·s."""
        difference = _at(self.integrals, self.deviation, end) - _at(self.integrals, self.deviation, begin)
        return np.asarray(self.interval * difference, dtype=np.float64)

    def squared_deviation_integral(self, begin: Floats, end: Floats) -> Floats:
        """∫ deviation² dt between positions, shape (m,), A²·s or V²·s."""
        cumulative = self.integrals_of_squares
        difference = _at(cumulative, self.squares, end) - _at(cumulative, self.squares, begin)
        return np.asarray(self.interval * difference, dtype=np.float64)

    def levels(self) -> Levels:
        """Mean, spread and extremes of all samples, against the quiet level."""
        mean = float(self.deviation.mean())
        return Levels(
            mean=mean,
            standard_deviation=float(np.sqrt(max(float(self.squares.mean()) - mean**2, 0.0))),
            minimum=float(self.deviation.min()),
            maximum=float(self.deviation.max()),
        )

    def blocks(self, number: int) -> Floats:
        """Mean deviation in each of so many stretches of equal length."""
        length = len(self) // number
        return np.asarray(self.deviation[: number * length].reshape(number, length).mean(axis=1), dtype=np.float64)

    def worst_window(self, width: int) -> tuple[float, float]:
        """Begin and end of the window in which the square's integral is largest, looked for at every sample."""
        # The ends are samples, so plain differences are exact.
        squares = self.integrals_of_squares[width:] - self.integrals_of_squares[:-width]
        if self.pedestal:
            squares += 2 * self.pedestal * (self.integrals[width:] - self.integrals[:-width])
        worst = int(squares.argmax())
        return float(worst), float(worst + width)

    def extreme(self) -> tuple[float, float]:
        """Largest |value − baseline|, and its position."""
        size = np.abs(self.deviation + self.pedestal)
        worst = int(size.argmax())
        return float(size[worst]), float(worst)

    def samples_beyond(self, magnitude: float, *, noise: float) -> float:  # noqa: ARG002 - here they are counted
        """Number of samples with |value − baseline| of at least that."""
        return float(np.count_nonzero(np.abs(self.deviation + self.pedestal) >= magnitude))
