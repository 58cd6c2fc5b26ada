"""One measured value against one limit, by one decision rule: a judgement, in the words of the field."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from rig.errors import AnalysisError
from rig.model.judgement import DecisionRule, Judgement
from rig.model.limit import Statistic
from rig.model.measurement import NotMeasured
from rig.model.verdict import Verdict
from rig.units import Unit, format_quantity, format_result
from rig.verdict.rules import Zone, has_acceptance_zone, locate, probability_conforming, verdict_in

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from rig.model.limit import Interval, Limit
    from rig.model.measurement import Measurement, Outcome

__all__ = ["judge", "judge_each"]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Item:
    """The value that is compared: ``name`` says which of several it is, for the sentence."""

    value: float
    uncertainty: float
    standard_uncertainty: float
    name: str = ""


def judge(outcome: Outcome, limit: Limit, rule: DecisionRule) -> Judgement:
    """Decide whether ``outcome`` meets ``limit`` under ``rule``.

    A limit that binds each item is judged at the smallest and at the largest item, each with the uncertainty of a
    single item; the worse of the two is the judgement. A limit on the mean is judged at the mean with its own
    uncertainty. The guard band is w = U = k·u of the compared value (ILAC-G8:09/2019 §4.2). No value is INCONCLUSIVE,
    or FAIL where it is certain to lie above the limit. A guard band that leaves no acceptance zone makes a PASS
    impossible: what lies beyond the limit by more than U is a FAIL all the same, everything else is INCONCLUSIVE.

    Raises
    ------
    AnalysisError
        if measurand or unit differ, if the limit has no bound, or if the uncertainty is not a finite number.
    """
    if outcome.measurand != limit.measurand:
        msg = f"{outcome.measurand} cannot be judged against a limit of {limit.measurand}"
        raise AnalysisError(msg)
    if isinstance(outcome, NotMeasured):
        return _judge_unmeasured(outcome, limit, rule)
    _check(outcome, limit)
    return _worst(_judge_item(item, limit, rule) for item in _items(outcome, limit.statistic))


def _judge_unmeasured(outcome: NotMeasured, limit: Limit, rule: DecisionRule) -> Judgement:
    """Return INCONCLUSIVE, or FAIL where even the least that the value can be lies above the limit."""
    name = f"{outcome.measurand} during {limit.during}" if limit.during else outcome.measurand
    verdict, reason = Verdict.INCONCLUSIVE, f"{name} was not measured: {outcome.reason}"
    if outcome.at_least is not None and outcome.at_least > limit.interval.upper:
        least, most = _length(outcome.at_least, limit), _stated(limit.interval.upper, limit)
        verdict, reason = Verdict.FAIL, f"{name} is at least {least}, above {most}: {outcome.reason}"
    return Judgement(limit=limit, rule=rule, verdict=verdict, reason=reason)


def judge_each(outcomes: Sequence[Outcome], limit: Limit, rule: DecisionRule) -> Judgement:
    """Judge several outcomes of one measurand, such as those of several stretches; the worst judgement holds.

    Raises
    ------
    AnalysisError
        as :func:`judge` does, or if there is no outcome at all
    """
    if not outcomes:
        msg = f"no outcome of {limit.measurand} to be judged"
        raise AnalysisError(msg)
    return _worst(judge(outcome, limit, rule) for outcome in outcomes)


def _worst(judgements: Iterable[Judgement]) -> Judgement:
    return max(judgements, key=lambda judgement: (judgement.verdict.severity, -(judgement.margin or 0.0)))


def _check(outcome: Measurement, limit: Limit) -> None:
    if outcome.unit is not limit.unit:
        msg = f"{outcome.measurand} in {outcome.unit.value} cannot be judged against a limit in {limit.unit.value}"
        raise AnalysisError(msg)
    if math.isinf(limit.interval.lower) and math.isinf(limit.interval.upper):
        msg = f"a limit of {limit.measurand} without any bound decides nothing"
        raise AnalysisError(msg)
    expanded = (outcome.expanded_uncertainty, outcome.expanded_single)
    if min(outcome.coverage_factor, outcome.single_factor) <= 0 or not all(map(math.isfinite, expanded)):
        msg = f"{outcome.measurand}: the expanded uncertainty is not a finite number with a positive coverage factor"
        raise AnalysisError(msg)


def _items(outcome: Measurement, statistic: Statistic) -> tuple[_Item, ...]:
    if statistic is Statistic.MEAN:
        name = f"the mean of {outcome.n}" if outcome.n > 1 else ""
        return (_item(outcome.value, outcome.coverage_factor, outcome.standard_uncertainty, name),)
    k, u = outcome.single_factor, outcome.single_uncertainty
    if outcome.minimum == outcome.maximum:
        return (_item(outcome.maximum, k, u, ""),)
    return (
        _item(outcome.minimum, k, u, f"the smallest of {outcome.n}"),
        _item(outcome.maximum, k, u, f"the largest of {outcome.n}"),
    )


def _item(value: float, coverage_factor: float, standard_uncertainty: float, name: str) -> _Item:
    return _Item(
        value=value + 0.0,  # −0 is 0 in a sentence
        uncertainty=coverage_factor * standard_uncertainty,
        standard_uncertainty=standard_uncertainty,
        name=name,
    )


def _judge_item(item: _Item, limit: Limit, rule: DecisionRule) -> Judgement:
    interval = limit.interval
    guard_band = 0.0 if rule is DecisionRule.SIMPLE else item.uncertainty
    zone = locate(item.value, interval, guard_band)
    verdict, reason = verdict_in(zone, rule), _reason(item, limit, zone)
    if zone is not Zone.REJECTED and not has_acceptance_zone(interval, guard_band):
        verdict, reason = Verdict.INCONCLUSIVE, _no_acceptance_zone(reason, item, limit)
    return Judgement(
        limit=limit,
        rule=rule,
        verdict=verdict,
        reason=reason,
        value=item.value,
        expanded_uncertainty=item.uncertainty,
        margin=_margin(item.value, interval),
        probability_conforming=probability_conforming(item.value, item.standard_uncertainty, interval),
    )


def _margin(value: float, interval: Interval) -> float:
    return min(value - interval.lower, interval.upper - value)


def _reason(item: _Item, limit: Limit, zone: Zone) -> str:
    interval = limit.interval
    nearer_upper = interval.upper - item.value <= item.value - interval.lower
    bound = interval.upper if nearer_upper else interval.lower
    inside, outside = ("below", "above") if nearer_upper else ("above", "below")
    distance = _length(abs(item.value - bound), limit)
    subject, stated = _subject(item, limit), _stated(bound, limit)
    if item.value == bound:
        remarks = {Zone.ACCEPTED: "", Zone.INSIDE_GUARD_BAND: ", nearer than its uncertainty"}
        return f"{subject} lies exactly at {stated}{remarks.get(zone, ', which is not allowed itself')}"
    match zone:
        case Zone.ACCEPTED:
            return f"{subject} lies {inside} {stated} by {distance}"
        case Zone.INSIDE_GUARD_BAND:
            return f"{subject} lies {inside} {stated} by only {distance}, which is less than its uncertainty"
        case Zone.OUTSIDE_WITHIN_UNCERTAINTY:
            return f"{subject} lies {outside} {stated} by {distance}, which is not more than its uncertainty"
        case Zone.REJECTED:
            return f"{subject} lies {outside} {stated} by {distance}"


def _no_acceptance_zone(where: str, item: _Item, limit: Limit) -> str:
    width, guard = _length(limit.interval.width, limit), _length(2 * item.uncertainty, limit)
    return (
        f"{where}; but twice its uncertainty is {guard} and the limits are {width} apart: "
        "no acceptance zone is left, so nothing is decided"
    )


def _subject(item: _Item, limit: Limit) -> str:
    if limit.unit is Unit.COUNT and item.uncertainty == 0:
        shown = format_quantity(item.value, limit.unit)
    else:
        shown = format_result(item.value, item.uncertainty, limit.unit)
    return f"{limit.measurand} {shown}, {item.name}," if item.name else f"{limit.measurand} {shown}"


def _length(length: float, limit: Limit) -> str:
    # Rounded before the prefix is chosen: 0.99999 mA reads 1 mA, not 1000 uA.
    return format_quantity(float(f"{length:.3g}"), limit.unit)


def _stated(bound: float, limit: Limit) -> str:
    # Ten digits: a bound computed as 10 % of 20 mA reads 22 mA, not 22.000000000000002 mA.
    shown = format_quantity(bound + 0.0, limit.unit, digits=10)
    return f"{shown} ({limit.text})" if limit.text else shown
