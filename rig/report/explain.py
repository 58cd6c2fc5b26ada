"""``rig explain``: one measurement of a record, with everything that its uncertainty is made of."""

from __future__ import annotations

import difflib
import math
from typing import TYPE_CHECKING

from rig.errors import Refused
from rig.units import format_quantity, format_result

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from rig.evidence.record import CaseRecord, MeasurementEntry, RunRecord

__all__ = ["explain_measurement"]


def explain_measurement(record: RunRecord, case_id: str, measurand: str) -> str:
    """Return the value, its window and origin, and its uncertainty budget as a table.

    Raises
    ------
    Refused
        if the record has no such case or measurand; the nearest one is named.
    """
    case = _find_case(record.cases, case_id)
    names = [entry.called for entry in case.measurements]
    if measurand not in names:
        raise Refused(f"{case.id} has no {measurand!r}{_near(measurand, names)}")
    return "\n".join(_lines(case, case.measurements[names.index(measurand)]))


def _find_case(cases: Sequence[CaseRecord], case_id: str) -> CaseRecord:
    found = [case for case in cases if not case.retried and case_id in {case.id, f"{case.plan}.{case.id}"}]
    if not found:
        raise Refused(f"the record has no case {case_id!r}{_near(case_id, [case.id for case in cases])}")
    if len(found) > 1:
        raise Refused(f"{case_id!r} is a case of {', '.join(case.plan for case in found)}; write PLAN.CASE")
    return found[0]


def _near(name: str, names: Sequence[str]) -> str:
    close = difflib.get_close_matches(name, names, n=1)
    return f"; did you mean {close[0]!r}?" if close else ""


def _lines(case: CaseRecord, entry: MeasurementEntry) -> Iterator[str]:
    yield f"{case.plan}  {case.id}  {entry.called}"
    if entry.value is None or entry.unit is None or entry.expanded_uncertainty is None:
        yield f"  not measured: {entry.reason}"
        return
    unit = entry.unit
    value = format_result(entry.value, entry.expanded_uncertainty, unit)
    yield f"  value        {value}  (k = {entry.coverage_factor:.3g})"
    if entry.n > 1 and entry.minimum is not None and entry.maximum is not None:
        low, high = (format_quantity(one, unit, digits=6) for one in (entry.minimum, entry.maximum))
        yield f"  items        {entry.n}, from {low} to {high}"
    if entry.expanded_single is not None:
        yield f"  U of one     {format_quantity(entry.expanded_single, unit, digits=2)}"
    if entry.window is not None:
        start, stop, description = entry.window
        yield f"  window       {start:.6g} s to {stop:.6g} s: {description}"
    yield f"  origin       {', '.join(entry.origin)}"
    yield from _budget(entry)


def _budget(entry: MeasurementEntry) -> Iterator[str]:
    if entry.unit is None or not entry.components:
        return
    total = math.hypot(*(one.standard_uncertainty for one in entry.components))
    yield f"  {'component':<32} {'distribution':<13} {'u':>12}  share of the variance"
    for one in sorted(entry.components, key=lambda part: -part.standard_uncertainty):
        u = format_quantity(one.standard_uncertainty, entry.unit, digits=2)
        share = (one.standard_uncertainty / total) ** 2 if total else 0.0
        yield f"  {one.name:<32} {one.distribution:<13} {u:>12}  {share:6.1%}"
    combined = format_quantity(total, entry.unit, digits=2)
    yield f"  {'combined standard uncertainty':<46} {combined:>12}"
