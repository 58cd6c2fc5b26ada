"""A gauge R&R study out of runs that were repeated: which parts, measured by whom, how often."""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

import numpy as np

from rig.history.statistics.average_range import AverageAndRange, average_and_range
from rig.history.statistics.gauge import GaugeStudy, gauge_study
from rig.history.statistics.unanswered import Unanswered
from rig.history.studies.counted import count_in

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

    from numpy.typing import NDArray

    from rig.history.point import Point
    from rig.units import Unit

__all__ = ["ACCEPTED", "UNACCEPTABLE", "AppraisedBy", "GaugeAsked", "GaugeStudies", "PartIs", "Study", "studies_of"]

ACCEPTED, UNACCEPTABLE = 0.10, 0.30
"""Shares of the tolerance, or of the study variation, below and above which AIAG accepts and refuses a gauge."""

_SHOWN = 6  # of many missing cells so many are named


class PartIs(StrEnum):
    """What stands for a part: something that truly differs."""

    DEVICE = "device"
    CASE = "case"


class AppraisedBy(StrEnum):
    """Who stands for the appraiser: what should make no difference."""

    OPERATOR = "operator"
    INSTRUMENT = "instrument"


@dataclass(frozen=True, slots=True, kw_only=True)
class GaugeAsked:
    """What is wanted to know; ``runs`` names the runs that count, empty for all."""

    measurand: str
    part: PartIs = PartIs.DEVICE
    appraiser: AppraisedBy = AppraisedBy.OPERATOR
    case: str = ""
    runs: tuple[str, ...] = ()
    engineering: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Study:
    """One study: of one case over devices, or of one device over cases.

    Attributes
    ----------
    values : parts × appraisers × repeats in the order of time; empty where they are not equally many
    tolerance : width between the limits; None unless it is the same everywhere
    share : six standard deviations of the gauge over the tolerance, or where there is none its study variation
    balanced : whether every appraiser has every part equally often
    """

    name: str
    virtual: bool
    unit: Unit
    parts: tuple[str, ...]
    appraisers: tuple[str, ...]
    values: NDArray[np.float64]
    tolerance: float | None
    result: GaugeStudy | Unanswered
    ranges: AverageAndRange | None
    balanced: bool
    notes: tuple[str, ...]

    @property
    def share(self) -> float | None:
        """What the gauge is judged by."""
        if isinstance(self.result, Unanswered):
            return None
        gauge = self.result.component("gauge")
        return gauge.study if gauge.tolerance is None else gauge.tolerance


@dataclass(frozen=True, slots=True, kw_only=True)
class GaugeStudies:
    """The answer: every study that the runs make, and how many values were left out, by reason."""

    asked: GaugeAsked
    studies: tuple[Study, ...]
    left_out: tuple[tuple[str, int], ...]

    @property
    def exit_code(self) -> int:
        """0 no gauge is unacceptable, 1 one is, 2 a study lacks values, 3 one has too few values, or there is none."""
        if any(one.share is not None and one.share > UNACCEPTABLE for one in self.studies):
            return 1
        if any(not one.balanced for one in self.studies):
            return 2
        return 0 if self.studies and all(one.share is not None for one in self.studies) else 3


def studies_of(points: Iterable[Point], asked: GaugeAsked) -> GaugeStudies:
    """Return the studies that ``points`` make."""
    wanted = [point for point in points if not asked.runs or point.run_id in asked.runs]
    counted = count_in(wanted, case=asked.case, engineering=asked.engineering)
    named = [point for point in counted.points if _part(point, asked) and _appraiser(point, asked)]
    left = dict(counted.left_out)
    if len(named) < len(counted.points):
        left[f"without a named {asked.part} or {asked.appraiser}"] = len(counted.points) - len(named)
    sorted_out: dict[tuple[str, ...], list[Point]] = defaultdict(list)
    for point in named:
        sorted_out[_key(point, asked)].append(point)
    studies = tuple(_study(same, asked) for _, same in sorted(sorted_out.items()))
    return GaugeStudies(asked=asked, studies=studies, left_out=tuple(left.items()))


def _part(point: Point, asked: GaugeAsked) -> str:
    return point.device_serial if asked.part is PartIs.DEVICE else point.case


def _appraiser(point: Point, asked: GaugeAsked) -> str:
    by_operator = asked.appraiser is AppraisedBy.OPERATOR
    return point.operator if by_operator else point.instrument_serial or point.instrument


def _key(point: Point, asked: GaugeAsked) -> tuple[str, ...]:
    of = (point.case, point.load) if asked.part is PartIs.DEVICE else (point.device_serial,)
    return (*of, point.plan, point.measurand, point.unit, "virtual" if point.virtual else "")


def _study(points: list[Point], asked: GaugeAsked) -> Study:
    cells: dict[tuple[str, str], list[tuple[datetime, float]]] = defaultdict(list)
    for point in points:
        cells[_part(point, asked), _appraiser(point, asked)].append((point.started, point.value))
    parts = tuple(sorted({part for part, _ in cells}))
    appraisers = tuple(sorted({appraiser for _, appraiser in cells}))
    missing = _missing(cells, parts, appraisers)
    values = np.empty((0, 0, 0))
    result: GaugeStudy | Unanswered
    tolerance = _tolerance(points)
    if missing:
        result = Unanswered(reason=f"every {asked.appraiser} needs every {asked.part} equally often: {missing}")
    else:
        values = np.array([
            [[value for _, value in cells[part, appraiser]] for appraiser in appraisers] for part in parts
        ])
        result = gauge_study(values, tolerance=tolerance)
    first = points[0]
    what = first.case if asked.part is PartIs.DEVICE else f"device {first.device_serial or 'without a serial number'}"
    return Study(
        name=f"{what}, virtual" if first.virtual else what,
        virtual=first.virtual,
        unit=first.unit,
        parts=parts,
        appraisers=appraisers,
        values=values,
        tolerance=tolerance,
        result=result,
        ranges=average_and_range(values) if isinstance(result, GaugeStudy) else None,
        balanced=not missing,
        notes=tuple(_notes(points, asked, result)),
    )


def _missing(
    cells: dict[tuple[str, str], list[tuple[datetime, float]]], parts: tuple[str, ...], appraisers: tuple[str, ...]
) -> str:
    """Say which cells do not have as many values as most of them; empty where all have."""
    counts = {(part, appraiser): len(cells.get((part, appraiser), ())) for part in parts for appraiser in appraisers}
    usual, _ = max(Counter(counts.values()).items(), key=lambda one: (one[1], one[0]))
    others = [f"{part} by {appraiser}: {count}" for (part, appraiser), count in counts.items() if count != usual]
    if not others:
        return ""
    more = f" and {len(others) - _SHOWN} more" if len(others) > _SHOWN else ""
    return f"most have {usual} values, but {'; '.join(others[:_SHOWN])}{more}"


def _tolerance(points: list[Point]) -> float | None:
    widths = {None if one.lower is None or one.upper is None else round(one.upper - one.lower, 15) for one in points}
    width = widths.pop() if len(widths) == 1 else None
    return width if width is not None and width > 0 else None


def _notes(points: list[Point], asked: GaugeAsked, result: GaugeStudy | Unanswered) -> list[str]:
    notes = []
    instruments = {one.instrument_serial or one.instrument for one in points}
    operators = {one.operator for one in points}
    if asked.appraiser is AppraisedBy.OPERATOR and len(instruments) > 1:
        notes.append(
            f"{len(instruments)} instruments were used; what they differ by counts as repeatability or operator"
        )
    if asked.appraiser is AppraisedBy.INSTRUMENT and len(operators) > 1:
        notes.append(
            f"{len(operators)} operators were at work; what they differ by counts as repeatability or instrument"
        )
    if isinstance(result, Unanswered):
        return [*notes, result.reason]
    below = [one.name for one in result.components if one.negative]
    if below:
        notes.append(f"the variance of {' and '.join(below)} came out negative, and is taken as 0")
    if result.pooled:
        notes.append("the interaction is not significant (p > 0.25), and counts as repeatability")
    if result.component("gauge").deviation == 0:
        notes.append("no repeat differs from another: the gauge is finer than this study can tell")
    return notes
