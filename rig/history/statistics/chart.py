"""Control charts: where values of a steady process lie, told from a baseline and not from what is judged by it.

References
----------
ISO 7870-2:2023, 6.4 (X-bar and R or s), 6.5 (individuals and moving range), table 2 (factors).
Montgomery, D. C.: Introduction to Statistical Quality Control, chapter 6 and appendix VI.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np

from rig.history.statistics.rules import Violation, find_violations
from rig.history.statistics.unanswered import Unanswered

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = [
    "LEAST_BASELINE",
    "MOVING_RANGE",
    "Chart",
    "Panel",
    "chart_individuals",
    "chart_subgroups",
    "has_spread",
    "individual_sigma",
    "unbiasing",
]

MOVING_RANGE = "moving range"

_ROUNDING = 1e-12

LEAST_BASELINE = 8
"""Points that limits need at least: of eight, sigma is known to within about a half."""

# Expected range of n normal values in sigma, and control limits of ranges in mean ranges, as they are published.
_D2 = {2: 1.128, 3: 1.693, 4: 2.059, 5: 2.326, 6: 2.534, 7: 2.704, 8: 2.847, 9: 2.970, 10: 3.078}
_D3 = {2: 0.0, 3: 0.0, 4: 0.0, 5: 0.0, 6: 0.0, 7: 0.076, 8: 0.136, 9: 0.184, 10: 0.223}
_D4 = {2: 3.267, 3: 2.575, 4: 2.282, 5: 2.114, 6: 2.004, 7: 1.924, 8: 1.864, 9: 1.816, 10: 1.777}


@dataclass(frozen=True, slots=True, kw_only=True)
class Panel:
    """One of the two charts: its points, centre line, control limits, and the patterns that were found.

    ``first`` is the index of the value, or subgroup, that the first point belongs to: a moving range needs two.
    """

    name: str
    values: NDArray[np.float64]
    first: int
    centre: float
    lower: float
    upper: float
    violations: tuple[Violation, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Chart:
    """A pair of control charts with limits from the first ``baseline`` of the points; ``sigma`` is of single values."""

    kind: Literal["I-MR", "Xbar-R", "Xbar-S"]
    baseline: int
    sigma: float
    location: Panel
    spread: Panel

    @property
    def violations(self) -> tuple[tuple[str, Violation], ...]:
        """Every pattern, with the name of the panel that it is in; indices are those of values or subgroups."""
        return tuple(
            (panel.name, Violation(rule=one.rule, points=tuple(index + panel.first for index in one.points)))
            for panel in (self.location, self.spread)
            for one in panel.violations
        )

    @property
    def in_control(self) -> bool:
        """Whether no pattern was found."""
        return not self.violations


def individual_sigma(values: NDArray[np.float64]) -> tuple[float, float]:
    """Return sigma from the mean moving range of two, and how many degrees of freedom that is worth.

    Notes
    -----
    σ = R̄/d2 with d2 = 1.128. Neighbouring ranges of m = n − 1 share a value, so that
    Var(R̄/d2) = σ²·(0.8264·m − 0.2556)/m²; a sigma with ν degrees of freedom has σ²/(2ν), hence
    ν = m²/[2·(0.8264·m − 0.2556)], about 0.6 of what all values would give (Cryer and Ryan, Journal of Quality
    Technology 22 (1990), 187-192).

    >>> individual_sigma(np.array([49.6, 47.6, 49.9, 51.3, 47.8, 51.2, 52.6, 52.4, 53.6, 52.1]))[0].__round__(4)
    1.6647
    """
    count = len(values) - 1
    sigma = float(np.mean(np.abs(np.diff(values)))) / _D2[2]
    return sigma, count**2 / (2 * (0.8264 * count - 0.2556))


def chart_individuals(
    values: NDArray[np.float64], *, baseline: int, rules: tuple[int, ...] = (1, 2, 3, 4)
) -> Chart | Unanswered:
    """Chart single values and their moving ranges; limits are those of the first ``baseline`` values.

    Notes
    -----
    x̄ ± 3·R̄/1.128 for the values, 0 to 3.267·R̄ for the ranges. The run rules are for the values; of the ranges, which
    share values with their neighbours, only rule 1 means anything.
    """
    refusal = _refused(len(values), baseline, values[:baseline])
    if refusal:
        return refusal
    sigma, _ = individual_sigma(values[:baseline])
    ranges = np.abs(np.diff(values))
    mean_range = float(np.mean(ranges[: baseline - 1]))
    return Chart(
        kind="I-MR",
        baseline=baseline,
        sigma=sigma,
        location=_panel("value", values, float(np.mean(values[:baseline])), 3 * sigma, rules),
        spread=_spread(MOVING_RANGE, ranges, 1, mean_range, (0.0, _D4[2])),
    )


def chart_subgroups(
    groups: NDArray[np.float64], *, baseline: int, spread: Literal["R", "S"] | None = None,
    rules: tuple[int, ...] = (1, 2, 3, 4),
) -> Chart | Unanswered:  # fmt: skip
    """Chart means and spreads of subgroups; limits are those of the first ``baseline`` subgroups.

    Parameters
    ----------
    groups : one row per subgroup, at least two columns
    spread : range or standard deviation; by default ranges up to ten values and standard deviations above

    Notes
    -----
    R: x̿ ± 3·R̄/(d2·√n), D3·R̄ to D4·R̄. S: x̿ ± 3·s̄/(c4·√n), s̄·(1 ∓ 3·√(1 − c4²)/c4).
    """
    size = groups.shape[1]
    kind = spread or ("R" if size in _D2 else "S")
    refusal = _refused(len(groups), baseline, groups[:baseline].ravel())
    if refusal:
        return refusal
    if kind == "R" and size not in _D2:
        return Unanswered(reason=f"ranges are charted of 2 to 10 values a subgroup, not of {size}")
    means = groups.mean(axis=1)
    spreads = np.ptp(groups, axis=1) if kind == "R" else groups.std(axis=1, ddof=1)
    mean_spread = float(spreads[:baseline].mean())
    if mean_spread == 0:
        return Unanswered(reason="no subgroup of the baseline has any spread")
    c4 = unbiasing(size)
    width = 3 * math.sqrt(1 - c4**2) / c4
    sigma, factors = (
        (mean_spread / _D2[size], (_D3[size], _D4[size])) if kind == "R"
        else (mean_spread / c4, (max(0.0, 1 - width), 1 + width))
    )  # fmt: skip
    return Chart(
        kind="Xbar-R" if kind == "R" else "Xbar-S",
        baseline=baseline,
        sigma=sigma,
        location=_panel("mean", means, float(means[:baseline].mean()), 3 * sigma / math.sqrt(size), rules),
        spread=_spread("range" if kind == "R" else "standard deviation", spreads, 0, mean_spread, factors),
    )


def has_spread(values: NDArray[np.float64]) -> bool:
    """Whether values differ by more than the last digits of a float, as those of a virtual bench may not.

    >>> has_spread(np.array([0.1 + 0.2, 0.3]))
    False
    """
    return bool(np.ptp(values) > _ROUNDING * np.abs(values).max())


def unbiasing(size: int) -> float:
    """Return c4: the expected standard deviation of ``size`` normal values, in sigma.

    >>> round(unbiasing(5), 4)
    0.94
    """
    return math.sqrt(2 / (size - 1)) * math.exp(math.lgamma(size / 2) - math.lgamma((size - 1) / 2))


def _refused(count: int, baseline: int, values: NDArray[np.float64]) -> Unanswered | None:
    if baseline < LEAST_BASELINE:
        return Unanswered(
            reason=f"control limits need a baseline of at least {LEAST_BASELINE} points, not of {baseline}"
        )
    if count < baseline:
        return Unanswered(
            reason=f"control limits need the {baseline} points of the baseline; there are {count}", few=True
        )
    if not has_spread(values):
        return Unanswered(reason="the baseline has no spread: all of its values are the same")
    return None


def _panel(name: str, values: NDArray[np.float64], centre: float, width: float, rules: tuple[int, ...]) -> Panel:
    lower, upper = centre - width, centre + width
    found = find_violations(values, centre=centre, lower=lower, upper=upper, rules=rules)
    return Panel(name=name, values=values, first=0, centre=centre, lower=lower, upper=upper, violations=found)


def _spread(name: str, values: NDArray[np.float64], first: int, centre: float, factors: tuple[float, float]) -> Panel:
    lower, upper = (centre * factor for factor in factors)
    found = find_violations(values, centre=centre, lower=lower, upper=upper, rules=(1,))
    return Panel(name=name, values=values, first=first, centre=centre, lower=lower, upper=upper, violations=found)
