"""Coverage factors: what a standard uncertainty is multiplied with for an interval that truly holds 95 %.

Notes
-----
The largest rectangular term (half-width a, standard uncertainty a/√3) is kept as it is; all others together count as
normal with the standard deviation s that is left, which the central limit theorem allows as soon as none of them
dominates. The sum of the two has the distribution function

    F(x) = [G(x + a) − G(x − a)] / (2·a),   G(z) = z·Φ(z/s) + s·φ(z/s)

whose quantile is found by Newton's method. A budget of normal terms alone has k = 2, one of a rectangular term alone
k = 1.65. Where a standard uncertainty was found from few readings, the normal part is widened by Student's t with the
effective degrees of freedom of Welch and Satterthwaite.

References
----------
JCGM 100:2008 (GUM), 4.3.7, 6.3.3, G.4 (effective degrees of freedom), table G.2.
JCGM 101:2008, 6.4.5 (rectangular) and 7.7 (coverage interval of an output quantity).
EA-4/02 M:2022, S9 (k = 1.65 where a rectangular term dominates).
"""

from __future__ import annotations

import math
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
# Of Student's distribution with one and with two degrees of freedom; from three on a series is exact to a per cent.
_FEW = (13.97, 4.53)
_MANY = 1e4
_STEPS = 50
_ENOUGH = 1e-5


def coverage_factor(components: Collection[Component]) -> float:
    """Return k such that the true value lies within ±k·u with a probability of 95.45 %.

    Parameters
    ----------
    components : a budget; without any uncertainty in it k is 2

    >>> from rig.model.measurement import Component
    >>> coverage_factor([Component(name="noise", standard_uncertainty=1.0)])
    2.0
    >>> gain = Component(name="gain", standard_uncertainty=1.0, distribution=Distribution.RECTANGULAR)
    >>> round(coverage_factor([gain]), 3)
    1.653
    """
    total = math.sqrt(sum(line.standard_uncertainty**2 for line in components))
    if not total:
        return NORMAL_FACTOR
    rectangular = [line.standard_uncertainty for line in components if line.distribution is Distribution.RECTANGULAR]
    largest = max(rectangular, default=0.0) / total
    others = math.sqrt(max(1.0 - largest**2, 0.0))
    widened = others * student_factor(effective_degrees_of_freedom(components)) / NORMAL_FACTOR
    return _quantile(math.sqrt(3.0) * largest, widened)


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


def student_factor(degrees_of_freedom: float) -> float:
    """Return the 95.45 % factor of Student's distribution (GUM table G.2); 2 for infinitely many.

    >>> round(student_factor(10), 2)
    2.28
    """
    nu = math.floor(min(degrees_of_freedom, _MANY))
    if degrees_of_freedom > _MANY:
        return NORMAL_FACTOR
    if nu <= len(_FEW):
        return _FEW[max(nu, 1) - 1]
    z = NORMAL_FACTOR
    first = (z**3 + z) / 4
    second = (5 * z**5 + 16 * z**3 + 3 * z) / 96
    third = (3 * z**7 + 19 * z**5 + 17 * z**3 - 15 * z) / 384
    fourth = (79 * z**9 + 776 * z**7 + 1482 * z**5 - 1920 * z**3 - 945 * z) / 92160
    return z + first / nu + second / nu**2 + third / nu**3 + fourth / nu**4


def _quantile(half_width: float, sigma: float) -> float:
    """Return x with F(x) − F(−x) = 95.45 % for the sum of a rectangular and a normal term."""
    if sigma < _ENOUGH * half_width:
        return PROBABILITY * half_width
    if half_width < _ENOUGH * sigma:
        return NORMAL_FACTOR * sigma
    # Above zero the probability is a concave function of x, so Newton's steps from below never pass the root.
    x = _LEAST_FACTOR * math.sqrt(half_width**2 / 3.0 + sigma**2) * 0.9
    for _ in range(_STEPS):
        inside = 2.0 * (_g(x + half_width, sigma) - _g(x - half_width, sigma)) / (2.0 * half_width) - 1.0
        density = (_phi_integral((x + half_width) / sigma) - _phi_integral((x - half_width) / sigma)) / half_width
        step = (PROBABILITY - inside) / density
        x += step
        if abs(step) < _ENOUGH * x:
            break
    return x


def _phi_integral(z: float) -> float:
    return 0.5 * math.erfc(-z / math.sqrt(2.0))


def _g(z: float, sigma: float) -> float:
    return z * _phi_integral(z / sigma) + sigma * math.exp(-0.5 * (z / sigma) ** 2) / math.sqrt(2.0 * math.pi)
