"""Whether a bench can decide what a plan asserts: expected uncertainty against tolerance, before energising."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from rig.model.judgement import DecisionRule
from rig.model.limit import Statistic
from rig.model.measurement import Measurement, NotMeasured
from rig.units import format_quantity

if TYPE_CHECKING:
    from collections.abc import Mapping

    from rig.model.limit import Limit
    from rig.model.measurement import Outcome

__all__ = ["Forecast", "forecast", "show_forecast"]

# What would help, by the component that dominates the budget.
_REMEDIES = {
    "offset": "take a zero capture",
    "offset without zero capture": "take a zero capture",
    "offset drift": "use a larger amplitude or a higher rate, or an instrument that drifts less",
    "zero": "take a longer zero capture",
    "noise": "use more pulses and judge their mean, or a smaller range",
    "quantisation": "use a smaller range or an instrument with more bits",
    "gain": "use an instrument whose gain is calibrated more closely: the digitizer instead of the oscilloscope",
    "resistor": "use a sense resistor that is calibrated more closely",
    "timebase": "use an instrument with a better timebase",
    "crossing interpolation": "sample faster: the oscilloscope instead of the digitizer",
    "edges between samples": "sample faster: the oscilloscope instead of the digitizer",
}


_OF_THE_DEVICE = "it is not rehearsed: what follows an event is the device's own"


@dataclass(frozen=True, slots=True, kw_only=True)
class Forecast:
    """One check, before it is made.

    Attributes
    ----------
    expected : what an ideal device would be measured to give, in the limit's unit; None if it cannot be measured
    expanded_uncertainty : U of the item that would be judged
    ratio : test uncertainty ratio, tolerance over U: of a two-sided limit its half width, of a one-sided one the room
        between the ideal value and the bound; inf for exact counting
    objection : why the check could not be decided, empty if it can
    remedy : what would make it decidable
    """

    limit: Limit
    expected: float | None
    expanded_uncertainty: float | None
    ratio: float | None
    objection: str = ""
    remedy: str = ""

    @property
    def met(self) -> bool:
        """Whether an ideal device would meet the limit, and this bench could tell."""
        return not self.objection and self.expected is not None and self.expected in self.limit.interval


def forecast(limit: Limit, outcomes: Mapping[str, Outcome], rule: DecisionRule) -> Forecast:
    """Say whether a check could be decided for an ideal device, and with what uncertainty."""
    outcome = outcomes.get(limit.measurand)
    if outcome is None or isinstance(outcome, NotMeasured):
        reason = f"{limit.measurand} is not measured on this bench" if outcome is None else outcome.reason
        return Forecast(limit=limit, expected=None, expanded_uncertainty=None, ratio=None, objection=reason)
    mean = limit.statistic is Statistic.MEAN
    u = outcome.expanded_uncertainty if mean else outcome.expanded_single
    ratio = _ratio(limit, outcome.value, u)
    objection = _objection(limit, outcome, u, rule)
    remedy = _remedy(outcome) if objection else ""
    return Forecast(
        limit=limit,
        expected=outcome.value,
        expanded_uncertainty=u,
        ratio=ratio,
        objection=objection,
        remedy=remedy,
    )


def unrehearsed(limit: Limit) -> Forecast:
    """Return the forecast of a check that speaks of what a device does by itself when something happens to it."""
    return Forecast(limit=limit, expected=None, expanded_uncertainty=None, ratio=None, remedy=_OF_THE_DEVICE)


def _ratio(limit: Limit, expected: float, u: float) -> float:
    interval = limit.interval
    room = interval.width / 2
    if not math.isfinite(room):
        room = min(abs(expected - bound) for bound in (interval.lower, interval.upper) if math.isfinite(bound))
    return math.inf if u == 0 else room / u


def _objection(limit: Limit, outcome: Measurement, u: float, rule: DecisionRule) -> str:
    """Return why an ideal device could get no verdict; simple acceptance always gives one."""
    interval = limit.interval
    if u == 0 or rule is DecisionRule.SIMPLE:
        return ""
    shown = format_quantity(u, limit.unit, digits=3)
    if 2 * u >= interval.width:
        width = format_quantity(interval.width, limit.unit, digits=4)
        return f"the expected U of {shown} leaves no acceptance zone in a tolerance {width} wide ({limit.text})"
    value = outcome.value
    near = min(abs(value - interval.lower), abs(value - interval.upper))
    if value in interval and near < u:
        room = format_quantity(near, limit.unit, digits=3)
        return (
            f"an ideal device lies {room} inside the limit ({limit.text}), which an expected U of {shown} cannot tell"
        )
    return ""


def _remedy(outcome: Measurement) -> str:
    largest = max(outcome.components, key=lambda one: one.standard_uncertainty, default=None)
    if largest is None:
        return ""
    for name, remedy in _REMEDIES.items():
        if largest.name.startswith(name):
            return f"{largest.name} dominates: {remedy}"
    return f"{largest.name} dominates"


def show_forecast(entry: Forecast) -> str:
    """One line: measurand, limit, expected U, ratio."""
    limit = entry.limit
    if entry.expanded_uncertainty is None or entry.ratio is None:
        return f"{limit.measurand}: {limit.text}: {entry.objection or entry.remedy}"
    u = format_quantity(entry.expanded_uncertainty, limit.unit, digits=2)
    ratio = "exact" if math.isinf(entry.ratio) else f"U = {u}, test uncertainty ratio {entry.ratio:.3g}"
    return f"{limit.measurand}: {limit.text}: {ratio}" + (f": {entry.objection}" if entry.objection else "")
