"""What is said of each series, in words: one row of a table, and the notes that belong to it."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING

from rig.history.statistics.capability import Capability, Index
from rig.history.statistics.chart import Chart
from rig.history.statistics.drift import DAYS_A_YEAR, Drift
from rig.history.statistics.rules import RULES
from rig.report import wording

if TYPE_CHECKING:
    from datetime import datetime

    from rig.history.studies.trend import Meeting, Trend, Trends
    from rig.units import Unit

__all__ = ["HEAD", "TrendRow", "day", "introduction", "left_out", "numbered", "row_of", "state_of"]

HEAD = ("", "series", "n", "mean", "s", "control limits", "limits", "Cpk [95 %]", "drift a year [95 %]", "state")
_DIGITS = 4
_THIN = "\u202f"


@dataclass(frozen=True, slots=True, kw_only=True)
class TrendRow:
    """One line of the table, and what stands below it."""

    number: int
    series: str
    cells: tuple[str, ...]
    state: str
    found: tuple[str, ...]
    notes: tuple[str, ...]

    @property
    def line(self) -> tuple[str, ...]:
        """The cells in the order of ``HEAD``."""
        return (str(self.number), self.series, *self.cells, self.state)


def row_of(number: int, trend: Trend) -> TrendRow:
    """Return what is said of one series."""
    series, unit = trend.series, trend.series.unit
    deviation = trend.deviation or None
    return TrendRow(
        number=number,
        series=wording.visible(series.name),
        cells=(
            str(len(series.points)),
            wording.rounded(trend.mean, deviation, unit),
            wording.quantity(trend.deviation, unit, digits=2),
            _control(trend),
            between(trend.lower, trend.upper, unit),
            _index(trend),
            _drift(trend),
        ),
        state=state_of(trend),
        found=tuple(_found(trend)),
        notes=tuple(wording.visible(note) for note in trend.notes),
    )


def state_of(trend: Trend) -> str:
    """Return the state of a series in two or three words."""
    if trend.out_of_control:
        return "OUT OF CONTROL"
    if trend.alarming:
        return "DRIFTS TO ITS LIMIT"
    if not trend.answered:
        return "too few values"
    if isinstance(trend.drift, Drift) and trend.drift.significant:
        return "drifts"
    if not isinstance(trend.chart, Chart):
        return "not charted"
    return "in control again" if trend.patterns else "in control"


def introduction(trends: Trends) -> str:
    """Say what the table is of, and where its control limits come from."""
    asked = trends.asked
    kind = "days" if asked.by_day else "values"
    first = (
        f"the first {asked.baseline} {kind}"
        if isinstance(asked.baseline, int)
        else f"{kind} before {day(asked.baseline)}"
    )
    rules = ", ".join(map(str, asked.rules))
    return f"{asked.measurand} by {asked.by}: control limits from {first} of each series, rules {rules}"


def left_out(counts: tuple[tuple[str, int], ...]) -> str:
    """Say how many values were left out, and why; empty where none was."""
    return f"left out: {', '.join(f'{number} {reason}' for reason, number in counts)}" if counts else ""


def day(moment: datetime | None) -> str:
    """Write a day in UTC."""
    return wording.moment(moment)[:10] if moment else wording.MISSING


def between(low: float | None, high: float | None, unit: Unit, digits: int = _DIGITS) -> str:
    """Write an interval with one end or two."""
    if low is None and high is None:
        return wording.MISSING
    if low is None or high is None:
        sign = "≤" if low is None else "≥"
        return f"{sign} {wording.quantity(high if low is None else low, unit, digits=digits)}"
    first, last = (wording.quantity(end, unit, digits=digits) for end in (low, high))
    number, _, symbol = first.rpartition(_THIN)
    return f"{number if number and last.endswith(_THIN + symbol) else first} to {last}"


def _control(trend: Trend) -> str:
    if not isinstance(trend.chart, Chart):
        return wording.MISSING
    return between(trend.chart.location.lower, trend.chart.location.upper, trend.series.unit)


def _index(trend: Trend) -> str:
    return index(trend.capability.cpk) if isinstance(trend.capability, Capability) else wording.MISSING


def index(one: Index | None) -> str:
    """Write an index with its interval."""
    return wording.MISSING if one is None else wording.typeset(f"{one.value:.2f} [{one.lower:.2f}, {one.upper:.2f}]")


def _drift(trend: Trend) -> str:
    found = trend.drift
    if not isinstance(found, Drift):
        return wording.MISSING
    width = (found.upper - found.slope) * DAYS_A_YEAR
    slope = wording.result(found.slope * DAYS_A_YEAR, width or None, trend.series.unit)
    sign = "+" if found.slope > 0 and not slope.startswith("(") else ""
    return f"{sign}{slope}{'' if found.significant else ' (none seen)'}"


def _found(trend: Trend) -> list[str]:
    """Say every pattern with its points and days, and when a drift meets a limit."""
    together: dict[tuple[str, int], list[int]] = defaultdict(list)
    for panel, violation in trend.chart.violations if isinstance(trend.chart, Chart) else ():
        together[panel, violation.rule] += violation.points
    lines = []
    for (panel, rule), points in together.items():
        first = trend.series.points[trend.groups[min(points)][0]]
        many = "points" if len(points) > 1 else "point"
        lines.append(f"{panel}, {many} {numbered(points)}: {RULES[rule]} (rule {rule}), first on {day(first.started)}")
    return [*lines, _meets(trend.meeting, trend.series.unit)] if trend.meeting else lines


def numbered(points: list[int]) -> str:
    """Write indices as numbers from 1, neighbours as spans."""
    spans: list[list[int]] = []
    for point in sorted(set(points)):
        if spans and point == spans[-1][-1] + 1:
            spans[-1][1:] = [point]
        else:
            spans.append([point])
    return ", ".join(" to ".join(str(end + 1) for end in span) for span in spans)


def _meets(meeting: Meeting, unit: Unit) -> str:
    limit = wording.quantity(meeting.limit, unit, digits=_DIGITS)
    if meeting.at is None:
        return f"drifts towards its limit of {limit}, which is more than a century away"
    latest = day(meeting.latest) if meeting.latest else "no end"
    span = f"95 %: {day(meeting.earliest)} to {latest}"
    return f"drifts towards its limit of {limit}: meets it on {day(meeting.at)} ({span})"
