"""The matrix put into the order, words and numbers of its readers; nothing here decides anything."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from rig.evidence.trace.results import Standing
from rig.model.verdict import Verdict
from rig.report import wording
from rig.report.case_view import VerdictView, view_verdict
from rig.report.matrix.groups import GroupView, groups_of, results_grouped
from rig.report.view import Banner

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from rig.evidence.trace.entries import ClauseRow
    from rig.evidence.trace.matrix import Matrix, RequirementRow, RiskRow
    from rig.evidence.trace.results import Run

__all__ = ["ClauseView", "MatrixView", "RequirementView", "RiskView", "RunView", "state_of", "view_matrix"]

NOT_TESTED = VerdictView(word="NOT TESTED", style="not-run", severity=-1)
PROVISIONAL = VerdictView(word="PROVISIONAL", style="inconclusive", severity=1)
"""All passed, in part in runs that are no evidence."""

_REASONS = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class RunView:
    """One run as a row."""

    key: str
    id: str
    started: str
    device: str
    bench: str
    plans: str
    cases: int
    verdict: VerdictView
    marks: tuple[str, ...]
    bundle: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RequirementView:
    """One requirement: what it is, where it comes from, and what covers it."""

    key: str
    id: str
    title: str
    text: str
    revision: str
    revised: str
    hazards: tuple[str, ...]
    risk_controls: tuple[str, ...]
    clauses: tuple[str, ...]
    state: VerdictView
    stale: bool
    cases: int
    groups: tuple[GroupView, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class RiskView:
    """A hazard or a risk control."""

    id: str
    text: str
    hazards: tuple[str, ...]
    requirements: tuple[str, ...]
    untested: tuple[str, ...]
    cases: int
    state: VerdictView


@dataclass(frozen=True, slots=True, kw_only=True)
class ClauseView:
    """One entry of a limit pack; without a verdict, ``why`` says what came instead."""

    pack: str
    clause: str
    title: str
    requirements: tuple[str, ...]
    cases: str
    state: VerdictView | None
    stated: tuple[str, ...]
    why: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class MatrixView:
    """Everything that is shown of a matrix, in its order."""

    title: str
    state: VerdictView
    sentence: str
    made: str
    facts: tuple[tuple[str, str], ...]
    counts: tuple[tuple[int, str], ...]
    banners: tuple[Banner, ...]
    runs: tuple[RunView, ...]
    rows: tuple[RequirementView, ...]
    hazards: tuple[RiskView, ...]
    risk_controls: tuple[RiskView, ...]
    judged: tuple[ClauseView, ...]
    stated: tuple[ClauseView, ...]
    unevaluated: tuple[ClauseView, ...]
    untested: tuple[tuple[str, str], ...]
    stale: tuple[tuple[RequirementView, GroupView], ...]
    untraced: tuple[GroupView, ...]
    unknown: tuple[tuple[str, str, str], ...]
    others: tuple[GroupView, ...]
    notes: tuple[str, ...]


def state_of(matrix: Matrix) -> tuple[VerdictView, str]:
    """Return the word for the whole and what it means; the same that the exit code says."""
    if matrix.failed:
        return VerdictView(word="FAILED", style="fail", severity=3), "A value was measured to lie beyond its limit."
    if matrix.gaps:
        text = "Something is not tested, not decided, older than what it is to show, or no evidence."
        return VerdictView(word="GAPS", style="inconclusive", severity=2), text
    return (
        VerdictView(word="COVERED", style="pass", severity=0),
        "Every requirement and every risk control is tested, and every case passed.",
    )


def view_matrix(matrix: Matrix, made: str) -> MatrixView:
    """Return the view of a matrix that was ``made`` at some moment; a pure function of both."""
    state, sentence = state_of(matrix)
    rows = tuple(_requirement(row, number) for number, row in enumerate(matrix.rows, 1))
    controls = tuple(_risk(row) for row in matrix.risk_controls)
    unevaluated = [row for row in matrix.clauses if not row.evaluated]
    return MatrixView(
        title=matrix.requirements.title or "Traceability matrix",
        state=state,
        sentence=sentence,
        made=made,
        facts=tuple(_facts(matrix, made)),
        counts=tuple(_counts(matrix)),
        banners=tuple(_banners(matrix)),
        runs=tuple(_run(run, number) for number, run in enumerate(matrix.runs, 1)),
        rows=rows,
        hazards=tuple(_risk(row) for row in matrix.hazards),
        risk_controls=controls,
        judged=tuple(_clause(row) for row in matrix.clauses if row.verdict is not None),
        stated=tuple(_clause(row) for row in matrix.clauses if row.verdict is None and row.stated),
        unevaluated=tuple(map(_clause, unevaluated)),
        untested=(
            *((row.id, row.title or row.text) for row in rows if row.state is NOT_TESTED),
            *((row.id, row.text) for row in controls if row.state is NOT_TESTED),
        ),
        stale=tuple((row, group) for row in rows for group in row.groups if group.stale and not group.standing),
        untraced=results_grouped(matrix.untraced),
        unknown=tuple((one.name, _few(one.cases), one.nearest) for one in matrix.unknown),
        others=results_grouped(matrix.others),
        notes=matrix.notes,
    )


def _banners(matrix: Matrix) -> Iterator[Banner]:
    if matrix.failed_before:
        text = "Results that a newer run superseded were failures; they are listed in section 6."
        yield Banner(word="FAILED BEFORE", style="bad", texts=(text,))
    marks = dict.fromkeys(mark for run in matrix.runs for mark in run.marks)
    if marks:
        text = "Some or all of these results come from runs that are marked so; section 2 says which."
        yield Banner(word=", ".join(marks).upper(), style="warn", texts=(text,))


def _facts(matrix: Matrix, made: str) -> Iterator[tuple[str, str]]:
    asked = matrix.requirements
    yield "Requirements", f"{asked.file}{f', revision {asked.revision}' if asked.revision else ''}"
    yield "SHA-256 of the file", asked.sha256
    yield "Runs", str(len(matrix.runs))
    yield "Devices", "; ".join(dict.fromkeys(run.device or "not recorded" for run in matrix.runs))
    yield "Made", made


def _counts(matrix: Matrix) -> Iterator[tuple[int, str]]:
    """Yield every number that there is, zeros included."""
    for number, one, many in _numbers(matrix):
        yield number, one if number == 1 else many


def _numbers(matrix: Matrix) -> Iterator[tuple[int, str, str]]:
    rows = matrix.rows
    decided = [row for row in rows if row.verdict is not None]
    superseded = sum(one.standing is Standing.SUPERSEDED for one in matrix.others)
    controls = sum(row.verdict is None for row in matrix.risk_controls)
    yield len(rows), "requirement", "requirements"
    passed = [row for row in rows if row.verdict is Verdict.PASS]
    yield sum(not row.stale and not row.provisional for row in passed), "passed", "passed"
    yield sum(row.provisional for row in passed), "provisional", "provisional"
    yield sum(row.verdict.failed for row in decided if row.verdict), "failed", "failed"
    yield len(rows) - len(decided), "not tested", "not tested"
    yield sum(row.stale for row in rows), "older than its revision", "older than their revision"
    undecided = sum(row.verdict is not Verdict.PASS and not (row.verdict and row.verdict.failed) for row in decided)
    yield undecided, "undecided", "undecided"
    yield controls, "risk control not tested", "risk controls not tested"
    yield len(matrix.untraced), "case without a requirement", "cases without a requirement"
    unevaluated = sum(not row.evaluated for row in matrix.clauses)
    yield unevaluated, "clause not evaluated", "clauses not evaluated"
    yield len(matrix.unknown), "unknown name in plans", "unknown names in plans"
    yield superseded, "superseded result", "superseded results"
    provisional = sum(one.standing is Standing.PROVISIONAL for one in matrix.others)
    never = len(matrix.others) - superseded - provisional
    yield never, "result that never ended", "results that never ended"
    yield provisional, "result that is no evidence", "results that are no evidence"
    yield len(matrix.failed_before), "superseded failure", "superseded failures"


def _run(run: Run, number: int) -> RunView:
    record = run.record
    return RunView(
        key=f"run-{number}",
        id=record.run_id,
        started=wording.moment(record.started),
        device=run.device or wording.MISSING,
        bench=record.bench.id if record.bench else wording.MISSING,
        plans=", ".join(f"{one.id} {one.revision}".strip() for one in record.plans) or wording.MISSING,
        cases=len(record.decisive),
        verdict=view_verdict(record.verdict),
        marks=run.marks,
        bundle=run.bundle,
    )


def _state(row: RequirementRow | RiskRow) -> VerdictView:
    if row.verdict is None:
        return NOT_TESTED
    return PROVISIONAL if row.provisional else view_verdict(row.verdict)


def _requirement(row: RequirementRow, number: int) -> RequirementView:
    one = row.requirement
    return RequirementView(
        key=f"requirement-{number}",
        id=one.id,
        title=one.title,
        text=wording.prose(one.text),
        revision=one.revision,
        revised=one.revised.isoformat() if one.revised else "no date",
        hazards=one.hazards,
        risk_controls=one.risk_controls,
        clauses=one.clauses,
        state=_state(row),
        stale=row.stale,
        cases=sum(link.result.counts for link in row.links),
        groups=groups_of(row.links),
    )


def _risk(row: RiskRow) -> RiskView:
    tested = row.verdict is not None and not (row.untested and row.verdict is Verdict.PASS)
    partly = VerdictView(word="PARTLY TESTED", style="inconclusive", severity=1)
    return RiskView(
        id=row.risk.id,
        text=wording.prose(row.risk.text),
        hazards=getattr(row.risk, "hazards", ()),
        requirements=row.requirements,
        untested=row.untested,
        cases=sum(link.result.counts for link in row.links),
        state=_state(row) if tested or row.verdict is None else partly,
    )


def _clause(row: ClauseRow) -> ClauseView:
    cases = len({(result.run.record.run_id, result.case.plan, result.case.id) for result, _ in row.judged})
    more = len(row.reasons) - _REASONS
    shown = [
        f"{wording.prose(reason)}{f' ({count} case{_s(count)})' if count else ''}"
        for reason, count in row.reasons[:_REASONS]
    ]
    return ClauseView(
        pack=row.pack,
        clause=row.clause,
        title=wording.prose(row.title),
        requirements=row.requirements,
        cases=f"{cases} case{_s(cases)}" if cases else "",
        state=None if row.verdict is None else view_verdict(row.verdict),
        stated=tuple(map(wording.prose, row.stated)),
        why=(*shown, f"and {more} more of this kind") if more > 0 else tuple(shown),
    )


def _few(names: Iterable[str], most: int = 4) -> str:
    every = list(names)
    rest = len(every) - most
    return ", ".join(every[:most]) + (f" and {rest} more" if rest > 0 else "")


def _s(count: int) -> str:
    return "" if count == 1 else "s"
