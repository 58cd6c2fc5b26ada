"""Confidence intervals of variances that are sums or differences of mean squares (modified large samples).

References
----------
Graybill, F. A. and Wang, C. M.: Confidence intervals on nonnegative linear combinations of variances. Journal of the
American Statistical Association 75 (1980), 869-873.
Ting, N., Burdick, R. K., Graybill, F. A., Jeyaratnam, S. and Lu, T.-F. C.: Confidence intervals on linear combinations
of variance components that are unrestricted in sign. Journal of Statistical Computation and Simulation 35 (1990),
135-143.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from rig.history.statistics.distributions import chi_square_quantile, f_quantile
from rig.history.statistics.unanswered import LEVEL

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["MeanSquare", "difference_interval", "sum_interval"]

_LOW, _HIGH = (1 - LEVEL) / 2, (1 + LEVEL) / 2


@dataclass(frozen=True, slots=True, kw_only=True)
class MeanSquare:
    """A mean square and its degrees of freedom."""

    value: float
    freedom: int


def sum_interval(terms: Sequence[tuple[float, MeanSquare]]) -> tuple[float, float]:
    """Return the interval of Σ c·E(MS), every c above 0.

    Notes
    -----
    Estimate − √Σ(G·c·MS)² to estimate + √Σ(H·c·MS)², with G = 1 − ν/χ²(0.975, ν) and H = ν/χ²(0.025, ν) − 1; of one
    term that is the exact interval of a variance.

    >>> low, high = sum_interval([(1.0, MeanSquare(value=1.0, freedom=19))])
    >>> round(low, 3), round(high, 3)
    (0.578, 2.133)
    """
    estimate = sum(factor * one.value for factor, one in terms)
    below = math.hypot(*(_shrinks(one.freedom) * factor * one.value for factor, one in terms))
    above = math.hypot(*(_grows(one.freedom) * factor * one.value for factor, one in terms))
    return estimate - below, estimate + above


def difference_interval(factor: float, first: MeanSquare, second: MeanSquare) -> tuple[float, float]:
    """Return the interval of c·[E(MS₁) − E(MS₂)], c above 0; its lower end may lie below 0.

    Notes
    -----
    As for a sum, with G and H changing places for what is taken away, and a term for both: of the lower end
    [(F − 1)² − G₁²·F² − H₂²]/F·c²·MS₁·MS₂ with F of 97.5 %, of the upper end [(1 − F)² − H₁²·F² − G₂²]/F with F of
    2.5 %.
    """
    one, other = factor * first.value, factor * second.value
    high, low = (f_quantile(part, first.freedom, second.freedom) for part in (_HIGH, _LOW))
    g1, h1, g2, h2 = _shrinks(first.freedom), _grows(first.freedom), _shrinks(second.freedom), _grows(second.freedom)
    both = ((high - 1) ** 2 - (g1 * high) ** 2 - h2**2) / high
    below = (g1 * one) ** 2 + (h2 * other) ** 2 + both * one * other
    both = ((1 - low) ** 2 - (h1 * low) ** 2 - g2**2) / low
    above = (h1 * one) ** 2 + (g2 * other) ** 2 + both * one * other
    return one - other - math.sqrt(max(0.0, below)), one - other + math.sqrt(max(0.0, above))


def _shrinks(freedom: int) -> float:
    return 1 - freedom / chi_square_quantile(_HIGH, freedom)


def _grows(freedom: int) -> float:
    return freedom / chi_square_quantile(_LOW, freedom) - 1
