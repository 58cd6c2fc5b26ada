"""How one measurand wanders over many runs: in control or not, how capable, drifting how fast and to which limit."""

from __future__ import annotations

import math
from collections import defaultdict
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

import numpy as np

from rig.history.statistics.capability import Capability, capability
from rig.history.statistics.chart import MOVING_RANGE, Chart, chart_individuals, chart_subgroups
from rig.history.statistics.drift import DAYS_A_YEAR, Drift, crossing, drift
from rig.history.statistics.unanswered import Unanswered
from rig.history.studies.counted import Counted, count_in
from rig.history.studies.series import By, Series, identity, sort_into_series

if TYPE_CHECKING:
    from collections.abc import Iterable

    from numpy.typing import NDArray

    from rig.history.point import Point
    from rig.history.statistics.rules import Violation

__all__ = ["BASELINE", "Asked", "Meeting", "Trend", "Trends", "trends_of"]

BASELINE = 20
"""How many points control limits come from, where nothing else is said."""

_SECONDS_A_DAY = 86_400.0
_FAR = 100 * DAYS_A_YEAR  # further ahead a straight line says nothing
_SOON = DAYS_A_YEAR


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What is wanted to know.

    Attributes
    ----------
    case : pattern of the cases' ids; empty for all
    baseline : control limits come from so many first points of a series, or from those before a day
    by_day : the values of one UTC day are a subgroup
    rules : numbers of the run rules
    """

    measurand: str
    by: By = By.DEVICE
    case: str = ""
    baseline: int | datetime = BASELINE
    by_day: bool = False
    split: bool = True
    engineering: bool = False
    rules: tuple[int, ...] = (1, 2, 3, 4)


@dataclass(frozen=True, slots=True, kw_only=True)
class Meeting:
    """When a drift would meet a limit; an end that is more than a century away, or does not exist, is None."""

    limit: float
    at: datetime | None
    earliest: datetime | None
    latest: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Trend:
    """What is said of one series.

    Attributes
    ----------
    lower, upper : the limits that its last value was held against
    uncertainty : root mean square of the values' standard uncertainties; None where one of them is not known
    groups : which points each subgroup of the chart is made of
    day_zero : what the days of ``drift`` are counted from
    notes : what a reader must know beside the numbers
    """

    series: Series
    mean: float
    deviation: float | None
    lower: float | None
    upper: float | None
    uncertainty: float | None
    chart: Chart | Unanswered
    groups: tuple[tuple[int, ...], ...]
    capability: Capability | Unanswered
    drift: Drift | Unanswered
    meeting: Meeting | None
    day_zero: datetime
    notes: tuple[str, ...]

    @property
    def patterns(self) -> tuple[Violation, ...]:
        """Every pattern that tells against the process.

        Moving ranges are not among them: of a steady process, one of about 110 lies beyond its limit.
        """
        if not isinstance(self.chart, Chart):
            return ()
        return tuple(one for panel, one in self.chart.violations if panel != MOVING_RANGE)

    @property
    def out_of_control(self) -> bool:
        """Whether its last point belongs to a pattern; what stood out earlier was to be looked into then."""
        return any(max(one.points) == len(self.groups) - 1 for one in self.patterns)

    @property
    def alarming(self) -> bool:
        """Whether it is out of control now, or drifts to a limit that it would meet within a year of its last value."""
        soon = self.series.points[-1].started + timedelta(days=_SOON)
        return self.out_of_control or (
            self.meeting is not None and self.meeting.at is not None and self.meeting.at <= soon
        )

    @property
    def answered(self) -> bool:
        """Whether anything could be said beyond mean and spread."""
        return not all(isinstance(one, Unanswered) for one in (self.chart, self.capability, self.drift))

    @property
    def judged(self) -> bool:
        """Whether it could be told if it is in control: from its chart, or where it can have none, from its drift."""
        if isinstance(self.chart, Unanswered):
            return not self.chart.few and not isinstance(self.drift, Unanswered)
        return True

    @property
    def flagged(self) -> dict[int, tuple[int, ...]]:
        """The rules that each value breaks, by its index."""
        found: dict[int, set[int]] = defaultdict(set)
        for violation in self.patterns:
            for group in violation.points:
                for point in self.groups[group]:
                    found[point].add(violation.rule)
        return {point: tuple(sorted(rules)) for point, rules in sorted(found.items())}


@dataclass(frozen=True, slots=True, kw_only=True)
class Trends:
    """The answer: a trend for each series, and how many values were left out, by reason."""

    asked: Asked
    trends: tuple[Trend, ...]
    left_out: tuple[tuple[str, int], ...]

    @property
    def exit_code(self) -> int:
        """0 no series is alarming, 1 one is, 3 of none that is, but of one too few values to tell, or no series."""
        if any(one.alarming for one in self.trends):
            return 1
        return 0 if self.trends and all(one.judged for one in self.trends) else 3


def trends_of(points: Iterable[Point], asked: Asked) -> Trends:
    """Return the trend of every series that ``points`` hold."""
    counted: Counted = count_in(points, case=asked.case, engineering=asked.engineering)
    known = [point for point in counted.points if identity(point, asked.by)]
    left = dict(counted.left_out)
    if len(known) < len(counted.points):
        left[f"of a {asked.by} that is not known"] = len(counted.points) - len(known)
    series = sort_into_series(known, asked.by, split=asked.split)
    return Trends(asked=asked, trends=tuple(_trend(one, asked) for one in series), left_out=tuple(left.items()))


def _trend(series: Series, asked: Asked) -> Trend:
    points = series.points
    values = np.array([point.value for point in points])
    lower, upper = points[-1].lower, points[-1].upper
    groups = _groups(series, asked.by_day)
    several = len(series.devices) > 1
    chart: Chart | Unanswered
    able: Capability | Unanswered
    if several:
        chart = able = Unanswered(
            reason=f"values of {len(series.devices)} devices make no chart and no index: ask by device"
        )
    else:
        chart = _chart(values, groups, _baseline(series, groups, asked), asked)
        able = capability(values, lower=lower, upper=upper, uncertainty=_uncertainty(points))
    day_zero = points[0].started
    days = np.array([(point.started - day_zero).total_seconds() / _SECONDS_A_DAY for point in points])
    which = {serial: number for number, serial in enumerate(series.devices)}
    wandering = drift(days, values, np.array([which[point.device_serial] for point in points]))
    return Trend(
        series=series,
        mean=float(values.mean()),
        deviation=float(values.std(ddof=1)) if len(values) > 1 else None,
        lower=lower,
        upper=upper,
        uncertainty=_uncertainty(points),
        chart=chart,
        groups=groups,
        capability=able,
        drift=wandering,
        meeting=None if several else _meeting(wandering, lower, upper, day_zero),
        day_zero=day_zero,
        notes=tuple(_notes(series, chart, able, wandering)),
    )


def _groups(series: Series, by_day: bool) -> tuple[tuple[int, ...], ...]:
    if not by_day:
        return tuple((index,) for index in range(len(series.points)))
    days: dict[object, list[int]] = defaultdict(list)
    for index, point in enumerate(series.points):
        days[point.started.date()].append(index)
    return tuple(tuple(indices) for indices in days.values())


def _baseline(series: Series, groups: tuple[tuple[int, ...], ...], asked: Asked) -> int:
    """Return how many subgroups, or single points, limits come from."""
    if isinstance(asked.baseline, int):
        return asked.baseline
    return sum(series.points[group[-1]].started < asked.baseline for group in groups)


def _chart(
    values: NDArray[np.float64], groups: tuple[tuple[int, ...], ...], baseline: int, asked: Asked
) -> Chart | Unanswered:
    if not asked.by_day:
        return chart_individuals(values, baseline=baseline, rules=asked.rules)
    sizes = {len(group) for group in groups}
    if sizes == {1}:
        return Unanswered(reason="no day has two values, so that days are no subgroups", few=True)
    if len(sizes) > 1:
        return Unanswered(
            reason=f"days have {min(sizes)} to {max(sizes)} values; subgroups have to be equally large", few=True
        )
    return chart_subgroups(values[np.array(groups)], baseline=baseline, rules=asked.rules)


def _uncertainty(points: tuple[Point, ...]) -> float | None:
    known = [
        point.expanded_uncertainty / point.coverage_factor
        for point in points
        if point.expanded_uncertainty is not None and point.coverage_factor > 0
    ]
    return math.sqrt(sum(one**2 for one in known) / len(known)) if len(known) == len(points) else None


def _meeting(found: Drift | Unanswered, lower: float | None, upper: float | None, day_zero: datetime) -> Meeting | None:
    if isinstance(found, Unanswered):
        return None
    limit = upper if found.slope > 0 else lower
    met = None if limit is None else crossing(found, limit)
    if met is None:
        return None

    def day(number: float | None) -> datetime | None:
        return day_zero + timedelta(days=number) if number is not None and abs(number) < _FAR else None

    return Meeting(limit=met.limit, at=day(met.day), earliest=day(met.earliest), latest=day(met.latest))


def _notes(
    series: Series, chart: Chart | Unanswered, able: Capability | Unanswered, wandering: Drift | Unanswered
) -> list[str]:
    notes = [f"begins where this changed: {series.change}"] if series.change else []
    if len({(point.lower, point.upper) for point in series.points}) > 1:
        notes.append("its limits changed over time; those of the last value are taken")
    if isinstance(chart, Chart) and any(min(one.points) < chart.baseline for one in chart.location.violations):
        notes.append("the baseline is itself not in control: its limits are too wide, or in the wrong place")
    notes += (f"no control limits: {chart.reason}",) if isinstance(chart, Unanswered) else ()
    notes += (f"no capability: {able.reason}",) if isinstance(able, Unanswered) and chart != able else ()
    notes += able.notes if isinstance(able, Capability) else ()
    notes += (f"no drift: {wandering.reason}",) if isinstance(wandering, Unanswered) else ()
    if isinstance(wandering, Drift) and wandering.significant and wandering.doubtful:
        notes.append("the drift hangs on single values: a slope that outliers hardly move lies outside its interval")
    if isinstance(wandering, Drift) and wandering.significant and isinstance(able, Capability):
        notes.append("it drifts, so that no index of capability says what will be")
    return notes
