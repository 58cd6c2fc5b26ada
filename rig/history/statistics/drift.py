"""Drift: how fast values wander, how well that is known, and when they would meet a limit.

References
----------
Draper, N. R. and Smith, H.: Applied Regression Analysis, 1.4 (slope), 3.2 (inverse prediction, Fieller's interval).
Theil, H. (1950) and Sen, P. K.: Estimates of the regression coefficient based on Kendall's tau. Journal of the
American Statistical Association 63 (1968), 1379-1389.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from rig.history.statistics.chart import has_spread
from rig.history.statistics.distributions import student_quantile, student_tail
from rig.history.statistics.unanswered import LEVEL, Unanswered

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["DAYS_A_YEAR", "LEAST_VALUES", "Crossing", "Drift", "crossing", "drift"]

LEAST_VALUES = 6
"""Below this a straight line is too easily found."""

DAYS_A_YEAR = 365.25
_SIGNIFICANT = 1 - LEVEL
_PAIRS = 2_000_000  # of more, the robust slope is taken of every k-th value


@dataclass(frozen=True, slots=True, kw_only=True)
class Drift:
    """A straight line through values over time, with one level for each group of them.

    Attributes
    ----------
    slope, standard_error, lower, upper : in the values' unit per day; the interval is that of 95 %
    p : how often chance alone would make so steep a line
    robust : Theil and Sen's slope, which outliers hardly move
    day, level : the middle of all days, and the line's value there; of several groups the mean of their levels
    residual : standard deviation about the line, with ``freedom`` degrees of freedom
    spread_of_days : sum of squared distances of all days from their group's middle, days²
    first_day, last_day : between which the values lie
    """

    n: int
    slope: float
    standard_error: float
    lower: float
    upper: float
    p: float
    robust: float
    day: float
    level: float
    residual: float
    freedom: int
    spread_of_days: float
    first_day: float
    last_day: float

    @property
    def significant(self) -> bool:
        """Whether the interval of the slope leaves out 0."""
        return self.p < _SIGNIFICANT

    @property
    def doubtful(self) -> bool:
        """Whether the robust slope lies outside the interval: single values make the line."""
        return not self.lower <= self.robust <= self.upper


@dataclass(frozen=True, slots=True, kw_only=True)
class Crossing:
    """When a limit would be met, in days on the drift's axis; None where that bound does not exist."""

    limit: float
    day: float
    earliest: float | None
    latest: float | None


def drift(
    days: NDArray[np.float64], values: NDArray[np.float64], groups: NDArray[np.int_] | None = None
) -> Drift | Unanswered:
    """Return the line of least squares through ``values`` over ``days``.

    Parameters
    ----------
    days : when, d
    values : in any unit
    groups : of each value the number of its group, which has its own level; None for one group

    Notes
    -----
    Slope b = Σ(t − t̄)(y − ȳ)/Σ(t − t̄)², with t̄ and ȳ of each value's own group; s² = Σ residual²/(n − groups − 1);
    standard error s/√Σ(t − t̄)²; interval and p with Student's t. Values have to be independent of each other.
    """
    which = np.zeros(len(values), dtype=int) if groups is None else np.unique(groups, return_inverse=True)[1]
    count, freedom = len(values), len(values) - int(which.max(initial=0)) - 2
    if count < LEAST_VALUES or freedom < LEAST_VALUES - 2:
        return Unanswered(reason=f"drift needs at least {LEAST_VALUES} values; there are {count}", few=True)
    about, above = _centred(days, which), _centred(values, which)
    if not has_spread(values):
        above = np.zeros_like(above)
    squares = float(about @ about)
    if squares == 0:
        return Unanswered(reason="all values are of one moment", few=True)
    slope = float(about @ above) / squares
    rest = above - slope * about
    residual = math.sqrt(float(rest @ rest) / freedom)
    error = residual / math.sqrt(squares)
    # A line without any residual is certain, and a level one without any is no drift.
    chance = 2 * student_tail(abs(slope) / error, freedom) if error > 0 else float(slope == 0)
    width = student_quantile((1 + LEVEL) / 2, freedom) * error
    return Drift(
        n=count, slope=slope, standard_error=error, lower=slope - width, upper=slope + width, p=chance,
        robust=_robust(days, values, which), day=float(days.mean()), level=float(values.mean()),
        residual=residual, freedom=freedom, spread_of_days=squares,
        first_day=float(days.min()), last_day=float(days.max()),
    )  # fmt: skip


def crossing(found: Drift, limit: float) -> Crossing | None:
    """Return when the line meets ``limit``, from when on; None where it leads away from it, or leads nowhere.

    Notes
    -----
    Fieller's interval: all days u from the middle on which the confidence band of the line holds the limit,
    (L − ȳ − b·u)² ≤ t²·s²·(1/n + u²/Σ(t − t̄)²). It is bounded only if the slope is significant.
    """
    if not found.significant:
        return None
    distance = limit - found.level
    at = distance / found.slope
    if found.day + at <= found.last_day:  # it was met already, or the line comes from there
        return None
    factor = (student_quantile((1 + LEVEL) / 2, found.freedom) * found.residual) ** 2
    square = found.slope**2 - factor / found.spread_of_days
    under = factor * (square / found.n + distance**2 / found.spread_of_days)
    if square <= 0:
        return Crossing(limit=limit, day=found.day + at, earliest=None, latest=None)
    middle, width = found.slope * distance / square, math.sqrt(max(under, 0.0)) / square
    return Crossing(
        limit=limit, day=found.day + at, earliest=found.day + middle - width, latest=found.day + middle + width
    )


def _centred(values: NDArray[np.float64], which: NDArray[np.int_]) -> NDArray[np.float64]:
    means = np.bincount(which, weights=values) / np.bincount(which)
    centred: NDArray[np.float64] = values - means[which]
    return centred


def _robust(days: NDArray[np.float64], values: NDArray[np.float64], which: NDArray[np.int_]) -> float:
    """Return the median of the slopes between any two values of one group."""
    step = max(1, math.ceil(len(values) / math.sqrt(2 * _PAIRS)))
    thin_days, thin, group = days[::step], values[::step], which[::step]
    first, second = np.triu_indices(len(thin), k=1)
    use = (thin_days[first] != thin_days[second]) & (group[first] == group[second])
    first, second = first[use], second[use]
    return float(np.median((thin[second] - thin[first]) / (thin_days[second] - thin_days[first])))
