"""Whether the stated 95 % intervals hold the truth in 95 % of all cases.

    python -m benchmarks.coverage --benches 500 --write

Draws benches at random for every shape, compares what the rig states with what was truly there, and prints per
measurand: bias, coverage, and how wide the intervals are against the width that the errors themselves have.
"""

from __future__ import annotations

import argparse
import math
from collections.abc import Collection, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import numpy.typing as npt

from benchmarks.page import table
from benchmarks.random_benches import SHAPES, trial
from rig.analysis.coverage import PROBABILITY
from rig.model.measurement import Measurement

__all__ = ["COUNTED", "Row", "pooled", "rows"]

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
    coverage : share of the benches whose interval holds the truth; of a count, in which it is right
    width : how many times as wide as the errors the intervals are: all of them could be narrower by this factor, and
        would still hold the truth in 95.45 % of the cases. Benches differ by orders of magnitude, so every error is
        taken in units of its own U
    errors : error / U of every bench
    """

    shape: str
    measurand: str
    n: int
    missing: int
    bias: float
    coverage: float
    width: float
    errors: tuple[float, ...] = field(default=(), repr=False)

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
    missing = len(found) - len(error)
    if name in COUNTED or not len(error):
        right = float(np.mean(error == 0)) if len(error) else math.nan
        return Row(shape=shape, measurand=name, n=len(error), missing=missing, bias=0.0, coverage=right, width=math.nan)
    # An error of rounding where there is neither error nor uncertainty is none.
    relative = np.divide(error, expanded, out=np.zeros_like(error), where=expanded > 0)
    return _of_errors(shape, name, relative, missing=missing)


def _of_errors(shape: str, name: str, relative: npt.NDArray[np.float64], *, missing: int) -> Row:
    """Return the row of errors in units of their own U."""
    reached = float(np.quantile(np.abs(relative), PROBABILITY)) if len(relative) else math.nan
    return Row(
        shape=shape,
        measurand=name,
        n=len(relative),
        missing=missing,
        bias=float(relative.mean()) if len(relative) else math.nan,
        coverage=float(np.mean(np.abs(relative) <= 1 + 1e-12)) if len(relative) else math.nan,
        width=1 / reached if reached > 0 else math.inf,
        errors=tuple(relative.tolist()),
    )


def _times(width: float) -> str:
    return f"{width:.2f}" if width < _FAR else f"over {_FAR:.0f}"


def pooled(found: Sequence[Row]) -> list[Row]:
    """Return one row per measurand, over all shapes."""
    names = sorted({row.measurand for row in found if not row.counted})
    return [
        _of_errors(
            "all",
            name,
            np.array([error for row in found if row.measurand == name for error in row.errors]),
            missing=sum(row.missing for row in found if row.measurand == name),
        )
        for name in names
    ]


def _shown(row: Row) -> list[str]:
    if not row.n:
        return [row.measurand, row.shape, f"0 (−{row.missing})", "", "not measured", ""]
    if row.counted:
        return [row.measurand, row.shape, str(row.n), "", f"{100 * row.coverage:.1f} % right", ""]
    mark = "" if _LEAST <= row.coverage <= _MOST else " !"
    wide = "" if 1 / _WIDEST <= row.width <= _WIDEST else " !"
    return [
        row.measurand,
        row.shape,
        str(row.n) + (f" (−{row.missing})" if row.missing else ""),
        f"{row.bias:+.2f}",
        f"{100 * row.coverage:.1f} %{mark}",
        f"{_times(row.width)}{wide}",
    ]


HEADING = ("measurand", "shape", "benches", "bias / U", "coverage", "relative width")
_LEAST, _MOST, _WIDEST = 0.93, 0.99, 2.0
# Errors that are next to nothing, of what is stated.
_FAR = 100.0


def _all(shapes: Collection[str], benches: int, seed: int, workers: int) -> Iterator[Row]:
    for shape in shapes:
        yield from rows(shape, benches, seed=seed, workers=workers)


def _amiss(row: Row) -> str:
    """Say in which bound a row does not stay, or nothing."""
    if not row.n:
        return ""
    if row.counted:
        return "" if row.coverage == 1.0 else "not always right"
    faults = []
    if row.coverage < _LEAST:
        faults.append("covers too little")
    if row.coverage > _MOST:
        faults.append("covers more than 99 %")
    if row.width > _WIDEST:
        faults.append(f"{_times(row.width)} times as wide as the errors")
    return ", ".join(faults)


def _summary(found: Sequence[Row]) -> str:
    together = [row for row in pooled(found) if row.n]
    amiss = [row for row in together if _amiss(row)]
    pairs = [row for row in found if not row.counted and row.n]
    astray = [row for row in found if _amiss(row)]
    low = sum(row.coverage < _LEAST for row in pairs)
    lines = [
        f"Of {len(together)} measurands, {len(together) - len(amiss)} stay in all bounds over all shapes together: "
        "coverage 93 % to 99 %, at most twice as wide as the errors." + (" Outside of them:" if amiss else ""),
        "",
        *(f"- `{row.measurand}`: {100 * row.coverage:.1f} %, {_amiss(row)}" for row in amiss),
        *([""] if amiss else []),
        f"Of their {len(pairs)} pairs with a shape, {len(pairs) - len(astray)} do; {low} cover less than 93 %."
        + (" Outside of them:" if astray else ""),
        "",
        *(f"- `{row.measurand}`, {row.shape}: {100 * row.coverage:.1f} %, {_amiss(row)}" for row in astray),
    ]
    return "\n".join(lines)


def _write(found: Sequence[Row], options: argparse.Namespace) -> None:
    """Replace what stands between the page's markers."""
    begin, end = "<!-- coverage: begin -->", "<!-- coverage: end -->"
    made = (
        f"Made by `python -m benchmarks.coverage --benches {options.benches} --seed {options.seed} --write`: "
        f"{options.benches} benches for each of {len(options.shapes)} shapes."
    )
    shapes = "\n".join(f"- **{name}**: {SHAPES[name]}" for name in options.shapes)
    together = table(HEADING, [_shown(row) for row in pooled(found)])
    every = table(HEADING, [_shown(row) for row in found])
    text = "\n\n".join([begin, made, shapes, _summary(found), together, every, end])
    page = PAGE.read_text(encoding="utf-8")
    before, rest = page.split(begin)
    PAGE.write_text(before + text + rest.split(end)[1], encoding="utf-8", newline="\n")


def main() -> None:
    """Print the table; with ``--write`` put it into the page."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--benches", type=int, default=500, help="benches per shape")
    parser.add_argument("--seed", type=int, default=SEED)
    parser.add_argument("--workers", type=int, default=1)
    parser.add_argument("--shapes", nargs="*", default=list(SHAPES), choices=list(SHAPES))
    parser.add_argument("--write", action="store_true", help=f"put the table into docs/{PAGE.name}")
    options = parser.parse_args()
    found = sorted(_all(options.shapes, options.benches, options.seed, options.workers), key=lambda row: row.measurand)
    print(table(HEADING, [_shown(row) for row in found]))
    print()
    print(_summary(found))
    if options.write:
        _write(found, options)


if __name__ == "__main__":
    main()
