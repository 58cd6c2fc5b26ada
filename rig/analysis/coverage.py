"""Coverage factors: what a standard uncertainty is multiplied with for an interval that truly holds 95 %.

Notes
-----
The largest rectangular term (half-width a, standard uncertainty a/√3) is kept as it is; all others together count as
normal with the standard deviation s that is left, which the central limit theorem allows as soon as none of them
dominates. The sum of the two has the distribution function

    F(x) = [G(x + a) − G(x − a)] / (2·a),   G(z) = z·Φ(z/s) + s·φ(z/s)

whose quantile is found by Newton's method. A budget of normal terms alone has k = 2, one of a rectangular term alone
k = 1.65. Where a standard uncertainty was found from few readings, the normal part is widened by Student's t with the
effective degrees of freedom of Welch and Satterthwaite. Of few degrees of freedom Student's distribution is summed
exactly, of many it is the first four terms of its series about the normal one.

References
----------
JCGM 100:2008 (GUM), 4.3.7, 6.3.3, G.4 (effective degrees of freedom), table G.2.
JCGM 101:2008, 6.4.5 (rectangular) and 7.7 (coverage interval of an output quantity).
EA-4/02 M:2022, S9 (k = 1.65 where a rectangular term dominates).
Abramowitz and Stegun, 26.7.3 and 26.7.4 (Student's distribution function), 26.7.5 (the series).
"""

from __future__ import annotations

import math
from functools import cache
from statistics import NormalDist
from typing import TYPE_CHECKING

from rig.model.measurement import Distribution

if TYPE_CHECKING:
    from collections.abc import Collection

    from rig.model.measurement import Component

__all__ = ["NORMAL_FACTOR", "PROBABILITY", "coverage_factor", "effective_degrees_of_freedom", "student_factor"]

NORMAL_FACTOR = 2.0
PROBABILITY = math.erf(NORMAL_FACTOR / math.sqrt(2.0))
"""Coverage probability everywhere: 95.45 %, that of k = 2 for a normal distribution."""

_LEAST_FACTOR = PROBABILITY * math.sqrt(3.0)
_NORMAL = NormalDist()
_FEW, _MANY = 40, 1e4
_HALVINGS = 60
_STEPS = 50
_ENOUGH = 1e-5


def coverage_factor(components: Collection[Component], probability: float = PROBABILITY) -> float:
    """Return k such that the true value lies within ±k·u with a probability of 95.45 %, or with a higher one.

    Parameters
    ----------
    components : a budget; without any uncertainty in it k is that of a normal distribution
    probability : not below 95.45 %

    >>> from rig.model.measurement import Component
    >>> coverage_factor([Component(name="noise", standard_uncertainty=1.0)])
    2.0
    >>> gain = Component(name="gain", standard_uncertainty=1.0, distribution=Distribution.RECTANGULAR)
    >>> round(coverage_factor([gain]), 3), round(coverage_factor([gain], 0.9999), 3)
    (1.653, 1.732)
    """
    normal = _normal_factor(probability)
    total = math.sqrt(sum(line.standard_uncertainty**2 for line in components))
    if not total:
        return normal
    rectangular = [line.standard_uncertainty for line in components if line.distribution is Distribution.RECTANGULAR]
    largest = max(rectangular, default=0.0) / total
    others = math.sqrt(max(1.0 - largest**2, 0.0))
    widened = others * student_factor(effective_degrees_of_freedom(components), probability) / normal
    return _quantile(math.sqrt(3.0) * largest, widened, probability)


def _normal_factor(probability: float) -> float:
    return NORMAL_FACTOR if probability == PROBABILITY else _NORMAL.inv_cdf(0.5 * (1.0 + probability))


def effective_degrees_of_freedom(components: Collection[Component]) -> float:
    """Return the degrees of freedom of all but the largest rectangular term (Welch and Satterthwaite; GUM G.4.1)."""
    variance = sum(line.standard_uncertainty**2 for line in components)
    variance -= max(
        (line.standard_uncertainty**2 for line in components if line.distribution is Distribution.RECTANGULAR),
        default=0.0,
    )
    doubt = sum(
        line.standard_uncertainty**4 / line.degrees_of_freedom
        for line in components
        if line.degrees_of_freedom is not None and line.standard_uncertainty > 0
    )
    # A part of the variance so small that its doubt vanishes may underflow; it counts as beyond doubt.
    return variance**2 / doubt if doubt > 0 else math.inf


def student_factor(degrees_of_freedom: float, probability: float = PROBABILITY) -> float:
    """Return the 95.45 % factor of Student's distribution (GUM table G.2), or one of a higher probability.

    >>> round(student_factor(10), 2)
    2.28
    """
    z = _normal_factor(probability)
    if degrees_of_freedom > _MANY:
        return z
    nu = max(math.floor(degrees_of_freedom), 1)
    if nu < _FEW:
        return _student_quantile(nu, probability)
    first = (z**3 + z) / 4
    second = (5 * z**5 + 16 * z**3 + 3 * z) / 96
    third = (3 * z**7 + 19 * z**5 + 17 * z**3 - 15 * z) / 384
    fourth = (79 * z**9 + 776 * z**7 + 1482 * z**5 - 1920 * z**3 - 945 * z) / 92160
    return z + first / nu + second / nu**2 + third / nu**3 + fourth / nu**4


@cache
def _student_quantile(nu: int, probability: float) -> float:
    """Return t with P(|T| ≤ t) as given, for few degrees of freedom, by halving the angle arctan(t/√ν)."""
    low, high = 0.0, 0.5 * math.pi
    for _ in range(_HALVINGS):
        angle = 0.5 * (low + high)
        low, high = (angle, high) if _student_inside(nu, angle) < probability else (low, angle)
    return math.sqrt(nu) * math.tan(low)


def _student_inside(nu: int, angle: float) -> float:
    """Return P(|T| ≤ √ν·tan(angle)), a finite sum for a whole number of degrees of freedom."""
    sine, cosine = math.sin(angle), math.cos(angle)
    odd = nu % 2
    term, total = (cosine if odd else 1.0), 0.0
    for k in range(1 + odd, nu, 2):
        total += term
        term *= k / (k + 1) * cosine**2
    return 2.0 / math.pi * (angle + sine * total) if odd else sine * total


def _quantile(half_width: float, sigma: float, probability: float) -> float:
    """Return x with F(x) − F(−x) of that probability, for the sum of a rectangular and a normal term."""
    if sigma < _ENOUGH * half_width:
        return probability * half_width
    if half_width < _ENOUGH * sigma:
        return _normal_factor(probability) * sigma
    # Above zero the probability is a concave function of x, so Newton's steps from below never pass the root.
    x = _LEAST_FACTOR * math.sqrt(half_width**2 / 3.0 + sigma**2) * 0.9
    for _ in range(_STEPS):
        inside = 2.0 * (_g(x + half_width, sigma) - _g(x - half_width, sigma)) / (2.0 * half_width) - 1.0
        density = (_phi_integral((x + half_width) / sigma) - _phi_integral((x - half_width) / sigma)) / half_width
        step = (probability - inside) / density
        x += step
        if abs(step) < _ENOUGH * x:
            break
    return x


def _phi_integral(z: float) -> float:
    return 0.5 * math.erfc(-z / math.sqrt(2.0))


def _g(z: float, sigma: float) -> float:
    return z * _phi_integral(z / sigma) + sigma * math.exp(-0.5 * (z / sigma) ** 2) / math.sqrt(2.0 * math.pi)
