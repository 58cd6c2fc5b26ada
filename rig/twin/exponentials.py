"""One piece of a signal as a formula, and where it turns and passes zero."""

from __future__ import annotations

import itertools
import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["Terms", "passes"]

_HALVINGS = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """``constant + slope·u + Σ a·exp(−u/τ)``; ``exponentials`` holds pairs (a, τ) with τ > 0, s."""

    constant: float
    slope: float = 0.0
    exponentials: tuple[tuple[float, float], ...] = ()

    def value(self, u: float) -> float:
        """Return the value u seconds after the piece's beginning."""
        total = self.constant + self.slope * u
        for height, tau in self.exponentials:
            total += height * math.exp(-u / tau)
        return total

    def lifted(self, offset: float) -> Terms:
        """Return the same formula, higher by an offset."""
        return Terms(constant=self.constant + offset, slope=self.slope, exponentials=self.exponentials)

    def scaled(self, gain: float) -> Terms:
        """Return the formula times a factor."""
        return Terms(
            constant=self.constant * gain,
            slope=self.slope * gain,
            exponentials=tuple((height * gain, tau) for height, tau in self.exponentials),
        )

    def plus(self, other: Terms) -> Terms:
        """Return the sum of two formulas."""
        return Terms(
            constant=self.constant + other.constant,
            slope=self.slope + other.slope,
            exponentials=self.exponentials + other.exponentials,
        )

    def delayed(self, u: float) -> Terms:
        """Return the formula as seen from u seconds later."""
        return Terms(
            constant=self.constant + self.slope * u,
            slope=self.slope,
            exponentials=tuple((height * math.exp(-u / tau), tau) for height, tau in self.exponentials),
        )

    def turning_points(self, length: float) -> tuple[float, ...]:
        """Return, in order, all u in (0, length) that split the piece into parts which only rise or only fall."""
        if not self.exponentials:
            return ()
        rates = [(self.slope, 0.0)] if self.slope else []
        return tuple(_roots(rates + [(-height / tau, -1.0 / tau) for height, tau in self.exponentials], length))

    def first_crossing(self, length: float, slope: int) -> float | None:
        """Return the first u in [0, length] at which the formula passes zero: +1 upward, −1 downward, 0 either."""
        corners = (0.0, *self.turning_points(length), length)
        for low, high in itertools.pairwise(corners):
            if passes(self.value(low), self.value(high), slope):
                return _zero(self, low, high)
        return None


def passes(before: float, now: float, slope: int) -> bool:
    """Say whether going from one value to the other passes zero in this direction."""
    return (slope >= 0 and before < 0 <= now) or (slope <= 0 and before > 0 >= now)


def _zero(terms: Terms, low: float, high: float) -> float:
    """Return the u in [low, high] at which a formula that only rises or only falls there has just passed zero."""
    if not terms.exponentials and terms.slope:
        return min(max(-terms.constant / terms.slope, low), high)
    return _bisect(terms.value, low, high)


def _roots(terms: list[tuple[float, float]], length: float) -> list[float]:
    """Return the zeros of Σ b·exp(λ·u) in (0, length).

    Divided by its first exponential, such a sum has a derivative with one term fewer; between the zeros of that
    derivative it only rises or only falls, so that each zero can be enclosed (Rolle).
    """
    terms = _merged(terms)
    if len(terms) < 2:  # noqa: PLR2004 - one exponential alone is never zero
        return []
    pivot = terms[0][1]
    inner = _roots([(height * (rate - pivot), rate) for height, rate in terms[1:]], length)

    def value(u: float) -> float:
        return sum(height * math.exp((rate - pivot) * u) for height, rate in terms)

    corners = [0.0, *inner, length]
    return [_bisect(value, low, high) for low, high in itertools.pairwise(corners) if value(low) * value(high) < 0]


def _merged(terms: list[tuple[float, float]]) -> list[tuple[float, float]]:
    """Return one term per rate, slowest decay first, so that no exponential grows."""
    heights: dict[float, float] = {}
    for height, rate in terms:
        heights[rate] = heights.get(rate, 0.0) + height
    return sorted(((height, rate) for rate, height in heights.items() if height), key=lambda term: -term[1])


def _bisect(value: Callable[[float], float], low: float, high: float) -> float:
    """Halve an interval over whose ends the sign changes until its ends are neighbours."""
    rising = value(low) < 0
    for _ in range(_HALVINGS):
        middle = (low + high) / 2
        if middle in {low, high}:
            break
        if (value(middle) < 0) == rising:
            low = middle
        else:
            high = middle
    return high
