"""The matrix: requirement, hazard and risk control, clause, case, measurement, verdict, and every gap in it; pure."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from difflib import get_close_matches
from typing import TYPE_CHECKING

from rig.evidence.trace.clauses import names_clause, same_clause
from rig.evidence.trace.entries import ClauseRow, clause_rows
from rig.evidence.trace.results import Result, Run, results_of
from rig.model.verdict import Verdict, worst

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from rig.evidence.record import JudgementEntry
    from rig.evidence.trace.entries import Pack
    from rig.evidence.trace.requirement import Hazard, Requirement, Requirements, RiskControl

__all__ = ["Link", "Matrix", "RequirementRow", "RiskRow", "Unknown", "build_matrix"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Link:
    """A case that traces to something.

    Attributes
    ----------
    judgements : the checks that are meant: those that trace to it themselves, or else all of the case
    exact : whether checks trace to it themselves
    verdict : of these checks; what is wrong with the case beside its checks is part of it
    stale : whether the run began before the requirement was revised
    """

    result: Result
    judgements: tuple[JudgementEntry, ...]
    exact: bool
    verdict: Verdict
    stale: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class RequirementRow:
    """A requirement with all results that speak of it; ``verdict`` is None where no case traces to it."""

    requirement: Requirement
    links: tuple[Link, ...]
    verdict: Verdict | None

    @property
    def stale(self) -> bool:
        """Whether anything that counts is older than the requirement's revision."""
        return any(link.stale for link in self.links if link.result.counts)

    @property
    def provisional(self) -> bool:
        """Whether it would be passed, but for something that is no evidence."""
        return _provisional(self.verdict, self.links)


@dataclass(frozen=True, slots=True, kw_only=True)
class RiskRow:
    """A hazard or a risk control: the requirements that serve it and the cases that trace to it by name.

    ``verdict`` is the worst of all of them; None where there is neither a case nor a tested requirement.
    """

    risk: Hazard | RiskControl
    requirements: tuple[str, ...]
    untested: tuple[str, ...]
    links: tuple[Link, ...]
    verdict: Verdict | None
    rows: tuple[RequirementRow, ...] = ()

    @property
    def provisional(self) -> bool:
        """Whether it would be passed, but for something that is no evidence."""
        return _provisional(self.verdict, (*self.links, *(link for row in self.rows for link in row.links)))


@dataclass(frozen=True, slots=True, kw_only=True)
class Unknown:
    """A name that cases trace to and nobody knows, the cases, and the name that was perhaps meant."""

    name: str
    cases: tuple[str, ...]
    nearest: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Matrix:
    """Everything that ``rig trace`` has to tell.

    Attributes
    ----------
    untraced : results that count and whose case traces to no known requirement
    results : of every case of every run, whatever they are worth
    """

    requirements: Requirements
    runs: tuple[Run, ...]
    rows: tuple[RequirementRow, ...]
    hazards: tuple[RiskRow, ...]
    risk_controls: tuple[RiskRow, ...]
    clauses: tuple[ClauseRow, ...]
    untraced: tuple[Result, ...]
    unknown: tuple[Unknown, ...]
    results: tuple[Result, ...]
    notes: tuple[str, ...] = ()

    @property
    def counting(self) -> tuple[Result, ...]:
        """The results that count."""
        return tuple(one for one in self.results if one.counts)

    @property
    def others(self) -> tuple[Result, ...]:
        """The results that do not count: superseded ones and those that never came to their end."""
        return tuple(one for one in self.results if not one.counts)

    @property
    def failed_before(self) -> tuple[Result, ...]:
        """The results that do not count and in which a value was measured to lie beyond its limit."""
        return tuple(one for one in self.others if one.case.verdict.failed)

    @property
    def failed(self) -> bool:
        """Whether anything that counts failed, whether or not it traces to a requirement."""
        return any(one.case.verdict.failed for one in self.counting)

    @property
    def gaps(self) -> bool:
        """Whether a requirement or a risk control is not tested, or a result is stale, is no PASS or no evidence."""
        uncovered = any(row.verdict is None for row in self.rows) or any(
            row.verdict is None for row in self.risk_controls
        )
        undecided = any(one.case.verdict is not Verdict.PASS or one.run.provisional for one in self.counting)
        return uncovered or undecided or any(row.stale for row in self.rows)


def build_matrix(
    requirements: Requirements, runs: Sequence[Run], packs: Sequence[Pack], notes: Sequence[str] = ()
) -> Matrix:
    """Return the matrix of requirements against runs.

    Parameters
    ----------
    packs : the limit packs that the runs applied, and any others that should have been
    """
    results = results_of(runs)
    rows = tuple(_requirement(one, results) for one in requirements.requirements)
    controls = tuple(_risk(one, {one.id}, rows, results) for one in requirements.risk_controls)
    known = {row.requirement.id for row in rows}
    return Matrix(
        requirements=requirements,
        runs=tuple(runs),
        rows=rows,
        hazards=tuple(_risk(one, _controls(one, requirements), rows, results) for one in requirements.hazards),
        risk_controls=controls,
        clauses=clause_rows(requirements, results, packs),
        untraced=tuple(one for one in results if one.counts and known.isdisjoint(one.case.traces)),
        unknown=tuple(_unknown(requirements, results, packs)),
        results=results,
        notes=(*requirements.notes, *notes),
    )


def _requirement(requirement: Requirement, results: Iterable[Result]) -> RequirementRow:
    links = tuple(_links(requirement.id, results, requirement))
    return RequirementRow(requirement=requirement, links=links, verdict=_verdict(links))


def _provisional(verdict: Verdict | None, links: Iterable[Link]) -> bool:
    return verdict is Verdict.PASS and any(link.result.counts and link.result.run.provisional for link in links)


def _verdict(links: Iterable[Link]) -> Verdict | None:
    counting = [link.verdict for link in links if link.result.counts]
    return worst(counting) if counting else None


def _links(name: str, results: Iterable[Result], requirement: Requirement | None = None) -> Iterator[Link]:
    for result in results:
        if name not in result.case.traces:
            continue
        own = tuple(one for one in result.case.judgements if name in one.limit.traces)
        judgements = own or result.case.judgements
        yield Link(
            result=result,
            judgements=judgements,
            exact=bool(own),
            verdict=_of_checks(result, own) if own else result.case.verdict,
            stale=requirement is not None and _older(result, requirement),
        )


def _of_checks(result: Result, own: Iterable[JudgementEntry]) -> Verdict:
    """Return the verdict of some checks of a case; what is worse than all of its checks concerns every one of them."""
    case = result.case
    beside = case.verdict.severity > worst(one.verdict for one in case.judgements).severity
    return worst([*(one.verdict for one in own), *([case.verdict] if beside else [])])


def _older(result: Result, requirement: Requirement) -> bool:
    """Whether a run began before the day of a revision, in UTC."""
    started = result.run.record.started
    aware = started if started.tzinfo else started.replace(tzinfo=UTC)
    return requirement.revised is not None and _day(aware) < requirement.revised.isoformat()


def _day(moment: datetime) -> str:
    return moment.astimezone(UTC).date().isoformat()


def _controls(hazard: Hazard, requirements: Requirements) -> set[str]:
    """Return the hazard and everything that controls it."""
    return {hazard.id, *(one.id for one in requirements.risk_controls if hazard.id in one.hazards)}


def _risk(
    risk: Hazard | RiskControl, names: set[str], rows: Sequence[RequirementRow], results: Sequence[Result]
) -> RiskRow:
    serving = [row for row in rows if names & {*row.requirement.hazards, *row.requirement.risk_controls}]
    links = tuple(link for name in sorted(names) for link in _links(name, results))
    verdicts = [verdict for verdict in (_verdict(links), *(row.verdict for row in serving)) if verdict is not None]
    return RiskRow(
        risk=risk,
        requirements=tuple(row.requirement.id for row in serving),
        untested=tuple(row.requirement.id for row in serving if row.verdict is None),
        links=links,
        verdict=worst(verdicts) if verdicts else None,
        rows=tuple(serving),
    )


def _unknown(requirements: Requirements, results: Iterable[Result], packs: Sequence[Pack]) -> Iterator[Unknown]:
    """Yield names that are neither a requirement, nor a hazard or control, nor a clause of a pack or a requirement."""
    ids = [one.id for one in requirements.requirements]
    ids += [one.id for one in requirements.hazards]
    ids += [one.id for one in requirements.risk_controls]
    clauses = [clause for one in requirements.requirements for clause in one.clauses]
    traced: dict[str, dict[str, None]] = {}
    for result in results:
        for name in result.case.traces:
            traced.setdefault(name, {})[f"{result.case.plan} {result.case.id}"] = None
    for name, cases in sorted(traced.items()):
        if name in ids or any(same_clause(name, clause) for clause in clauses):
            continue
        if any(names_clause(name, pack.id, entry.clause) for pack in packs for entry in pack.entries):
            continue
        near = get_close_matches(name, ids, n=1, cutoff=0.8)
        yield Unknown(name=name, cases=tuple(cases), nearest=near[0] if near else "")
