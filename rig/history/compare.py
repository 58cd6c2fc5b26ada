"""Two runs held against each other, case by case, check by check and value by value."""

from __future__ import annotations

import math
from collections import defaultdict
from typing import TYPE_CHECKING, TypeVar

from rig.history.circumstances import circumstances
from rig.history.difference import CaseDifference, CheckDifference, Difference, LimitDifference, ValueDifference

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from rig.history.results import CaseRow, JudgementRow, MeasurementRow, Results

__all__ = ["checks_of", "compare", "decisive", "e_n"]

_Of = TypeVar("_Of", "JudgementRow", "MeasurementRow")
_Check = tuple[str, str, str, str, int]


def e_n(before: MeasurementRow, after: MeasurementRow) -> float | None:
    """Return by how many expanded uncertainties of their difference two values differ.

    None where that is not known: a value is missing, its unit is another, or neither has an uncertainty.

    Notes
    -----
    |b - a| / sqrt(U_a² + U_b²), with both U for the same level of confidence: as if nothing were common to both values.
    What is common, the same instrument with the same calibration, makes the true uncertainty of the difference smaller.

    References
    ----------
    ISO/IEC 17043:2023, annex B, E_n score
    """
    if before.value is None or after.value is None or before.unit != after.unit:
        return None
    uncertainties = (before.expanded_uncertainty, after.expanded_uncertainty)
    together = math.hypot(*(one for one in uncertainties if one is not None)) if None not in uncertainties else 0.0
    return abs(after.value - before.value) / together if together > 0 else None


def compare(before: Results, after: Results) -> Difference:
    """Return what is otherwise in the second of two runs."""
    old, new = decisive(before), decisive(after)
    checks = checks_of(before), checks_of(after)
    values = _by_case(before.measurements), _by_case(after.measurements)
    cases, limits, moved, compared = [], [], [], 0
    for key in old.keys() & new.keys():
        one, other = old[key], new[key]
        pair = checks[0][one.position], checks[1][other.position]
        changed = tuple(_changed(*pair))
        if changed or one.verdict is not other.verdict:
            cases.append(CaseDifference(before=one, after=other, checks=changed))
        limits += [LimitDifference(case=other, before=was, after=now) for was, now in _rebound(*pair)]
        measured = _values(values[0][one.position]), _values(values[1][other.position])
        compared += sum(_known(measured[0].get(name)) and _known(found) for name, found in measured[1].items())
        moved += list(_moved(other, *measured))
    return Difference(
        before=before.run,
        after=after.run,
        compared=compared,
        only_before=tuple(case for key, case in old.items() if key not in new),
        only_after=tuple(case for key, case in new.items() if key not in old),
        cases=tuple(sorted(cases, key=lambda one: one.after.position)),
        values=tuple(sorted(moved, key=_farthest_first)),
        limits=tuple(sorted(limits, key=lambda one: (one.case.position, one.after.position))),
        circumstances=tuple(circumstances(before, after)),
    )


def decisive(results: Results) -> Mapping[tuple[str, str], CaseRow]:
    """Return the last attempt at every case."""
    return {(case.plan, case.id): case for case in results.cases if not case.retried}


def checks_of(results: Results) -> Mapping[int, Mapping[_Check, JudgementRow]]:
    """Return the checks of every case, by its position and by what they are about."""
    found: dict[int, Mapping[_Check, JudgementRow]] = defaultdict(dict)
    found.update({position: _checks(rows) for position, rows in _by_case(results.judgements).items()})
    return found


def _by_case(rows: Iterable[_Of]) -> Mapping[int, list[_Of]]:
    found: dict[int, list[_Of]] = defaultdict(list)
    for row in rows:
        found[row.case_position].append(row)
    return found


def _checks(rows: Iterable[JudgementRow]) -> dict[_Check, JudgementRow]:
    """Return checks by what they are about; where a plan's limit stands in its file does not matter."""
    found: dict[_Check, JudgementRow] = {}
    for row in rows:
        source = row.source if row.clause else ""
        number = 0
        while (key := (row.measurand, row.during, source, row.clause, number)) in found:
            number += 1
        found[key] = row
    return found


def _changed(before: Mapping[_Check, JudgementRow], after: Mapping[_Check, JudgementRow]) -> Iterator[CheckDifference]:
    for key in dict.fromkeys((*after, *before)):
        was, now = before.get(key), after.get(key)
        if was is None or now is None or was.verdict is not now.verdict:
            yield CheckDifference(before=was, after=now)


def _rebound(
    before: Mapping[_Check, JudgementRow], after: Mapping[_Check, JudgementRow]
) -> Iterator[tuple[JudgementRow, JudgementRow]]:
    for key, now in after.items():
        was = before.get(key)
        if was is not None and _bounds(was) != _bounds(now):
            yield was, now


def _bounds(row: JudgementRow) -> tuple[object, ...]:
    return row.unit, row.lower, row.upper, row.lower_closed, row.upper_closed, row.statistic, row.rule


def _values(rows: Iterable[MeasurementRow]) -> dict[tuple[str, str], MeasurementRow]:
    return {(row.measurand, row.during): row for row in rows}


def _known(row: MeasurementRow | None) -> bool:
    return row is not None and row.value is not None


def _moved(
    case: CaseRow,
    before: Mapping[tuple[str, str], MeasurementRow],
    after: Mapping[tuple[str, str], MeasurementRow],
) -> Iterator[ValueDifference]:
    for key in dict.fromkeys((*after, *before)):
        was, now = before.get(key), after.get(key)
        if not _known(was) and not _known(now):
            continue
        ratio = None if was is None or now is None else e_n(was, now)
        same = was is not None and now is not None and (was.value, was.unit) == (now.value, now.unit)
        if not same and (ratio is None or ratio > 1):
            yield ValueDifference(case=case, before=was, after=now, e_n=ratio)


def _farthest_first(one: ValueDifference) -> tuple[float, int, int]:
    return -(math.inf if one.e_n is None else one.e_n), one.case.position, one.one.position
