"""Whether the stated 95 % intervals hold the truth in 95 % of all cases.

    python -m benchmarks.coverage --benches 500 --write

Draws benches at random for every shape, compares what the rig states with what was truly there, and prints per
measurand: bias, coverage, and how wide the intervals are against the width that the errors themselves have.
"""

from __future__ import annotations

import argparse
import math
from collections.abc import Collection, Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from benchmarks.page import table
from benchmarks.random_benches import SHAPES, trial
from rig.model.measurement import Measurement

__all__ = ["COUNTED", "Row", "rows"]

COUNTED = frozenset({"polarity", "phase_count", "missing_pulses", "extra_pulses", "pulses_per_burst"})
"""Exact counts: they are right or wrong, and need no interval."""

PAGE = Path(__file__).parents[1] / "docs" / "uncertainty.md"
SEED = 20261122


@dataclass(frozen=True, kw_only=True)
class Row:
    """One measurand of one shape.

    Attributes
    ----------
    n : benches on which it was measured
    missing : benches on which it was not
    bias : mean of error / U
    coverage : share of the benches whose interval holds the truth
    width : median of U over half of the central 95 % of error / U · U, that is, of the errors in units of their own U
    """

    shape: str
    measurand: str
    n: int
    missing: int
    bias: float
    coverage: float
    width: float

    @property
    def counted(self) -> bool:
        """Whether it is an exact count."""
        return self.measurand in COUNTED


def _one(shape: str, number: int, seed: int) -> dict[str, tuple[float, float] | None]:
    """Return (error, U) by measurand; None where it was not measured."""
    result = trial(shape, number, seed=seed)
    found: dict[str, tuple[float, float] | None] = {}
    for name, true in result.truth.items():
        outcome = result.outcomes[name]
        if isinstance(outcome, Measurement):
            found[name] = (outcome.value - true, outcome.expanded_uncertainty)
        else:
            found[name] = None
    return found


def _many(arguments: tuple[str, Collection[int], int]) -> list[dict[str, tuple[float, float] | None]]:
    shape, numbers, seed = arguments
    return [_one(shape, number, seed) for number in numbers]


def rows(shape: str, benches: int, *, seed: int = SEED, workers: int = 1) -> list[Row]:
    """Measure on so many benches and return one row per measurand."""
    if workers > 1:
        parts = [(shape, range(first, benches, workers * 4), seed) for first in range(workers * 4)]
        with ProcessPoolExecutor(workers) as pool:
            found = [one for part in pool.map(_many, parts) for one in part]
    else:
        found = _many((shape, range(benches), seed))
    names = sorted({name for one in found for name in one})
    return [_row(shape, name, [one[name] for one in found if name in one]) for name in names]


def _row(shape: str, name: str, found: list[tuple[float, float] | None]) -> Row:
    measured = np.array([one for one in found if one is not None]).reshape(-1, 2)
    error, expanded = measured[:, 0], measured[:, 1]
    if name in COUNTED:
        right = float(np.mean(error == 0)) if len(error) else math.nan
        return Row(shape=shape, measurand=name, n=len(error), missing=len(found) - len(error), bias=0.0,
                   coverage=right, width=math.nan)  # fmt: skip
    slack = 1e-12 * np.abs(error)
    covered = float(np.mean(np.abs(error) <= expanded + slack))
    relative = np.divide(error, expanded, out=np.zeros_like(error), where=expanded > 0)
    # Benches differ in size; in units of its own U every error is comparable, and an ideal U has a width of 1.
    low, high = np.quantile(relative, [0.025, 0.975])
    return Row(
        shape=shape,
        measurand=name,
        n=len(error),
        missing=len(found) - len(error),
        bias=float(relative.mean()),
        coverage=covered,
        width=2 / float(high - low) if high > low else math.inf,
    )


def _shown(row: Row) -> list[str]:
    if row.counted:
        return [row.measurand, row.shape, str(row.n), "", f"{100 * row.coverage:.1f} % right", ""]
    mark = "" if 0.93 <= row.coverage <= 0.99 else " !"
    wide = "" if 0.5 <= row.width <= 2.0 else " !"
    return [
        row.measurand,
        row.shape,
        str(row.n) + (f" (−{row.missing})" if row.missing else ""),
        f"{row.bias:+.2f}",
        f"{100 * row.coverage:.1f} %{mark}",
        f"{row.width:.2f}{wide}",
    ]


HEADING = ("measurand", "shape", "benches", "bias / U", "coverage", "relative width")


def _all(shapes: Collection[str], benches: int, seed: int, workers: int) -> Iterator[Row]:
    for shape in shapes:
        yield from rows(shape, benches, seed=seed, workers=workers)


def main() -> None:
    """Print the table; with ``--write`` put it into the page."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--benches", type=int, default=500, help="benches per shape")
    parser.add_argument("--seed", type=int, default=SEED)
    parser.add_argument("--workers", type=int, default=1)
    parser.add_argument("--shapes", nargs="*", default=list(SHAPES), choices=list(SHAPES))
    parser.add_argument("--write", action="store_true", help=f"put the table into docs/{PAGE.name}")
    options = parser.parse_args()
    found = sorted(_all(options.shapes, options.benches, options.seed, options.workers), key=lambda row: row.measurand)
    print(table(HEADING, [_shown(row) for row in found]))


if __name__ == "__main__":
    main()
