"""A plan's checks resolved against the set values of one case: ``within 10 % of set`` becomes an interval."""

from __future__ import annotations

from dataclasses import replace

from rig.errors import AnalysisError, UnitError
from rig.model.limit import Interval, Limit, Statistic
from rig.model.stimulus import Polarity, Stimulus
from rig.plan.bounds import Bound, SeriesBound
from rig.plan.measurands import MEASURANDS, Measurand
from rig.plan.series import SERIES_MEASURANDS
from rig.plan.terms import load_resistance
from rig.plan.tolerance import Level, Within
from rig.units import Unit, format_quantity

__all__ = ["resolve_limit", "resolve_series_limit"]


def resolve_limit(name: str, bound: Bound, *, stimulus: Stimulus, load: float, source: str) -> Limit:
    """Return the limit that a bound means for one stimulus and load (ohm, inf for open, 0 for short).

    A bound that speaks of a stretch of the case takes its set value from the load that is connected then.

    Raises
    ------
    UnitError
        if the bound refers to a set value that there is none of, or leaves no room for any value
    """
    measurand = MEASURANDS[name]
    if bound.during is not None:
        load = load_resistance(bound.during)
    set_value = measurand.set_value(stimulus, load) if measurand.set_value else None
    limit = _limit(name, bound, measurand, set_value, bound.of, source)
    if bound.during is None:
        return limit
    return replace(limit, during=bound.during, text=f"{limit.text} during {bound.during}")


def resolve_series_limit(name: str, bound: SeriesBound, *, source: str) -> Limit:
    """Return the limit that a bound on several cases means; raise UnitError if it leaves no room for any value."""
    return _limit(name, bound, SERIES_MEASURANDS[name].measurand, None, Statistic.EACH, source)


def _limit(
    name: str, bound: SeriesBound, measurand: Measurand, set_value: float | None, statistic: Statistic, source: str
) -> Limit:
    try:
        interval, text = _interval(bound, measurand, set_value)
    except AnalysisError as error:
        raise UnitError("the second bound lies below the first") from error
    if interval.width == 0 and measurand.unit is not Unit.COUNT:
        msg = f"{text} leaves no room: no measured value is that exact"
        raise UnitError(msg)
    if statistic is Statistic.MEAN:
        text += " (mean)"
    return Limit(
        measurand=name,
        interval=interval,
        unit=measurand.unit,
        text=text,
        source=source,
        statistic=statistic,
        waiver=bound.waiver or "",
        traces=bound.traces,
    )


def _interval(bound: SeriesBound, measurand: Measurand, set_value: float | None) -> tuple[Interval, str]:
    value, unit = bound.value, measurand.unit
    if isinstance(value, Within):
        return _within(value, unit, set_value)
    if isinstance(value, str):
        sign = float(Polarity(value).sign) if value != "set" else Level(value=1.0, of_set=True).resolve(set_value)
        return Interval(lower=sign, upper=sign), "positive" if sign > 0 else "negative"
    if isinstance(value, tuple):
        lower, upper = (level.resolve(set_value) for level in value)
        return Interval(lower=lower, upper=upper), f"{format_quantity(lower, unit)} to {format_quantity(upper, unit)}"
    return _one_sided(bound.form, value.resolve(set_value), measurand)


def _within(within: Within, unit: Unit, set_value: float | None) -> tuple[Interval, str]:
    lower, reference, upper = within.resolve(set_value)
    tolerance = format_quantity(within.half_width, Unit.ONE if within.relative else unit)
    text = f"within {tolerance} of {format_quantity(reference, unit)}"
    return Interval(lower=lower, upper=upper), text


def _one_sided(form: str, level: float, measurand: Measurand) -> tuple[Interval, str]:
    shown = format_quantity(level, measurand.unit)
    if form == "equals":
        return Interval(lower=level, upper=level), f"exactly {shown}"
    if form == "at_least":
        return Interval(lower=level), f"at least {shown}"
    if measurand.signed:
        return Interval(lower=-level, upper=level), f"at most {shown} in either direction"
    return Interval(upper=level), f"at most {shown}"
