"""Gauge repeatability and reproducibility: how much of what is seen to differ does the measurement make up itself.

References
----------
AIAG: Measurement Systems Analysis, 4th edition (2010), chapter III, section B, and appendix A (analysis of variance).
Burdick, R. K., Borror, C. M. and Montgomery, D. C.: A review of methods for measurement systems capability analysis.
Journal of Quality Technology 35 (2003), 342-354 (intervals by modified large samples).
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from rig.history.statistics.distributions import f_tail
from rig.history.statistics.intervals import MeanSquare, difference_interval, sum_interval
from rig.history.statistics.unanswered import Unanswered

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["POOLED_ABOVE", "STUDY_WIDTH", "AnovaRow", "Component", "GaugeStudy", "gauge_study"]

POOLED_ABOVE = 0.25
"""An interaction with a higher p-value than this is taken for repeatability."""

STUDY_WIDTH = 6.0
"""How many standard deviations the spread of a component is taken to be."""

_CATEGORIES = 1.41


@dataclass(frozen=True, slots=True, kw_only=True)
class AnovaRow:
    """One row of an analysis of variance; without F where nothing is compared."""

    source: str
    freedom: int
    squares: float
    mean_square: float
    f: float | None = None
    p: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Component:
    """One source of variation.

    Attributes
    ----------
    deviation : standard deviation, in the unit of the values; ``lower`` and ``upper`` is its interval of 95 %, if known
    contribution, study : share of the total variance, and of the total standard deviation
    tolerance : six standard deviations over the width between the limits; None without two limits
    negative : whether its variance came out below 0, and is taken as 0
    """

    name: str
    variance: float
    deviation: float
    lower: float | None
    upper: float | None
    contribution: float
    study: float
    tolerance: float | None
    negative: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class GaugeStudy:
    """A crossed study: every part by every appraiser, equally often.

    Attributes
    ----------
    anova : with the interaction
    reduced : the same with the interaction pooled into repeatability; empty where it is not
    components : repeatability, appraiser, interaction, reproducibility, gauge (R&R), part, total
    categories : how many classes of parts the measurement can tell apart (ndc); None where it made no difference at all
    """

    parts: int
    appraisers: int
    repeats: int
    anova: tuple[AnovaRow, ...]
    reduced: tuple[AnovaRow, ...]
    components: tuple[Component, ...]
    categories: int | None

    @property
    def pooled(self) -> bool:
        """Whether the interaction counts as repeatability."""
        return bool(self.reduced)

    def component(self, name: str) -> Component:
        """Return the component of that name."""
        return next(one for one in self.components if one.name == name)


def gauge_study(values: NDArray[np.float64], *, tolerance: float | None = None) -> GaugeStudy | Unanswered:
    """Return the variance components of a crossed study by analysis of variance, all effects random.

    Parameters
    ----------
    values : parts × appraisers × repeats, none missing
    tolerance : width between the limits, in the unit of the values

    Notes
    -----
    With p parts, o appraisers and r repeats, σ²(repeatability) = MS_E; σ²(interaction) = (MS_PO − MS_E)/r;
    σ²(appraiser) = (MS_O − MS_PO)/(p·r); σ²(part) = (MS_P − MS_PO)/(o·r). Where F = MS_PO/MS_E has p > 0.25, the two
    are pooled into one mean square that takes the place of both. ndc = 1.41·σ(part)/σ(R&R), cut to a whole number.
    """
    parts, appraisers, repeats = values.shape
    if min(parts, appraisers, repeats) < 2:  # noqa: PLR2004 - one of a kind has no spread
        return Unanswered(
            reason="a crossed study needs at least 2 parts, 2 appraisers and 2 repeats; there are "
            f"{parts}, {appraisers} and {repeats}",
            few=True,
        )
    if np.ptp(values) == 0:
        return Unanswered(reason="all values are the same: they tell nothing apart")
    part, appraiser, interaction, error = _mean_squares(values)
    against = interaction if interaction.value > 0 else error
    pooling = _p(interaction, error)
    full = (
        _row("part", part, against),
        _row("appraiser", appraiser, against),
        _row("part × appraiser", interaction, error),
        _row("repeatability", error, None),
        _total(values),
    )
    reduced: tuple[AnovaRow, ...] = ()
    if pooling > POOLED_ABOVE:
        freedom = interaction.freedom + error.freedom
        pooled = (interaction.value * interaction.freedom + error.value * error.freedom) / freedom
        interaction = error = MeanSquare(value=pooled, freedom=freedom)
        reduced = (_row("part", part, error), _row("appraiser", appraiser, error), _row("repeatability", error, None))
    components = _components(values.shape, part, appraiser, interaction, error, bool(reduced), tolerance)
    gauge, spread = components[4].deviation, components[5].deviation
    return GaugeStudy(
        parts=parts, appraisers=appraisers, repeats=repeats, anova=full,
        reduced=(*reduced, full[-1]) if reduced else (), components=components,
        categories=max(1, math.floor(_CATEGORIES * spread / gauge)) if gauge > 0 else None,
    )  # fmt: skip


def _mean_squares(values: NDArray[np.float64]) -> tuple[MeanSquare, MeanSquare, MeanSquare, MeanSquare]:
    """Return the mean squares of part, appraiser, interaction and repeatability."""
    parts, appraisers, repeats = values.shape
    mean, cells = values.mean(), values.mean(axis=2)
    by_part, by_appraiser = cells.mean(axis=1), cells.mean(axis=0)
    joint = cells - by_part[:, None] - by_appraiser[None, :] + mean
    squares = (
        (appraisers * repeats * float(((by_part - mean) ** 2).sum()), parts - 1),
        (parts * repeats * float(((by_appraiser - mean) ** 2).sum()), appraisers - 1),
        (repeats * float((joint**2).sum()), (parts - 1) * (appraisers - 1)),
        (float(((values - cells[:, :, None]) ** 2).sum()), parts * appraisers * (repeats - 1)),
    )
    part, appraiser, interaction, error = (
        MeanSquare(value=total / freedom, freedom=freedom) for total, freedom in squares
    )
    return part, appraiser, interaction, error


def _p(above: MeanSquare, below: MeanSquare) -> float:
    if below.value == 0:
        return float(above.value == 0)
    return f_tail(above.value / below.value, above.freedom, below.freedom)


def _row(source: str, one: MeanSquare, against: MeanSquare | None) -> AnovaRow:
    known = against is not None and against.value > 0
    return AnovaRow(
        source=source, freedom=one.freedom, squares=one.value * one.freedom, mean_square=one.value,
        f=one.value / against.value if against is not None and known else None,
        p=_p(one, against) if against is not None and known else None,
    )  # fmt: skip


def _total(values: NDArray[np.float64]) -> AnovaRow:
    squares = float(((values - values.mean()) ** 2).sum())
    return AnovaRow(source="total", freedom=values.size - 1, squares=squares, mean_square=squares / (values.size - 1))


def _components(
    shape: tuple[int, ...], part: MeanSquare, appraiser: MeanSquare, interaction: MeanSquare, error: MeanSquare,
    pooled: bool, tolerance: float | None,
) -> tuple[Component, ...]:  # fmt: skip
    p, o, r = shape
    raw = {
        "repeatability": error.value,
        "appraiser": (appraiser.value - interaction.value) / (p * r),
        "interaction": (interaction.value - error.value) / r,
        "part": (part.value - interaction.value) / (o * r),
    }
    kept = {name: max(0.0, variance) for name, variance in raw.items()}
    kept["reproducibility"] = kept["appraiser"] + kept["interaction"]
    kept["gauge"] = kept["repeatability"] + kept["reproducibility"]
    kept["total"] = kept["gauge"] + kept["part"]
    terms = (
        [(1 / (p * r), appraiser), (1 - 1 / (p * r), error)] if pooled
        else [(1 / (p * r), appraiser), ((p - 1) / (p * r), interaction), ((r - 1) / r, error)]
    )  # fmt: skip
    bounds = {
        "repeatability": sum_interval([(1.0, error)]),
        "gauge": sum_interval(terms),
        "appraiser": difference_interval(1 / (p * r), appraiser, interaction),
        "part": difference_interval(1 / (o * r), part, interaction),
    }
    names = ("repeatability", "appraiser", "interaction", "reproducibility", "gauge", "part", "total")
    whole = math.sqrt(kept["total"])
    return tuple(
        Component(
            name=name,
            variance=kept[name],
            deviation=math.sqrt(kept[name]),
            lower=math.sqrt(max(0.0, bounds[name][0])) if name in bounds else None,
            upper=math.sqrt(max(0.0, bounds[name][1])) if name in bounds else None,
            contribution=kept[name] / kept["total"],
            study=math.sqrt(kept[name]) / whole,
            tolerance=STUDY_WIDTH * math.sqrt(kept[name]) / tolerance if tolerance else None,
            negative=raw.get(name, 0.0) < 0,
        )
        for name in names
    )
