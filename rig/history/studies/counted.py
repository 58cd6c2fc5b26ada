"""Which values count for a trend or a study, and how many were left out for which reason."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

    from rig.history.point import Point

__all__ = ["Counted", "count_in"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Counted:
    """What counts, in the order of time, and the number left out by reason."""

    points: tuple[Point, ...]
    left_out: tuple[tuple[str, int], ...]


def count_in(points: Iterable[Point], *, case: str = "", engineering: bool = False) -> Counted:
    """Return the points that count.

    Parameters
    ----------
    case : a pattern with ``*`` and ``?``, or the id of a case, which may hold brackets; empty for every case
    engineering : count also runs that are for engineering only
    """
    kept: list[Point] = []
    left: Counter[str] = Counter()
    for point in points:
        if case and not _matches(point.case, case):
            continue
        reason = _reason(point, engineering)
        if reason:
            left[reason] += 1
        else:
            kept.append(point)
    return Counted(points=tuple(sorted(kept, key=lambda one: (one.started, one.run_id))), left_out=tuple(left.items()))


def _matches(name: str, pattern: str) -> bool:
    # A bracket belongs to a case's id and is no set of letters.
    return fnmatchcase(name, pattern.replace("[", "[[]"))


def _reason(point: Point, engineering: bool) -> str:
    if not point.complete:
        return "of runs that were cut off"
    if point.engineering_only and not engineering:
        return "of runs for engineering only"
    return "of attempts that were repeated" if point.retried else ""
