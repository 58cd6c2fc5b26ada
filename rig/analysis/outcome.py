"""Building results: items of a record, or one value of it, with their budget and their window."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from rig.analysis.uncertainty import Budget
from rig.model.measurement import Measurement, NotMeasured, Outcome, Window

if TYPE_CHECKING:
    from rig.analysis.record import Record
    from rig.analysis.trace import Floats
    from rig.units import Unit

__all__ = ["count", "items", "ratio", "single", "span"]

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
    largest = float(np.abs(values).max())
    return Measurement(
        measurand=name,
        value=value,
        unit=unit,
        n=n,
        minimum=float(values.min()),
        maximum=float(values.max()),
        std=float(values.std(ddof=1)) if n > 1 else 0.0,
        standard_uncertainty=budget.standard(value, n),
        single_uncertainty=budget.standard(largest),
        components=budget.components(value, n),
        window=_of_items(record, what),
        origin=_origin(record, name),
    )


def single(
    record: Record, name: str, unit: Unit, value: float, *, budget: Budget, window: Window, n: int = 1
) -> Measurement:
    """Return one value of the record; ``n`` tells of how many items it speaks."""
    u = budget.standard(value)
    return Measurement(
        measurand=name,
        value=value,
        unit=unit,
        n=n,
        minimum=value,
        maximum=value,
        standard_uncertainty=u,
        single_uncertainty=u,
        components=budget.components(value),
        window=window,
        origin=_origin(record, name),
    )


def count(record: Record, name: str, unit: Unit, values: Floats, *, what: str) -> Outcome:
    """Return counted items: exact, so without uncertainty."""
    return items(record, name, unit, values, Budget(), what=what)
