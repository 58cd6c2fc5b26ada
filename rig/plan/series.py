"""What a plan may verify over a whole sweep, and which sweeps can show it."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Final

from rig.model.load import OPEN
from rig.plan.measurands import Measurand
from rig.plan.terms import load_resistance
from rig.units import Unit, parse_quantity

if TYPE_CHECKING:
    from rig.plan.case import Case

__all__ = ["SERIES_MEASURANDS", "SeriesKey", "unsuited"]

_REFERENCE = "500 ohm"


@dataclass(frozen=True, slots=True, kw_only=True)
class SeriesKey:
    """What a measurand over several cases compares: of ``varies``, at least one must vary from case to case.

    With ``alone`` the cases that are compared must differ in nothing else.
    """

    measurand: Measurand
    varies: tuple[str, ...]
    alone: bool = True


SERIES_MEASURANDS: Final[Mapping[str, SeriesKey]] = MappingProxyType({
    "amplitude_step": SeriesKey(measurand=Measurand(unit=Unit.AMPERE), varies=("amplitude",)),
    "monotonic": SeriesKey(measurand=Measurand(unit=Unit.COUNT), varies=("amplitude",)),
    "minimum_ratio": SeriesKey(measurand=Measurand(unit=Unit.ONE), varies=("amplitude",)),
    "load_regulation": SeriesKey(measurand=Measurand(unit=Unit.ONE), varies=("load",)),
    "output_accuracy": SeriesKey(
        measurand=Measurand(unit=Unit.ONE), varies=("amplitude", "phase_duration", "rate"), alone=False
    ),
})


def unsuited(name: str, cases: Sequence[Case]) -> str:
    """Say why a measurand cannot be told from these cases; empty where it can."""
    key = SERIES_MEASURANDS[name]
    if any(case.load == OPEN for case in cases):
        return f"{name} is told from currents, and into an open circuit none flows; leave 'open' out of this sweep"
    (varied, *_) = key.varies
    if not key.alone:
        names = " or ".join(key.varies)
        settings = {tuple(getattr(case.stimulus, one) for one in key.varies) for case in cases}
        return "" if len(settings) > 1 else f"{name} needs a sweep of {names}, and this one varies none of them"
    groups = list(_alike(cases, varied))
    if all(len(group) < 2 for group in groups):  # noqa: PLR2004 - a comparison takes two
        return f"{name} compares cases that differ in {varied} alone, and this sweep has no two of them"
    if varied == "load" and not any(_has_reference(group) for group in groups):
        return f"{name} compares every load with {_REFERENCE}, and this sweep has no such load beside another"
    return ""


def _alike(cases: Sequence[Case], varied: str) -> Iterator[Sequence[Case]]:
    """Yield the cases that differ in one key alone: the load, or the amplitude."""
    groups: dict[Any, list[Case]] = {}
    for case in cases:
        same = (case.stimulus, "") if varied == "load" else (replace(case.stimulus, amplitude=0.0), case.load)
        groups.setdefault(same, []).append(case)
    yield from groups.values()


def _has_reference(cases: Sequence[Case]) -> bool:
    reference = parse_quantity(_REFERENCE, Unit.OHM)
    known = [math.isclose(load_resistance(case.load), reference) for case in cases]
    return any(known) and not all(known)
