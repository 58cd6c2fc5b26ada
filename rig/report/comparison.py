"""What is otherwise in one run than in another, as a page of tables and as CSV."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rig.history.results import called
from rig.report import wording
from rig.report.paper import Cell, Paper, Section
from rig.report.tables import csv_table
from rig.units import Unit

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rig.history.difference import CaseDifference, Difference, LimitDifference, ValueDifference
    from rig.history.results import CaseRow, JudgementRow, MeasurementRow, RunRow

__all__ = [
    "changed_verdicts",
    "circumstances_section",
    "compare_exit_code",
    "comparison_csv",
    "comparison_paper",
    "lone_cases",
    "moved_limits",
    "moved_values",
    "run_called",
]

_MISSING = "not made"
_MANY = 10.0
_CODES = {"same": 0, "verdict changed": 1, "values changed": 3, "nothing compared": 3}
_COLUMNS = (
    "what", "plan", "case", "name", "unit", "before", "before_expanded_uncertainty", "after",
    "after_expanded_uncertainty", "e_n",
)  # fmt: skip
_BEYOND = "Differences of more than the expanded uncertainty of the difference: |B − A| / √(U_A² + U_B²) > 1."


def compare_exit_code(difference: Difference) -> int:
    """Return the exit code: 0 nothing beyond uncertainty, 1 a verdict, 3 values or cases, or no data."""
    return _CODES[difference.outcome]


def run_called(run: RunRow) -> str:
    """Return when a run was, which, and what came out."""
    return f"{run.started:%Y-%m-%d %H:%M} UTC, {run.run_id}"


def comparison_paper(difference: Difference) -> Paper:
    """Return the page of a comparison."""
    before, after = difference.before, difference.after
    sections = (
        _section("Verdicts that are others", changed_verdicts(difference), "none"),
        _section("Values beyond their uncertainty", moved_values(difference), "none", note=_BEYOND),
        _section("Cases of one run only", lone_cases(difference), "none"),
        _section("Limits that are others", moved_limits(difference), "none"),
        circumstances_section(difference),
    )
    return Paper(
        kind="Comparison of two runs",
        title=f"{before.run_id} and {after.run_id}",
        verdict=after.verdict,
        sentence=_sentence(difference),
        facts=(
            ("A", f"{run_called(before)}: {before.verdict}, device {before.device_serial or 'unknown'}"),
            ("B", f"{run_called(after)}: {after.verdict}, device {after.device_serial or 'unknown'}"),
        ),
        sections=sections,
    )


def _section(title: str, table: tuple[tuple[str, ...], list[tuple[Cell, ...]]], empty: str, note: str = "") -> Section:
    head, rows = table
    return Section(title=title, head=head, rows=tuple(rows), empty=empty, note=note)


def _sentence(difference: Difference) -> str:
    before, after = difference.verdicts
    verdict = f"{after} in both" if before is after else f"{before} before, {after} after"
    told = [
        _count(len(difference.cases), "case with another verdict", "cases with other verdicts"),
        _count(len(difference.values), "value beyond its uncertainty", "values beyond their uncertainty"),
        _count(
            len(difference.only_before) + len(difference.only_after), "case of one run only", "cases of one run only"
        ),
    ]
    what = "; ".join(filter(None, told)) or "nothing is otherwise beyond uncertainty"
    if difference.outcome == "nothing compared":
        return f"{verdict}; no value was measured in both: nothing could be compared."
    return f"{verdict}; {what}; {_count(difference.compared, 'value', 'values') or 'no value'} compared."


def _count(number: int, one: str, many: str) -> str:
    return "" if not number else f"{number} {one if number == 1 else many}"


def changed_verdicts(difference: Difference) -> tuple[tuple[str, ...], list[tuple[Cell, ...]]]:
    """Return the head and rows of all cases and checks with another verdict."""
    rows: list[tuple[Cell, ...]] = []
    for one in difference.cases:
        if one.before.verdict is not one.after.verdict:
            reason = one.after.reason or one.before.reason
            rows.append((
                one.after.plan,
                one.after.id,
                "the case",
                one.before.verdict,
                one.after.verdict,
                wording.prose(reason),
            ))
        rows += _checks(one)
    return ("plan", "case", "check", "A", "B", "why"), rows


def _checks(one: CaseDifference) -> Iterator[tuple[Cell, ...]]:
    for check in one.checks:
        row = check.one
        name = f"{called(row.measurand, row.during)} {row.text}"
        before, after = (_MISSING if side is None else side.verdict for side in (check.before, check.after))
        yield one.after.plan, one.after.id, wording.prose(name), before, after, _judged(row)


def _judged(row: JudgementRow) -> str:
    if row.value is None:
        return wording.prose(row.reason)
    return wording.result(row.value, row.expanded_uncertainty, Unit(row.unit))


def moved_values(difference: Difference) -> tuple[tuple[str, ...], list[tuple[Cell, ...]]]:
    """Return the head and rows of all values that are others beyond their uncertainty, the farthest first."""
    rows: list[tuple[Cell, ...]] = [
        (one.case.plan, one.case.id, called(one.one.measurand, one.one.during), _value(one.before), _value(one.after),
         _by(one), _multiple(one.e_n))
        for one in difference.values
    ]  # fmt: skip
    return ("plan", "case", "value", "A", "B", "B − A", "E_n"), rows


def _value(row: MeasurementRow | None) -> str:
    if row is None:
        return "not on record"
    if row.value is None or row.unit is None:
        return f"not measured: {wording.prose(row.reason)}"
    return wording.result(row.value, row.expanded_uncertainty, Unit(row.unit))


def _multiple(e_n: float | None) -> str:
    return "–" if e_n is None else f"{e_n:.2f}" if e_n < _MANY else f"{e_n:.0f}"


def _by(one: ValueDifference) -> str:
    before, after = one.before, one.after
    if before is None or after is None or before.value is None or after.value is None or before.unit != after.unit:
        return "–"
    return wording.quantity(after.value - before.value, Unit(str(after.unit)), digits=2)


def lone_cases(difference: Difference) -> tuple[tuple[str, ...], list[tuple[Cell, ...]]]:
    """Return the head and rows of all cases that only one of the runs has."""
    rows: list[tuple[Cell, ...]] = [(case.plan, case.id, case.verdict, "") for case in difference.only_before]
    rows += [(case.plan, case.id, "", case.verdict) for case in difference.only_after]
    return ("plan", "case", "A", "B"), rows


def moved_limits(difference: Difference) -> tuple[tuple[str, ...], list[tuple[Cell, ...]]]:
    """Return the head and rows of all checks whose bounds are others."""
    rows: list[tuple[Cell, ...]] = [
        (
            one.case.plan,
            one.case.id,
            called(one.after.measurand, one.after.during),
            _limit(one.before),
            _limit(one.after),
        )
        for one in difference.limits
    ]
    return ("plan", "case", "check", "A", "B"), rows


def _limit(row: JudgementRow) -> str:
    def bound(value: float | None, letters: str) -> str:
        return letters if value is None else wording.quantity(value, Unit(row.unit))

    return f"{bound(row.lower, '−∞')} … {bound(row.upper, '∞')}, {row.statistic}, {row.rule}"


def circumstances_section(difference: Difference) -> Section:
    """Return the table of what was otherwise around the runs."""
    rows = tuple((one.what, one.before or "–", one.after or "–") for one in difference.circumstances)
    return Section(title="Circumstances that are others", head=("what", "A", "B"), rows=rows, empty="none")


def comparison_csv(difference: Difference) -> str:
    """Return one row per difference, values in SI units and unrounded."""
    return csv_table(_COLUMNS, list(_rows(difference)))


def _rows(difference: Difference) -> Iterator[tuple[str | float | None, ...]]:
    was, now = difference.verdicts
    if was is not now:
        yield "verdict of the run", None, None, None, None, was.value, None, now.value, None, None
    for one in difference.cases:
        if one.before.verdict is not one.after.verdict:
            yield _row("verdict of a case", one.after, None, one.before.verdict.value, one.after.verdict.value)
        for check in one.checks:
            sides = (None if side is None else side.verdict.value for side in (check.before, check.after))
            yield _row("verdict of a check", one.after, called(check.one.measurand, check.one.during), *sides)
    for value in difference.values:
        unit = value.one.unit
        before, after = ((None, None) if row is None else (row.value, row.expanded_uncertainty)
                         for row in (value.before, value.after))  # fmt: skip
        name = called(value.one.measurand, value.one.during)
        yield ("value", value.case.plan, value.case.id, name, unit, *before, *after, value.e_n)
    for case in difference.only_before:
        yield _row("case of one run only", case, None, case.verdict.value, None)
    for case in difference.only_after:
        yield _row("case of one run only", case, None, None, case.verdict.value)
    for limit in difference.limits:
        yield from _bounds(limit)
    for circumstance in difference.circumstances:
        ends = circumstance.before, None, circumstance.after, None, None
        yield ("circumstance", None, None, circumstance.what, None, *ends)


def _row(what: str, case: CaseRow, name: str | None, before: str | None, after: str | None) -> tuple[str | None, ...]:
    return what, case.plan, case.id, name, None, before, None, after, None, None


def _bounds(one: LimitDifference) -> Iterator[tuple[str | float | None, ...]]:
    name = called(one.after.measurand, one.after.during)
    before, after = one.before, one.after
    for bound, was, now in (
        ("lower limit", before.lower, after.lower),
        ("upper limit", before.upper, after.upper),
    ):
        if was != now:
            yield bound, one.case.plan, one.case.id, name, after.unit, was, None, now, None, None
