"""Process capability: how much room the spread of values leaves within their limits, and how well that is known.

References
----------
Bissell, A. F.: How reliable is your capability index? Applied Statistics 39 (1990), 331-340.
ISO 22514-4:2016 (names and estimators of Cp, Cpk, Pp, Ppk).
Shapiro, S. S. and Wilk, M. B.: An analysis of variance test for normality. Biometrika 52 (1965), 591-611.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from statistics import NormalDist
from typing import TYPE_CHECKING

import numpy as np

from rig.history.statistics.chart import has_spread, individual_sigma
from rig.history.statistics.distributions import chi_square_quantile
from rig.history.statistics.unanswered import LEVEL, Unanswered

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["LEAST_VALUES", "Capability", "Index", "capability", "capability_index", "performance_index"]

LEAST_VALUES = 20
"""Below this the interval of an index spans more than a factor of two, and its number would only mislead."""

_NOT_NORMAL = 0.05
_MOSTLY, _MUCH = 0.5, 0.25
_SHAPIRO_LIMIT = 5000  # above it the p-value is not dependable


@dataclass(frozen=True, slots=True, kw_only=True)
class Index:
    """An index with its confidence interval of 95 %."""

    value: float
    lower: float
    upper: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Capability:
    """What was found of ``n`` values.

    Attributes
    ----------
    sigma_within : from moving ranges: what neighbours differ by; Cp and Cpk are over it
    sigma_overall : standard deviation of all values, drifts included; Pp and Ppk are over it
    cp, pp : None where only one limit is given
    normality : p-value of Shapiro and Wilk's test; None of more than 5000 values
    measured : share of the overall variance that the measurement may account for at most; None where U is not known
    notes : sentences that belong to every use of the indices
    """

    n: int
    mean: float
    sigma_within: float
    sigma_overall: float
    cp: Index | None
    cpk: Index
    pp: Index | None
    ppk: Index
    normality: float | None
    measured: float | None
    notes: tuple[str, ...]


def capability(
    values: NDArray[np.float64], *, lower: float | None, upper: float | None, uncertainty: float | None = None
) -> Capability | Unanswered:
    """Return the capability indices of ``values``, in the order of time, against one or two limits.

    Parameters
    ----------
    lower, upper : limits in the unit of the values; one may be None
    uncertainty : standard uncertainty of one value, in their unit
    """
    from scipy.stats import shapiro  # noqa: PLC0415 - takes most of a second, and only this needs it

    count = len(values)
    if lower is None and upper is None:
        return Unanswered(reason="no limit was applied to it")
    if lower is not None and upper is not None and lower >= upper:
        return Unanswered(reason="its limits leave no room between them")
    if count < LEAST_VALUES:
        return Unanswered(reason=f"capability needs at least {LEAST_VALUES} values; there are {count}", few=True)
    if not has_spread(values):
        return Unanswered(reason="all values are the same: there is no spread to compare with the limits")
    mean, overall = float(values.mean()), float(values.std(ddof=1))
    within, freedom = individual_sigma(values)
    normality = float(shapiro(values).pvalue) if count <= _SHAPIRO_LIMIT else None
    measured = None if uncertainty is None else min(1.0, (uncertainty / overall) ** 2)
    both = lower is not None and upper is not None
    room = upper - lower if lower is not None and upper is not None else math.inf
    return Capability(
        n=count,
        mean=mean,
        sigma_within=within,
        sigma_overall=overall,
        cp=capability_index(room / (6 * within), freedom) if both else None,
        cpk=performance_index(_nearest(mean, lower, upper) / (3 * within), count, freedom),
        pp=capability_index(room / (6 * overall), count - 1) if both else None,
        ppk=performance_index(_nearest(mean, lower, upper) / (3 * overall), count, count - 1),
        normality=normality,
        measured=measured,
        notes=tuple(_notes(normality, measured)),
    )


def capability_index(value: float, freedom: float) -> Index:
    """Return Cp (or Pp) with the interval that the chi-square distribution of its sigma gives.

    Notes
    -----
    Cp·√(χ²(0.025, ν)/ν) to Cp·√(χ²(0.975, ν)/ν): exact for values that are normal and independent.

    >>> found = capability_index(2.29, 19)
    >>> round(found.value, 2), round(found.lower, 2), round(found.upper, 2)
    (2.29, 1.57, 3.01)
    """
    low, high = (value * math.sqrt(chi_square_quantile(part, freedom) / freedom) for part in _tails())
    return Index(value=value, lower=low, upper=high)


def performance_index(value: float, count: int, freedom: float) -> Index:
    """Return Cpk (or Ppk) with Bissell's approximate interval.

    Notes
    -----
    Cpk ± z·√[1/(9·n) + Cpk²/(2·ν)], z = 1.96: the first term is for the mean, the second for sigma.

    >>> found = performance_index(1.33, 20, 19)
    >>> round(found.lower, 2), round(found.upper, 2)
    (0.88, 1.78)
    """
    width = NormalDist().inv_cdf((1 + LEVEL) / 2) * math.sqrt(1 / (9 * count) + value**2 / (2 * freedom))
    return Index(value=value, lower=value - width, upper=value + width)


def _tails() -> tuple[float, float]:
    return (1 - LEVEL) / 2, (1 + LEVEL) / 2


def _nearest(mean: float, lower: float | None, upper: float | None) -> float:
    """Return the distance from the mean to the nearer limit, negative beyond it."""
    return min(math.inf if upper is None else upper - mean, math.inf if lower is None else mean - lower)


def _notes(normality: float | None, measured: float | None) -> list[str]:
    notes = []
    if normality is not None and normality < _NOT_NORMAL:
        notes.append(
            f"the values are not normally distributed (Shapiro-Wilk p = {normality:.2g}): "
            "no share of values beyond the limits follows from the indices, and their intervals do not hold 95 %"
        )
    if measured is not None and measured > _MUCH:
        how = "most" if measured > _MOSTLY else "much"
        share = "all" if measured >= 1 else f"{measured:.0%}"
        notes.append(
            f"{how} of the spread may be the measurement's, whose uncertainty is up to {share} of the variance: "
            "the indices say less about the device than about how it was measured"
        )
    return notes
