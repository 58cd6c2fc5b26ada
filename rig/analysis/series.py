"""What several captures say together: steps of the amplitude, its rise, minimum to maximum, load regulation, accuracy.

Notes
-----
Of several differences, ratios or errors the largest is the result. Which one that is, is decided with its uncertainty:
the one whose value plus U reaches furthest, so that no other could lie above a limit that this one meets. How the
common errors of two captures cancel is told in :mod:`rig.analysis.comparison`.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from types import MappingProxyType
from typing import Final

from rig.analysis.comparison import Comparison, Point, compare
from rig.model.measurement import Component, Measurement, NotMeasured, Outcome
from rig.model.stimulus import Stimulus
from rig.units import Unit, format_quantity

__all__ = ["REFERENCE_LOAD", "SERIES", "SeriesMeasurand", "measure_series"]

REFERENCE_LOAD = 500.0
"""The load with which the others are compared, ohm."""

_SAME = 1e-9


@dataclass(frozen=True, slots=True, kw_only=True)
class SeriesMeasurand:
    """One entry of the registry.

    Attributes
    ----------
    definition : one line, for reports
    unit : SI
    uses : the measurands of the single cases that it is made of
    ordered_by : the set values of which at least one must vary from case to case
    """

    name: str
    definition: str
    unit: Unit
    uses: tuple[str, ...]
    ordered_by: tuple[str, ...]
    evaluate: Callable[[Sequence[Point]], Outcome]


def measure_series(name: str, points: Sequence[Point]) -> Outcome:
    """Evaluate one measurand of the registry over the cases of a series.

    Returns
    -------
    Outcome
        not measured where any case lacks what it is made of, or where no two cases can be compared.

    Examples
    --------
    >>> measure_series("monotonic", []).reason
    'no two cases differ in amplitude alone'
    """
    entry = SERIES[name]
    for point in points:
        for used in entry.uses:
            outcome = point.outcomes.get(used)
            if not isinstance(outcome, Measurement):
                reason = "nothing measured it" if outcome is None else outcome.reason
                return NotMeasured(measurand=name, reason=f"{used} of {point.label}: {reason}")
    return entry.evaluate(points)


def _ladders(points: Sequence[Point]) -> Iterator[list[Point]]:
    """Yield the points that differ in amplitude alone, by rising amplitude."""
    groups: dict[tuple[Stimulus, float], list[Point]] = {}
    for point in points:
        groups.setdefault((replace(point.stimulus, amplitude=0.0), point.load), []).append(point)
    for group in groups.values():
        if len(group) > 1:
            yield sorted(group, key=lambda point: point.amplitude)


def _largest(name: str, items: Sequence[Comparison], *, otherwise: str) -> Outcome:
    if not items:
        return NotMeasured(measurand=name, reason=otherwise)
    item = max(items, key=lambda one: one.value + one.expanded_uncertainty)
    u = item.standard_uncertainty
    where = " and ".join(item.between)
    return Measurement(
        measurand=name,
        value=item.value,
        unit=SERIES[name].unit,
        n=len(items),
        minimum=item.value,
        maximum=item.value,
        standard_uncertainty=u,
        single_uncertainty=u,
        components=item.components,
        coverage_factor=item.factor,
        window=replace(item.source.window, description=f"{where}; the largest of {len(items)}"),
        origin=(where, *item.source.origin[1:-1], name),
    )


_NO_LADDER = "no two cases differ in amplitude alone"


def _steps(points: Sequence[Point]) -> Iterator[tuple[Point, Point, float, Comparison]]:
    """Yield every pair of neighbouring settings, the change of the amplitude, and its size with uncertainty."""
    for ladder in _ladders(points):
        for low, high in pairwise(ladder):
            change = high.measured("phase_top").value - low.measured("phase_top").value
            yield low, high, change, compare(abs(change), low, high, "phase_top", of_one=-1.0, of_other=1.0)


def _amplitude_step(points: Sequence[Point]) -> Outcome:
    """Return the largest |A_{k+1} − A_k| of neighbouring settings, A."""
    return _largest("amplitude_step", [item for *_, item in _steps(points)], otherwise=_NO_LADDER)


def _monotonic(points: Sequence[Point]) -> Outcome:
    """Return how many steps do not rise: a step rises where the amplitude grows by more than the change's U."""
    steps = list(_steps(points))
    if not steps:
        return NotMeasured(measurand="monotonic", reason=_NO_LADDER)
    for low, high, _, item in steps:
        asked, u = high.amplitude - low.amplitude, item.expanded_uncertainty
        if asked <= u:
            shown, known = (format_quantity(one, Unit.AMPERE, digits=3) for one in (asked, u))
            reason = (
                f"{low.label} and {high.label} are set {shown} apart, and their difference is known to {known} only"
            )
            return NotMeasured(measurand="monotonic", reason=reason)
    flat = [(low, high) for low, high, change, item in steps if change <= item.expanded_uncertainty]
    last = steps[-1][1].measured("phase_top")
    names = "; ".join(f"{low.label} to {high.label}" for low, high in flat) or "all rise"
    return Measurement(
        measurand="monotonic",
        value=float(len(flat)),
        unit=Unit.COUNT,
        n=len(steps),
        minimum=float(len(flat)),
        maximum=float(len(flat)),
        standard_uncertainty=0.0,
        single_uncertainty=0.0,
        window=replace(last.window, description=f"{len(steps)} steps; {names}"),
        origin=(f"{len(points)} cases", *last.origin[1:-1], "monotonic"),
    )


def _minimum_ratio(points: Sequence[Point]) -> Outcome:
    """Return the amplitude at the lowest setting over that at the highest; of several, the largest."""
    items = []
    for ladder in _ladders(points):
        low, high = ladder[0], ladder[-1]
        small, large = (point.measured("phase_top").value for point in (low, high))
        items.append(compare(small / large, low, high, "phase_top", of_one=1 / large, of_other=-small / large**2))
    return _largest("minimum_ratio", items, otherwise=_NO_LADDER)


def _load_regulation(points: Sequence[Point]) -> Outcome:
    """Return the largest |A(load) / A(500 ohm) − 1| of cases with one stimulus."""
    references = {point.stimulus: point for point in points if math.isclose(point.load, REFERENCE_LOAD, rel_tol=_SAME)}
    items = []
    for point in points:
        reference = references.get(point.stimulus)
        if reference is None or reference is point:
            continue
        value, base = (one.measured("phase_top").value for one in (point, reference))
        change = abs(value / base - 1)
        items.append(compare(change, point, reference, "phase_top", of_one=1 / base, of_other=-value / base**2))
    return _largest("load_regulation", items, otherwise="no two cases differ in load alone, one of them into 500 ohm")


_ACCURACY: Final[Mapping[str, Callable[[Stimulus], float]]] = MappingProxyType({
    "phase_top": lambda stimulus: stimulus.amplitude,
    "phase_duration": lambda stimulus: stimulus.phase_duration,
    "pulse_rate": lambda stimulus: stimulus.rate,
})


def _output_accuracy(points: Sequence[Point]) -> Outcome:
    """Return the largest |measured / set − 1| of any phase's amplitude and duration and of any period's rate."""
    items = []
    for point in points:
        for name, of in _ACCURACY.items():
            measured, nominal = point.measured(name), of(point.stimulus)
            if nominal <= 0:
                return NotMeasured(
                    measurand="output_accuracy", reason=f"{point.label} sets 0, of which nothing is a part"
                )
            line = Component(
                name=f"{name} of one item, {point.label}", standard_uncertainty=measured.single_uncertainty / nominal
            )
            items += [
                Comparison(
                    value=abs(extreme / nominal - 1),
                    components=(line,),
                    factor=measured.single_factor,
                    between=(f"{name} of {point.label}",),
                    source=measured,
                )
                for extreme in dict.fromkeys((measured.minimum, measured.maximum))
            ]
    return _largest("output_accuracy", items, otherwise="there is no case")


_ENTRIES: Final = (
    ("amplitude_step", "largest difference of the amplitudes at neighbouring settings",
     Unit.AMPERE, ("phase_top",), ("amplitude",), _amplitude_step),
    ("monotonic", "number of steps to a higher setting in which the amplitude does not rise",
     Unit.COUNT, ("phase_top",), ("amplitude",), _monotonic),
    ("minimum_ratio", "amplitude at the lowest setting / at the highest",
     Unit.ONE, ("phase_top",), ("amplitude",), _minimum_ratio),
    ("load_regulation", "largest relative change of the amplitude against the one into 500 ohm",
     Unit.ONE, ("phase_top",), ("load",), _load_regulation),
    ("output_accuracy", "largest relative error of amplitude, phase duration or rate against what was set",
     Unit.ONE, tuple(_ACCURACY), ("amplitude", "phase_duration", "rate"), _output_accuracy),
)  # fmt: skip

SERIES: Final[Mapping[str, SeriesMeasurand]] = MappingProxyType({
    name: SeriesMeasurand(
        name=name, definition=definition, unit=unit, uses=uses, ordered_by=ordered_by, evaluate=evaluate
    )
    for name, definition, unit, uses, ordered_by, evaluate in _ENTRIES
})
