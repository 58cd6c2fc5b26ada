"""Control charts: values with their uncertainty over time, control limits, limits, drift, and what stands out."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np

from rig.history.statistics.chart import Chart
from rig.history.statistics.drift import DAYS_A_YEAR, Drift
from rig.report import wording
from rig.report.trends.picture import AMBER, BLUE, FAINT, GREEN, INK, RED, canvas, name_levels, save, scale_of
from rig.report.trends.rows import state_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from matplotlib.axes import Axes
    from numpy.typing import NDArray

    from rig.history.studies.trend import Trend
    from rig.report.trends.picture import Form

__all__ = ["LARGEST", "draw_trends"]

LARGEST = 24
"""So many series one picture holds."""

_WIDTH, _HEIGHT = 9.6, 4.6
_FAR = 2.5  # a limit further out than so many extents of the values is named at the edge, not drawn
_LABELLED = 14
_NAME = 16
_MARKERS = (("o", BLUE), ("s", AMBER), ("^", GREEN), ("D", INK), ("v", FAINT))


def draw_trends(trends: Sequence[Trend], measurand: str, form: Form) -> bytes:
    """Return a picture with a chart of each series, at most ``LARGEST``."""
    from matplotlib.dates import AutoDateLocator  # noqa: PLC0415 - matplotlib takes most of a second to import

    with canvas(_WIDTH, _HEIGHT * len(trends)) as figure:
        rows = figure.subfigures(len(trends), 1, squeeze=False)[:, 0]
        for row, trend in zip(rows, trends, strict=True):
            charted = isinstance(trend.chart, Chart)
            axes = row.subplots(2, 1, sharex=True, height_ratios=(3.2, 1)) if charted else [row.subplots()]
            _values(axes[0], trend, measurand)
            if charted:
                _spread(axes[1], trend)
            days = AutoDateLocator(minticks=3, maxticks=7)  # type: ignore[no-untyped-call] # matplotlib's dates have none
            axes[-1].xaxis.set_major_locator(days)
            axes[-1].set_xlabel("day of the run (UTC)")
        return save(figure, form)


def _values(axes: Axes, trend: Trend, measurand: str) -> None:
    points = trend.series.points
    symbol, factor = scale_of(max(abs(point.value) for point in points), trend.series.unit)
    times = np.array([np.datetime64(point.started.replace(tzinfo=None)) for point in points])
    values = np.array([point.value for point in points]) / factor
    _points(axes, trend, times, values, factor)
    _drawn_drift(axes, trend, times, factor)
    if isinstance(trend.chart, Chart):
        firsts = [group[len(group) // 2] for group in trend.groups]
        _broken(axes, trend, times[firsts], trend.chart.location.values / factor)
    levels = _levels(axes, trend, factor, symbol)
    if isinstance(trend.chart, Chart):
        _drawn_baseline(axes, trend, times)
    axes.set_ylabel(f"{wording.words(measurand)}{f' / {symbol}' if symbol else ''}")
    axes.grid(visible=True, linewidth=0.4, color="#e3e6ea")
    axes.set_axisbelow(True)
    name_levels(axes, levels)
    axes.set_title(_title(trend), fontsize=9.5, loc="left", pad=20)
    axes.legend(
        loc="lower left", bbox_to_anchor=(-0.005, 1.0), ncols=5, frameon=False, fontsize=8, borderaxespad=0.2,
        handlelength=2.2, columnspacing=1.4,
    )  # fmt: skip


def _points(
    axes: Axes, trend: Trend, times: NDArray[np.datetime64], values: NDArray[np.float64], factor: float
) -> None:
    """Draw what is charted, joined: single values with their U, or means over the values of each day."""
    devices = trend.series.devices
    if len(devices) > 1:
        for number, serial in enumerate(devices):
            own = [index for index, point in enumerate(trend.series.points) if point.device_serial == serial]
            marker, colour = _MARKERS[number % len(_MARKERS)]
            axes.plot(
                times[own], values[own], color=colour, linewidth=0.7, marker=marker, markersize=3.8,
                label=wording.visible(serial)[:_NAME] if number < len(_MARKERS) else None,
            )  # fmt: skip
        return
    if isinstance(trend.chart, Chart) and trend.chart.kind != "I-MR":
        axes.plot(times, values, linestyle="none", marker=".", markersize=3, color=FAINT, label="value")
        middles = [group[len(group) // 2] for group in trend.groups]
        means = trend.chart.location.values / factor
        axes.plot(
            times[middles],
            means,
            color=BLUE,
            linewidth=0.9,
            marker="o",
            markersize=4.4,
            label="mean of a day",
            zorder=3,
        )
        return
    spreads = [point.expanded_uncertainty for point in trend.series.points]
    if any(spreads):
        known = np.array([spread or np.nan for spread in spreads]) / factor
        axes.errorbar(
            times,
            values,
            yerr=np.maximum(known, 0.0),
            fmt="none",
            ecolor="#9aa3ad",
            elinewidth=0.8,
            capsize=2,
            label="U (95 %)",
        )
    axes.plot(times, values, color=BLUE, linewidth=0.7, marker="o", markersize=3.6, label="value", zorder=3)


def _title(trend: Trend) -> str:
    return f"{wording.visible(trend.series.name)[:90]}: {state_of(trend)}"


def _levels(axes: Axes, trend: Trend, factor: float, symbol: str) -> list[tuple[float, str, str]]:
    """Draw centre line, control limits and limits; return what is to be named at the edge."""
    low, high = axes.get_ylim()
    named: list[tuple[float, str, str]] = []
    chart = trend.chart
    if isinstance(chart, Chart):
        one = chart.location
        low, high = min(low, one.lower / factor), max(high, one.upper / factor)
        axes.axhline(one.centre / factor, color=INK, linewidth=0.9)
        for level in (one.lower, one.upper):
            axes.axhline(level / factor, color=AMBER, linewidth=1.0, linestyle=(0, (5, 3)))
        named += [
            (one.centre / factor, f"centre {_short(one.centre / factor)}", INK),
            (one.lower / factor, f"LCL {_short(one.lower / factor)}", AMBER),
            (one.upper / factor, f"UCL {_short(one.upper / factor)}", AMBER),
        ]
    extent = high - low
    for name, limit in (("min", trend.lower), ("max", trend.upper)):
        if limit is None:
            continue
        level = limit / factor
        if low - _FAR * extent <= level <= high + _FAR * extent:
            axes.axhline(level, color=GREEN, linewidth=2.0)
            named.append((level, f"limit {name} {_short(level)}", GREEN))
        else:
            named.append((level, f"limit {name} {_short(level)} (beyond)", GREEN))
    seen = [level for level, text, _ in named if not text.endswith("(beyond)")]
    bottom, top = min([low, *seen]), max([high, *seen])
    margin = 0.06 * (top - bottom)
    axes.set_ylim(bottom - margin, top + margin)
    return [
        (level, f"{text} {symbol}".replace("(beyond) ", "") + (" ▸" if "(beyond)" in text else ""), colour)
        for level, text, colour in named
    ]


def _short(value: float) -> str:
    return f"{value:.5g}".replace("-", "−")


def _broken(axes: Axes, trend: Trend, times: NDArray[np.datetime64], values: NDArray[np.float64]) -> None:
    """Mark points that break a rule with a square, and name the rules at the first of them."""
    by_value = trend.flagged
    flagged = {number: by_value[group[0]] for number, group in enumerate(trend.groups) if group[0] in by_value}
    if not flagged:
        return
    indices = list(flagged)
    axes.plot(
        times[indices], values[indices], linestyle="none", marker="s", markersize=8, markerfacecolor="none",
        markeredgecolor=RED, markeredgewidth=1.4, label="breaks a rule (its number beside it)", zorder=4,
    )  # fmt: skip
    firsts = [indices[0], *(b for a, b in pairwise(indices) if b != a + 1 or flagged[a] != flagged[b])]
    for index in firsts[:_LABELLED]:
        axes.annotate(
            ",".join(map(str, flagged[index])), xy=(times[index], values[index]), xytext=(0, 7),
            textcoords="offset points", ha="center", color=RED, fontsize=8, zorder=5,
            bbox={"facecolor": "white", "alpha": 0.75, "edgecolor": "none", "pad": 0.6},
        )  # fmt: skip


def _drawn_drift(axes: Axes, trend: Trend, times: NDArray[np.datetime64], factor: float) -> None:
    found = trend.drift
    if not isinstance(found, Drift) or not found.significant or len(trend.series.devices) > 1:
        return
    days = np.array([found.first_day, found.last_day])
    line = (found.level + found.slope * (days - found.day)) / factor
    unit = trend.series.unit
    per_year = wording.quantity(found.slope * DAYS_A_YEAR, unit, digits=2)
    axes.plot(
        [times[0], times[-1]], line, color=INK, linewidth=1.3, linestyle=(0, (1, 1.6)),
        label=f"drift {per_year} a year", zorder=3.5,
    )  # fmt: skip


def _drawn_baseline(axes: Axes, trend: Trend, times: NDArray[np.datetime64]) -> None:
    if not isinstance(trend.chart, Chart):
        return
    last = trend.groups[trend.chart.baseline - 1][-1]
    axes.axvspan(times[0], times[last], color="#eef2f6", zorder=0)
    axes.text(
        0.005,
        0.02,
        f"shaded: baseline, the first {trend.chart.baseline}",
        transform=axes.transAxes,
        fontsize=8,
        color=FAINT,
    )


def _spread(axes: Axes, trend: Trend) -> None:
    chart = trend.chart
    if not isinstance(chart, Chart):
        return
    panel = chart.spread
    symbol, factor = scale_of(max(panel.upper, float(panel.values.max())), trend.series.unit)
    firsts = [trend.groups[index + panel.first][0] for index in range(len(panel.values))]
    times = np.array([np.datetime64(trend.series.points[index].started.replace(tzinfo=None)) for index in firsts])
    axes.plot(times, panel.values / factor, color=BLUE, linewidth=0.7, marker="o", markersize=2.6)
    axes.axhline(panel.centre / factor, color=INK, linewidth=0.9)
    for level in {panel.upper, panel.lower} - {0.0}:
        axes.axhline(level / factor, color=AMBER, linewidth=1.0, linestyle=(0, (5, 3)))
    beyond = [index for one in panel.violations for index in one.points]
    axes.plot(
        times[beyond], panel.values[beyond] / factor, linestyle="none", marker="s", markersize=7,
        markerfacecolor="none", markeredgecolor=RED, markeredgewidth=1.4,
    )  # fmt: skip
    axes.set_ylim(bottom=0.0, top=1.1 * max(panel.upper, float(panel.values.max())) / factor)
    axes.set_ylabel(f"{panel.name.replace(' ', chr(10))}{f' / {symbol}' if symbol else ''}")
    axes.grid(visible=True, linewidth=0.4, color="#e3e6ea")
    axes.set_axisbelow(True)
    name_levels(axes, [(panel.upper / factor, f"UCL {_short(panel.upper / factor)} {symbol}", AMBER)])
