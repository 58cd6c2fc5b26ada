"""Decision rules: in which zone of an interval an uncertain value lies, and with what risk (ILAC-G8, JCGM 106)."""

from __future__ import annotations

import math
from enum import Enum, auto
from typing import TYPE_CHECKING

from rig.model.judgement import DecisionRule
from rig.model.verdict import Verdict

if TYPE_CHECKING:
    from rig.model.limit import Interval

__all__ = ["Zone", "has_acceptance_zone", "locate", "probability_conforming", "risk_statement", "verdict_in"]

# TL − w and TL + w are computed, and 0.05 − 0.0015 is not exactly what a person means by 48.50 mA: at these two
# boundaries, and only there, a few units in the last place decide nothing. TL itself is compared exactly.
_ULPS = 4


class Zone(Enum):
    """The zones of ILAC-G8:09/2019 §4.2.3, from the middle of the interval outwards."""

    ACCEPTED = auto()
    INSIDE_GUARD_BAND = auto()
    OUTSIDE_WITHIN_UNCERTAINTY = auto()
    REJECTED = auto()


def locate(value: float, interval: Interval, guard_band: float) -> Zone:
    """Return the zone in which ``value`` lies, for a guard band of that width on both sides of each tolerance limit."""
    if value in interval:
        return Zone.ACCEPTED if _clears(value, interval, guard_band) else Zone.INSIDE_GUARD_BAND
    return Zone.OUTSIDE_WITHIN_UNCERTAINTY if _clears(value, interval, -guard_band) else Zone.REJECTED


def _clears(value: float, interval: Interval, guard_band: float) -> bool:
    """Whether ``value`` lies within the interval after moving each limit inwards by ``guard_band``."""
    if guard_band == 0:
        return value in interval
    above = _reaches(value - interval.lower - guard_band, value, interval.lower, guard_band, interval.lower_closed)
    below = _reaches(interval.upper - value - guard_band, value, interval.upper, guard_band, interval.upper_closed)
    return above and below


def _reaches(distance: float, value: float, limit: float, guard_band: float, closed: bool) -> bool:
    if math.isinf(limit):
        return True
    slack = _ULPS * math.ulp(max(abs(value), abs(limit), abs(guard_band)))
    return distance >= -slack if closed else distance > slack


def has_acceptance_zone(interval: Interval, guard_band: float) -> bool:
    """Whether anything is left between the acceptance limits; without guard band, as for a count, something is."""
    return guard_band == 0 or 2 * guard_band < interval.width


def verdict_in(zone: Zone, rule: DecisionRule) -> Verdict:
    """Return what the rule says of a value in that zone (for simple acceptance, located without a guard band)."""
    if zone is Zone.ACCEPTED:
        return Verdict.PASS
    if rule is DecisionRule.NON_BINARY and zone is Zone.INSIDE_GUARD_BAND:
        return Verdict.CONDITIONAL_PASS
    if rule is DecisionRule.NON_BINARY and zone is Zone.OUTSIDE_WITHIN_UNCERTAINTY:
        return Verdict.CONDITIONAL_FAIL
    return Verdict.FAIL


def probability_conforming(value: float, standard_uncertainty: float, interval: Interval) -> float:
    """Return the probability that the true value lies in the interval: Φ((T_U − y)/u) − Φ((T_L − y)/u), JCGM 106.

    Without uncertainty it is 1 or 0.

    >>> from rig.model.limit import Interval
    >>> round(1 - probability_conforming(48.5, 0.75, Interval(upper=50.0)), 5)
    0.02275
    """
    if standard_uncertainty == 0:
        return 1.0 if value in interval else 0.0
    below = _normal_tail((value - interval.lower) / standard_uncertainty)
    above = _normal_tail((interval.upper - value) / standard_uncertainty)
    return min(max(1.0 - below - above, 0.0), 1.0)


def _normal_tail(deviations: float) -> float:
    """Probability of lying more than that many standard deviations above the mean: 1 − Φ."""
    return 0.5 * (1.0 - math.erf(deviations / math.sqrt(2.0)))


def risk_statement(rule: DecisionRule) -> str:
    """Say what the rule decides and with what risk of accepting wrongly, as ISO/IEC 17025:2017 7.8.6.1 asks."""
    match rule:
        case DecisionRule.SIMPLE:
            return (
                "Simple acceptance (ILAC-G8:09/2019 §4.2.1): PASS where the measured value lies within the limit; "
                "the uncertainty is stated but does not enter. A value at the limit is accepted wrongly with a "
                "probability of up to 50 %."
            )
        case DecisionRule.GUARDED:
            return (
                "Binary with guard band (ILAC-G8:09/2019 §4.2.2): PASS where the measured value lies within the limit "
                "by at least its expanded uncertainty, w = U (95 %); FAIL otherwise. A PASS is wrong with a "
                "probability of at most 2.3 % (normal model, JCGM 106)."
            )
        case DecisionRule.NON_BINARY:
            return (
                "Non-binary with guard band (ILAC-G8:09/2019 §4.2.3): w = U (95 %). PASS within the limit by at least "
                "U, CONDITIONAL_PASS within it by less, CONDITIONAL_FAIL beyond it by up to U, FAIL beyond it by more. "
                "A PASS, and likewise a FAIL, is wrong with a probability of at most 2.3 %; a conditional verdict with "
                "up to 50 % (normal model, JCGM 106). A run with a CONDITIONAL_PASS is not reported as all passed."
            )
