"""Building results: items of a record, or one value of it, with their budget and their window."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from rig.analysis.coverage import coverage_factor
from rig.analysis.uncertainty import Budget, combined
from rig.model.measurement import Measurement, NotMeasured, Outcome, Window

if TYPE_CHECKING:
    from rig.analysis.record import Record
    from rig.analysis.trace import Floats
    from rig.units import Unit

__all__ = ["count", "derived", "items", "one_value", "ratio", "single", "span"]

_NOT_RESOLVED = "no item in the record resolves it"


def _origin(record: Record, algorithm: str) -> tuple[str, ...]:
    return (record.capture, record.path.signal, algorithm)


def ratio(part: Floats, whole: Floats) -> Floats:
    """Return part / whole, NaN (not resolved) where the whole is not positive."""
    result = np.full(len(whole), np.nan)
    np.divide(part, whole, out=result, where=whole > 0)
    return result


def span(record: Record, begin: float, end: float, description: str) -> Window:
    """Return the window between two positions (samples)."""
    return Window(start=float(record.trace.time(begin)), stop=float(record.trace.time(end)), description=description)


def _of_items(record: Record, what: str) -> Window:
    pulses = record.whole_pulses
    begin, end = float(record.pulse_begin[pulses[0]]), float(record.pulse_end[pulses[-1]])
    return span(record, begin, end, f"{what} of {len(pulses)} whole pulses")


def items(record: Record, name: str, unit: Unit, values: Floats, budget: Budget, *, what: str = "phases") -> Outcome:
    """Return the mean over items; those that are not resolved (NaN) are left out, and without any there is a reason.

    Parameters
    ----------
    values : one per item, of whole pulses alone
    what : what the items are, for the window's description
    """
    if record.nothing:
        return NotMeasured(measurand=name, reason=record.nothing)
    values = values[np.isfinite(values)]
    n = len(values)
    if not n:
        return NotMeasured(measurand=name, reason=_NOT_RESOLVED)
    value = float(values.mean())
    one, mean = budget.components(float(np.abs(values).max())), budget.components(value, n)
    return Measurement(
        measurand=name,
        value=value,
        unit=unit,
        n=n,
        minimum=float(values.min()),
        maximum=float(values.max()),
        std=float(values.std(ddof=1)) if n > 1 else 0.0,
        standard_uncertainty=combined(mean),
        single_uncertainty=combined(one),
        components=mean,
        single_components=one if n > 1 else (),
        coverage_factor=coverage_factor(mean),
        single_coverage_factor=coverage_factor(one) if n > 1 else None,
        window=_of_items(record, what),
        origin=_origin(record, name),
    )


def single(
    record: Record, name: str, unit: Unit, value: float, *, budget: Budget, window: Window, n: int = 1
) -> Measurement:
    """Return one value of the record; ``n`` tells of how many items it speaks."""
    return one_value(name, unit, value, budget=budget, window=window, origin=_origin(record, name), n=n)


def one_value(
    name: str, unit: Unit, value: float, *, budget: Budget, window: Window, origin: tuple[str, ...], n: int = 1
) -> Measurement:
    """Return a value that is no mean over items; ``origin`` names capture, signal and algorithm."""
    components = budget.components(value)
    u = combined(components)
    return Measurement(
        measurand=name,
        value=value,
        unit=unit,
        n=n,
        minimum=value,
        maximum=value,
        standard_uncertainty=u,
        single_uncertainty=u,
        components=components,
        coverage_factor=coverage_factor(components),
        window=window,
        origin=origin,
    )


def derived(source: Measurement, name: str, unit: Unit, value: float, *, sensitivity: float) -> Measurement:
    """Return what follows from one measurement alone: its budget times the sensitivity |dvalue/dsource|."""
    u = source.standard_uncertainty * abs(sensitivity)
    return replace(
        source,
        measurand=name,
        value=value,
        unit=unit,
        minimum=value,
        maximum=value,
        std=0.0,
        standard_uncertainty=u,
        single_uncertainty=u,
        components=tuple(
            replace(line, standard_uncertainty=line.standard_uncertainty * abs(sensitivity))
            for line in source.components
        ),
        single_components=(),
        single_coverage_factor=None,
        origin=(*source.origin[:-1], name),
    )


def count(record: Record, name: str, unit: Unit, values: Floats, *, what: str) -> Outcome:
    """Return counted items: exact, so without uncertainty."""
    return items(record, name, unit, values, Budget(), what=what)
