"""The matrix as CSV: one row for every check of every result that traces to something, and one for every gap."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rig.report.tables import Cell, csv_table

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from rig.evidence.record import JudgementEntry
    from rig.evidence.trace.matrix import Link, Matrix, RequirementRow, RiskRow
    from rig.evidence.trace.results import Result

__all__ = ["write_matrix_csv"]

_HEAD = (
    "row", "requirement", "title", "revision", "revised", "hazards", "risk_controls", "requirement_clauses",
    "requirement_verdict", "run", "started", "device", "marks", "plan", "case", "attempt", "case_verdict", "standing",
    "stale", "measurand", "unit", "value", "expanded_uncertainty", "limit", "source", "clause", "verdict", "reason",
)  # fmt: skip
_WHAT, _RESULT, _CHECK = 9, 10, 9

Row = tuple[Cell, ...]


def write_matrix_csv(matrix: Matrix) -> str:
    """Return the matrix as CSV; the column ``row`` says what a row is.

    ``requirement`` and ``risk`` rows are links to checks (without a result: not tested), ``no requirement`` are checks
    of cases that trace to none, ``clause not evaluated`` and ``unknown name`` are what they say.
    """
    return csv_table(_HEAD, _rows(matrix))


def _rows(matrix: Matrix) -> Iterator[Row]:
    for row in matrix.rows:
        yield from _linked(_requirement(row), row.links)
    for risk in (*matrix.risk_controls, *matrix.hazards):
        yield from _linked(_risk(risk), risk.links)
    known = {row.requirement.id for row in matrix.rows}
    for result in matrix.results:
        if known.isdisjoint(result.case.traces):
            what = ("no requirement", *[None] * (_WHAT - 1))
            yield from _checks(what, result, result.case.judgements, stale=False)
    for clause in matrix.clauses:
        if not clause.evaluated:
            what = ("clause not evaluated", "; ".join(clause.requirements), clause.title, *[None] * (_WHAT - 3))
            why = "; ".join(reason for reason, _ in clause.reasons)
            check = (*[None] * 4, clause.title, clause.pack, clause.clause, "NOT EVALUATED", why)
            yield (*what, *[None] * _RESULT, *check)
    for unknown in matrix.unknown:
        what = ("unknown name", unknown.name, *[None] * (_WHAT - 2))
        yield (*what, *[None] * _RESULT, *[None] * (_CHECK - 1), f"traced by {', '.join(unknown.cases)}")


def _verdict(row: RequirementRow | RiskRow) -> str:
    if row.verdict is None:
        return "NOT TESTED"
    return "PROVISIONAL" if row.provisional else row.verdict.value


def _requirement(row: RequirementRow) -> Row:
    one = row.requirement
    return (
        "requirement", one.id, one.title or one.text, one.revision, one.revised.isoformat() if one.revised else None,
        "; ".join(one.hazards), "; ".join(one.risk_controls), "; ".join(one.clauses),
        _verdict(row),
    )  # fmt: skip


def _risk(row: RiskRow) -> Row:
    hazards = "; ".join(getattr(row.risk, "hazards", ()))
    return "risk", row.risk.id, row.risk.text, None, None, hazards, None, None, _verdict(row)


def _linked(what: Row, links: Iterable[Link]) -> Iterator[Row]:
    rows = [row for link in links for row in _checks(what, link.result, link.judgements, stale=link.stale)]
    yield from rows or [(*what, *[None] * (_RESULT + _CHECK))]


def _checks(what: Row, result: Result, judgements: Iterable[JudgementEntry], *, stale: bool) -> Iterator[Row]:
    case, record = result.case, result.run.record
    where: Row = (
        record.run_id, record.started.isoformat(), result.run.device, "; ".join(result.run.marks), case.plan, case.id,
        case.attempt, case.verdict.value, result.standing.value, "yes" if stale else "no",
    )  # fmt: skip
    rows = [
        (
            *what, *where, one.limit.called, one.limit.unit.value, one.value, one.expanded_uncertainty, one.limit.text,
            one.limit.source, one.limit.clause, one.verdict.value, one.reason,
        )
        for one in judgements
    ]  # fmt: skip
    yield from rows or [(*what, *where, *[None] * (_CHECK - 1), case.reason)]
