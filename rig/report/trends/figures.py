"""Numbers of trends for other programs: a row per series, a row per value, and both as JSON; SI units, unrounded."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from rig.history.statistics.capability import Capability, Index
from rig.history.statistics.chart import Chart
from rig.history.statistics.drift import Drift
from rig.report.tables import Cell, csv_table
from rig.report.trends.rows import state_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rig.history.studies.trend import Trend, Trends

__all__ = ["trends_csv", "trends_json", "values_csv"]

_VALUES = (
    "series", "number", "run", "started", "device", "firmware", "instrument", "calibration", "operator", "plan", "case",
    "load", "measurand", "unit", "value", "expanded_uncertainty", "coverage_factor", "lower", "upper", "baseline",
    "control_lower", "control_upper", "rules_broken",
)  # fmt: skip


def trends_csv(trends: Trends) -> str:
    """Return one row per series."""
    rows = [_row(number, trend) for number, trend in enumerate(trends.trends, 1)]
    head = tuple(rows[0]) if rows else ("series",)
    return csv_table(head, (tuple(row.values()) for row in rows))


def values_csv(trends: Trends) -> str:
    """Return one row per value, with the limits that it was held against and the rules that it breaks."""
    return csv_table(_VALUES, (row for number, trend in enumerate(trends.trends, 1) for row in _values(number, trend)))


def trends_json(trends: Trends) -> str:
    """Return everything that is said of every series, with the reasons for what is not."""
    return json.dumps(
        {
            "measurand": trends.asked.measurand,
            "by": trends.asked.by.value,
            "baseline": trends.asked.baseline
            if isinstance(trends.asked.baseline, int)
            else trends.asked.baseline.isoformat(),
            "rules": trends.asked.rules,
            "left_out": dict(trends.left_out),
            "series": [
                _row(number, trend)
                | {
                    "rules_broken": [
                        {"panel": panel, "rule": one.rule, "points": [point + 1 for point in one.points]}
                        for panel, one in (trend.chart.violations if isinstance(trend.chart, Chart) else ())
                    ],
                    "notes": trend.notes,
                }
                for number, trend in enumerate(trends.trends, 1)
            ],
        },
        indent=2,
        ensure_ascii=False,
    )


def _row(number: int, trend: Trend) -> dict[str, Cell]:
    series, chart, able, found, meeting = trend.series, trend.chart, trend.capability, trend.drift, trend.meeting
    charted = chart if isinstance(chart, Chart) else None
    capable = able if isinstance(able, Capability) else None
    line = found if isinstance(found, Drift) else None
    return {
        "series": number,
        series.by.value: series.who,
        "virtual": str(series.virtual).lower(),
        "plan": series.plan,
        "case": series.case,
        "load": series.load,
        "part": f"{series.part} of {series.parts}",
        "unit": series.unit.value,
        "n": len(series.points),
        "first": series.points[0].started.isoformat(),
        "last": series.points[-1].started.isoformat(),
        "state": state_of(trend),
        "mean": trend.mean,
        "s": trend.deviation,
        "standard_uncertainty": trend.uncertainty,
        "lower": trend.lower,
        "upper": trend.upper,
        "chart": charted.kind if charted else None,
        "baseline": charted.baseline if charted else None,
        "centre": charted.location.centre if charted else None,
        "control_lower": charted.location.lower if charted else None,
        "control_upper": charted.location.upper if charted else None,
        "patterns": len(charted.violations) if charted else None,
        **_index("cp", capable.cp if capable else None),
        **_index("cpk", capable.cpk if capable else None),
        **_index("pp", capable.pp if capable else None),
        **_index("ppk", capable.ppk if capable else None),
        "normality_p": capable.normality if capable else None,
        "measured_share": capable.measured if capable else None,
        "drift_per_day": line.slope if line else None,
        "drift_standard_error": line.standard_error if line else None,
        "drift_low": line.lower if line else None,
        "drift_high": line.upper if line else None,
        "drift_p": line.p if line else None,
        "drift_robust": line.robust if line else None,
        "meets_limit": meeting.limit if meeting else None,
        "meets_on": meeting.at.isoformat() if meeting and meeting.at else None,
        "meets_earliest": meeting.earliest.isoformat() if meeting and meeting.earliest else None,
        "meets_latest": meeting.latest.isoformat() if meeting and meeting.latest else None,
    }


def _index(name: str, index: Index | None) -> dict[str, Cell]:
    return {
        name: index.value if index else None,
        f"{name}_low": index.lower if index else None,
        f"{name}_high": index.upper if index else None,
    }


def _values(number: int, trend: Trend) -> Iterator[tuple[Cell, ...]]:
    charted = trend.chart if isinstance(trend.chart, Chart) else None
    within = {index for group in trend.groups[: charted.baseline] for index in group} if charted else set()
    broken = trend.flagged
    for index, point in enumerate(trend.series.points):
        yield (
            number, index + 1, point.run_id, point.started.isoformat(), point.device_serial, point.device_firmware,
            point.instrument_serial or point.instrument, point.instrument_calibration, point.operator, point.plan,
            point.case, point.load, point.measurand, point.unit.value, point.value, point.expanded_uncertainty,
            point.coverage_factor, point.lower, point.upper, str(index in within).lower(),
            charted.location.lower if charted else None, charted.location.upper if charted else None,
            " ".join(map(str, broken.get(index, ()))),
        )  # fmt: skip
