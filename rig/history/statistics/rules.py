"""Run rules: patterns of points that chance hardly ever makes.

References
----------
Nelson, L. S.: The Shewhart control chart - tests for special causes. Journal of Quality Technology 16 (1984), 237-239.
Western Electric: Statistical Quality Control Handbook (1956); its four rules are 1, 5, 6 and, with eight points, 2.
ISO 7870-2:2023, 8 (patterns of assignable causes).
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

__all__ = ["RULES", "Violation", "find_violations"]

RULES = {
    1: "beyond a control limit",
    2: "nine points in a row on one side of the centre line",
    3: "six points in a row, each above (or each below) the one before it",
    4: "fourteen points in a row, up and down by turns",
    5: "two of three points in a row beyond two sigma, on one side",
    6: "four of five points in a row beyond one sigma, on one side",
}
"""Nelson's first six rules, in words."""

_SIDE, _TREND, _TURNS = 9, 6, 14


@dataclass(frozen=True, slots=True, kw_only=True)
class Violation:
    """One pattern: the number of its rule, and the indices of all points that belong to it, ascending."""

    rule: int
    points: tuple[int, ...]


def find_violations(
    values: NDArray[np.float64], *, centre: float, lower: float, upper: float, rules: tuple[int, ...]
) -> tuple[Violation, ...]:
    """Return every pattern, each as long as it lasts, in order of the rules.

    Parameters
    ----------
    values : in the order of time
    centre : centre line; a point on it is on no side
    lower, upper : control limits at three sigma; a point on one is not beyond it
    rules : numbers of ``RULES``

    >>> flat = np.array([0.0, 0.1, -0.1, 3.5, 0.0])
    >>> find_violations(flat, centre=0.0, lower=-3.0, upper=3.0, rules=(1, 2))
    (Violation(rule=1, points=(3,)),)
    """
    side = np.sign(values - centre).astype(int)
    steps = np.sign(np.diff(values)).astype(int)
    sigma = (upper - centre) / 3
    found: dict[int, Iterator[tuple[int, ...]]] = {
        1: ((int(index),) for index in np.flatnonzero((values > upper) | (values < lower))),
        2: _runs(side, _SIDE),
        3: ((first[0], *(index + 1 for index in first)) for first in _runs(steps, _TREND - 1)),
        4: _turning(steps),
        5: _crowds((values - centre) / sigma, window=3, wanted=2, sigmas=2.0),
        6: _crowds((values - centre) / sigma, window=5, wanted=4, sigmas=1.0),
    }
    return tuple(Violation(rule=rule, points=points) for rule in sorted(rules) for points in found[rule])


def _runs(signs: NDArray[np.int_], least: int) -> Iterator[tuple[int, ...]]:
    """Yield the indices of every longest run of one sign other than 0, if it has ``least`` members."""
    edges = [0, *(np.flatnonzero(np.diff(signs)) + 1).tolist(), len(signs)]
    for start, stop in pairwise(edges):
        if stop - start >= least and signs[start] != 0:
            yield tuple(range(start, stop))


def _turning(steps: NDArray[np.int_]) -> Iterator[tuple[int, ...]]:
    turns = (steps[1:] * steps[:-1] == -1).astype(int)
    for run in _runs(turns, _TURNS - 2):
        yield (*run, run[-1] + 1, run[-1] + 2)


def _crowds(scaled: NDArray[np.float64], *, window: int, wanted: int, sigmas: float) -> Iterator[tuple[int, ...]]:
    for beyond in (scaled > sigmas, scaled < -sigmas):
        yield from _crowded(beyond, window, wanted)


def _crowded(beyond: NDArray[np.bool_], window: int, wanted: int) -> Iterator[tuple[int, ...]]:
    """Yield the points beyond, of windows that hold ``wanted`` of them; windows that overlap are one pattern."""
    points: list[int] = []
    last = -1
    for start in range(len(beyond) - window + 1):
        inside = (np.flatnonzero(beyond[start : start + window]) + start).tolist()
        if len(inside) < wanted:
            continue
        if points and start > last:
            yield tuple(sorted(set(points)))
            points = []
        points += inside
        last = start + window - 1
    if points:
        yield tuple(sorted(set(points)))
